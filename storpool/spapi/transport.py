"""The transport: one request over HTTP, its status and body back. Kept connections are its own business."""

from __future__ import annotations

import http.client
import io
import os
import socket
import time
from collections import deque
from typing import Any, Deque, Dict, Optional, Protocol, Tuple

__all__ = ["HTTPTransport", "Transport"]

# A connection idle for longer is not trusted: firewalls and servers forget such without a word.
IDLE_MAX = 20.0
POOL_MAX = 32


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
    """

    def __init__(self, host: str, port: int, timeout: Optional[float], source: Optional[str]) -> None:
        self._pid = os.getpid()
        self._idle: Deque[Tuple[Any, float]] = deque()
        self._host = host
        self._port = port
        self._timeout = timeout
        self._source = source

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request; see :meth:`Transport.send`."""
        kept = self._kept()
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
                connection.request(method, path, body, headers)
                sock = getattr(connection, "sock", None)
                timed = _TimedSocket(sock, self._timeout) if isinstance(sock, socket.socket) else None
                if timed is not None:
                    connection.sock = timed
                response = connection.getresponse()
            except (ConnectionResetError, BrokenPipeError) as exc:
                if kept:
                    raise _GivenUpError from exc
                raise
            status, payload = response.status, response.read()
            if timed is not None:
                connection.sock = sock
                # `is False`: a stand-in for the response may have anything there. Bytes beyond the response belong to
                # nothing that was asked: what comes next on such a connection could be taken for another's answer.
                keep = getattr(response, "will_close", True) is False and not timed.excess
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


def _is_quiet(sock: Any) -> bool:
    """Whether a connection is open with nothing to read: a close, or what nobody asked for, would be readable."""
    if sock is None:
        return False
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


class _TimedSocket:
    """Stands for a socket while one response is read from it, until a deadline and not so-and-so long a piece."""

    def __init__(self, sock: socket.socket, timeout: Optional[float]) -> None:
        self._sock = sock
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self.excess = False

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _Response(_TimedReader(self), self)

    def left(self) -> Optional[float]:
        """The seconds that are left to read in."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left

    def rest(self) -> None:
        """Give the socket the time-out back that it came with."""
        self._sock.settimeout(self._timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket) -> None:
        self._timed = timed
        self._raw = timed._sock.makefile("rb", buffering=0)
        self.done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        if self.done:
            return None
        self._timed._sock.settimeout(self._timed.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(io.BufferedReader):
    """The stream of one response; tells at its end whether more had come than the response."""

    def __init__(self, raw: _TimedReader, timed: _TimedSocket) -> None:
        super().__init__(raw)
        self._timed = timed

    def close(self) -> None:
        if not self.closed:
            self.raw.done = True  # type: ignore[attr-defined] # from here on peek() sees what is buffered, and waits for nothing
            self._timed.excess = bool(self.peek(1))
            self._timed.rest()
        super().close()
