"""The journal of a file that is overwritten in place: what is being written, and what it replaces.

The journal is a second file beside the first. It has one record, about the last write. It stays once it is there, so
that only its first use changes the directory, and it never shrinks, so that a state which becomes smaller can be
written to a full disk. Its first line is about the record, the second is the new content, the third the old one: people
can read it too. `durable` says in which order all this is written.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import stat
import zlib
from typing import List, NamedTuple, Optional, Tuple

from .lock import Descriptor

__all__ = ["Journal", "Record", "read_all", "torn", "write_all"]

LOG = logging.getLogger(__name__)

_MAGIC = b"storpool_os journal "
_VERSION = b"3 "
_PENDING = b"pending"
_DONE = b"done   "
_STATE_AT = len(_MAGIC + _VERSION)
# State, checksum, sizes of the new and the old content; from version 3 on also the file's inode, and the times of its
# last change before and, in as many digits as any has, after it was overwritten.
_HEADER = re.compile(
    re.escape(_MAGIC)
    + b"[23] (?:pending|done   ) ([0-9a-f]{8}) ([0-9]{1,12}) ([0-9]{1,12})"
    + b"(?: ([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{20}))?\n"
)
_HEADER_MAX = 160
_NOT_MARKED = 0
# No disk writes less than this, so none leaves a part of it.
_SECTOR = 512
_BLOCK = 4096


def read_all(fd: int, size: int) -> bytes:
    """Read a file from its beginning to its end; its size is only a hint."""
    parts: List[bytes] = []
    offset = 0
    # As much as it takes: room for more costs time too.
    room = max(size, 1)
    while True:
        part = os.pread(fd, room, offset)
        if not part:
            return b"".join(parts)
        parts.append(part)
        offset += len(part)


def write_all(fd: int, data: bytes, offset: int = 0) -> None:
    """Write all of the data over a part of a file.

    :raises OSError: it cannot be written; a part of it may have been.
    """
    done = 0
    while done < len(data):
        written = os.pwrite(fd, data[done:], offset + done)
        if written <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        done += written


def torn(data: bytes, old: bytes, new: bytes) -> bool:
    """Tell whether an interrupted overwriting of `old` with `new` may leave `data`.

    A disk that loses power keeps any of the sectors that were on their way, and the file's size is written at another
    time than they are. It is between the two sizes: the new content may be cut at the old size, or be followed by the
    zeros that cutting the file put there, or by the blanks that were written over the old content. A repair may have
    been interrupted too, so all this may be mixed. The original helper empties the file first, so what it leaves is
    shorter.
    """
    if not min(len(old), len(new)) <= len(data) <= max(len(old), len(new)):
        return False
    size = max(len(old), len(new))
    # What follows the end of a file reads as zeros once the file is longer.
    candidates = [
        content[:end].ljust(size, b"\0") for content in (old, new, new.ljust(size)) for end in (len(old), len(new))
    ]
    return all(
        any(data[at : at + _SECTOR] == candidate[at : min(at + _SECTOR, len(data))] for candidate in candidates)
        for at in range(0, len(data), _SECTOR)
    )


class Record(NamedTuple):
    """A write that may not have come to its end."""

    old: bytes
    new: bytes
    #: The file's inode; 0 if the record does not say.
    inode: int
    #: When the file was last changed before the write, and by it; in nanoseconds, 0 if the record does not say.
    before: int
    after: int

    def left(self, data: bytes, main: os.stat_result) -> bool:
        """Tell whether the write has left the file with such a mixture of old and new content.

        A mixture may also be what the original helper wrote since, which knows of no journal. It writes whole JSON, and
        the file has been changed after the overwriting came to its end, as the times tell. They tell nothing of a copy
        of the file, which another inode shows.
        """
        if data in (self.old, self.new) or not torn(data, self.old, self.new):
            return False
        known = self.after != _NOT_MARKED and main.st_ino == self.inode
        changed_since = known and not self.before <= main.st_mtime_ns <= self.after
        return not (changed_since and _is_json(data))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _checksum(*parts: bytes) -> bytes:
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return b"%08x" % checksum


class Journal:
    """The journal of one file. Each method needs the file to be locked, and most take its status.

    :param fname: the file; the journal is where the file itself is, not beside a link to it.
    """

    def __init__(self, fname: str) -> None:
        # Only the last part of the path matters: the directories lead to both.
        self.path = (os.path.realpath(fname) if os.path.islink(fname) else fname) + ".journal"
        self._parent = os.path.dirname(self.path) or os.curdir
        self._file = Descriptor()
        self._directory = Descriptor()
        self._mark_at = 0

    def close(self) -> None:
        """Close what is open. Calling this again does no harm."""
        self._file.close()
        self._directory.close()

    def pending(self, main: os.stat_result) -> Optional[Record]:
        """Return the record of a write that may not have come to its end.

        :raises OSError: the journal cannot be read, or is not one of this file's services.
        """
        try:
            fd = self._file.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as exc:
            LOG.warning("Not looking for an unfinished write of the state in %s: %s", self.path, exc.strerror)
            return None
        try:
            size = self._check(fd, main)
            start = os.pread(fd, _STATE_AT + len(_PENDING), 0)
            return self._parse(read_all(fd, size)) if start.endswith(_PENDING) else None
        finally:
            self._file.close()

    @staticmethod
    def _parse(journal: bytes) -> Optional[Record]:
        header = _HEADER.match(journal[:_HEADER_MAX])
        if header is None:
            return None
        start, new_size, old_size = header.end(), int(header[2]), int(header[3])
        new = journal[start : start + new_size]
        old = journal[start + new_size + 1 : start + new_size + 1 + old_size]
        known = () if header[4] is None else (b"%s %s" % (header[4], header[5]),)
        # A record that was not written to its end is about a write that had not begun.
        if _checksum(new, old, *known) != header[1]:
            return None
        return Record(old, new, int(header[4] or 0), int(header[5] or 0), int(header[6] or _NOT_MARKED))

    def begin(self, main: os.stat_result, old: bytes, new: bytes) -> int:
        """Write a record, marked as pending, and sync it. The journal is open then, and its descriptor the result.

        :raises OSError: it cannot be written. There is no pending record then.
        """
        fd, size_before = self._open(main)
        try:
            if size_before == 0:
                # Before the first record, so that a loss of power leaves none that cannot be found.
                self._sync_directory()
            known = b"%d %d" % (main.st_ino, main.st_mtime_ns)
            header = _MAGIC + _VERSION + _PENDING
            header += b" %s %d %d %s " % (_checksum(new, old, known), len(new), len(old), known)
            self._mark_at = len(header)
            header += b"%020d" % _NOT_MARKED
            size = len(header) + len(new) + len(old) + 3
            # To the end of the block, which is taken anyway: as long as the size stays, syncing is cheaper.
            padding = b"\n" * (-size % _BLOCK if size > size_before else 0)
            write_all(fd, b"\n".join((header, new, old, padding)))
            os.fdatasync(fd)
        except BaseException:
            self.done()
            self.close()
            raise
        return fd

    def mark(self, main: os.stat_result) -> None:
        """Note when the file was overwritten: who changes it later does so at another time.

        This is not synced. It matters when a process is killed, and then the other processes see it.
        """
        self._mark(main.st_mtime_ns)

    def unmark(self) -> None:
        """Forget when the file was overwritten, durably: it is going to be written again.

        :raises OSError: this cannot be noted.
        """
        # Records of version 2 have no room for it.
        if self._mark_at >= 0:
            self._mark(_NOT_MARKED)
            os.fdatasync(self._file.number)

    def _mark(self, changed: int) -> None:
        os.pwritev(self._file.number, [b"%020d" % changed], self._mark_at)

    def reopen(self, main: os.stat_result) -> None:
        """Open the journal to go on with the record that `pending` returned.

        :raises OSError: it cannot be opened.
        """
        fd, _ = self._open(main)
        header = _HEADER.match(os.pread(fd, _HEADER_MAX, 0))
        self._mark_at = header.start(6) if header is not None else -1

    def done(self, *_: object) -> None:
        """Mark the record as one that nobody needs any more, because the file is synced.

        This is not synced: a record that is found pending all the same does no harm, and neither does an error.
        """
        try:
            write_all(self._file.number, _DONE, _STATE_AT)
        except OSError as exc:
            LOG.warning("Could not mark the record in %s as done: %s", self.path, exc.strerror)

    def _open(self, main: os.stat_result) -> Tuple[int, int]:
        """Open the journal for writing, or create it; return the descriptor and the size."""
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            try:
                fd = self._file.open(self.path, flags)
            except FileNotFoundError:
                fd = self._create(main)
            except OSError as exc:
                if exc.errno != errno.ELOOP:
                    raise
                LOG.warning("%s is a symbolic link, which we did not make: removing it", self.path)
                os.unlink(self.path)
                fd = self._create(main)
        except PermissionError as exc:
            text = (
                f"{exc.strerror}: the state is not written without its side file. Let the services write to the "
                "directory, or make an empty side file with the owner, group and mode of the state file"
            )
            raise PermissionError(exc.errno, text, self.path) from exc
        try:
            return fd, self._check(fd, main)
        except BaseException:
            self.close()
            raise

    def _create(self, main: os.stat_result) -> int:
        if os.stat(self._parent).st_dev != main.st_dev:
            # Another container's services would not find it.
            LOG.warning("The state file is mounted by itself: mount its directory instead, for %s", self.path)
        # Under another name until it has its owner and mode: services of other users must be able to open it.
        fresh = self.path + ".new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        fd = self._file.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
        try:
            for uid, gid in ((main.st_uid, main.st_gid), (-1, main.st_gid)):
                try:
                    os.fchown(fd, uid, gid)
                    break
                except PermissionError:
                    # Only root gives files away; the group is what services share.
                    continue
            os.fchmod(fd, stat.S_IMODE(main.st_mode) & 0o777)
            os.rename(fresh, self.path)
        except BaseException:
            self.close()
            raise
        return fd

    def _check(self, fd: int, main: os.stat_result) -> int:
        """Return the size, but refuse what somebody may have put there to make us write, or believe, something else."""
        side = os.fstat(fd)
        ours = side.st_uid in (main.st_uid, os.geteuid(), 0) or side.st_gid == main.st_gid
        if not stat.S_ISREG(side.st_mode) or side.st_nlink != 1 or not ours:
            raise OSError(errno.EPERM, "Not the side file of the state; look at it and remove it", self.path)
        return side.st_size

    def _sync_directory(self) -> None:
        try:
            os.fsync(self._directory.open(self._parent, os.O_RDONLY | os.O_DIRECTORY))
        finally:
            self._directory.close()
