"""The transport: one request over HTTP, its status and body back. Kept connections are its own business."""

from __future__ import annotations

import functools
import http.client
import io
import os
import re
import select
import socket
import struct
import sys
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Protocol, Tuple

__all__ = ["HTTPTransport", "Transport"]

# A connection idle for longer is not trusted: firewalls and servers forget such without a word.
IDLE_MAX = 20.0
POOL_MAX = 32
# Test suites replace it in its module by what only looks like a connection.
_HTTPConnection = http.client.HTTPConnection
# What it is made of, less what programs that trace requests have put there; with such in place, it sees every request.
_OWN = {
    name: member
    for name, member in vars(_HTTPConnection).items()
    if getattr(member, "__globals__", vars(http.client)) is vars(http.client)
}

# How long the system itself waits for a socket, in microseconds. With a time-out of Python's, each operation gives the
# lock of the interpreter away twice, to look and to act, and getting it back is what takes threads long. It is short
# because a signal begins it anew; what takes longer is waited for by Python, until the deadline.
_MOMENT = 5_000
# The most bytes that a plain reply has, and that are taken from a socket at once.
_PLAIN_MAX = 65536
_Match = Callable[[Any], Optional["re.Match[Any]"]]


class Transport(Protocol):
    """What a client sends by; tests and the simulated cluster put their own in its place."""

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request and give the status and the body of the reply.

        :raises OSError: no connection, a broken one, a time-out.
        :raises http.client.HTTPException: what came is not HTTP, or is cut short.
        """
        ...


class HTTPTransport:
    """Sends over ``http.client``, and keeps connections that the server keeps.

    Threads may share it: each request has a connection of its own. A forked child leaves its parent's connections
    alone. ``timeout``, in seconds, is for connecting, and again for the whole of an exchange: a server that sends a
    byte now and then does not hold a caller for ever.

    A kept connection may be given up just as it is used again, and nobody knows whether the request was carried out.
    It is sent again over a new one, unless it is a change and ``twice`` is false: changes then only go over new ones.
    """

    def __init__(
        self, host: str, port: int, timeout: Optional[float], source: Optional[str], twice: bool = True
    ) -> None:
        self._pid = os.getpid()
        self._idle: Deque[Tuple[Any, float]] = deque()
        self._host = host
        self._port = port
        self._timeout = timeout
        self._source = source
        self._twice = twice
        # The headers of the last plain request, and the lines before and after its length.
        self._constant: Tuple[Optional[Dict[str, str]], str, str] = (None, "", "")

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request; see :meth:`Transport.send`."""
        kept = self._kept() if self._twice or method == "GET" else None
        if kept is not None:
            try:
                return self._exchange(kept, method, path, body, headers, kept=True)
            except _GivenUpError:
                pass  # a new one tells what is the matter
        return self._exchange(self._connect(), method, path, body, headers)

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[0].close()

    def __del__(self) -> None:
        # Programs written before connections were kept never close an Api.
        if self._pid == os.getpid():
            self.close()

    def _connect(self) -> Any:
        options: Dict[str, Any] = {"timeout": self._timeout}
        if self._source is not None:
            options["source_address"] = (self._source, 0)
        # Looked up at each connection: the test suites of drivers replace it in its module.
        return http.client.HTTPConnection(self._host, self._port, **options)

    def _exchange(
        self, connection: Any, method: str, path: str, body: Optional[str], headers: Dict[str, str], kept: bool = False
    ) -> Tuple[int, bytes]:
        wire, keep = None, False
        try:
            wire = self._wire(connection)
            request = None if wire is None else self._composed(connection, method, path, body, headers)
            if wire is None or request is None:
                connection.request(method, path, body, headers)
                if wire is not None:
                    wire.flush()
                response = connection.getresponse()
                status, payload = response.status, response.read()
                # `is False`: a stand-in for the response may have anything there.
                stays = getattr(response, "will_close", True) is False
            else:
                sys.audit("http.client.send", connection, request)
                wire.sendall(request)
                wire.flush()
                status, payload, stays = wire.reply() or _read(connection.response_class(wire, method=method))
            # Bytes beyond the response belong to nothing that was asked: what comes next on such a connection could be
            # taken for another's answer.
            keep = stays and wire is not None and not wire.excess
            return status, payload
        except (ConnectionResetError, BrokenPipeError) as exc:
            if kept and wire is not None and not wire.begun:
                raise _GivenUpError from exc
            raise
        except (OSError, http.client.HTTPException):
            raise  # before ValueError: some of them are such, too
        except (ValueError, OverflowError, MemoryError, AttributeError) as exc:
            # http.client lets some of these out for lengths and headers that make no sense.
            raise http.client.HTTPException(f"the reply is not HTTP: {type(exc).__name__}: {exc}") from exc
        finally:
            if keep and len(self._idle) < POOL_MAX:
                self._idle.append((connection, time.monotonic()))
            else:
                connection.close()

    def _composed(
        self, connection: Any, method: str, path: str, body: Optional[str], headers: Dict[str, str]
    ) -> Optional[bytes]:
        """Give a plain request as http.client sends it; None where that has to see to it itself."""
        looks_plain, _, _ = _plain()
        if (
            type(connection) is not _HTTPConnection
            or vars(_HTTPConnection) != _OWN
            or not looks_plain(f"{method} {path}")
            or not (body is None or (method == "POST" and type(body) is str))
        ):
            return None
        known, before, after = self._constant
        if known != headers:
            if any(name.lower() in ("content-length", "transfer-encoding") for name in headers):
                return None
            # Of http.client's own making; it goes nowhere.
            pieces: List[bytes] = []
            draft = _HTTPConnection(self._host, self._port)
            draft.send = pieces.append  # type: ignore[method-assign, assignment]
            draft.request("POST", "/", "", headers)
            _, _, lines = b"".join(pieces).decode("latin-1").partition("\r\n")
            before, _, after = lines.partition("Content-Length: 0\r\n")
            self._constant = dict(headers), before, after
        length = "" if method == "GET" else f"Content-Length: {len(body or '')}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{before}{length}{after}{body or ''}".encode("latin-1")

    def _wire(self, connection: Any) -> Optional[_Wire]:
        """Give what the connection has for a socket, connecting it first; None for a stand-in for a connection."""
        if isinstance(connection, _HTTPConnection):
            if connection.sock is None:
                connection.connect()
            wire: Any = connection.sock
            if type(wire) is not _Wire:
                wire = connection.sock = _Wire(wire, self._timeout)
            return wire  # type: ignore[no-any-return]
        return None

    def _kept(self) -> Any:
        """Take a kept connection that is still good, or None."""
        if self._pid != os.getpid():
            self._idle = deque()
            self._pid = os.getpid()
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < IDLE_MAX and _is_quiet(getattr(connection, "sock", None)):
                return connection
            connection.close()


