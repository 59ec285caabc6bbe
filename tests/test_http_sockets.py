"""How requests leave: in one piece, at once, over a connection that has been looked at first."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import Any, List

import pytest
from raw_http import GOOD, HOST, OK, TIMEOUT, Connection, RawServer, answers, api_of, connect_by, response, silent

from storpool import spapi


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> List[bytes]:
    """What each call of the system's send got that had a request in it."""
    sent: List[bytes] = []

    def noting(method: Any) -> Any:
        def send(self: socket.socket, data: bytes, *args: Any) -> Any:
            if not bytes(data).startswith(b"HTTP/"):
                sent.append(bytes(data))
            return method(self, data, *args)

        return send

    for name in ("send", "sendall"):
        monkeypatch.setattr(socket.socket, name, noting(getattr(socket.socket, name)))
    return sent


def test_header_and_body_leave_together_on_a_new_connection_and_on_a_kept_one(pieces: List[bytes]) -> None:
    with RawServer(answers(response({"generation": 1, "data": OK}))) as server:
        api = api_of(server, transientRetries=1)
        for size in (512, 1024, 1 << 40):
            api.volumeCreate({"name": "v", "size": size})
        assert server.connections == 1
    assert [piece.count(b"POST ") for piece in pieces] == [1, 1, 1]
    assert all(piece.endswith(b"}") and b"\r\n\r\n{" in piece for piece in pieces)


def test_a_large_body_goes_out_whole(pieces: List[bytes]) -> None:
    entries = [{"volume": f"volume-{number}", "rw": [1]} for number in range(5000)]
    with RawServer(answers(response({"generation": 1, "data": OK}))) as server:
        api_of(server, timeout=20).volumesReassign(entries)
        assert server.requests[0].body.count(b"volume-") == 5000
    assert len(pieces) == 1


def test_requests_do_not_wait_for_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answers(GOOD)) as server:
        api = api_of(server)
        api.volumesList()
        ((connection, _since),) = api._transport._pool._idle  # type: ignore[attr-defined]
        assert connection.sock.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_are_looked_at_without_poll_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under eventlet, which takes poll() out of its module."""
    import select

    monkeypatch.delattr(select, "poll")
    closed: List[Connection] = []

    def twice_then_close(connection: Connection) -> None:
        for _ in range(2):
            if connection.read() is not None:
                connection.send(GOOD)
        closed.append(connection)

    with RawServer(twice_then_close) as server:
        api = api_of(server)
        for _ in range(6):
            assert api.volumesList() == []
        assert server.connections == 3


def test_a_reply_of_many_pieces_is_read_whole() -> None:
    records = [{"id": number, "text": "x" * 1000} for number in range(2000)]
    whole = response({"generation": 1, "data": records})

    def slowly(connection: Connection) -> None:
        while connection.read() is not None:
            for start in range(0, len(whole), 300_000):
                connection.send(whole[start : start + 300_000])

    with RawServer(slowly) as server:
        api = api_of(server, timeout=20)
        for _ in range(3):
            assert api.volumesList(returnRawAPIData=True) == records
        assert server.connections == 1


def test_each_exchange_over_a_kept_connection_has_all_the_time() -> None:
    def slowly(connection: Connection) -> None:
        while connection.read() is not None:
            for half in (GOOD[:50], GOOD[50:]):
                connection.server.stopped.wait(TIMEOUT / 4)
                connection.send(half)

    with RawServer(slowly) as server:
        api = api_of(server)
        for _ in range(4):
            assert api.volumesList() == []
        assert server.connections == 1


# Waiting


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let connections hold little that was sent and not read."""
    connect = socket.create_connection

    def create(*args: Any, **kwargs: Any) -> socket.socket:
        sock = connect(*args, **kwargs)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return sock

    monkeypatch.setattr(socket, "create_connection", create)


def narrowed(server: RawServer) -> RawServer:
    server._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return server


@pytest.mark.parametrize("size", [10, 60_000, 1_000_000])
def test_server_that_takes_its_time_gets_the_whole_request_and_is_waited_for(narrow: None, size: int) -> None:
    def slowly(connection: Connection) -> None:
        for _ in range(2):
            connection.server.stopped.wait(0.05)
            connection.read()
            connection.server.stopped.wait(0.05)
            connection.send(GOOD)

    with narrowed(RawServer(slowly)) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 20, None)
        for _ in range(2):
            assert transport.send("POST", "/x", "y" * size, {})[0] == 200
        transport.close()
        assert [request.body for request in server.requests] == [b"y" * size] * 2
        assert server.connections == 1


@pytest.mark.parametrize("size", [60_000, 1_000_000])
def test_server_that_reads_nothing_is_a_timeout(narrow: None, size: int) -> None:
    with narrowed(RawServer(lambda connection: connection.server.stopped.wait(10))) as server:
        transport = spapi.HTTPTransport(HOST, server.port, TIMEOUT, None)
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            transport.send("POST", "/x", "y" * size, {})
        assert TIMEOUT / 2 < time.monotonic() - started < TIMEOUT + 2
        transport.close()


def test_no_timeout_waits_for_ever() -> None:
    def slowly(connection: Connection) -> None:
        while connection.read() is not None:
            connection.server.stopped.wait(0.1)
            connection.send(GOOD)

    with RawServer(slowly) as server:
        assert api_of(server, timeout=None).volumesList() == []


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such signals")
@pytest.mark.parametrize("interval", [0.05, 0.003, 0.001])
def test_signals_do_not_put_off_a_timeout(interval: float) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_args: None)
    with RawServer(silent) as server:
        signal.setitimer(signal.ITIMER_REAL, interval, interval)
        started = time.monotonic()
        # Against a time-out that they would put off for ever.
        giving_up = threading.Timer(TIMEOUT + 3, signal.setitimer, (signal.ITIMER_REAL, 0))
        giving_up.start()
        try:
            with pytest.raises(socket.timeout):
                api_of(server).volumesList()
            assert time.monotonic() - started < TIMEOUT + 2
        finally:
            giving_up.cancel()
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def test_sockets_that_never_block_time_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As eventlet's, which wait in their own way: the system's time-outs are nothing to them."""

    class NeverBlocking(socket.socket):
        def settimeout(self, value: Any) -> None:
            self.told = value
            super().settimeout(TIMEOUT + 3 if value is None else value)

        def gettimeout(self) -> Any:
            return self.told

    connect_by(NeverBlocking, monkeypatch)
    with RawServer(silent) as server:
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            api_of(server).volumesList()
        assert time.monotonic() - started < TIMEOUT + 2
