"""The transport: one request over HTTP, its status and body back.

Here a connection is taken, a request exchanged for its reply, and the connection put back or closed.

================  ==========================================================================
:mod:`.pool`      idle connections
:mod:`.simple`    composing and parsing what is simple; no sockets
:mod:`.sockets`   a socket with one deadline, and the stream that ``http.client`` reads from
================  ==========================================================================
"""

from __future__ import annotations

import codecs
import http.client
import io
import os
import socket
import sys
import time
from typing import Any, Callable, Dict, Optional, Protocol, Tuple, Type

from .pool import Pool
from .simple import NEED_MORE, PIECE, Reply, ReplyParser, Request, compose, header_lines, is_simple
from .sockets import DeadlineSocket

__all__ = ["REPLY_LIMIT", "HTTPTransport", "Transport", "peer_name"]

REPLY_LIMIT = 1 << 30
"""How many bytes the body of a reply has at most, unless the caller says otherwise."""

_OTHER_PROTOCOL = 101
_WITHOUT_CONTENT = (204, 304)
_IDLE_FOR_TOO_LONG = 408

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


# Looking up a host imports this codec, unless it was: a fork within an import hangs the child, and a program may have
# emptied sys.path by then.
codecs.lookup("idna")


class HTTPTransport:
    """Sends over ``http.client``, and keeps connections that the server keeps.

    Threads may share it: each request has a connection of its own. A forked child leaves its parent's connections
    alone.

    A server may close a kept connection just as it is used again, and nobody knows whether it carried the request out.
    The request is sent again over a new connection, unless it is a change and ``twice`` is false: changes then only go
    over new ones.

    :param timeout: seconds for connecting, and again for the whole of an exchange: a server that sends a byte now and
        then does not hold a caller for ever. None waits for ever.
    :param source: the local address to connect from.
    :param connect_timeout: seconds for connecting, where they are not those of ``timeout``.
    :param reply_limit: how many bytes the body of a reply has at most.
    """

    def __init__(
        self,
        host: str,
        port: int,
        timeout: Optional[float],
        source: Optional[str],
        twice: bool = True,
        connect_timeout: Optional[float] = None,
        reply_limit: int = REPLY_LIMIT,
    ) -> None:
        self._pool = Pool()
        self._host = host
        self._port = port
        self._source = source
        self._set(timeout, connect_timeout, twice)
        self._limit = reply_limit
        # The headers of the last simple request, and the lines before and after its length.
        self._lines: Tuple[Optional[Dict[str, str]], str, str] = (None, "", "")

    def _set(self, timeout: Optional[float], connect_timeout: Optional[float], twice: bool) -> None:
        self._timeout = timeout
        self._connect_timeout = timeout if connect_timeout is None else connect_timeout
        self._twice = twice

    def using(self, timeout: Optional[float], connect_timeout: Optional[float], twice: bool) -> HTTPTransport:
        """Return a transport with other options that shares the connections of this one."""
        view = HTTPTransport.__new__(HTTPTransport)
        vars(view).update(vars(self))
        view._set(timeout, connect_timeout, twice)
        return view

    def send(
        self, method: str, path: str, body: Optional[str], headers: Dict[str, str], within: Optional[float] = None
    ) -> Tuple[int, bytes]:
        """Make one request; see :meth:`Transport.send`.

        :param within: seconds that all of it may take, where that is less than the time-outs.
        """
        request = Request(method, path, body, headers)
        end = None if within is None else time.monotonic() + within
        try:
            kept = self._pool.take() if self._twice or method == "GET" else None
            if kept is not None:
                try:
                    return self._exchange(kept, request, end, kept=True)
                except _GivenUpError:
                    pass  # a new connection shows what is the matter
            return self._exchange(self._connection(end), request, end)
        except OSError as exc:
            _name_peer(exc, peer_name(self._host, self._port))
            raise

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    def _connection(self, end: Optional[float]) -> Any:
        options: Dict[str, Any] = {"timeout": _at_most(self._connect_timeout, end)}
        if self._source is not None:
            options["source_address"] = (self._source, 0)
        # Looked up at each connection: the test suites of drivers replace it in its module.
        return http.client.HTTPConnection(self._host, self._port, **options)

    def _exchange(
        self, connection: Any, request: Request, end: Optional[float], kept: bool = False
    ) -> Tuple[int, bytes]:
        """Send a request over a connection and read the reply; put the connection back, or close it."""
        sock, keep = None, False
        try:
            sock = _socket_of(connection)
            if sock is None:
                reply = _ask(connection, request)
            else:
                sock.start(_at_most(self._timeout, end), self._limit)
                reply = self._converse(connection, sock, request)
                if kept and reply.status == _IDLE_FOR_TOO_LONG:
                    raise _GivenUpError
                # What comes next on a connection with excess could be taken for the reply to another request.
                keep = reply.complete and sock.owes_nothing
            return reply.status, reply.body
        except (ConnectionResetError, BrokenPipeError, http.client.HTTPException) as exc:
            if kept and sock is not None and _is_given_up(sock, exc):
                raise _GivenUpError from exc
            raise
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
            return _read(_parsed(sock, connection.getresponse))
        sys.audit("http.client.send", connection, data)
        sock.sendall(data)
        sock.flush()
        parser = ReplyParser(self._limit)
        reply = parser.feed(sock.recv(PIECE))
        while reply is NEED_MORE:
            reply = parser.feed(sock.recv(parser.wanted))
        if isinstance(reply, Reply):
            return reply
        sock.ahead = parser.received
        response = connection.response_class(sock, method=request.method)
        with response:
            _parsed(sock, response.begin)
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
    """The server closed a kept connection just as it was used again, without an answer to this request."""


