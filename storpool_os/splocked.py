"""A JSON file that several processes change in turns, each under a lock on the file itself.

::

    Exception
    └── SPLockedFileError        somebody else holds the lock
        └── SPUnusableFileError  the content is not JSON, or not the JSON that it should be; a ValueError too

`lock` has the lock, `durable` and `journal` how the content survives crashes. Here are the JSON and the only cache. Its
one rule: what was seen holds as long as the file's inode, time and size are the same. If the file had changed so
recently that another change might get the same time, it holds until the lock is let go of.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import json
import logging
import os
import stat
import time
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, Optional, Tuple, Type, TypeVar, cast

from .durable import DurableFile
from .journal import write_all
from .lock import HOW_TO_CREATE, Descriptor, FileLock, SPLockedFileError

__all__ = ["SPLockedFile", "SPLockedFileError", "SPLockedJSONDB", "SPUnusableFileError"]

LOG = logging.getLogger(__name__)

Self = TypeVar("Self", bound="SPLockedFile")
Method = TypeVar("Method", bound=Callable[..., Any])
#: What shows, without reading a file, that it has changed: inode, time of the last change, size.
Stamp = Tuple[int, int, int]

# The kernel's clock for files ticks this seldom at worst; some file systems keep whole seconds.
_TICK_NS = 20_000_000
_COARSE_TICK_NS = 2_000_000_000


class SPUnusableFileError(SPLockedFileError, ValueError):
    """The file's content makes no sense; the text names the file, and the copy that was kept."""


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


class _Seen:
    """The content of the file, as it was last read or written."""

    __slots__ = ("raw", "recent", "stamp", "turn", "value")

    def __init__(self, raw: bytes, value: Any, status: os.stat_result, turn: int) -> None:
        self.raw = raw
        #: The JSON, once somebody has parsed it; nobody may change it.
        self.value = value
        self.stamp = _stamp(status)
        #: When it was seen, as `FileLock.turn` counts.
        self.turn = turn
        tick = _TICK_NS if status.st_mtime_ns % 1_000_000_000 else _COARSE_TICK_NS
        #: Whether a change that follows might leave the stamp as it is.
        self.recent = time.time_ns() - status.st_mtime_ns < tick

    def holds(self, stamp: Stamp, turn: int) -> bool:
        """Tell whether this is still what is in the file."""
        return self.stamp == stamp and (self.turn == turn or not self.recent)


def under_lock(method: Method) -> Method:
    """Let a method of an SPLockedFile hold the file's lock while it runs.

    This is not a `with` block, because a signal handler may raise between the taking of the lock and the beginning of
    the block, or within `__exit__`. So whatever happens, the lock is let go of once more.
    """

    @functools.wraps(method)
    def locked(self: SPLockedFile, *args: Any, **kwargs: Any) -> Any:
        if self._lock.depth:
            return method(self, *args, **kwargs)
        try:
            try:
                self._enter()
                result = method(self, *args, **kwargs)
                self._leave(0, clean=True)
            finally:
                self._leave(0)
        finally:
            self._leave(0)
        return result

    return cast(Method, locked)


