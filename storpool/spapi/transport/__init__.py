"""The transport: one request over HTTP, its status and body back.

======================  ===========================================================================
:mod:`.transport`       take a connection, exchange a request for its reply, put the connection back
:mod:`.pool`            idle connections
:mod:`.simple`          composing and parsing what is simple; no sockets
:mod:`.sockets`         a socket with a deadline, and the stream that ``http.client`` reads
======================  ===========================================================================
"""

from __future__ import annotations

import http.client
import sys
from typing import Any, Dict, Optional, Protocol, Tuple, Union

from .pool import Pool
from .simple import NEED_MORE, PIECE, Progress, Reply, ReplyParser, Request, compose, header_lines, is_simple
from .sockets import DeadlineSocket

__all__ = ["HTTPTransport", "Transport"]

# Test suites replace it in its module by what only looks like a connection.
_HTTPConnection = http.client.HTTPConnection
# Its members, less what programs that trace requests have put there; with such in place, it handles every request.
_MEMBERS = {
    name: member
    for name, member in vars(_HTTPConnection).items()
    if getattr(member, "__globals__", vars(http.client)) is vars(http.client)
}


class Transport(Protocol):
    """What a client sends by; tests and the simulated cluster put their own in its place."""

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request and return the status and the body of the reply.

        :raises OSError: no connection, a broken one, a time-out.
        :raises http.client.HTTPException: what came is not HTTP, or is cut short.
        """
        ...


class HTTPTransport:
    """Sends over ``http.client``, and keeps connections that the server keeps.

    Threads may share it: each request has a connection of its own. A forked child leaves its parent's connections
    alone. ``timeout``, in seconds, is for connecting, and again for the whole of an exchange: a server that sends a
    byte now and then does not hold a caller for ever.

    A server may close a kept connection just as it is used again, and nobody knows whether it carried the request out.
    The request is sent again over a new connection, unless it is a change and ``twice`` is false: changes then only go
    over new ones.
    """

    def __init__(
        self, host: str, port: int, timeout: Optional[float], source: Optional[str], twice: bool = True
    ) -> None:
        self._pool = Pool()
        self._host = host
        self._port = port
        self._timeout = timeout
        self._source = source
        self._twice = twice
        # The headers of the last simple request, and the lines before and after its length.
        self._lines: Tuple[Optional[Dict[str, str]], str, str] = (None, "", "")

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request; see :meth:`Transport.send`."""
        request = Request(method, path, body, headers)
        kept = self._pool.take() if self._twice or method == "GET" else None
        if kept is not None:
            try:
                return self._exchange(kept, request, kept=True)
            except _GivenUpError:
                pass  # a new connection shows what is the matter
        return self._exchange(self._connect(), request)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _connect(self) -> Any:
        options: Dict[str, Any] = {"timeout": self._timeout}
        if self._source is not None:
            options["source_address"] = (self._source, 0)
        # Looked up at each connection: the test suites of drivers replace it in its module.
        return http.client.HTTPConnection(self._host, self._port, **options)

    def _exchange(self, connection: Any, request: Request, kept: bool = False) -> Tuple[int, bytes]:
        """Send a request over a connection and read the reply; put the connection back, or close it."""
        sock, keep = None, False
        try:
            sock = _socket_of(connection)
            if sock is None:
                reply = _ask(connection, request)
            else:
                sock.start(self._timeout)
                reply = self._converse(connection, sock, request)
                # Excess belongs to nothing that was asked. What comes next on such a connection could be taken for the
                # reply to another request.
                keep = reply.complete and not sock.excess
            return reply.status, reply.body
        except (ConnectionResetError, BrokenPipeError) as exc:
            if kept and sock is not None and not sock.begun:
                raise _GivenUpError from exc
            raise
        except (OSError, http.client.HTTPException):
            raise  # before ValueError: some of them are such, too
        except (ValueError, OverflowError, MemoryError, AttributeError) as exc:
            # http.client lets some of these out for lengths and headers that make no sense.
            raise http.client.HTTPException(f"the reply is not HTTP: {type(exc).__name__}: {exc}") from exc
        finally:
            if keep:
                self._pool.put(connection)
            else:
                connection.close()

    def _converse(self, connection: Any, sock: DeadlineSocket, request: Request) -> Reply:
        """Send a request and read the reply, the simple way where it can be and else as http.client does."""
        data = self._compose(connection, request)
        if data is None:
            connection.request(*request)
            sock.flush()
            return _read(connection.getresponse())
        sys.audit("http.client.send", connection, data)
        sock.sendall(data)
        sock.flush()
        parser = ReplyParser()
        size = PIECE
        reply: Union[Reply, Progress] = NEED_MORE
        while reply is NEED_MORE:
            reply = parser.feed(sock.recv(size))
            size = parser.wanted
        if isinstance(reply, Reply):
            return reply
        sock.ahead = parser.received
        response = connection.response_class(sock, method=request.method)
        with response:
            response.begin()
            return _read(response)

    def _compose(self, connection: Any, request: Request) -> Optional[bytes]:
        """Return a simple request as http.client sends it; None where that has to do it itself."""
        if type(connection) is not _HTTPConnection or vars(_HTTPConnection) != _MEMBERS or not is_simple(request):
            return None
        known, before, after = self._lines
        if known != request.headers:
            lines = header_lines(self._host, self._port, request.headers)
            if lines is None:
                return None
            before, after = lines
            self._lines = dict(request.headers), before, after
        return compose(request, before, after)


class _GivenUpError(Exception):
    """The server closed a kept connection just as it was used again: nothing came back."""


def _socket_of(connection: Any) -> Optional[DeadlineSocket]:
    """Return the socket of a connection, connecting it first; None for a stand-in for a connection."""
    if not isinstance(connection, _HTTPConnection):
        return None
    if connection.sock is None:
        connection.connect()
    sock: Any = connection.sock
    if type(sock) is not DeadlineSocket:
        sock = connection.sock = DeadlineSocket(sock)
    return sock  # type: ignore[no-any-return]


def _ask(connection: Any, request: Request) -> Reply:
    """Make a request over a stand-in for a connection."""
    connection.request(*request)
    response = connection.getresponse()
    return Reply(response.status, response.read(), complete=False)


def _read(response: Any) -> Reply:
    """Read a response of http.client, whose head was read."""
    return Reply(response.status, response.read(), response.will_close is False)
