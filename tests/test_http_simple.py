"""Plain requests and replies take a short way, and mean what they mean to http.client, as do all others."""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from raw_http import ENDS, GOOD, HOST, Connection, RawServer, answers, api_of, connect_by, head, response

from storpool import spapi

HEADERS = {"Authorization": "Storpool v1:\xe9 token"}
# The fixtures are a server and a patch, which all examples may share.
SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Requests


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(answers(GOOD)) as server:
        yield server


PATHS = st.one_of(
    st.text(st.sampled_from("abz09/?=%&~!:;,@[]{}\"'`|\\^"), max_size=30).map("/ctrl/1.0/".__add__),
    st.text(max_size=10).map("/".__add__),
    st.sampled_from(["", "/", "*", "x", "http://elsewhere/x", "/a b", "/a\r\nX: y", "/\x7f", "/caf\xe9", "/\u20ac"]),
)


@SETTINGS
@given(
    st.sampled_from(["GET", "POST", "PUT", "get", "HEAD", "G\nET"]),
    PATHS,
    st.none() | st.text(max_size=50),
    st.sampled_from(
        [
            HEADERS,
            {},
            {"Host": "other", "X-Content-Length": "0", "X-Latin": "\xe9"},
            {"Content-length": "0"},
            {"X-One": "1\r\nX-Two: 2"},
            {"X One": "1"},
        ]
    ),
)
@example("GET", "/x", "", HEADERS)
@example("POST", "/x", "", HEADERS)
@example("POST", "/x", None, {})
@example("POST", "/x", "{}", {"Content-length": "0"})
@example("POST", "/x", "{}", {"X-One": "1\r\nX-Two: 2"})
@example("POST", "/x", "\xe9", HEADERS)
@example("POST", "/x", "\u20ac", HEADERS)
def test_requests_are_what_http_client_sends_or_are_refused_as_it_refuses_them(
    server: RawServer, method: str, path: str, body: Any, headers: Dict[str, str]
) -> None:
    def sent(send: Any) -> Any:
        count = len(server.requests)
        try:
            send()
        except ValueError as exc:
            return type(exc)
        except http.client.HTTPException as exc:
            # What http.client raises that is neither of its own exceptions nor one of sockets is made such.
            return type(exc.__cause__ or exc)
        (request,) = server.requests[count:]
        return request.head, request.body

    def bare() -> None:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=5)
        try:
            connection.request(method, path, body, headers)
            connection.getresponse().read()
        finally:
            connection.close()

    ours = spapi.HTTPTransport(HOST, server.port, 5, None)
    assert sent(lambda: ours.send(method, path, body, headers)) == sent(bare)
    ours.close()


def test_each_request_has_its_own_headers(server: RawServer) -> None:
    transport = spapi.HTTPTransport(HOST, server.port, 5, None)
    for number in ("1", "2", "2", "1"):
        transport.send("POST", "/x", "{}", {"X-Number": number})
        assert f"\r\nX-Number: {number}" in server.requests[-1].head.decode()
    transport.close()


# Replies


