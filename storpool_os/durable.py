"""The content of a file, replaced so that neither a crash nor an error loses it.

Others lock the file itself, so it must keep its inode: it cannot be written under another name and renamed. It is
overwritten in place, and a crash in the middle would leave a part of it. So each write goes like this:

1. the journal gets a record of the old and the new content, marked `pending`, and is synced;
2. the file is overwritten;
3. the record gets the time of that, so that a later change by others can be recognised;
4. the file is synced;
5. the record is marked `done`. Neither this nor 3 is synced.

Whoever finds a `pending` record, under the file's lock, looks at the file. Only if it is a mixture of the old and the
new content, which step 2 left, the new content is written again. A file that somebody else wrote since stays as it is.
"""

from __future__ import annotations

import logging
import os
from typing import Optional

from .journal import Journal, Record, read_all, write_all

__all__ = ["DurableFile", "overwrite"]

LOG = logging.getLogger(__name__)

_BLOCK = 4096
_AS_IT_WAS = "the state is as it was"
_EITHER = "the state may be the one before or the new one; whoever opens it next finds one of the two"


def overwrite(fd: int, new: bytes, old: bytes) -> None:
    """Replace the content of a file, in place.

    One write, from the first block that changes, and blanks over the rest of what was longer: JSON which ends in
    blanks is still JSON. The kernel lets nothing come between the bytes of one block. So even a program that knows of
    no journal can read a file, at any time, whose last block alone changes: what is added is added there.

    :raises OSError: it cannot be written; the file may be a mixture of both.
    """
    data = new.ljust(len(old))
    same = 0
    while same < len(old) and data[same : same + _BLOCK] == old[same : same + _BLOCK]:
        same += _BLOCK
    write_all(fd, data[same:], same)
    if len(old) > len(new):
        os.ftruncate(fd, len(new))


class DurableFile:
    """The content of a file that is open and locked.

    :param fd: the file.
    :param fname: its name.
    :param read_only: why it can only be read.
    """

    def __init__(self, fd: int, fname: str, read_only: Optional[OSError] = None) -> None:
        self._fd = fd
        self._fname = fname
        self._read_only = read_only
        self._journal: Optional[Journal] = None

    @property
    def journal(self) -> Journal:
        """The file's journal."""
        if self._journal is None:
            self._journal = Journal(self._fname)
        return self._journal

    def close(self) -> None:
        """Close the journal, if it is open. Calling this again does no harm."""
        if self._journal is not None:
            self._journal.close()

    def read(self) -> bytes:
        """Return the content; if a writer was interrupted, finish its work first.

        :raises OSError: it cannot be read, or an interrupted write cannot be finished.
        """
        status = os.fstat(self._fd)
        data = read_all(self._fd, status.st_size)
        record = self.journal.pending(status)
        if record is None:
            return data
        repair = record.left(data, status)
        if self._read_only is not None:
            return record.new if repair else data
        try:
            self.journal.reopen(status)
            if repair:
                LOG.warning("Finishing a write of %s that was interrupted", self._fname)
                self.journal.unmark()
                data = self._finish(record, data)
            os.fdatasync(self._fd)
            self.journal.done()
        except OSError as exc:
            if repair:
                raise
            LOG.warning("Could not mark the record in %s as done: %s", self.journal.path, exc.strerror)
        finally:
            self.close()
        return data

    def _finish(self, record: Record, data: bytes) -> bytes:
        """Write what a record wanted over a mixture; return the content, which is the old one on a full disk."""
        try:
            overwrite(self._fd, record.new, data)
        except OSError:
            # What was there before needs no more room.
            self._put_back(record.old)
            return record.old
        return record.new

    def replace(self, old: bytes, new: bytes) -> None:
        """Write new content. When this returns, it will survive even a loss of power.

        :param old: what the file holds now.
        :raises OSError: the text says whether the file is as it was, or may be either.
        """
        if self._read_only is not None:
            raise self._read_only
        journal = self.journal
        try:
            try:
                journal.begin(os.fstat(self._fd), old, new)
            except OSError as exc:
                # An error with a file name says what to do.
                if exc.filename is not None:
                    raise
                raise OSError(exc.errno, f"{exc.strerror}; {_AS_IT_WAS}", journal.path) from exc
            try:
                overwrite(self._fd, new, old)
                journal.mark(os.fstat(self._fd))
                os.fdatasync(self._fd)
            except OSError as exc:
                raise OSError(exc.errno, f"{exc.strerror}; {self._undo(old)}", self._fname) from exc
            journal.done()
        finally:
            journal.close()

    def _undo(self, old: bytes) -> str:
        """Write the old content back after an error, and say what the state is then."""
        try:
            self.journal.unmark()
            self._put_back(old)
            os.fdatasync(self._fd)
        except OSError as exc:
            LOG.warning("Could not put the state in %s back: %s", self._fname, exc.strerror)
            return _EITHER
        self.journal.done()
        return _AS_IT_WAS

    def _put_back(self, old: bytes) -> None:
        write_all(self._fd, old)
        os.ftruncate(self._fd, len(old))