@functools.cache
def _plain() -> Tuple[_Match, _Match, _Match]:
    r"""Give what a plain request looks like, the head of a plain reply, and what may yet become such a head.

    Most of the time of a call would go into composing a request from parts, and parsing headers that nobody reads. So
    requests that ``http.client`` sends as they are, and replies in which only the length bears on the body, are known
    by their looks. All others are left to ``http.client``, which knows what they mean, or refuses them: at their first
    bad line, and not when the rest has come.
    """
    status, header = rb"HTTP/1\.1 200 [\t -~]*\r\n", rb"[A-Za-z0-9-]+:[\t -~]*\r\n"
    other = rb"(?!(?i:Content-Length|Transfer-Encoding|Connection):)%b|(?i:Connection: keep-alive)\r\n" % header
    length = rb"(?i:Content-Length): *([0-9]{1,9})\r\n"
    return (
        re.compile(r"(?:GET|POST) /[!-~]*").fullmatch,
        re.compile(rb"%b(?:%b){0,48}%b(?:%b){0,48}\r\n" % (status, other, length, other)).match,
        re.compile(rb"(?:%b(?:%b){0,97})?[^\n]*" % (status, header)).fullmatch,
    )


class _GivenUpError(Exception):
    """The server gave up a kept connection just as it was used again: nothing came back."""


def _is_quiet(wire: Any) -> bool:
    """Whether a connection is open with nothing to read: a close, or what nobody asked for, would be readable."""
    if wire is None:
        return False
    sock = wire.sock
    poll = getattr(select, "poll", None)
    if poll is not None:
        try:
            look = poll()
            look.register(sock, select.POLLIN)
            return not look.poll(0)
        except (OSError, ValueError):
            return False
    # Under eventlet's patching there is no poll().
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        sock.settimeout(timeout)
        return True
    except OSError:
        return False
    return False


