"""A JSON file that several processes change in turns, each under a lock on the file itself.

::

    Exception
    └── SPLockedFileError        somebody else holds the lock
        └── SPUnusableFileError  the content is not JSON, or not the JSON that it should be; a ValueError too
"""

from __future__ import annotations

import copy
import errno
import fcntl
import hashlib
import json
import logging
import os
import stat
import threading
import time
from types import TracebackType
from typing import Any, Dict, Iterable, Optional, Tuple, Type, TypeVar

from .journal import Journal, overwrite, read_all, torn, write_all

__all__ = ["SPLockedFile", "SPLockedFileError", "SPLockedJSONDB", "SPUnusableFileError"]

LOG = logging.getLogger(__name__)

Self = TypeVar("Self", bound="SPLockedFile")
#: What tells one state of a file from another without reading it: inode, time of the last change, size.
Stamp = Tuple[int, int, int]

# A lock on a file belongs to whoever opened it, so threads need another one. It is made with the first object: by then
# a service has let eventlet replace what `threading` has.
_PROCESS_LOCK: Dict[str, Any] = {}
# The kernel's clock for files ticks this seldom at worst; some file systems keep whole seconds.
_TICK_NS = 20_000_000
_COARSE_TICK_NS = 2_000_000_000
# Who waits longer than this many tries for the lock says so.
_TELL_AFTER = 10
_HOW_TO_CREATE = "its operator creates it, with {} in it, writable for the group that the OpenStack services share"


class SPLockedFileError(Exception):
    """The file could not be locked in time; the text names it."""


class SPUnusableFileError(SPLockedFileError, ValueError):
    """The file's content makes no sense; the text names the file, and the copy that was kept."""


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


