r"""Simple requests and replies: composed and parsed by hand, without sockets.

Most of the time of a call would go into composing a request from parts, and into parsing headers that nobody reads. So
requests that ``http.client`` sends as they are, and replies in which only the length bears on the body, are handled
here. All others are left to ``http.client``, which knows what they mean or refuses them.

The grammar is a part of RFC 9112:

=======================  ============================================================================================
request line (3)         ``GET`` or ``POST``, and a target of visible ASCII: ``/[!-~]*``
status line (4)          ``HTTP/1.1 200`` and a reason of ASCII; any other status may change what the body is
field line (5)           a name of letters, digits and hyphens, and a value of ASCII in one line, without folding
message framing (6)      exactly one ``Content-Length``, of digits; no ``Transfer-Encoding``
persistence (9.3)        no ``Connection`` but ``keep-alive``
=======================  ============================================================================================
"""

from __future__ import annotations

import functools
import re
from enum import Enum
from http.client import HTTPConnection
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from ..errors import ReplyTooLargeError

__all__ = [
    "NEED_MORE",
    "NOT_SIMPLE",
    "PIECE",
    "Progress",
    "Reply",
    "ReplyParser",
    "Request",
    "compose",
    "header_lines",
    "is_simple",
]

PIECE = 65536
"""How many bytes to take from a socket at once; also the most that the head of a simple reply has."""

_MAX_HEADERS = 97
# Pieces of a long body are larger.
_LARGE_PIECE = 1 << 20
_Match = Callable[..., Optional["re.Match[Any]"]]


class Request(NamedTuple):
    """What ``http.client.HTTPConnection.request`` takes."""

    method: str
    path: str
    body: Optional[str]
    headers: Dict[str, str]


class Reply(NamedTuple):
    """A whole reply.

    :ivar complete: nothing more is owed on the connection: it may serve another request.
    """

    status: int
    body: bytes
    complete: bool


class Progress(Enum):
    """What a parser says that has no reply: it needs more bytes, or ``http.client`` is to read those received."""

    NEED_MORE = 1
    NOT_SIMPLE = 2


NEED_MORE, NOT_SIMPLE = Progress.NEED_MORE, Progress.NOT_SIMPLE


@functools.cache
def _grammar() -> Tuple[_Match, _Match, _Match, _Match]:
    """Return what matches a simple request line, and the head, status line and header line of a simple reply.

    They are compiled when they are first needed: it takes a millisecond.
    """
    status, header = rb"HTTP/1\.1 200 [\t -~]*\r\n", rb"[A-Za-z0-9-]+:[\t -~]*\r\n"
    harmless = rb"(?:(?!(?i:Content-Length|Transfer-Encoding|Connection):)%b|(?i:Connection: keep-alive)\r\n)" % header
    length = rb"(?i:Content-Length): *([0-9]{1,15})\r\n"
    return (
        re.compile(r"(?:GET|POST) /[!-~]*").fullmatch,
        re.compile(rb"%b%b{0,48}%b%b{0,48}\r\n" % (status, harmless, length, harmless)).match,
        re.compile(status).fullmatch,
        re.compile(header).fullmatch,
    )


def is_simple(request: Request) -> bool:
    """Return whether http.client sends such a request as it is, whatever its headers are."""
    method, path, body, _ = request
    is_simple_line, _, _, _ = _grammar()
    return is_simple_line(f"{method} {path}") is not None and (body is None or (method == "POST" and type(body) is str))


def header_lines(host: str, port: int, headers: Dict[str, str]) -> Optional[Tuple[str, str]]:
    """Return the header lines of a request as ``http.client`` writes them, before and after Content-Length.

    Return None where the headers say themselves how long the body is.
    """
    if any(name.lower() in ("content-length", "transfer-encoding") for name in headers):
        return None
    pieces: List[bytes] = []
    draft = HTTPConnection(host, port)
    draft.send = pieces.append  # type: ignore[method-assign, assignment]
    draft.request("POST", "/", "", headers)
    _, _, lines = b"".join(pieces).decode("latin-1").partition("\r\n")
    before, _, after = lines.partition("Content-Length: 0\r\n")
    return before, after


def compose(request: Request, before: str, after: str) -> bytes:
    """Return the bytes of a simple request.

    :param before: the header lines before Content-Length; ``after``, those after it.
    """
    method, path, body, _ = request
    length = "" if method == "GET" else f"Content-Length: {len(body or '')}\r\n"
    return f"{method} {path} HTTP/1.1\r\n{before}{length}{after}{body or ''}".encode("latin-1")


class ReplyParser:
    """Parses one reply, however its bytes are cut into pieces, in time linear in their number.

    A reply is given up as not simple at its first bad line, and not when the rest has come: there may be no rest.

    :param limit: how many bytes the body has at most.
    :ivar received: all bytes that were fed.
    """

    received: Union[bytes, bytearray] = b""
    _scanned = 0  # up to here there is no end of the head
    _line = 0  # where the first line begins that is not checked
    _lines = 0
    _body = _end = 0  # of the body, when the head has come

    def __init__(self, limit: int) -> None:
        self._limit = limit

    @property
    def wanted(self) -> int:
        """How many bytes to read next, at most."""
        return min(max(self._end - len(self.received), PIECE), _LARGE_PIECE)

    def feed(self, piece: bytes) -> Union[Reply, Progress]:
        """Take what came next, empty at the end of the stream; return the reply when it is whole.

        :raises ReplyTooLargeError: its body is longer than the limit.
        """
        if not piece:
            return NOT_SIMPLE
        received = self.received
        if not received:
            received = self.received = piece
        else:
            if isinstance(received, bytes):
                received = self.received = bytearray(received)
            received += piece
        end = self._end
        if not end:
            if received.find(b"\r\n\r\n", max(0, self._scanned - 3)) < 0:
                return self._check_lines()
            _, match_head, _, _ = _grammar()
            head = match_head(received)
            if head is None:
                return NOT_SIMPLE
            length = int(head[1])
            if length > self._limit:
                raise ReplyTooLargeError(self._limit)
            self._body = head.end()
            end = self._end = self._body + length
        if len(received) < end:
            return NEED_MORE
        if received is piece:
            return Reply(200, piece[self._body : end], len(piece) == end)
        with memoryview(received) as view:
            return Reply(200, bytes(view[self._body : end]), len(received) == end)

    def _check_lines(self) -> Progress:
        """Check the lines that are whole, none twice."""
        _, _, is_status_line, is_header_line = _grammar()
        received = self.received
        if len(received) > PIECE:
            return NOT_SIMPLE
        while True:
            end = received.find(b"\n", self._scanned) + 1
            if not end:
                self._scanned = len(received)
                return NEED_MORE
            is_good = is_header_line if self._lines else is_status_line
            if not is_good(received, self._line, end) or self._lines > _MAX_HEADERS:
                return NOT_SIMPLE
            self._line = self._scanned = end
            self._lines += 1