class Sipping(socket.socket):
    """A socket that gives what has come in pieces of certain sizes, again and again."""

    sizes: Tuple[int, ...] = (65536,)
    turn = 0

    def sip(self) -> int:
        self.turn += 1
        return self.sizes[(self.turn - 1) % len(self.sizes)]

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        return super().recv(min(bufsize, self.sip()), flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        return super().recv_into(memoryview(buffer)[: self.sip()], nbytes, flags)


@pytest.fixture
def sipping(monkeypatch: pytest.MonkeyPatch) -> None:
    connect_by(Sipping, monkeypatch)


@pytest.fixture(scope="module")
def parrot() -> Iterator[RawServer]:
    """A server that answers with the bytes in its attribute `said`, and closes."""

    def script(connection: Connection) -> None:
        connection.read()
        connection.send(server.said)  # type: ignore[attr-defined]

    with RawServer(script) as server:
        yield server


class Sheet(io.BytesIO):
    """Bytes that http.client reads as from a socket; what it left unread is kept."""

    left = b""

    def makefile(self, _mode: str) -> Sheet:
        return self

    def close(self) -> None:
        if not self.closed:
            self.left = self.read()
        super().close()


def understood(data: bytes) -> Tuple[Any, bool, bool]:
    """What http.client makes of a response, whether its connection stays, and whether more came than the response."""
    sheet = Sheet(data)
    reply = http.client.HTTPResponse(sheet)  # type: ignore[arg-type]
    try:
        reply.begin()
        got: Any = reply.status, reply.read()
    except (OSError, http.client.HTTPException) as exc:
        return type(exc), False, False
    except Exception:
        return http.client.HTTPException, False, False
    return got, not reply.will_close, bool(sheet.left)


def clear(data: bytes) -> bool:
    """Whether a response says itself where it ends, by one line that leaves no doubt."""
    head, _, _ = data.partition(b"\r\n\r\n")
    status, *lines = head.lower().split(b"\r\n")
    framing = [line for line in lines if line.startswith((b"content-length", b"transfer-encoding"))]
    return (
        re.fullmatch(rb"http/1\.1 (?!204|304)[2-9][0-9][0-9] [ -~]*", status) is not None
        and all(re.fullmatch(rb"[a-z0-9-]+:[\t -~]*", line) for line in lines)
        and not any(line.startswith(b"connection") and b"close" in line for line in lines)
        and len(framing) == 1
        and re.fullmatch(rb"content-length:\s*[0-9]+\s*|transfer-encoding: *chunked", framing[0]) is not None
    )


STATUSES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1 200",
    b"HTTP/1.1  200 OK",
    b"HTTP/1.1 200 Tr\xe8s bien",
    b"HTTP/1.1 200 O\rK",
    b"http/1.1 200 OK",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.2 200 OK",
    b"HTTP/2 200 OK",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 404 Not Found",
    b"HTTP/1.1 2000 OK",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    b"SSH-2.0-OpenSSH",
    b"",
]
PLAIN_LINES = [
    b"Content-Type: application/json",
    b"Date: Sun, 22 Nov 2026 10:00:00 GMT",
    b"X-Empty:",
    b"X-Tab:\t1\t2",
    b"Connection: keep-alive",
    b"connection: Keep-Alive",
    b"Keep-Alive: timeout=5",
]
LINES = [
    *PLAIN_LINES,
    b"Connection: close",
    b"connection:Keep-Alive",
    b"Connection: keep-alive, close",
    b"Transfer-Encoding: chunked",
    b"TRANSFER-ENCODING: Chunked",
    b"Transfer-Encoding: identity",
    b"X-Folded: a\r\n Content-Length: 3",
    b" Content-Length: 3",
    b"X-Latin: \xe9",
    b"X\xe9: 1",
    b"X-Control: a\x0bContent-Length: 3",
    b"X-Return: a\rContent-Length: 3",
    b"X Spaced: 1",
    b"Content-Length : 3",
    b"Content-Length: 3",
    b"Content-Length: 300",
    b"From here",
    b": nameless",
    b"no colon",
    b"X-Many: 1\r\n" * 47 + b"X-Last: 1",
]
LENGTHS = [b"%d", b" %d", b"  0%d", b"%d ", b"\t%d", b"+%d", b"-%d", b"%d0", b"1%d", b"%d\x0b", b"", b"x%d"]


