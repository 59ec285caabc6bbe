"""Idle connections, kept for the next request."""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from typing import Any, Deque, Tuple

__all__ = ["IDLE_MAX", "POOL_MAX", "Pool"]

IDLE_MAX = 20.0
"""After so many seconds a connection is not trusted: firewalls and servers forget idle ones without a word."""

POOL_MAX = 32
"""How many connections are kept at most."""


class Pool:
    """Connections on which nothing is owed. Threads may share it.

    A forked child has a copy of its parent's pool. It closes its copies, which the parent does not notice, and never
    sends over them.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._idle: Deque[Tuple[Any, float]] = deque()

    def __len__(self) -> int:
        return len(self._idle)

    def __del__(self) -> None:
        # Programs written before connections were kept never close an Api.
        self.close()

    def take(self) -> Any:
        """Return a connection that is open and quiet, or None; the youngest, which is the most likely to be open."""
        if self._pid != os.getpid():
            self.close()
            self._pid = os.getpid()
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < IDLE_MAX and _is_quiet(getattr(connection, "sock", None)):
                return connection
            connection.close()

    def put(self, connection: Any) -> None:
        """Keep a connection on which nothing is owed, or close it."""
        # A signal handler may fork within an exchange: then two processes hold this connection.
        if len(self._idle) < POOL_MAX and self._pid == os.getpid():
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections."""
        while True:
            try:
                connection, _ = self._idle.pop()
            except IndexError:
                return
            connection.close()


def _is_quiet(connected: Any) -> bool:
    """Return whether a connection is open with nothing to read: a close, or unasked bytes, would be readable."""
    if connected is None or connected.sock.fileno() < 0:
        return False
    sock = connected.sock
    poll = getattr(select, "poll", None)
    if poll is not None:
        try:
            readable = poll()
            readable.register(sock, select.POLLIN)
            return not readable.poll(0)
        except OSError:
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