class SPLockedFile:
    """A file that is locked while its `with` block runs; one thread may enter several times.

    :param fname: the file, which must exist.
    :ivar lock_tries: how often to try for the lock.
    :ivar lock_pause: seconds between tries.
    :raises SPLockedFileError: from `with`: somebody else keeps the lock.
    :raises OSError: from `with`: the file is not there, or may not be opened; the text says what to do.
    """

    lock_tries: int = 100
    lock_pause: float = 0.1

    def __init__(self, fname: str) -> None:
        self._fname = os.fspath(fname)
        # Atomic, unlike looking and then making one.
        self._process_lock = _PROCESS_LOCK.setdefault("", threading.RLock())
        self._fd = -1
        self._depth = 0
        # Counts the times that the lock was taken: within one time, only we change the file.
        self._turn = 0
        self._left: Optional[Stamp] = None
        self._read_only: Optional[OSError] = None
        # What was in the file when it was last looked at, and when that was.
        self._raw: Optional[bytes] = None
        self._raw_seen: Optional[Tuple[int, Stamp]] = None
        self._journal: Optional[Journal] = None

    def __enter__(self: Self) -> Self:
        self._process_lock.acquire()
        try:
            if self._depth == 0:
                self._fd = self._lock()
                self._turn += 1
                self._journal = None
            self._depth += 1
        except BaseException:
            self._process_lock.release()
            raise
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], tb: Optional[TracebackType]
    ) -> None:
        try:
            self._depth -= 1
            if self._depth == 0:
                fd, self._fd = self._fd, -1
                try:
                    if exc_type is None:
                        self._left = _stamp(os.fstat(fd))
                finally:
                    # A process that was forked meanwhile has the file open too: closing ours would not unlock it.
                    fcntl.flock(fd, fcntl.LOCK_UN)
                    os.close(fd)
        finally:
            self._process_lock.release()

    def _lock(self) -> int:
        for attempt in range(self.lock_tries):
            if attempt:
                time.sleep(self.lock_pause)
            if attempt == _TELL_AFTER:
                limit = self.lock_tries * self.lock_pause
                LOG.info("Waiting for another process to leave %s, %.1f s at most", self._fname, limit)
            # Anew each time: the operator may have put another file in its place.
            fd = self._open()
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                here, there = os.fstat(fd), os.stat(self._fname)
                if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                    return fd
            except (BlockingIOError, FileNotFoundError):
                pass
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)
        waited = (self.lock_tries - 1) * self.lock_pause
        raise SPLockedFileError(f"Could not lock the {self._fname} file in {waited:.1f} s: another process holds it")

    def _open(self) -> int:
        self._read_only = None
        try:
            try:
                return os.open(self._fname, os.O_RDWR | os.O_CLOEXEC)
            except OSError as exc:
                if exc.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                    raise
                # Enough to look at it; writing will say why it cannot.
                self._read_only = OSError(exc.errno, exc.strerror, self._fname)
                return os.open(self._fname, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError) as exc:
            raise OSError(exc.errno, f"{exc.strerror}: {_HOW_TO_CREATE}", self._fname) from exc

    def changed(self) -> bool:
        """Tell whether the file is another one, or another state of it, than when we last left it in order."""
        try:
            now = _stamp(os.stat(self._fname))
        except (FileNotFoundError, NotADirectoryError):
            return self._left is not None
        return now != self._left

    def jsload(self) -> Any:
        """Read the file as JSON.

        :raises SPUnusableFileError: it is empty, or not JSON.
        """
        with self:
            data = self._content()
            try:
                found = json.loads(data)
            except (ValueError, RecursionError) as exc:
                raise self._unusable(data, f"is not JSON ({exc})") from exc
            return found

    def jsdump(self, obj: Any) -> None:
        """Make the file the JSON of something. When this returns, it will survive even a loss of power.

        :raises OSError: it cannot be written, and is as it was.
        """
        data = json.dumps(obj).encode()
        with self:
            self._replace(data)
            self._keep_in_mind(data)

    def _side(self) -> Journal:
        # A link may lead elsewhere the next time.
        if self._journal is None:
            self._journal = Journal(self._fname)
        return self._journal

    def _content(self) -> bytes:
        """Read the file; where a writer was interrupted, finish its work first."""
        self._raw = None
        return self._keep_in_mind(self._settled(read_all(self._fd)))

    def _keep_in_mind(self, data: bytes) -> bytes:
        self._raw, self._raw_seen = data, (self._turn, _stamp(os.fstat(self._fd)))
        return data

    def _settled(self, data: bytes) -> bytes:
        journal, status = self._side(), os.fstat(self._fd)
        pending = journal.pending(status)
        if pending is None:
            return data
        old, new = pending
        # Also where there are but blanks to cut off.
        repair = data not in (old, new) and torn(data, old, new)
        if self._read_only is not None:
            return new if repair else data
        if repair:
            LOG.warning("Finishing a write of %s that was interrupted", self._fname)
            try:
                overwrite(self._fd, new, data)
                data = new
            except OSError:
                # A full disk: what was there before needs no more room.
                self._put_back(old)
                data = old
        os.fdatasync(self._fd)
        journal.settle(status)
        return data

    def _replace(self, new: bytes) -> None:
        if self._read_only is not None:
            raise self._read_only
        status = os.fstat(self._fd)
        known = self._raw_seen == (self._turn, _stamp(status))
        old = self._raw if known and self._raw is not None else self._content()
        self._raw = None
        if new == old:
            # Whoever wrote it may not have synced it.
            os.fdatasync(self._fd)
            return
        journal = self._side()
        try:
            record = journal.begin(status, old, new)
        except OSError as exc:
            if exc.filename is not None:
                raise
            raise OSError(exc.errno, f"{exc.strerror}; the state is as it was", journal.path) from exc
        try:
            try:
                overwrite(self._fd, new, old)
            except OSError as exc:
                # Back to what was there, which needs no more room.
                self._put_back(old)
                os.fdatasync(self._fd)
                journal.done(record)
                raise OSError(exc.errno, f"{exc.strerror}; the state is as it was", self._fname) from exc
            os.fdatasync(self._fd)
            journal.done(record)
        finally:
            os.close(record)

    def _put_back(self, old: bytes) -> None:
        write_all(self._fd, old)
        os.ftruncate(self._fd, len(old))

    def _unusable(self, data: bytes, what: str) -> SPUnusableFileError:
        """Keep a copy of what is in the file, and make the error that says so."""
        side = self._side().path
        hint = f"; {side} has, in its second line, the last state written here" if os.path.isfile(side) else ""
        if not data.strip():
            return SPUnusableFileError(f"The {self._fname} file is empty: {_HOW_TO_CREATE}{hint}")
        try:
            kept = f"a copy is kept in {self._keep(data)}"
        except OSError as exc:
            kept = f"no copy of it could be kept ({exc.strerror})"
        return SPUnusableFileError(f"The {self._fname} file {what}; it is left as it is, and {kept}{hint}")

    def _keep(self, data: bytes) -> str:
        # Named for the content: asking again and again makes no more copies.
        path = f"{os.path.realpath(self._fname)}.corrupt-{hashlib.sha256(data).hexdigest()[:12]}"
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return path
        try:
            write_all(fd, data)
            os.fchmod(fd, stat.S_IMODE(os.fstat(self._fd).st_mode) & 0o777)
            os.fsync(fd)
        except BaseException:
            # Half a copy would pass for a whole one the next time.
            os.unlink(path)
            raise
        finally:
            os.close(fd)
        LOG.error("The %s file is not what it should be; keeping a copy in %s", self._fname, path)
        return path


