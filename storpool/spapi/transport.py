"""The transport: one request over HTTP, its status and body back. Kept connections are its own business."""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import time
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Protocol, Tuple

__all__ = ["HTTPTransport", "Transport"]

# A connection idle for longer is not trusted: firewalls and servers forget such without a word.
IDLE_MAX = 20.0
POOL_MAX = 32
# Test suites replace it in its module by what only looks like a connection.
_HTTPConnection = http.client.HTTPConnection


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
        keep = False
        try:
            try:
                wire = self._wire(connection)
                connection.request(method, path, body, headers)
                if wire is not None:
                    wire.flush()
                response = connection.getresponse()
            except (ConnectionResetError, BrokenPipeError) as exc:
                if kept:
                    raise _GivenUpError from exc
                raise
            status, payload = response.status, response.read()
            # `is False`: a stand-in for the response may have anything there. Bytes beyond the response belong to
            # nothing that was asked: what comes next on such a connection could be taken for another's answer.
            keep = wire is not None and getattr(response, "will_close", True) is False and not wire.excess
            return status, payload
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


class _Wire:
    """Stands for the socket of a connection.

    A request is sent in one piece, and not header first, body after. A response is read until a deadline, and not
    so-and-so long a piece.
    """

    def __init__(self, sock: socket.socket, timeout: Optional[float]) -> None:
        self.sock = sock
        self.excess = False
        self._timeout = timeout
        self._deadline: Optional[float] = None
        self._unsent: List[bytes] = []
        self._reading = self._closing = False

    def sendall(self, data: bytes) -> None:
        self._unsent.append(data)

    def flush(self) -> None:
        """Send the request; the time for the response runs from here."""
        self.sock.sendall(b"".join(self._unsent))
        self._unsent.clear()
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._reading = True
        return _Response(_Reader(self), self)

    def read_into(self, buffer: Any, first: bool) -> int:
        # The socket's own time-out is good for the first piece of the response; most have no other.
        if not first and self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            self.sock.settimeout(left)
        return self.sock.recv_into(buffer)

    def rest(self, pieces: int) -> None:
        """Take note that the response is read, or given up."""
        self._reading = False
        if self._closing:
            self.sock.close()
        elif pieces > 1:
            self.sock.settimeout(self._timeout)

    def close(self) -> None:
        # http.client closes before it has read a response that is the connection's last.
        self._closing = True
        if not self._reading:
            self.sock.close()


class _Reader(io.RawIOBase):
    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.pieces = 0
        self.done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        if self.done:
            return None
        self.pieces += 1
        return self._wire.read_into(buffer, self.pieces == 1)


class _Response(io.BufferedReader):
    """The stream of one response; tells at its end whether more had come than the response."""

    def __init__(self, raw: _Reader, wire: _Wire) -> None:
        super().__init__(raw)
        self._reader = raw
        self._wire = wire

    def close(self) -> None:
        if not self.closed:
            self._reader.done = True  # from here on peek() sees what is buffered, and waits for nothing
            self._wire.excess = bool(self.peek(1))
            self._wire.rest(self._reader.pieces)
        super().close()