@st.composite
def replies(draw: Any) -> bytes:
    """Plain replies with an oddity or two."""
    odd = draw(
        st.sets(st.sampled_from(["status", "lines", "names", "length", "body", "end", "excess", "cut"]), max_size=2)
    )

    def choice(part: str, *choices: Any) -> Any:
        return draw(st.sampled_from(choices)) if part in odd else choices[0]

    body = choice("body", b'{"data": []}', b"", b"\r\n\r\n", b'c\r\n{"data": []}\r\n0\r\n\r\n', b"0\r\n\r\n")
    lines = draw(st.lists(st.sampled_from(LINES if "lines" in odd else PLAIN_LINES), max_size=4))
    for name in choice("names", [b"Content-Length"], [b"content-LENGTH"], [b"Content-Length"] * 2, []):
        value = choice("length", *LENGTHS)
        lines.insert(draw(st.integers(0, len(lines))), name + b":" + (value % len(body) if b"%" in value else value))
    end = choice("end", b"\r\n", b"\n", b"\r\r\n")
    whole = end.join([choice("status", *STATUSES), *lines, b"", b""]) + body
    whole += choice("excess", b"", b" ", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 20000)
    return whole[: draw(st.integers(0, len(whole)))] if "cut" in odd else whole


def same(parrot: Any, data: bytes, sizes: Tuple[int, ...]) -> None:
    """Check that a response that comes in pieces of such sizes is understood."""
    parrot.said, Sipping.sizes = data, sizes
    transport = spapi.HTTPTransport(HOST, parrot.port, 5, None)
    got: Any
    try:
        got = transport.send("GET", "/x", None, HEADERS)
    except (OSError, http.client.HTTPException) as exc:
        got = type(exc)
    kept = bool(transport._pool)
    transport.close()
    expected, stays, excess = understood(data)
    assert got == expected
    # Excess that has not come by then is found when the connection is to be used again.
    late = excess and min(sizes) < len(data)
    assert not kept or (stays and not excess) or late
    assert kept or not (stays and clear(data)) or excess, "a connection on which nothing is owed is kept"


@pytest.mark.parametrize("sizes", [(65536,), (1,), (70, 5)])
def test_each_oddity_of_a_reply_means_what_it_means_to_http_client(
    parrot: Any, sipping: None, sizes: Tuple[int, ...]
) -> None:
    body = b'{"data": []}'
    for status in STATUSES:
        same(parrot, status + b"\r\nContent-Length: 12\r\n\r\n" + body, sizes)
    for value in LENGTHS:
        value = value % len(body) if b"%" in value else value
        same(parrot, b"HTTP/1.1 200 OK\r\nContent-Length:" + value + b"\r\n\r\n" + body, sizes)
    for line in LINES:
        same(parrot, b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 12\r\n\r\n" + body, sizes)
        same(parrot, b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n" + line + b"\r\n\r\n" + body, sizes)
    for count in (98, 99, 100):
        same(parrot, head(*["X-Many: 1"] * count, "Content-Length: 2") + b"{}", sizes)
        same(parrot, head("Content-Length: 2", *["X-Many: 1"] * count) + b"{}", sizes)


def test_excess_is_noticed_wherever_it_waits(parrot: Any, sipping: None) -> None:
    unusual = response(b"x", 404)
    for size in (1, 20000):
        same(parrot, GOOD + b"x" * size, (65536,))
        same(parrot, head("Transfer-Encoding: chunked") + b"0\r\n\r\n" + b"x" * size, (65536,))
        # As much as http.client's stream takes at once, to the byte.
        same(parrot, response(b"x" * (8192 - len(unusual) - 2), 404) + b"x" * size, (65536,))


@SETTINGS
@given(replies(), st.lists(st.integers(1, 300), min_size=1, max_size=3) | st.just([65536]))
def test_replies_mean_what_they_mean_to_http_client_however_they_come(
    parrot: Any, sipping: None, data: bytes, sizes: List[int]
) -> None:
    same(parrot, data, tuple(sizes))


@pytest.mark.parametrize("size", [0, 1, 65400, *range(65430, 65540, 3), 131072, 3_000_000])
def test_bodies_of_any_size_are_read_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    with RawServer(answers(response(body[:size]))) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 5, None)
        for _ in range(2):
            assert transport.send("GET", "/x", None, HEADERS) == (200, body[:size])
        transport.close()
        assert server.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 two OK\r\n",
        head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head(*["X-Many: 1"] * 101)[:-2],
        b"HTTP/1.1 200 " + b"O" * 66000,
        head()[:-2] + b"X-Long: " + b"x" * 66000,
    ],
    ids=lambda data: data[:40].decode(),
)
def test_no_more_is_waited_for_than_http_client_needs(data: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.send(data)
        connection.server.stopped.wait(10)

    with RawServer(script) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 5, None)
        started = time.monotonic()
        got: Any
        try:
            got = transport.send("GET", "/x", None, HEADERS)
        except http.client.HTTPException as exc:
            got = type(exc)
        assert time.monotonic() - started < 4
        assert got == understood(data)[0]
        transport.close()