class SPLockedFile:
    """A file that is locked while its `with` block runs; one thread may enter several times.

    :param fname: the file, which must exist.
    :ivar lock_tries: how often to try for the lock.
    :ivar lock_pause: seconds between tries.
    :raises SPLockedFileError: from `with`: somebody else keeps the lock.
    :raises OSError: from `with`: the file does not exist, or cannot be opened; the text says what to do.
    """

    lock_tries: int = 100
    lock_pause: float = 0.1

    def __init__(self, fname: str) -> None:
        self._fname = os.fspath(fname)
        self._lock = FileLock(self._fname)
        # The file, while it is locked.
        self._durable = DurableFile(-1, self._fname)
        self._left: Optional[Stamp] = None
        self._seen: Optional[_Seen] = None

    @property
    def _fd(self) -> int:
        return self._lock.fd

    def __enter__(self: Self) -> Self:
        depth = self._lock.depth
        try:
            self._enter()
        except BaseException:
            self._leave(depth)
            raise
        return self

    def __exit__(
        self, exc_type: Optional[Type[BaseException]], exc: Optional[BaseException], tb: Optional[TracebackType]
    ) -> None:
        # A child process, forked within the block, holds no lock; neither does who was interrupted in `__enter__`.
        depth = max(self._lock.depth - 1, 0)
        try:
            self._leave(depth, clean=exc_type is None)
        finally:
            self._leave(depth)

    def _enter(self) -> None:
        fresh = self._lock.depth == 0
        self._lock.acquire(self.lock_tries, self.lock_pause)
        if fresh:
            # A child process may have inherited an open journal.
            self._durable.close()
            self._durable = DurableFile(self._fd, self._fname, self._lock.read_only)

    def _leave(self, depth: int, clean: bool = False) -> None:
        """Go back to a depth of the lock; `clean` if there was no exception. Calling this again does no harm."""
        if depth == 0 and self._lock.depth:
            if clean:
                self._note_stamp()
            self._durable.close()
        self._lock.release_to(depth)

    def _note_stamp(self) -> None:
        try:
            self._left = _stamp(os.fstat(self._fd))
        except OSError:
            self._left = None

    def changed(self) -> bool:
        """Tell whether the file is another one, or has another content, than when we last left it without exception."""
        try:
            now = _stamp(os.stat(self._fname))
        except (FileNotFoundError, NotADirectoryError):
            return self._left is not None
        return now != self._left

    @under_lock
    def jsload(self) -> Any:
        """Read the file as JSON.

        :raises SPUnusableFileError: it is empty, or not JSON.
        """
        data = self._current().raw
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as exc:
            raise self._unusable(data, f"is not JSON ({exc})") from exc

    def jsdump(self, obj: Any) -> None:
        """Make the file the JSON of something. When this returns, it will survive even a loss of power.

        :raises OSError: it cannot be written; the text says whether the file is as it was, or may be either.
        """
        self._replace(json.dumps(obj).encode(), None)

    def _current(self) -> _Seen:
        """Return what is in the file, which is locked; it is read only when it may have changed."""
        seen = self._seen
        if seen is not None and seen.holds(_stamp(os.fstat(self._fd)), self._lock.turn):
            return seen
        self._seen = None
        data = self._durable.read()
        return self._remember(data, seen.value if seen is not None and seen.raw == data else None)

    def _remember(self, raw: bytes, value: Any) -> _Seen:
        seen = _Seen(raw, value, os.fstat(self._fd), self._lock.turn)
        self._seen = seen
        return seen

    @under_lock
    def _replace(self, data: bytes, value: Any) -> None:
        """Write new content, and the value that it stands for into the cache."""
        old = self._current().raw
        # What could not be written must not be believed.
        self._seen = None
        if data == old and self._lock.read_only is None:
            # Whoever wrote it may not have synced it.
            os.fdatasync(self._fd)
        else:
            self._durable.replace(old, data)
        # It is written: no error may say anything else.
        with contextlib.suppress(OSError):
            self._remember(data, value)

    def _unusable(self, data: bytes, what: str) -> SPUnusableFileError:
        """Keep a copy of what is in the file, and make the error that says so."""
        side = self._durable.journal.path
        hint = f"; {side} has, in its second line, the last state written here" if os.path.isfile(side) else ""
        if not data.strip():
            return SPUnusableFileError(f"The {self._fname} file is empty: {HOW_TO_CREATE}{hint}")
        try:
            kept = f"a copy is kept in {self._keep(data)}"
        except OSError as exc:
            kept = f"no copy of it could be kept ({exc.strerror})"
        return SPUnusableFileError(f"The {self._fname} file {what}; it is left as it is, and {kept}{hint}")

    def _keep(self, data: bytes) -> str:
        # Named for the content: asking again and again makes no more copies.
        path = f"{os.path.realpath(self._fname)}.corrupt-{hashlib.sha256(data).hexdigest()[:12]}"
        duplicate = Descriptor()
        try:
            fd = duplicate.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
        except FileExistsError:
            return path
        try:
            write_all(fd, data)
            os.fchmod(fd, stat.S_IMODE(os.fstat(self._fd).st_mode) & 0o777)
            os.fsync(fd)
        except BaseException:
            # An incomplete copy would be taken for a complete one the next time.
            os.unlink(path)
            raise
        finally:
            duplicate.close()
        LOG.error("The %s file is not what it should be; keeping a copy in %s", self._fname, path)
        return path


class SPLockedJSONDB(SPLockedFile):
    """A JSON object in a locked file, as a mapping that is read when it has changed and written at each change."""

    @under_lock
    def get(self) -> Dict[str, Any]:
        """Return the whole mapping; changing it changes nothing in the file.

        :raises SPUnusableFileError: the file has no JSON object in it.
        """
        return dict(self._mapping())

    @under_lock
    def add(self, key: str, value: Any) -> None:
        """Set the value of a key.

        :raises OSError: it cannot be written; the text says whether the file is as it was, or may be either.
        """
        self._write({**self._mapping(), key: copy.deepcopy(value)})

    def remove(self, key: str) -> None:
        """Remove a key, if it is there."""
        self.remove_keys([key])

    @under_lock
    def remove_keys(self, keys: Iterable[str]) -> None:
        """Remove those of the keys that are there, at once.

        :raises OSError: it cannot be written; the text says whether the file is as it was, or may be either.
        """
        removed = set(keys)
        now = self._mapping()
        if not removed.isdisjoint(now):
            self._write({key: value for key, value in now.items() if key not in removed})

    def _mapping(self) -> Dict[str, Any]:
        seen = self._current()
        if seen.value is None:
            found = self.jsload()
            if not isinstance(found, dict):
                raise self._unusable(seen.raw, "has no JSON object in it")
            seen.value = found
        return cast(Dict[str, Any], seen.value)

    def _write(self, data: Dict[str, Any]) -> None:
        self.jsdump(data)
        if self._seen is not None:
            self._seen.value = data
