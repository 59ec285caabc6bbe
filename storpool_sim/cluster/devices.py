"""The devices of attached volumes, as a client host would show them: links to sparse files that hold real bytes.

`Devices` keeps a file for each volume and snapshot in `DIR/.data`. While one is attached to the client that stands for
this machine, `DIR/<name>` leads to it, and `DIR-byid/<globalId>` for each global id that it answers to.

Ours: read-only attachments are not enforced.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, List, Set, Tuple

from .contents import Contents
from .defaults import CLIENTS
from .model import Record
from .state import State

#: How often links that are due are made, in seconds.
LOOK_EVERY = 0.02
CHUNK = 1 << 20


class Devices(Contents):
    """Files and links below a directory.

    :param delay: how many seconds after the attachment a link appears.
    :param client: which of the cluster's clients this machine is.
    :param keep: whether the contents outlive this object, for a cluster whose state is kept in a file. The
        contents of a removed volume go with `drop_removed`.
    """

    def __init__(
        self, cluster: State, directory: str, delay: float = 0.0, client: int = CLIENTS[0], keep: bool = False
    ) -> None:
        self.directory = Path(directory).absolute()
        self.byId = self.directory.with_name(self.directory.name + "-byid")
        self.delay = delay
        self.client = client
        self._cluster = cluster
        self._files = self.directory / ".data"
        #: When an attachment was first seen, and its links, by id of the volume.
        self._since: Dict[int, float] = {}
        self._links: Dict[int, Tuple[Path, ...]] = {}
        self._keep = keep
        self._removed: List[Path] = []
        self._stopped = threading.Event()
        self._files.mkdir(parents=True, exist_ok=True)
        self.byId.mkdir(exist_ok=True)
        self._drop_leftovers({self.path(record) for record in cluster.records.values()} if keep else set())
        self._thread = threading.Thread(target=self._look, name="storpool_sim devices", daemon=True)
        with cluster.lock:
            cluster.data = self
            for record in cluster.records.values():
                if self.path(record).exists():
                    self.resize(record)
                else:
                    self.create(record)
        self._thread.start()

    def path(self, record: Record) -> Path:
        """Return the file of a volume or snapshot."""
        return self._files / str(record.id)

    def _devices_of(self, record: Record) -> Devices:
        """Return the devices that have a record's file: those of the cluster that holds it."""
        for cluster in self._cluster.peers:
            if cluster.records.get(record.id) is record and isinstance(cluster.data, Devices):
                return cluster.data
        return self

    # Contents

    def create(self, record: Record) -> None:
        """Make a file that is one hole."""
        with open(self.path(record), "wb") as file:
            file.truncate(record.size)

    def copy(self, source: Record, target: Record) -> None:
        """Copy what was written, and leave holes where nothing was."""
        self.fetch(self, source, target)

    def fetch(self, other: Contents, source: Record, target: Record) -> None:
        """Copy from the files of another cluster, if it has any."""
        if not isinstance(other, Devices):
            self.create(target)
            return
        # Into the same file, if there is one: links lead to it.
        with open(other.path(source), "rb") as old, open(self.path(target), "wb") as new:
            _copy_data(old.fileno(), new.fileno())
            new.truncate(target.size)

    def resize(self, record: Record) -> None:
        """Cut the file, or add a hole."""
        os.truncate(self.path(record), record.size)

    def remove(self, record: Record) -> None:
        """Delete the file now, or with `drop_removed`; the links go with the attachments."""
        if self._keep:
            self._removed.append(self.path(record))
        else:
            self.path(record).unlink()

    def removed_count(self) -> int:
        """Return how many files are to be deleted."""
        return len(self._removed)

    def drop_removed(self, count: int) -> None:
        """Delete the first `count` of them."""
        for path in self._removed[:count]:
            path.unlink()
        del self._removed[:count]

    # Who holds them open

    def is_open(self, record: Record, client: int) -> bool:
        """Return whether any process here has the file open, this one included."""
        if client != self.client:
            return False
        try:
            wanted = os.stat(self._devices_of(record).path(record))
        except FileNotFoundError:
            return False  # of a cluster without devices
        return any(_holds(f"/proc/{name}/fd", wanted) for name in os.listdir("/proc") if name.isdigit())

    # Links

    def links_changed(self) -> None:
        """Remove the links of what is no longer attached, and make those that are due."""
        now = time.monotonic()
        reached = self._cluster.clients[self.client].reached
        attached = {
            number: attachment.record
            for (number, client), attachment in self._cluster.attachments.items()
            if client == self.client and (number in self._since or attachment.generation <= reached)
        }
        for number in [number for number in self._since if number not in attached]:
            del self._since[number]
            self._unlink(number)
        for number, record in attached.items():
            since = self._since.setdefault(number, now)
            file = self._devices_of(record).path(record)
            # Programs go on with an id that a volume had before a revert.
            wanted = (file, self.directory / record.name, *(self.byId / globalId for globalId in sorted(record.ids)))
            if now >= since + self.delay and self._links.get(number) != wanted and file.exists():
                self._unlink(number)  # another name, another id after a revert, or another cluster
                for link in wanted[1:]:
                    _link(link, file)
                self._links[number] = wanted

    def _unlink(self, number: int) -> None:
        for link in self._links.pop(number, ())[1:]:
            with suppress(FileNotFoundError):
                link.unlink()

    def _look(self) -> None:
        while not self._stopped.wait(LOOK_EVERY):
            with self._cluster.lock:
                self.links_changed()

    def _drop_leftovers(self, kept: Set[Path]) -> None:
        """Remove what an earlier simulator has left, except some files; links and files of anyone else stay."""
        for directory in (self.directory, self.byId):
            for entry in directory.iterdir():
                if entry.is_symlink() and self._files in Path(os.readlink(entry)).parents:
                    entry.unlink()
        for file in self._files.iterdir():
            if file not in kept:
                file.unlink()

    def close(self) -> None:
        """Remove the links, and the files unless they are kept."""
        self._stopped.set()
        self._thread.join()
        with self._cluster.lock:
            self._cluster.data = Contents()
            for number in list(self._links):
                self._unlink(number)
        if not self._keep:
            shutil.rmtree(self._files, ignore_errors=True)
        with suppress(OSError):
            self.byId.rmdir()


def _copy_data(source: int, target: int) -> None:
    at, end = 0, os.fstat(source).st_size
    while at < end:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError:
            return  # from here on there is only a hole
        hole = os.lseek(source, at, os.SEEK_HOLE)
        while at < hole:
            chunk = os.pread(source, min(CHUNK, hole - at), at)
            at += os.pwrite(target, chunk, at)


def _link(link: Path, target: Path) -> None:
    # A reader finds the old link or the new one, never none.
    temporary = link.with_name(f".{link.name}.new")
    with suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(target)
    temporary.replace(link)


def _holds(descriptors: str, wanted: os.stat_result) -> bool:
    # Processes end, and those of others cannot be looked into.
    with suppress(OSError):
        for name in os.listdir(descriptors):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"{descriptors}/{name}"), wanted):
                    return True
    return False