@pytest.mark.parametrize("begun", [20, len(GOOD) - 1], ids=["head", "body"])
def test_what_has_come_of_a_reply_is_no_reason_to_wait_for_longer(begun: int) -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.server.stopped.wait(0.8)
        connection.send(GOOD[:begun])
        connection.server.stopped.wait(10)

    with RawServer(script) as server:
        transport = spapi.HTTPTransport(HOST, server.port, 1, None)
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            transport.send("GET", "/x", None, HEADERS)
        assert 0.9 < time.monotonic() - started < 1.6
        transport.close()


def test_reply_cut_in_its_head_on_a_kept_connection_is_not_asked_for_again_in_silence() -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.send(GOOD)
        connection.read()
        connection.send(GOOD[:20])
        connection.sock.shutdown(socket.SHUT_WR)
        connection.server.stopped.wait(10)

    with RawServer(script) as server:
        api = api_of(server)
        api.volumesList()
        with pytest.raises(ENDS):
            api.volumesList()
        assert len(server.requests) == 2 and server.connections == 1


# Those who look on


def test_methods_replaced_in_http_client_see_each_request(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: List[str] = []
    original = http.client.HTTPConnection.putrequest

    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        seen.append(url)
        original(self, method, url, *args, **kwargs)

    transport = spapi.HTTPTransport(HOST, server.port, 5, None)
    before = server.connections
    transport.send("GET", "/one", None, HEADERS)
    monkeypatch.setattr(http.client.HTTPConnection, "putrequest", putrequest)
    for path in ("/two", "/three"):
        assert transport.send("GET", path, None, HEADERS)[0] == 200
    monkeypatch.undo()
    transport.send("GET", "/four", None, HEADERS)
    transport.close()
    assert seen == ["/two", "/three"]
    assert server.connections == before + 1


def test_debuglevel_of_http_client_shows_requests(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    transport = spapi.HTTPTransport(HOST, server.port, 5, None)
    for _ in range(2):
        transport.send("GET", "/shown", None, HEADERS)
    transport.close()
    assert capsys.readouterr().out.count("send: b'GET /shown ") == 2


@pytest.mark.parametrize("traced", [False, True], ids=["audited", "traced"])
def test_programs_that_looked_on_before_the_import_see_each_request(server: RawServer, traced: bool) -> None:
    program = f"""
        import functools, http.client, sys
        sent, seen = [], []
        original = http.client.HTTPConnection.getresponse
        @functools.wraps(original)
        def getresponse(self):
            seen.append(self)
            return original(self)
        if {traced}:
            http.client.HTTPConnection.getresponse = getresponse
        sys.addaudithook(lambda event, args: sent.append(args[1]) if event == "http.client.send" else None)
        from storpool import spapi
        api = spapi.Api({HOST!r}, {server.port}, "42", timeout=5)
        for _ in range(3):
            api.volumesList()
        # Not every version of http.client tells auditors of what it sends.
        print(len(seen) if {traced} else b"".join(sent).count(b"GET /ctrl/1.0/VolumesList HTTP/1.1\\r\\n"))
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=True, capture_output=True, text=True, env=env
    )
    assert done.stdout.split() == ["3"]