class SPLockedJSONDB(SPLockedFile):
    """A JSON object in a locked file, as a mapping that is read when it has changed and written at each change."""

    def __init__(self, fname: str) -> None:
        super().__init__(fname)
        self._data: Optional[Dict[str, Any]] = None
        self._stamp: Optional[Stamp] = None
        self._stamp_turn = 0
        # Whether somebody's next write might have left the stamp as it is.
        self._racy = True

    def get(self) -> Dict[str, Any]:
        """The whole mapping; changing it changes nothing in the file.

        :raises SPUnusableFileError: the file has no JSON object in it.
        """
        with self:
            return dict(self._current())

    def add(self, key: str, value: Any) -> None:
        """Set what a key stands for."""
        with self:
            self._write({**self._current(), key: copy.deepcopy(value)})

    def remove(self, key: str) -> None:
        """Forget a key, if it is there."""
        self.remove_keys([key])

    def remove_keys(self, keys: Iterable[str]) -> None:
        """Forget those of the keys that are there, at once."""
        gone = set(keys)
        with self:
            now = self._current()
            if not gone.isdisjoint(now):
                self._write({key: value for key, value in now.items() if key not in gone})

    def _current(self) -> Dict[str, Any]:
        if self._data is not None and _stamp(os.fstat(self._fd)) == self._stamp:
            if not self._racy or self._stamp_turn == self._turn:
                return self._data
            before = self._raw
            if self._content() == before:
                return self._remember(self._data)
        self._data = None
        found = self.jsload()
        if not isinstance(found, dict):
            raise self._unusable(self._raw or b"", "has no JSON object in it")
        return self._remember(found)

    def _write(self, data: Dict[str, Any]) -> None:
        # What could not be written must not be believed.
        self._data = None
        self.jsdump(data)
        self._remember(data)

    def _remember(self, data: Dict[str, Any]) -> Dict[str, Any]:
        status = os.fstat(self._fd)
        self._data, self._stamp, self._stamp_turn = data, _stamp(status), self._turn
        tick = _TICK_NS if status.st_mtime_ns % 1_000_000_000 else _COARSE_TICK_NS
        self._racy = time.time_ns() - status.st_mtime_ns < tick
        return data
