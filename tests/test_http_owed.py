"""Nothing that one request is owed goes to another: interim and late replies, refusals, errors of others."""

from __future__ import annotations

import ctypes
import http.client
import json
import signal
import socket
import threading
import time
from typing import Any, Dict, List

import pytest
from raw_http import ENDS, GOOD, HOST, OK, Connection, RawServer, answers, api_of, head, once, response

from storpool import spapi
from storpool.spapi.transport import simple

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def echo_after(first: bytes, pause: float = 0.05) -> Any:
    """A script that answers each request with these bytes and, later, with the request's own path."""

    def script(connection: Connection) -> None:
        while True:
            request = connection.read()
            if request is None:
                return
            connection.send(first)
            connection.server.stopped.wait(pause)
            connection.send(response({"data": request.path.rsplit("/", 1)[1]}))

    return script


INTERIM = {
    "100": CONTINUE,
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
    "103 with a length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n",
    "103 of HTTP/1.0": b"HTTP/1.0 103 Early Hints\r\n\r\n",
    "199 without a reason": b"HTTP/1.1 199\r\n\r\n",
    "bare line ends": b"HTTP/1.1 103 Early Hints\nA: b\n\n",
    "many": CONTINUE * 3 + b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" * 20,
    "in two pieces": b"HTTP/1.1 103 Ea",
}


@pytest.mark.parametrize("first", INTERIM.values(), ids=INTERIM)
@pytest.mark.parametrize("traced", [False, True], ids=["", "traced"])
def test_interim_replies_are_read_past(first: bytes, traced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if traced:
        original = http.client.HTTPConnection.getresponse
        monkeypatch.setattr(http.client.HTTPConnection, "getresponse", lambda self: original(self))

    def script(connection: Connection) -> None:
        while True:
            request = connection.read()
            if request is None:
                return
            connection.send(first)
            connection.server.stopped.wait(0.02)
            rest = b"rly Hints\r\n\r\n" if first.endswith(b"Ea") else b""
            connection.send(rest + response({"data": request.path.rsplit("/", 1)[1]}))

    with RawServer(script) as server:
        api = api_of(server)
        for number in range(3):
            assert api.volumeInfo(f"v{number}", returnRawAPIData=True) == f"v{number}"
        assert server.connections == 1, "the final reply says where it ends"


def test_interim_replies_without_end_are_ended_by_the_timeout() -> None:
    def script(connection: Connection) -> None:
        connection.read()
        while not connection.server.stopped.wait(0.001):
            connection.send(CONTINUE * 10)

    with RawServer(script) as server, pytest.raises(socket.timeout):
        api_of(server).volumesList()


@pytest.mark.parametrize("header", [b"X: " + b"x" * 70_000 + b"\r\n", b"X: y\r\n" * 200], ids=["long", "many"])
def test_an_interim_reply_has_the_limits_of_any_reply(header: bytes) -> None:
    script = once(b"HTTP/1.1 103 Early Hints\r\n" + header + b"\r\n" + GOOD)
    with RawServer(script) as server, pytest.raises(http.client.HTTPException):
        api_of(server).volumesList()


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Length: 99\r\n\r\n" + b'{"data": []}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: gzip\r\n\r\n" + b'{"data": []}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b'c\r\n{"data": []}\r\n0\r\n\r\n',
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 12\r\n\r\n"
        + b'{"data": []}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nno colon\r\nConnection: close\r\n\r\n" + b'{"data": []}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_2\r\n\r\n" + b'{"data": []}',
    ],
    ids=["101", "204", "204 length", "304", "lengths", "gzip", "length and chunks", "two words", "no colon", "digits"],
)
def test_a_reply_that_leaves_a_doubt_where_it_ends_is_the_last_of_its_connection(first: bytes) -> None:
    with RawServer(echo_after(first)) as server:
        api = api_of(server)
        for number in range(3):
            try:
                got: Any = api.volumeInfo(f"v{number}", returnRawAPIData=True)
            except ENDS:
                got = []
            assert got == [], "not the late reply, be it to this request or to another"
        assert server.connections == 3


