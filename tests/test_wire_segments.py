"""How requests leave: in one piece, at once, over a connection that has been looked at first."""

from __future__ import annotations

import socket
from typing import Any, List

import pytest
from wire import GOOD, OK, Connection, RawServer, answers, api_of, response


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
        ((connection, _since),) = api._transport._idle  # type: ignore[attr-defined]
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


def test_a_reply_of_many_pieces_is_read_whole_and_the_next_has_all_its_time() -> None:
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
        ((connection, _since),) = api._transport._idle  # type: ignore[attr-defined]
        assert connection.sock.sock.gettimeout() == 20
        assert server.connections == 1
