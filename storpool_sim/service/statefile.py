"""A cluster's state in a file, so that a restart goes on where the last run ended, however it ended.

The file is an SQLite database: a checkpoint of the whole state, and a journal of the requests that have changed it
since. A request is replayed at the time at which it was first handled, and with the numbers that were next then, so
that it does the same. An answer leaves only after its request is on the disk; requests that come together share a
commit.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..cluster import Cluster
from ..cluster.clock import Clock, ManualClock
from .checkpoint import checkpoint, restore
from .messages import Reply, Request
from .pending import PendingReply

#: "SPsi", by which `file` and we know our databases.
APPLICATION = 0x53507369
#: 2 since the modules of the model have moved; files of format 1 are read, and written in this one.
FORMAT = 2
#: When the journal is this long, in requests or in bytes, a checkpoint takes its place.
JOURNAL_LENGTH = 5_000
JOURNAL_BYTES = 64 << 20

_TABLES = (
    "CREATE TABLE checkpoint (seq INTEGER NOT NULL, at REAL NOT NULL, state BLOB NOT NULL, crc INTEGER NOT NULL)",
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, at REAL NOT NULL, numbers TEXT NOT NULL, method TEXT NOT NULL,"
    " target TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL)",
)


Answer = Callable[[Request], Union[Reply, PendingReply]]


class StateError(Exception):
    """A state file cannot be used, or not be written; the text names it and says why."""


class _Entry(NamedTuple):
    """A request that changed the state."""

    seq: int
    at: float
    #: What was next in each cluster before it: the generation, and the number for ids.
    numbers: str
    #: Empty where time alone has changed the state.
    method: str
    target: str
    body: bytes

    def crc(self) -> int:
        return zlib.crc32(repr(tuple(self)).encode())


class StateFile:
    """The file, and what happens to it.

    :ivar fresh: whether there is nothing in the file yet.
    :raises StateError: the file cannot be opened, is in use, or holds something else.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path).absolute()
        self._clusters: List[Cluster] = []
        self._pending: List[_Entry] = []
        self._seq = self._durable = 0
        #: What the journal holds: requests and bytes.
        self._length = self._bytes = 0
        self._at = 0.0
        self._writing = threading.Lock()
        self._turn: Optional[asyncio.Lock] = None
        self._readable = False
        with self._named("cannot be used"):
            self._open()

    def _open(self) -> None:
        if self.path.is_dir() or not self.path.parent.is_dir():
            raise StateError(f"{self.path}: no file can be there")
        self._db = sqlite3.connect(self.path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            # Held until the process ends, however it does; only then others may open the file.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("BEGIN IMMEDIATE")
            application, version = self._value("PRAGMA application_id"), self._value("PRAGMA user_version")
            self.fresh = application == 0 and self._value("SELECT count(*) FROM sqlite_master") == 0
            if not self.fresh and application != APPLICATION:
                raise StateError(f"{self.path}: a database of something else")
            if version > FORMAT:
                raise StateError(
                    f"{self.path}: written by a newer simulator, in format {version}; this one knows {FORMAT}"
                )
            if not self.fresh and self._value("PRAGMA quick_check") != "ok":
                raise StateError(f"{self.path}: damaged")
            self._db.execute("ROLLBACK")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
        except BaseException:
            self._db.close()
            raise

    def _value(self, statement: str) -> Any:
        return self._db.execute(statement).fetchone()[0]

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        """Let an error of the database name the file."""
        try:
            yield
        except sqlite3.Error as exc:
            if "locked" in str(exc):
                raise StateError(f"{self.path}: another simulator is using it") from exc
            raise StateError(f"{self.path}: {what}: {exc}") from exc

    # The beginning

    def begin(self, clusters: Sequence[Cluster]) -> None:
        """Write the first checkpoint, of clusters that are new."""
        self._clusters = list(clusters)
        for cluster in clusters:
            # A request has one time, whichever of the clusters it changes.
            cluster.clock = clusters[0].clock
        with self._named("cannot be written"):
            self._checkpoint((*_TABLES, f"PRAGMA application_id = {APPLICATION}"))
        self._readable = True

    def restore(self, clock: Optional[Clock] = None) -> List[Cluster]:
        """Return the clusters of the checkpoint; `replay` does the rest."""
        with self._named("cannot be read"):
            row = self._db.execute("SELECT seq, at, state, crc FROM checkpoint").fetchone()
        if row is None or zlib.crc32(row[2]) != row[3]:
            raise StateError(f"{self.path}: its checkpoint is damaged")
        self._seq, self._at = row[:2]
        try:
            self._clusters = restore(row[2], clock)
        except Exception as exc:
            raise StateError(f"{self.path}: its checkpoint cannot be read: {exc}") from exc
        self._catch_up()
        return self._clusters

    def _catch_up(self) -> None:
        """Let a clock that stands go on from where it stood."""
        clock = self._clusters[0].clock
        if isinstance(clock, ManualClock):
            clock.advance(max(0.0, self._at - clock.now()))

    def replay(self, answer: Answer) -> int:
        """Handle the requests since the checkpoint again; return how many.

        :param answer: answers requests that carry no token.

        :raises StateError: one of them is damaged, or does not succeed as it did.
        """
        count = 0
        with self._named("cannot be read"):
            rows = self._db.execute("SELECT seq, at, numbers, method, target, body, crc FROM journal ORDER BY seq")
            for row in rows:
                entry = _Entry(*row[:-1])
                if entry.crc() != row[-1] or entry.seq != self._seq + 1:
                    raise StateError(f"{self.path}: entry {entry.seq} of its journal is damaged")
                self._replay(entry, answer)
                self._seq, self._at = entry.seq, entry.at
                count += 1
        self._durable = self._seq
        self._readable = True
        self._catch_up()
        with self._named("cannot be written"):
            self._checkpoint()
        return count

    def _replay(self, entry: _Entry, answer: Answer) -> None:
        with self._clusters[0].lock, self._clusters[0].clock.held(entry.at):
            for cluster, (generation, serial) in zip(self._clusters, json.loads(entry.numbers)):
                cluster.generation, cluster._serial = generation, serial
            if not entry.method:
                for cluster in self._clusters:
                    cluster.settle()
                return
            reply = answer(Request(entry.method, entry.target, "", entry.body))
        if reply.error:
            raise StateError(
                f"{self.path}: entry {entry.seq} of its journal, {entry.method} {entry.target}, succeeded once, and now"
                f" does not: {reply.error}"
            )

    # Requests

    def run(self, request: Request, answer: Answer) -> Tuple[Union[Reply, PendingReply], int]:
        """Let a request be answered, and note it when it changed something.

        The number says how far the file must have been written before the answer may go; see `durable`.
        """
        with self._noting() as note:
            reply = answer(request)
            if request.method == "POST" and not reply.error:
                note(request)
        if isinstance(reply, PendingReply):
            reply.poll = self._poll(reply.poll)
        return reply, self._seq

    def _poll(self, poll: Callable[[], Optional[Reply]]) -> Callable[[], Optional[Reply]]:
        def noting() -> Optional[Reply]:
            with self._noting():
                return poll()

        return noting

    @contextmanager
    def _noting(self) -> Iterator[Callable[[Request], None]]:
        """Note what happens within the block: a request, if the function is called, or else what time has changed."""
        with self._clusters[0].lock:
            at = self._clusters[0].clock.now()
            before = self._numbers()
            noted: List[Request] = []
            # When it is replayed, it has only one time.
            with self._clusters[0].clock.held(at):
                yield noted.append
            if not noted and [numbers[0] for numbers in self._numbers()] != [numbers[0] for numbers in before]:
                noted.append(Request("", ""))
            for request in noted:
                self._seq, self._at = self._seq + 1, at
                what = (request.method, request.target, request.body)
                self._pending.append(_Entry(self._seq, at, json.dumps(before), *what))

    def _numbers(self) -> List[Tuple[int, int]]:
        return [(cluster.generation, cluster._serial) for cluster in self._clusters]

    # On the disk

    async def durable(self, seq: Optional[int] = None) -> None:
        """Wait until the file holds everything up to a number, or up to now.

        :raises StateError: it cannot be written. What was to be written still is when that ends.
        """
        wanted = self._seq if seq is None else seq
        if self._durable >= wanted:
            return
        self._turn = self._turn or asyncio.Lock()
        # While one commit is under way, those who come wait here; the first of them commits for all.
        async with self._turn:
            if self._durable < wanted:
                await asyncio.get_running_loop().run_in_executor(None, self._commit)

    def save(self) -> None:
        """Write a checkpoint, which holds what was changed without requests too."""
        with self._writing, self._named("cannot be written"):
            self._checkpoint()

    def close(self) -> None:
        """Write a checkpoint, and let others open the file; one that could not be read stays as it is."""
        try:
            if self._readable:
                self.save()
        finally:
            self._db.close()

    def _commit(self) -> None:
        with self._writing, self._named("cannot be written"):
            if self._length >= JOURNAL_LENGTH or self._bytes >= JOURNAL_BYTES:
                self._checkpoint()
                return
            with self._clusters[0].lock:
                entries, seq = list(self._pending), self._seq
                removed = [cluster.data.removed_count() for cluster in self._clusters]
            with self._transaction():
                rows = [(*entry, entry.crc()) for entry in entries]
                self._db.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._length += len(entries)
            self._bytes += sum(len(entry.body) for entry in entries)
            self._written(len(entries), seq, removed)

    def _checkpoint(self, first: Sequence[str] = ()) -> None:
        with self._clusters[0].lock:
            state, count, seq = checkpoint(self._clusters), len(self._pending), self._seq
            removed = [cluster.data.removed_count() for cluster in self._clusters]
            at = max(self._at, self._clusters[0].clock.now())
        with self._transaction():
            # A file of an older format becomes one of this.
            for statement in (*first, f"PRAGMA user_version = {FORMAT}"):
                self._db.execute(statement)
            self._db.execute("DELETE FROM checkpoint")
            self._db.execute("DELETE FROM journal")
            self._db.execute("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", (seq, at, state, zlib.crc32(state)))
        self._length = self._bytes = 0
        self._written(count, seq, removed)

    def _written(self, count: int, seq: int, removed: List[int]) -> None:
        with self._clusters[0].lock:
            del self._pending[:count]
            for cluster, number in zip(self._clusters, removed):
                cluster.data.drop_removed(number)
        self._durable = seq

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
