"""How disk sets are chosen, and how much space volumes take on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .errors import InsufficientResources
from .model import OBJECT_SIZE, Disk, DiskSets, Group, Policy, Record

#: Ours: how many disk sets the objects of a volume are spread over, at most.
MAX_SETS = 12


def places_of(policy: Policy) -> List[str]:
    """Return the placement group of each copy: placeHead for the first, placeTail for the last, placeAll for others."""
    places = [policy.placeHead] + [policy.placeAll] * (policy.replication - 2) + [policy.placeTail]
    return places[-policy.replication :]  # the group of a single copy is placeTail


def choose_sets(
    policy: Policy, groups: Mapping[str, Group], disks: Mapping[int, Disk], domain: Mapping[int, str], targets: int = 0
) -> DiskSets:
    """Return the disk sets for a policy: each has as many disks as there are copies, no two in one fault domain.

    :param disks: the disks that may be used.
    :param domain: the fault domain of each server.
    :param targets: how many sets there are to be, some of them equal if need be; 0 for as many as differ.
    :raises InsufficientResources: there are no such sets.
    """
    places = places_of(policy)
    pools = [sorted(number for number in groups[name].disks if number in disks) for name in places]
    sets: DiskSets = []
    for start in range(MAX_SETS):
        chosen = _choose(pools, disks, domain, bool(policy.reuseServer), start)
        if chosen is None:
            break
        if chosen not in sets:
            sets.append(chosen)
    if not sets:
        have = len({domain[disks[number].serverId] for pool in pools for number in pool})
        raise InsufficientResources(
            f"Not enough servers or fault sets for replication {policy.replication}:"
            f" placement groups {', '.join(sorted(set(places)))} have disks with room in {have}"
        )
    return [sets[index % len(sets)] for index in range(targets)] if targets else sets


def _choose(
    pools: Sequence[Sequence[int]], disks: Mapping[int, Disk], domain: Mapping[int, str], reuse: bool, start: int
) -> Optional[Tuple[int, ...]]:
    """Return one disk of each pool, beginning the search at a place that depends on `start`; None if there is none."""
    picked: List[int] = []

    def place(index: int) -> bool:
        if index == len(pools):
            return True
        pool = pools[index]
        for step in range(len(pool)):
            disk = pool[(start + index * 2 + step) % len(pool)]
            if disk in picked:
                continue
            if not reuse and domain[disks[disk].serverId] in (domain[disks[other].serverId] for other in picked):
                continue
            picked.append(disk)
            if place(index + 1):
                return True
            picked.pop()
        return False

    return tuple(picked) if place(0) else None


@dataclass
class DiskUse:
    """What lies on one disk."""

    objects: int = 0
    stored: int = 0


def objects_per_set(record: Record) -> List[int]:
    """Return how many objects of a record are on each of its disk sets: object i is on set i modulo their number."""
    count, sets = record.objectsCount, len(record.diskSets)
    return [count // sets + (index < count % sets) for index in range(sets)]


def own_objects(record: Record) -> Tuple[range, range]:
    """Return the objects that take places of their own (ours): those written to, and those that no parent has."""
    shared = record.parent.objectsCount if record.parent is not None else 0
    written = min(-(-record.stored // OBJECT_SIZE), record.objectsCount)
    return range(min(written, shared)), range(shared, record.objectsCount)


def _own_per_set(record: Record, sets: int) -> List[int]:
    counts = [0] * sets
    for objects in own_objects(record):
        rounds, rest = divmod(len(objects), sets)
        for index in range(sets):
            # The objects of a range go round the sets, beginning at the set of the first.
            counts[index] += rounds + ((index - objects.start) % sets < rest)
    return counts


def stored_per_set(record: Record, sets: int) -> List[int]:
    """Return how many bytes of a record lie on each disk of each set, as if it had been written from its beginning."""
    full, rest = divmod(record.stored, OBJECT_SIZE)
    return [
        (full // sets + (index < full % sets)) * OBJECT_SIZE + (rest if index == full % sets else 0)
        for index in range(sets)
    ]


def stored_in_object(record: Record, index: int) -> int:
    """Return how many bytes of an object were written."""
    return max(0, min(OBJECT_SIZE, record.stored - index * OBJECT_SIZE))


#: Objects and bytes, by number of the disk.
Part = Dict[int, Tuple[int, int]]


def part_of(record: Record, sets: Optional[DiskSets] = None) -> Part:
    """Return the objects and bytes that a record has on each disk, or would have with other disk sets."""
    part: Part = {}
    if record.parent is not None and not record.stored and record.size <= record.parent.size:
        return part  # most clones, and most volumes with snapshots: they have no objects of their own
    sets = record.diskSets if sets is None else sets
    for members, objects, stored in zip(sets, _own_per_set(record, len(sets)), stored_per_set(record, len(sets))):
        for number in members:
            before = part.get(number, (0, 0))
            part[number] = (before[0] + objects, before[1] + stored)
    return part


class Ledger:
    """What lies on each disk, counted record by record, so that nobody has to go through all of them."""

    def __init__(self) -> None:
        self._parts: Dict[int, Part] = {}
        self._use: Dict[int, DiskUse] = {}

    def put(self, number: int, part: Part) -> None:
        """Count a record as it is now; with an empty part, no longer."""
        for disk, (objects, stored) in self._parts.pop(number, {}).items():
            self._use[disk].objects -= objects
            self._use[disk].stored -= stored
        for disk, (objects, stored) in part.items():
            use = self._use.setdefault(disk, DiskUse())
            use.objects += objects
            use.stored += stored
        if part:
            self._parts[number] = part

    def use(self, number: int) -> DiskUse:
        """Return what lies on a disk."""
        return self._use.get(number) or DiskUse()


def use_if(records: Iterable[Record], disks: Iterable[int], planned: Mapping[int, DiskSets]) -> Dict[int, DiskUse]:
    """Return what would lie on each disk, of some records, if those with planned disk sets had these."""
    use = {number: DiskUse() for number in disks}
    for record in records:
        for number, (objects, stored) in part_of(record, planned.get(record.id)).items():
            if number in use:
                use[number].objects += objects
                use[number].stored += stored
    return use
