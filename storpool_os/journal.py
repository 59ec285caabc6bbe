"""The side file that brings a file which is overwritten in place through crashes.

Others lock the file itself, so it must keep its inode: it cannot be written under another name and renamed. It is
overwritten instead, and a crash in the middle would leave half of it. So what is to be written goes here first, with
what it replaces:

1. the record, marked `pending`, is written and synced;
2. the file is overwritten and synced;
3. the record is marked `done`. That need not be synced: see `torn`.

Who finds a record `pending` under the file's lock looks at the file. Only if it is a mixture of the old and the new
content is the new content written again; a file that somebody else wrote since is not touched.

The side file stays, so that only its first use changes the directory; it never shrinks, so that a state which becomes
smaller can be written to a full disk. Its first line is about the record, the second line is the last content written:
people can read it too.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import stat
import zlib
from typing import List, Optional, Tuple

__all__ = ["Journal", "overwrite", "read_all", "torn", "write_all"]

LOG = logging.getLogger(__name__)

_MAGIC = b"storpool_os journal 2 "
_PENDING = b"pending"
_DONE = b"done   "
_HEADER = re.compile(re.escape(_MAGIC) + b"(pending|done   ) ([0-9a-f]{8}) ([0-9]{1,12}) ([0-9]{1,12})\n")
_HEADER_MAX = 100
# No disk writes less than this, and so none tears it.
_SECTOR = 512
_BLOCK = 4096


def read_all(fd: int) -> bytes:
    """Read a file from its beginning to its end."""
    parts: List[bytes] = []
    offset = 0
    # As much as it takes: room for more costs time too.
    room = max(os.fstat(fd).st_size, 1)
    while True:
        part = os.pread(fd, room, offset)
        if not part:
            return b"".join(parts)
        parts.append(part)
        offset += len(part)


def write_all(fd: int, data: bytes, offset: int = 0) -> None:
    """Write all of it over a part of a file."""
    done = 0
    while done < len(data):
        done += os.pwrite(fd, data[done:], offset + done)


def overwrite(fd: int, new: bytes, old: bytes) -> None:
    """Replace the content of a file, in place.

    One write, from the first block that changes, and blanks over the rest of what was longer: JSON which ends in
    blanks is still JSON. The kernel lets nothing come between the bytes of one block, so that even one who knows of no
    journal can read a file, at any time, whose last block alone changes: what is added is added there.
    """
    data = new.ljust(len(old))
    same = 0
    while same < len(old) and data[same : same + _BLOCK] == old[same : same + _BLOCK]:
        same += _BLOCK
    write_all(fd, data[same:], same)
    if len(old) > len(new):
        os.ftruncate(fd, len(new))


def torn(data: bytes, old: bytes, new: bytes) -> bool:
    """Tell whether `data` is what an interrupted overwriting of `old` with `new` may leave.

    Writing goes through the file page by page, and a disk that loses power keeps any of the sectors; the file is never
    shorter than the shorter of the two. The original helper empties the file first, so what it leaves is shorter.
    """
    if not min(len(old), len(new)) <= len(data) <= max(len(old), len(new)):
        return False
    # A sector that was added and not written reads as zeros.
    before, after = old.ljust(len(data), b"\0"), new.ljust(len(data))
    return all(
        data[at : at + _SECTOR] in (before[at : at + _SECTOR], after[at : at + _SECTOR])
        for at in range(0, len(data), _SECTOR)
    )


def _checksum(old: bytes, new: bytes) -> bytes:
    return b"%08x" % zlib.crc32(old, zlib.crc32(new))


class Journal:
    """The side file of one file; every method wants that file to be locked, and takes its status.

    :param fname: the file; the side file lies where the file itself does, not beside a link to it.
    """

    def __init__(self, fname: str) -> None:
        # Only the last part of the path matters: what leads there leads to both.
        self.path = (os.path.realpath(fname) if os.path.islink(fname) else fname) + ".journal"
        self._directory = os.path.dirname(self.path) or os.curdir

    def pending(self, main: os.stat_result) -> Optional[Tuple[bytes, bytes]]:
        """The old and the new content of a write that may not have come to its end."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as exc:
            LOG.warning("Not looking for an unfinished write of the state in %s: %s", self.path, exc.strerror)
            return None
        try:
            self._check(fd, main)
            if os.pread(fd, len(_MAGIC + _PENDING), 0) != _MAGIC + _PENDING:
                return None
            return self._parse(read_all(fd))
        finally:
            os.close(fd)

    @staticmethod
    def _parse(record: bytes) -> Optional[Tuple[bytes, bytes]]:
        header = _HEADER.match(record[:_HEADER_MAX])
        if header is None:
            return None
        start, new_size, old_size = header.end(), int(header[3]), int(header[4])
        new = record[start : start + new_size]
        old = record[start + new_size + 1 : start + new_size + 1 + old_size]
        # A record that was not written to its end is one whose write had not begun.
        return (old, new) if _checksum(old, new) == header[2] else None

    def begin(self, main: os.stat_result, old: bytes, new: bytes) -> int:
        """Put down, durably, what is going to be written; returns the descriptor for `done`, to be closed."""
        fd = self._open(main)
        try:
            there = os.fstat(fd).st_size
            if there == 0:
                # Before the first record: one that is there will be found after a power loss.
                self._sync_directory()
            header = _MAGIC + _PENDING + b" %s %d %d" % (_checksum(old, new), len(new), len(old))
            size = len(header) + len(new) + len(old) + 3
            # To the end of the block, which is taken anyway: as long as the size stays, syncing is cheaper.
            padding = b"\n" * (-size % _BLOCK if size > there else 0)
            write_all(fd, b"\n".join((header, new, old, padding)))
            os.fdatasync(fd)
        except BaseException:
            os.close(fd)
            raise
        return fd

    @staticmethod
    def done(fd: int) -> None:
        """Mark the record of `begin` as one that nobody needs any more: the file is synced."""
        os.pwrite(fd, _DONE, len(_MAGIC))

    def settle(self, main: os.stat_result) -> None:
        """Mark whatever record there is so."""
        fd = self._open(main)
        try:
            self.done(fd)
        finally:
            os.close(fd)

    def _open(self, main: os.stat_result) -> int:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            try:
                fd = os.open(self.path, flags)
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
            self._check(fd, main)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _create(self, main: os.stat_result) -> int:
        if os.stat(self._directory).st_dev != main.st_dev:
            # Another container's services would not find it.
            LOG.warning("The state file is mounted by itself: mount its directory instead, for %s", self.path)
        # Under another name until it belongs to whom it should: a service of another user must be able to open it.
        fresh = self.path + ".new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
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
            os.close(fd)
            raise
        return fd

    def _check(self, fd: int, main: os.stat_result) -> None:
        """Refuse what somebody may have put there to make us write, or believe, something else."""
        side = os.fstat(fd)
        ours = side.st_uid in (main.st_uid, os.geteuid(), 0) or side.st_gid == main.st_gid
        if not stat.S_ISREG(side.st_mode) or side.st_nlink != 1 or not ours:
            raise OSError(errno.EPERM, "Not the side file of the state; look at it and remove it", self.path)

    def _sync_directory(self) -> None:
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
