"""A lock on a file, held by one thread of one process.

Others lock the file itself, so this does too: `flock` keeps other processes out. It does not keep out threads of the
same process, which share one more lock, whatever file they want.

Two things must not leave a lock behind:

- A signal handler that raises. It may do so between any two bytecodes, so every step of letting go can be repeated,
  callers repeat it (see `splocked.under_lock`), and a descriptor never exists outside a `Descriptor`.
- A fork. The child has the parent's descriptors, and unlocking one would free the parent's lock. So a child closes what
  it inherited, without unlocking it, before it runs anything else. It holds no lock then, and takes its own.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import logging
import os
import threading
import time
from typing import Any, Dict, List, Optional

__all__ = ["HOW_TO_CREATE", "Descriptor", "FileLock", "SPLockedFileError"]

LOG = logging.getLogger(__name__)

HOW_TO_CREATE = "its operator creates it, with {} in it, writable for the group that the OpenStack services share"

# A wait for the lock that takes more than this many tries is logged.
_TELL_AFTER = 10


class SPLockedFileError(Exception):
    """The file could not be locked in time; the text names it."""


class Descriptor:
    """A file descriptor, or none. One call in C opens and keeps it, one drops and closes it, so nothing can lose it."""

    def __init__(self) -> None:
        self._numbers: List[int] = []
        self._path = ""

    @property
    def number(self) -> int:
        """The descriptor; -1 for none."""
        return self._numbers[0] if self._numbers else -1

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """Open a file as `os.open` does.

        :raises OSError: it cannot be opened.
        """
        self._path = path
        self._numbers.extend(map(os.open, (path,), (flags | os.O_CLOEXEC,), (mode,)))
        return self.number

    def close(self) -> None:
        """Close the file, if one is open; an error of closing is logged, because nobody could do anything about it."""
        if not self._numbers:
            return
        number = self.number
        try:
            collections.deque(map(os.close, map(self._numbers.pop, (0,))), maxlen=0)
        except OSError as exc:
            LOG.warning("Could not close a descriptor in order: %s", exc)
            # Linux frees the number all the same, and another thread may have got it.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(number), os.stat(self._path)):
                    os.close(number)


class _ThreadLock:
    """The lock that threads share. One thread holds it as long as any user of that thread is left."""

    def __init__(self) -> None:
        self._lock: Any = threading.RLock()
        #: Those who need the lock. Only the thread that holds it looks here.
        self.users: List[FileLock] = []

    def held(self) -> bool:
        """Tell whether the calling thread holds it."""
        return bool(self._lock._is_owned())

    def acquire(self) -> None:
        """Wait for the lock, unless the calling thread holds it."""
        if not self.held():
            self._lock.acquire()

    def release(self) -> None:
        """Let go of the lock, unless there are users left."""
        if self.held() and not self.users:
            self._lock.release()


# Made when it is first needed: by then a service has let eventlet replace what `threading` has.
_THREAD_LOCK: Dict[str, _ThreadLock] = {}


def _thread_lock() -> _ThreadLock:
    # `setdefault` is atomic, unlike looking and then making one.
    return _THREAD_LOCK.get("") or _THREAD_LOCK.setdefault("", _ThreadLock())


def _forget_in_child() -> None:
    inherited = _THREAD_LOCK.pop("", None)
    if inherited is not None:
        for user in inherited.users:
            user.abandon()


os.register_at_fork(after_in_child=_forget_in_child)


class FileLock:
    """The lock on one file; the thread that holds it may acquire it again.

    :param path: the file, which must exist.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        #: Why the file can only be read, once it is open.
        self.read_only: Optional[OSError] = None
        #: How many times the lock was taken. While this stays the same, nobody else changes the file.
        self.turn = 0
        self._file = Descriptor()
        self._depth = 0

    @property
    def fd(self) -> int:
        """The descriptor of the locked file; -1 if it is not locked."""
        return self._file.number

    @property
    def depth(self) -> int:
        """How often the calling thread has acquired the lock."""
        return self._depth if _thread_lock().held() else 0

    def acquire(self, tries: int, pause: float) -> None:
        """Take the lock, or take it once more. After any exception, call `release_to` with the depth of before.

        :param tries: how often to try.
        :param pause: seconds between tries.
        :raises SPLockedFileError: another process keeps the lock.
        :raises OSError: the file does not exist or cannot be opened; the text says what to do.
        """
        threads = _thread_lock()
        threads.acquire()
        if self._depth == 0:
            threads.users.append(self)
            self._lock(tries, pause)
            self.turn += 1
        self._depth += 1

    def release_to(self, depth: int) -> None:
        """Go back to a depth, 0 for letting go. Calling this again does no harm."""
        threads = _thread_lock()
        if not threads.held():
            return
        if depth:
            self._depth = depth
            return
        if self in threads.users:
            self._unlock()
            self._depth = 0
            threads.users.remove(self)
        threads.release()

    def abandon(self) -> None:
        """Forget a lock that belongs to the parent process."""
        self._file.close()
        self._depth = 0

    def _lock(self, tries: int, pause: float) -> None:
        for attempt in range(tries):
            if attempt:
                time.sleep(pause)
            if attempt == _TELL_AFTER:
                LOG.info("Waiting for another process to leave %s, %.1f s at most", self.path, tries * pause)
            # Opened each time: the operator may have put another file in its place.
            self._open()
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(self.fd), os.stat(self.path)):
                    return
            except (BlockingIOError, FileNotFoundError):
                pass
            self._file.close()
        waited = (tries - 1) * pause
        raise SPLockedFileError(f"Could not lock the {self.path} file in {waited:.1f} s: another process holds it")

    def _unlock(self) -> None:
        if self.fd >= 0:
            try:
                # Another process may have the file open, as an argument; then closing ours would not unlock it.
                fcntl.flock(self.fd, fcntl.LOCK_UN)
            except OSError as exc:
                LOG.warning("Could not unlock %s, only close it: %s", self.path, exc)
            self._file.close()

    def _open(self) -> None:
        self.read_only = None
        try:
            try:
                self._file.open(self.path, os.O_RDWR)
            except OSError as exc:
                if exc.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                    raise
                # Reading needs no more; whoever wants to write gets this error.
                self.read_only = OSError(exc.errno, exc.strerror, self.path)
                self._file.open(self.path, os.O_RDONLY)
        except (FileNotFoundError, PermissionError) as exc:
            raise OSError(exc.errno, f"{exc.strerror}: {HOW_TO_CREATE}", self.path) from exc