def test_another_protocol_is_an_error() -> None:
    script = once(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    with RawServer(script) as server, pytest.raises(http.client.HTTPException, match="protocol"):
        api_of(server).volumesList()


def test_threads_get_their_own_replies_from_a_server_that_misbehaves() -> None:
    manners = [b"", INTERIM["103"], CONTINUE * 2, b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 No\r\n\r\n"]

    def script(connection: Connection) -> None:
        count = 0
        while True:
            request = connection.read()
            if request is None:
                return
            count += 1
            connection.send(manners[(connection.number + count) % len(manners)])
            reply = response({"data": request.path.rsplit("/", 1)[1]})
            if count % 3:
                connection.send(reply)
            else:
                for part in (reply[:20], reply[20:]):
                    connection.server.stopped.wait(0.002)
                    connection.send(part)

    wrong: List[Any] = []
    with RawServer(script) as server:
        api = api_of(server, timeout=20)

        def work(thread: int) -> None:
            for number in range(20):
                name = f"v{thread}-{number}"
                try:
                    got = api.volumeInfo(name, returnRawAPIData=True)
                except ENDS:
                    continue
                if got != name:
                    wrong.append((name, got))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


# A kept connection that the server finds idle for too long


IDLE = {
    "408": b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "408 of HTTP/1.0": b"HTTP/1.0 408 Request Time-out\r\nContent-Type: text/html\r\n\r\n<html>408</html>",
    "408 cut short": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 50\r\n\r\n<html>",
}


@pytest.mark.parametrize("last", IDLE.values(), ids=IDLE)
@pytest.mark.parametrize("post", [False, True], ids=["GET", "POST"])
def test_a_kept_connection_that_was_idle_for_too_long_is_made_anew(last: bytes, post: bool) -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.send(response({"data": OK if post else []}))
        if connection.number == 0:
            # As the request goes out, so that no look before it sees this.
            connection.read()
            connection.send(last)

    with RawServer(script) as server:
        api = api_of(server, transientRetries=1 if post else 0, transientSleep=lambda n: pytest.fail("retried"))
        for _ in range(2):
            assert api.volumeDelete("v").ok if post else api.volumesList() == []
        assert server.connections == 2 and len(server.requests) == 3


def test_408_on_a_new_connection_is_an_error_at_once() -> None:
    with RawServer(once(IDLE["408"])) as server:
        with pytest.raises(spapi.ApiError) as info:
            api_of(server, transientRetries=3, transientSleep=lambda n: 0).volumesList()
        assert info.value.status == 408 and len(server.requests) == 1


# Refusals that come before the request is sent


BIG = [{"volume": f"volume-{number}", "rw": [1]} for number in range(300_000)]
REFUSED = response({"error": {"name": "tooLarge", "descr": "too large", "transient": False}}, 413)


@pytest.mark.parametrize("manner", ["resets", "closes", "stays"])
def test_a_server_that_refuses_before_it_has_read_the_request_is_heard(manner: str) -> None:
    def script(connection: Connection) -> None:
        connection.sock.recv(1000)
        connection.send(REFUSED)
        if manner == "resets":
            connection.server.stopped.wait(0.2)
            connection.reset()
        elif manner == "stays":
            connection.server.stopped.wait(10)

    with RawServer(script) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 5, None)
        started = time.monotonic()
        assert transport.send("POST", "/x", "y" * 40_000_000, {})[0] == 413
        assert time.monotonic() - started < 4
        assert server.connections == 1 and len(transport._pool) == 0


def test_a_refusal_is_the_result_of_the_call_and_the_body_is_sent_once() -> None:
    def script(connection: Connection) -> None:
        connection.sock.recv(1000)
        connection.send(REFUSED)
        connection.server.stopped.wait(0.2)
        connection.reset()

    with RawServer(script) as server:
        api = api_of(server, timeout=20, transientRetries=3, transientSleep=lambda n: 0)
        with pytest.raises(spapi.ApiError) as info:
            api("POST", False, "VolumesReassign", BIG)
        assert info.value.name == "tooLarge" and server.connections == 1


def test_an_interim_reply_is_no_refusal() -> None:
    def script(connection: Connection) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.sock.recv(1000)
        connection.send(CONTINUE)
        size = int(received.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        left = size - len(received.partition(b"\r\n\r\n")[2])
        while left:
            connection.server.stopped.wait(0.001)
            left -= len(connection.sock.recv(min(left, 1 << 20)))
        connection.send(response({"data": OK}))

    with RawServer(script) as server:
        assert api_of(server, timeout=20)("POST", False, "VolumesReassign", BIG) == OK


def test_the_timeout_is_for_sending_and_receiving_together() -> None:
    def script(connection: Connection) -> None:
        # Takes most of the time to read the request, and would take as long again to answer.
        for _ in range(8):
            connection.server.stopped.wait(0.1)
            connection.sock.recv(1 << 20)
        while len(connection.sock.recv(1 << 20)) == 1 << 20:
            pass
        connection.server.stopped.wait(10)

    with RawServer(script) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 1, None)
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            transport.send("POST", "/x", "y" * 8_000_000, {})
        assert 0.9 < time.monotonic() - started < 1.6


# Limits


def test_a_head_that_comes_byte_by_byte_costs_no_more_than_its_length() -> None:
    def cost(size: int) -> float:
        data = head("Content-Length: 2", "X-Long: " + "x" * size)
        started = time.process_time()
        parser = simple.ReplyParser(1 << 30)
        for index in range(len(data)):
            assert parser.feed(data[index : index + 1]) is simple.NEED_MORE
        parser.feed(b"{")
        assert parser.feed(b"}") == simple.Reply(200, b"{}", True)
        return time.process_time() - started

    assert min(cost(60_000) for _ in range(3)) < 12 * min(cost(10_000) for _ in range(3)), "linear would be 6"


@pytest.mark.parametrize(
    "data",
    [
        response(b"x" * 2000),
        response(b"x" * 2000, 404),
        head("Transfer-Encoding: chunked") + (b"64\r\n" + b"x" * 100 + b"\r\n") * 20 + b"0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"7d0\r\n" + b"x" * 2000,
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 2000,
        head("Content-Length: 999999999999"),
        head("Content-Length: " + "9" * 40),
        head("Transfer-Encoding: chunked") + b"f" * 30 + b"\r\n",
    ],
    ids=["simple", "error", "chunks", "chunk", "to the end", "announced", "absurd", "absurd chunk"],
)
def test_a_reply_beyond_the_limit_is_refused_and_not_asked_for_again(data: bytes) -> None:
    with RawServer(once(data)) as server:
        api = api_of(server, replyLimit=1999, transientRetries=3, transientSleep=lambda n: pytest.fail("retried"))
        with pytest.raises(http.client.HTTPException, match="1999 bytes") as info:
            api.volumesList()
        assert isinstance(info.value, spapi.ReplyTooLargeError) and isinstance(info.value, spapi.StorPoolError)
        assert len(server.requests) == 1


@pytest.mark.parametrize("size", [1998, 1999])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_reply_as_large_as_the_limit_is_read(size: int, chunked: bool) -> None:
    body = json.dumps({"data": "x" * (size - 12)}).encode()
    assert len(body) == size
    data = response(body)
    if chunked:
        data = head("Transfer-Encoding: chunked") + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    with RawServer(once(data)) as server:
        assert len(api_of(server, replyLimit=1999)("GET", False, "VolumesList")) == size - 12


def test_memory_is_taken_for_what_has_come_and_not_for_what_is_announced() -> None:
    import tracemalloc

    with RawServer(once(head("Content-Length: 900000000", "X-Odd: \xe9") + b"{}")) as server:
        api = api_of(server)
        tracemalloc.start()
        try:
            with pytest.raises(http.client.IncompleteRead):
                api.volumesList()
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


# Errors that are not of the reply


class ForeignError(Exception):
    """Of a signal handler, say."""


FOREIGN = [ValueError, AttributeError, OverflowError, MemoryError, UnicodeError, KeyError, ForeignError]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such signals")
@pytest.mark.parametrize("kind", FOREIGN)
def test_an_error_of_a_signal_handler_passes_untouched_after_one_send(kind: Any) -> None:
    error = kind("from elsewhere")

    def interrupt(*_args: Any) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, interrupt)
    with RawServer(lambda connection: (connection.read(), connection.server.stopped.wait(10))) as server:
        api = api_of(server, timeout=5, transientRetries=3, transientSleep=lambda n: pytest.fail("retried"))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(kind) as info:
                api.volumeDelete("v")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert info.value is error and error.args == ("from elsewhere",)
        assert len(server.requests) == 1 and len(api._transport._pool) == 0  # type: ignore[attr-defined]


