"""A socket with one deadline for an exchange, and the stream that ``http.client`` reads a reply from."""

from __future__ import annotations

import io
import select
import socket
import time
from http.client import HTTPException, LineTooLong
from typing import Any, List, Optional, Tuple

from ..errors import ReplyTooLargeError

__all__ = ["DeadlineSocket", "ReplyStream"]

# The limits of http.client.
_MAX_LINE = 65536
_MAX_HEADERS = 100
# Memory for a body is taken as it comes, and not as it is announced.
_PIECE = 1 << 20


class DeadlineSocket:
    """Stands in a connection for its socket.

    A request leaves in one piece, not header first and body after. An exchange, sending included, ends by its deadline,
    in however many pieces and among however many signals the bytes come.

    :ivar sock: the socket.
    :ivar begun: a byte of the reply has come.
    :ivar ahead: received bytes that are still to be read.
    :ivar head: the lines of the head of the reply, those that ``http.client`` has read.
    :ivar limit: how many bytes the body of a reply has at most.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.begun = False
        self.ahead: Any = b""
        self.head: List[bytes] = []
        self.limit = 0
        self._unsent: List[bytes] = []
        self._deadline: Optional[float] = None
        self._waits = sock.gettimeout()
        self._excess = False  # more came than the reply
        self._whole = True  # the request went out whole
        self._refusal: Optional[OSError] = None  # why it did not
        self._reading = self._closing = False

    def __del__(self) -> None:
        # An interrupt can come between any two steps, also between those that would close it, or make this.
        sock = getattr(self, "sock", None)
        if sock is not None:
            sock.close()

    def start(self, timeout: Optional[float], limit: int) -> None:
        """Start an exchange, which has ``timeout`` seconds; None is without end."""
        self.begun = False
        self.head = []
        self.limit = limit
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._wait(timeout)

    @property
    def owes_nothing(self) -> bool:
        """Whether the request went out whole, and nothing came beyond the reply."""
        return self._whole and not self._excess

    def sendall(self, data: bytes) -> None:
        """Keep a part of a request until :meth:`flush`."""
        self._unsent.append(data)

    def flush(self) -> None:
        """Send the request, or as much as the server takes: it may refuse a request before it has read all of it."""
        request = b"".join(self._unsent)
        self._unsent.clear()
        self._whole = False
        try:
            sent = self.sock.send(request)
            self._whole = sent == len(request) or self._send_rest(memoryview(request)[sent:])
        except (BrokenPipeError, ConnectionResetError) as exc:
            self._refusal = exc  # unless a reply has come that tells more

    def _send_rest(self, rest: memoryview) -> bool:
        """Send what the first try left; return whether all of it went out, and no reply came before."""
        watching = hasattr(select, "poll")  # eventlet takes it away
        while rest:
            if watching:
                watching, final = self._watch()
                if final:
                    return False
            self._keep_deadline()
            rest = rest[self.sock.send(rest) :]
        return True

    def _watch(self) -> Tuple[bool, bool]:
        """Wait until the socket takes more, or a reply comes.

        Return whether to go on watching, and whether the final reply comes, so that sending is of no use.
        """
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLOUT)
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic()) * 1000
        events = poll.poll(left)
        if not events or not events[0][1] & select.POLLIN:
            return True, False  # sending finds out what else there is
        interim = b"HTTP/1.1 1"  # after such a reply (RFC 9110, 15.2) the request is still wanted
        start = self.sock.recv(len(interim), socket.MSG_PEEK)
        return False, len(start) == len(interim) and start[-1:] != interim[-1:]

    def recv(self, size: int) -> bytes:
        """Return what has come, at most ``size`` bytes, waiting for it; nothing at the end of the stream."""
        self._keep_deadline()
        piece = self.sock.recv(size)
        if piece:
            self.begun = True
        elif self._refusal is not None and not self.begun:
            raise self._refusal
        return piece

    def recv_into(self, buffer: Any) -> int:
        """Fill the buffer like :meth:`recv`; return the number of bytes."""
        if self.ahead:
            count = min(len(buffer), len(self.ahead))
            buffer[:count], self.ahead = self.ahead[:count], self.ahead[count:]
            return count
        self._keep_deadline()
        count = self.sock.recv_into(buffer)
        if count:
            self.begun = True
        elif self._refusal is not None and not self.begun:
            raise self._refusal
        return count

    def makefile(self, _mode: str) -> ReplyStream:
        """Return the stream of one reply."""
        self._reading = True
        return ReplyStream(self)

    def reply_ended(self, excess: bool) -> None:
        """Note that a reply was read or given up, and whether more came than that."""
        self._excess = excess or bool(self.ahead)
        self._reading = False
        if self._closing:
            self.sock.close()

    def close(self) -> None:
        """Close the socket, after the reply that is being read."""
        # http.client closes a connection before it has read the reply that is the last.
        self._closing = True
        if not self._reading:
            self.sock.close()

    def _keep_deadline(self) -> None:
        """Let the next operation wait until the deadline, and no longer."""
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            # To set it is a call of the system: not for less than a hundredth.
            if left < 0.99 * (self._waits or 0):
                self._wait(left)

    def _wait(self, timeout: Optional[float]) -> None:
        """Let each operation from now on wait so many seconds."""
        if timeout != self._waits:
            self.sock.settimeout(timeout)
            self._waits = timeout


class _Receiver(io.RawIOBase):
    """Reads a reply from a socket."""

    def __init__(self, sock: DeadlineSocket) -> None:
        self._sock = sock
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        return None if self.ended else self._sock.recv_into(buffer)


class ReplyStream(io.BufferedReader):
    """The stream of one reply, as ``http.client`` reads it: from the status line of the final reply to its end."""

    def __init__(self, sock: DeadlineSocket) -> None:
        self._receiver = _Receiver(sock)
        self._sock = sock
        self._in_head = True
        self._size = 0
        super().__init__(self._receiver)

    def readline(self, size: Optional[int] = -1) -> bytes:
        """Read a line; the first is the status line of the final reply. After the head, a chunk comes after each."""
        line = super().readline(size)
        if self._in_head:
            if not self._sock.head:
                while _is_interim(line):
                    self._skip_headers()
                    line = super().readline(size)
            self._sock.head.append(line)
            self._in_head = line not in (b"\r\n", b"\n", b"")
        else:
            self._size -= len(b"\r\n")  # which is read after a chunk like its bytes
        return line

    def _skip_headers(self) -> None:
        for _ in range(_MAX_HEADERS + 1):
            line = super().readline(_MAX_LINE + 1)
            if len(line) > _MAX_LINE:
                raise LineTooLong("header line")
            if line in (b"\r\n", b"\n", b""):
                return
        raise HTTPException(f"got more than {_MAX_HEADERS} headers")

    def read(self, size: Optional[int] = -1) -> bytes:
        """Read a part of the body of that size, or all that comes."""
        if size is None or size == -1:
            size = self._sock.limit - self._size + 1
        elif size < 0:
            raise HTTPException(f"a part of the body has the size {size}")
        elif self._size + size > self._sock.limit:
            raise ReplyTooLargeError(self._sock.limit)
        piece = super().read(min(size, _PIECE))
        if len(piece) == _PIECE < size:
            pieces = [piece]
            left = size - _PIECE
            while left and piece:
                piece = super().read(min(left, _PIECE))
                pieces.append(piece)
                left -= len(piece)
            piece = b"".join(pieces)
        self._size += len(piece)
        if self._size > self._sock.limit:
            raise ReplyTooLargeError(self._sock.limit)
        return piece

    def close(self) -> None:
        """End the reply; note whether more had come."""
        if not self.closed:
            self._receiver.ended = True  # from here on peek() returns what is buffered, and waits for nothing
            self._sock.reply_ended(bool(self.peek(1)))
        super().close()


def _is_interim(line: bytes) -> bool:
    """Return whether a status line, read as ``http.client`` reads it, is that of a reply after which another comes."""
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        return False
    status = words[1]
    # After 101 comes another protocol.
    return len(status) == 3 and status.isdigit() and status.startswith(b"1") and status != b"101"