def _read(response: http.client.HTTPResponse) -> Tuple[int, bytes, bool]:
    """Read a response as http.client does: its status, its body, and whether the connection stays."""
    with response:
        response.begin()
        return response.status, response.read(), not response.will_close


def _waits_a_moment(sock: socket.socket) -> bool:
    """Let the system wait for a socket, for a moment; False where it cannot."""
    # Other systems take the time in other forms, or not at all; other sockets may be no sockets.
    if sys.platform != "linux" or sys.maxsize < 2**32 or not isinstance(sock, socket.socket):
        return False
    timeout = sock.gettimeout()
    sock.settimeout(None)
    if os.get_blocking(sock.fileno()):
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", 0, _MOMENT))
        return True
    # The sockets of eventlet and the like never block, whatever they are told.
    sock.settimeout(timeout)
    return False


class _Wire:
    """Stands for the socket of a connection.

    A request is sent in one piece, and not header first, body after. A response is read until a deadline, and not
    so-and-so long a piece.
    """

    def __init__(self, sock: socket.socket, timeout: Optional[float]) -> None:
        self.sock = sock
        self.excess = False
        self._unsent: List[bytes] = []
        self.begun = False  # something of the response has come
        self._timeout = timeout
        self._deadline = 0.0
        self._usual = None if timeout is None or _waits_a_moment(sock) else timeout
        self._ahead = b""
        self._reading = self._closing = False

    def sendall(self, data: bytes) -> None:
        self._unsent.append(data)

    def flush(self) -> None:
        """Send the request; the time for the response runs from here."""
        self.begun = False
        request = b"".join(self._unsent)
        self._unsent.clear()
        self._set_deadline()
        sent = self._do(self.sock.send, request) if len(request) <= _PLAIN_MAX else 0
        if sent < len(request):
            self._shorten()
            self.sock.sendall(request[sent:])
        self._set_deadline()

    def _set_deadline(self) -> None:
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def _shorten(self) -> None:
        """Let Python wait no longer than until the deadline."""
        if self._timeout is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            self.sock.settimeout(left)

    def _do(self, operation: Callable[[Any], Any], what: Any) -> Any:
        if self.begun or self.sock.gettimeout() != self._usual:
            self._shorten()
        try:
            return operation(what)
        except BlockingIOError:
            self._shorten()  # the moment is over
        return operation(what)

    def reply(self) -> Optional[Tuple[int, bytes, bool]]:
        """Give the status and body of a plain response, and that the connection stays; None leaves it to makefile()."""
        _, find_head, may_be_head = _plain()
        got = b""
        while True:
            piece = self._receive(self.sock.recv, _PLAIN_MAX)
            got += piece
            head = find_head(got)
            end = head.end() + int(head[1]) if head else 0
            if head and end <= len(got):
                self.rest(end < len(got))
                return 200, got[head.end() : end], True
            if not piece or max(end, len(got)) > _PLAIN_MAX or not (head or may_be_head(got)):
                self._ahead = got
                return None

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._reading = True
        return _Response(_Reader(self), self)

    def read_into(self, buffer: Any) -> int:
        if self._ahead:
            count = min(len(buffer), len(self._ahead))
            buffer[:count], self._ahead = self._ahead[:count], self._ahead[count:]
            return count
        return self._receive(self.sock.recv_into, buffer)  # type: ignore[no-any-return]

    def _receive(self, receive: Callable[[Any], Any], what: Any) -> Any:
        came = self._do(receive, what)
        self.begun = self.begun or bool(came)
        return came

    def rest(self, excess: bool) -> None:
        """Take note that the response is read, or given up."""
        self.excess = excess or bool(self._ahead)
        self._reading = False
        if self._closing:
            self.sock.close()
        elif self.sock.gettimeout() != self._usual:
            self.sock.settimeout(self._usual)

    def close(self) -> None:
        # http.client closes before it has read a response that is the connection's last.
        self._closing = True
        if not self._reading:
            self.sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        return None if self.done else self._wire.read_into(buffer)


class _Response(io.BufferedReader):
    """The stream of one response; tells at its end whether more had come than the response."""

    def __init__(self, raw: _Reader, wire: _Wire) -> None:
        super().__init__(raw)
        self._reader = raw
        self._wire = wire

    def close(self) -> None:
        if not self.closed:
            self._reader.done = True  # from here on peek() sees what is buffered, and waits for nothing
            self._wire.rest(bool(self.peek(1)))
        super().close()