def test_an_error_that_another_thread_raises_here_passes() -> None:
    ended: List[Any] = []
    with RawServer(echo_after(b"", pause=0.3)) as server:
        api = api_of(server, timeout=5, transientRetries=3, transientSleep=lambda n: 0)

        def work() -> None:
            try:
                api.volumeInfo("v", returnRawAPIData=True)
            except BaseException as exc:
                ended.append(type(exc))

        thread = threading.Thread(target=work)
        thread.start()
        while not server.requests:
            time.sleep(0.01)
        raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(ValueError)
        )
        assert raised == 1
        thread.join()
        assert ended == [ValueError] and len(server.requests) == 1


@pytest.mark.parametrize("where", ["request", "getresponse", "read"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_an_error_of_a_test_double_passes(where: str, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: List[str] = []

    class Double:
        status = 200

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            pass

        def step(self, name: str) -> Any:
            calls.append(name)
            if name == where:
                raise kind("from elsewhere")
            return self

        def request(self, *args: Any) -> None:
            self.step("request")

        def getresponse(self) -> Any:
            return self.step("getresponse")

        def read(self) -> Any:
            return self.step("read")

        def close(self) -> None:
            calls.append("close")

    monkeypatch.setattr(http.client, "HTTPConnection", Double)
    api = spapi.Api(HOST, 1, "42", transientRetries=3, transientSleep=lambda n: pytest.fail("retried"))
    with pytest.raises(kind, match="from elsewhere"):
        api.volumeDelete("v")
    assert calls[-2:] == [where, "close"] and calls.count("request") == 1


def test_an_error_of_a_method_put_into_http_client_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def getresponse(_self: Any) -> Any:
        raise ValueError("from elsewhere")

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", getresponse)
    with RawServer(answers(GOOD)) as server, pytest.raises(ValueError, match="from elsewhere"):
        api_of(server, transientRetries=3, transientSleep=lambda n: pytest.fail("retried")).volumesList()


# What http.client's parser of headers, on some versions of Python, lets errors of other kinds out for.
UNPARSABLE: Dict[str, bytes] = {
    "codec": head("Content-Type: multipart/x; boundary*=idna''x", "Content-Length: 2") + b"{}",
    "digits": head("Content-Type: multipart/x; boundary*" + "9" * 5000 + "=x", "Content-Length: 2") + b"{}",
    "chunk size": head("Transfer-Encoding: chunked") + b"-5\r\n{}\r\n",
}


@pytest.mark.parametrize("data", UNPARSABLE.values(), ids=UNPARSABLE)
def test_what_http_client_cannot_parse_is_an_http_exception(data: bytes) -> None:
    data = data.replace(b"200 OK", b"404 Not Found")  # by http.client, and not the simple way
    with RawServer(once(data)) as server:
        try:
            status, _ = spapi.HTTPTransport(HOST, server.port, 5, None).send("GET", "/x", None, {})
            assert status == 404
        except http.client.HTTPException:
            pass


def test_an_error_of_the_parser_of_headers_is_known_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes again when the same lines are parsed again; an error of anyone else does not."""
    errors = [LookupError("once"), None, LookupError("always"), LookupError("always")]
    original = http.client.parse_headers

    def parse_headers(*args: Any, **kwargs: Any) -> Any:
        error = errors.pop(0)
        if error is not None:
            raise error
        return original(*args, **kwargs)

    with RawServer(answers(response({"error": {"name": "x"}}, 404))) as server:
        api = api_of(server)
        monkeypatch.setattr(http.client, "parse_headers", parse_headers)
        with pytest.raises(LookupError, match="once"):
            api.volumesList()
        with pytest.raises(http.client.HTTPException, match="not HTTP: LookupError: always"):
            api.volumesList()


def test_nothing_that_fails_before_sending_is_tried_again() -> None:
    with RawServer(answers(GOOD)) as server:
        api = api_of(server, transientRetries=3, transientSleep=lambda n: pytest.fail("retried"))
        with pytest.raises(http.client.InvalidURL):
            api("GET", False, "Volumes List\r\nX: y")
        assert server.requests == []
