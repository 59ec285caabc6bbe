"""The volumes and snapshots of a cluster."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Optional, Set, Tuple, ValuesView

from .errors import InvalidParam, ObjectDoesNotExist, ObjectExists
from .model import Record


class Records(Mapping[int, Record]):
    """Volumes and snapshots by number, which are also found by name and by global id.

    :ivar time_dependent: the numbers of those that change as time goes by; up to date after `changes`.
    """

    def __init__(self) -> None:
        self.time_dependent: Set[int] = set()
        self._by_number: Dict[int, Record] = {}
        self._by_name: Dict[str, Record] = {}
        self._by_id: Dict[str, Record] = {}
        #: The numbers of those that have changed since `changes` was called.
        self._dirty: Set[int] = set()

    def __getitem__(self, number: int) -> Record:
        return self._by_number[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_number)

    def __len__(self) -> int:
        return len(self._by_number)

    def values(self) -> ValuesView[Record]:
        """Return all of them; much quicker than `Mapping.values`, which looks up each."""
        return self._by_number.values()

    # Find them

    def find(self, name: str) -> Optional[Record]:
        """Return the volume or snapshot with a name or a `~globalId`, if there is one."""
        return self._by_id.get(name[1:]) if name.startswith("~") else self._by_name.get(name)

    def volume(self, name: str) -> Record:
        """Return the volume with a name or a `~globalId`.

        :raises ObjectDoesNotExist: there is no such volume.
        """
        record = self.find(name)
        if record is None or record.snapshot:
            raise ObjectDoesNotExist(f"Volume '{name}' does not exist.")
        return record

    def snapshot(self, name: str) -> Record:
        """Return the snapshot with a name or a `~globalId`.

        :raises ObjectDoesNotExist: there is no such snapshot.
        """
        record = self.find(name)
        if record is None or not record.snapshot:
            raise ObjectDoesNotExist(f"Snapshot '{name}' does not exist.")
        return record

    def volumes(self) -> List[Record]:
        """Return the volumes, sorted by name."""
        return sorted((record for record in self.values() if not record.snapshot), key=_name)

    def snapshots(self) -> List[Record]:
        """Return the snapshots, sorted by name."""
        return sorted((record for record in self.values() if record.snapshot), key=_name)

    def users_of_group(self, name: str) -> List[Record]:
        """Return what is placed on a placement group."""
        return [record for record in self.values() if name in record.policy[:3]]

    def users_of_disk(self, number: int) -> List[Record]:
        """Return what has data on a disk."""
        return [record for record in self.values() if any(number in disks for disks in record.diskSets)]

    # Change them

    def check_name(self, name: str) -> None:
        """Refuse a name that is taken."""
        if name in self._by_name:
            kind = "Snapshot" if self._by_name[name].snapshot else "Volume"
            raise ObjectExists(f"{kind} '{name}' already exists.")

    def check_snapshot_name(self, name: str) -> None:
        """Refuse a name that is taken, or that means something else in a list of snapshots."""
        if name[:1] in ("*", "#"):
            raise InvalidParam(f"A snapshot's name cannot begin with '{name[0]}': '{name}'")
        self.check_name(name)

    def add(self, record: Record) -> None:
        """Add a volume or snapshot."""
        self._by_number[record.id] = record
        for globalId in {record.globalId, *record.ids}:
            self.add_id(record, globalId)
        if record.baseName:
            self._by_name[record.baseName] = record
        self.set_parent(record, record.parent)
        record.watched_by(self._dirty)

    def release(self, record: Record) -> None:
        """Take a volume or snapshot out."""
        self.set_parent(record, None)
        record.watched_by(None)
        self._dirty.add(record.id)
        del self._by_number[record.id]
        for globalId in record.ids:
            del self._by_id[globalId]
        if record.baseName:
            del self._by_name[record.baseName]

    def add_id(self, record: Record, globalId: str) -> None:
        """Let a record answer to one more global id."""
        record.ids.add(globalId)
        self._by_id[globalId] = record

    def give_id(self, record: Record, globalId: str) -> None:
        """Give a record another global id; it goes on answering to those it had, and an unnamed one keeps its name."""
        if not record.baseName:
            record.firstId = record.firstId or record.globalId
        record.globalId = globalId
        self.add_id(record, globalId)

    def replace_id(self, record: Record, globalId: str, other: str) -> None:
        """Give a record another global id in place of one, which is free then."""
        record.ids.discard(globalId)
        del self._by_id[globalId]
        if record.firstId == globalId:
            record.firstId = other
        if record.globalId == globalId:
            record.globalId = other
        self.add_id(record, other)

    def rename(self, record: Record, name: str) -> None:
        """Give a record another name, which must be free, or with an empty name none but its global id."""
        if name == record.baseName:
            return
        if name:
            self.check_name(name)
        if record.baseName:
            del self._by_name[record.baseName]
        record.baseName, record.firstId = name, ""
        if name:
            self._by_name[name] = record

    def set_parent(self, record: Record, parent: Optional[Record]) -> None:
        """Make a snapshot the parent of a record, or leave the record without one."""
        if record.parent is not None:
            record.parent.children.pop(record.id, None)
        record.parent = parent
        if parent is not None:
            parent.children[record.id] = record

    def changes(self) -> Iterator[Tuple[int, Optional[Record]]]:
        """Yield what was added, changed or released since the last call: its number, and the record if it is here."""
        while self._dirty:
            number = self._dirty.pop()
            record = self._by_number.get(number)
            if record is not None and record.time_dependent:
                self.time_dependent.add(number)
            else:
                self.time_dependent.discard(number)
            yield number, record


def _name(record: Record) -> str:
    return record.name