def _is_given_up(sock: DeadlineSocket, error: Exception) -> bool:
    """Return whether a kept connection broke without a reply to the request, or with one that says it was idle."""
    if not sock.begun:
        return isinstance(error, ConnectionError)
    return bool(sock.head) and sock.head[0].split()[1:2] == [b"%d" % _IDLE_FOR_TOO_LONG]


def peer_name(host: str, port: int) -> str:
    """Return host and port as people write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _at_most(timeout: Optional[float], end: Optional[float]) -> Optional[float]:
    """Return the time-out, or the seconds until the end where they are less."""
    if end is None:
        return timeout
    left = max(end - time.monotonic(), 0.001)
    return left if timeout is None else min(timeout, left)


def _name_peer(error: OSError, peer: str) -> None:
    """Put the address into the text of an error of the system; its class and number stay.

    Errors of anyone else, as of a signal handler, are left as they are.
    """
    text = error.strerror
    if text and error.errno is not None and (isinstance(error, socket.gaierror) or text == os.strerror(error.errno)):
        error.strerror = f"{peer}: {text}"
        error.args = (error.errno, error.strerror, *error.args[2:])
    elif (type(error) is socket.timeout and error.args == ("timed out",)) or (
        type(error) is http.client.RemoteDisconnected and len(error.args) == 1
    ):
        error.args = (f"{peer}: {error.args[0]}",)


def _socket_of(connection: Any) -> Optional[DeadlineSocket]:
    """Return the socket of a connection, connecting it first; None for a stand-in for a connection."""
    # A suite may have put its stand-in there before this module was imported.
    if not isinstance(connection, _HTTPConnection) or not hasattr(connection, "sock"):
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


def _parsed(sock: DeadlineSocket, parse: Callable[[], Any]) -> Any:
    """Let http.client parse the head of a reply; make its error an HTTPException.

    Its parser of headers lets errors of any kind out. So may a signal handler or another thread, at any moment: such
    errors are not the reply's, and pass. It is the reply's when parsing the same lines fails again.
    """
    try:
        return parse()
    except (OSError, http.client.HTTPException, MemoryError):
        raise
    except Exception as exc:
        if _fails_to_parse(b"".join(sock.head), type(exc)):
            raise http.client.HTTPException(f"the reply is not HTTP: {type(exc).__name__}: {exc}") from exc
        raise


def _fails_to_parse(head: bytes, kind: Type[Exception]) -> bool:
    """Return whether parsing the head of a reply ends with such an error."""
    with http.client.HTTPResponse(_Lines(head)) as response:  # type: ignore[arg-type]
        try:
            response.begin()
        except Exception as exc:
            return type(exc) is kind
    return False


class _Lines(io.BytesIO):
    """Bytes that http.client reads as from a socket."""

    def makefile(self, _mode: str) -> _Lines:
        return self


def _read(response: Any) -> Reply:
    """Read the body of a response of http.client."""
    if response.status == _OTHER_PROTOCOL:
        raise http.client.HTTPException("the server changed to another protocol, which nobody asked for")
    # Whoever traces requests may have closed it after reading.
    complete = _says_its_end(response)
    return Reply(response.status, response.read(), complete)


def _says_its_end(response: Any) -> bool:
    """Return whether a response says itself where it ends, once and clearly, and that its connection stays.

    Only then can nothing of it come later. http.client takes the first of several lengths, for instance, and lets a
    reply without content end at once, whatever the server sends after it.
    """
    if not isinstance(response, http.client.HTTPResponse) or response.will_close is not False:
        return False
    headers = response.headers
    if response.status in _WITHOUT_CONTENT or headers.defects or headers.get_payload():
        return False
    if any("close" in value.lower() for value in headers.get_all("Connection", [])):
        return False
    lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if encodings:
        return not lengths and len(encodings) == 1 and encodings[0].strip().lower() == "chunked"
    return len(lengths) == 1 and lengths[0].isascii() and lengths[0].strip().isdigit()
