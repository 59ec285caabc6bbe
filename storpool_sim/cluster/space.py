"""Where the data of a cluster lies, and what room there is for more."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Set

from .errors import InsufficientResources, ObjectDoesNotExist
from .model import OBJECT_SIZE, Disk, DiskSets, Group, Policy, Record
from .placement import DiskUse, Ledger, choose_sets, part_of
from .records import Records


class Space:
    """The disks of a cluster, how they are grouped, and what lies on them.

    :ivar disks: the disks by number.
    :ivar groups: the placement groups by name.
    :ivar faultSets: the servers that are expected to fail together, by the name of the fault set.
    """

    def __init__(
        self, records: Records, disks: Dict[int, Disk], groups: Dict[str, Group], faultSets: Dict[str, List[int]]
    ) -> None:
        self.records = records
        self.disks = disks
        self.groups = groups
        self.faultSets = faultSets
        self._ledger = Ledger()

    def disk(self, number: int) -> Disk:
        """Return the disk with a number.

        :raises ObjectDoesNotExist: there is no such disk.
        """
        if number not in self.disks:
            raise ObjectDoesNotExist(f"Disk {number} does not exist.")
        return self.disks[number]

    def group(self, name: str) -> Group:
        """Return the placement group with a name.

        :raises ObjectDoesNotExist: there is no such group.
        """
        if name not in self.groups:
            raise ObjectDoesNotExist(f"Placement group '{name}' does not exist.")
        return self.groups[name]

    def check_groups(self, names: Iterable[str]) -> None:
        """Refuse placement groups that do not exist."""
        for name in names:
            self.group(name)

    def domains(self) -> Dict[int, str]:
        """Return the fault domain of each server: its fault set, or the server itself where it is in none."""
        domains = {disk.serverId: f"server {disk.serverId}" for disk in self.disks.values()}
        for name, servers in self.faultSets.items():
            domains.update((number, name) for number in servers)
        return domains

    # What lies there

    def count(self) -> None:
        """Count what has changed since the last time."""
        for number, record in self.records.changes():
            self._ledger.put(number, part_of(record) if record is not None else {})

    def use(self) -> Dict[int, DiskUse]:
        """Return what lies on each disk, including data that belongs to no volume."""
        self.count()
        total = {}
        for number, disk in self.disks.items():
            use = self._ledger.use(number)
            total[number] = DiskUse(use.objects + disk.foreignObjects, use.stored + disk.foreignBytes)
        return total

    def check_room(self, added: Iterable[Record], gone: Iterable[Record] = ()) -> None:
        """Refuse more data and objects than the disks have room for, and anything at all on full disks.

        :param added: what is to be there; their numbers do not matter.
        :param gone: what is no longer there then.
        """
        use, new = self.use(), Ledger()
        for record in gone:
            for number, (objects, stored) in part_of(record).items():
                if number in use:
                    use[number].objects -= objects
                    use[number].stored -= stored
        wanted: Set[int] = set()
        for index, record in enumerate(added):
            wanted.update(*record.diskSets)
            new.put(index, part_of(record))
        for number in sorted(wanted.intersection(use)):
            disk, present, more = self.disks[number], use[number], new.use(number)
            if present.stored >= disk.capacity or present.stored + more.stored > disk.capacity:
                raise InsufficientResources(f"Disk {number} is full.")
            if present.objects + max(more.objects, 1) > disk.objectSlots:
                raise InsufficientResources(
                    f"Not enough room on disk {number}: {more.objects} objects of {OBJECT_SIZE >> 20} MiB wanted,"
                    f" {max(0, disk.objectSlots - present.objects)} places left"
                )

    # Where to put it

    def choose_sets(self, policy: Policy, targets: int = 0, among: Optional[Mapping[int, Disk]] = None) -> DiskSets:
        """Return the disk sets for a volume with a policy, on disks that serve and have room.

        :param targets: how many sets there are to be; 0 for as many as differ.
        :param among: the disks to choose from; all of them if not given.
        :raises InsufficientResources: there are no such disks.
        """
        self.check_groups((policy.placeAll, policy.placeTail, policy.placeHead))
        use = self.use()
        disks = {
            number: disk
            for number, disk in (self.disks if among is None else among).items()
            if disk.usable and use[number].objects < disk.objectSlots and use[number].stored < disk.capacity
        }
        return choose_sets(policy, self.groups, disks, self.domains(), targets)

    def new_sets(self, record: Record, policy: Policy, targets: int = 0, without: int = -1) -> DiskSets:
        """Return the disk sets that a record would get today, none of them on the disk `without`.

        :raises InsufficientResources: there are no such sets, or no room on them.
        """
        disks = {number: disk for number, disk in self.disks.items() if number != without}
        sets = self.choose_sets(policy, targets, disks)
        self.check_room([replace(record, diskSets=sets)], [record])
        return sets

    def move(self, records: Iterable[Record]) -> List[Record]:
        """Choose new disk sets for records; return those for which there are none, and which stay where they are."""
        stuck = []
        for record in records:
            try:
                record.diskSets = self.new_sets(record, record.policy, record.targets)
            except InsufficientResources:
                stuck.append(record)
        return stuck

    def relocations(self) -> Dict[int, DiskSets]:
        """Return where to move what lies on disks that are being soft-ejected, by number of the record."""
        planned = {}
        for disk in self.disks.values():
            if disk.ejecting is None:
                continue
            for record in self.records.users_of_disk(disk.id):
                with suppress(InsufficientResources):
                    planned[record.id] = self.choose_sets(record.policy, record.targets)
        return planned

    def improvements(self) -> Dict[int, DiskSets]:
        """Return the disk sets that records would get today, by number, where they have others."""
        planned = {}
        for record in self.records.values():
            with suppress(InsufficientResources):
                sets = self.choose_sets(record.policy, record.targets)
                if set(sets) != set(record.diskSets):
                    planned[record.id] = sets
        return planned

    # What is given up

    def abandon(self, record: Record, number: int) -> None:
        """Drop the copies that a disk has of a record: what has no other copy is lost, the rest is copied again."""
        record.dataLost = record.dataLost or any(disks == (number,) for disks in record.diskSets)
        record.diskSets = [tuple(disk for disk in disks if disk != number) for disks in record.diskSets]
        up = {disk.id for disk in self.disks.values() if disk.up}
        if any(up.isdisjoint(disks) for disks in record.diskSets):
            return  # nothing to copy from
        with suppress(InsufficientResources):
            record.diskSets = self.new_sets(record, record.policy, record.targets, without=number)

    def forget_disk(self, disk: Disk) -> None:
        """Drop a disk that is down, and the copies on it."""
        users = self.records.users_of_disk(disk.id)
        for group in self.groups.values():
            group.disks.discard(disk.id)
        del self.disks[disk.id]
        for record in users:
            self.abandon(record, disk.id)
