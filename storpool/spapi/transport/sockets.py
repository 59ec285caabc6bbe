"""A socket with one deadline for an exchange, and the stream that ``http.client`` reads a reply from."""

from __future__ import annotations

import io
import socket
import time
from typing import Any, List, Optional

__all__ = ["DeadlineSocket", "ReplyStream"]


class DeadlineSocket:
    """Stands in a connection for its socket.

    A request leaves in one piece, not header first and body after. An exchange, sending included, ends by its deadline,
    in however many pieces and among however many signals the bytes come.

    :ivar sock: the socket.
    :ivar begun: a byte of the reply has come.
    :ivar excess: more came than the reply.
    :ivar ahead: received bytes that are still to be read.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.begun = False
        self.excess = False
        self.ahead: Any = b""
        self._unsent: List[bytes] = []
        self._deadline: Optional[float] = None
        self._reading = self._closing = False

    def start(self, timeout: Optional[float]) -> None:
        """Start an exchange, which has ``timeout`` seconds; None is without end."""
        self.begun = False
        self._deadline = None if timeout is None else time.monotonic() + timeout
        if self.sock.gettimeout() != timeout:
            self.sock.settimeout(timeout)

    def sendall(self, data: bytes) -> None:
        """Keep a part of a request until :meth:`flush`."""
        self._unsent.append(data)

    def flush(self) -> None:
        """Send the request."""
        request = b"".join(self._unsent)
        self._unsent.clear()
        self.sock.sendall(request)

    def recv(self, size: int) -> bytes:
        """Return what has come, at most ``size`` bytes, waiting for it; nothing at the end of the stream."""
        self._keep_deadline()
        piece = self.sock.recv(size)
        self.begun = self.begun or bool(piece)
        return piece

    def recv_into(self, buffer: Any) -> int:
        """Fill the buffer like :meth:`recv`; return the number of bytes."""
        if self.ahead:
            count = min(len(buffer), len(self.ahead))
            buffer[:count], self.ahead = self.ahead[:count], self.ahead[count:]
            return count
        self._keep_deadline()
        count = self.sock.recv_into(buffer)
        self.begun = self.begun or bool(count)
        return count

    def makefile(self, _mode: str) -> ReplyStream:
        """Return the stream of one reply."""
        self._reading = True
        return ReplyStream(self)

    def reply_ended(self, excess: bool) -> None:
        """Note that a reply was read or given up, and whether more came than that."""
        self.excess = excess or bool(self.ahead)
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
            self.sock.settimeout(left)


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
    """The stream of one reply; notes at its end whether more had come than the reply."""

    def __init__(self, sock: DeadlineSocket) -> None:
        self._receiver = _Receiver(sock)
        self._sock = sock
        super().__init__(self._receiver)

    def close(self) -> None:
        """End the reply."""
        if not self.closed:
            self._receiver.ended = True  # from here on peek() returns what is buffered, and waits for nothing
            self._sock.reply_ended(bool(self.peek(1)))
        super().close()
