"""Which disks hold what: disk sets, and the space they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .errors import InsufficientResources
from .model import OBJECT_SIZE, Disk, DiskSets, Group, Policy, Record

#: How many disk sets the objects of one volume are spread over, at most (ours).
MAX_SETS = 12


def places_of(policy: Policy) -> List[str]:
    """The placement group of each copy: the first goes to placeHead, the last to placeTail, the others to placeAll."""
    places = [policy.placeHead] + [policy.placeAll] * (policy.replication - 2) + [policy.placeTail]
    return places[-policy.replication :]  # a single copy goes to placeTail


def choose_sets(
    policy: Policy, groups: Mapping[str, Group], disks: Mapping[int, Disk], domain: Mapping[int, str], targets: int = 0
) -> List[Tuple[int, ...]]:
    """The disk sets for a policy: each has as many disks as there are copies, no two in one fault domain.

    :param disks: those that may be used.
    :param domain: the fault domain of each server.
    :param targets: how many sets there are to be, some of them equal if need be; 0 for as many as differ.
    """
    places = places_of(policy)
    pools = [sorted(number for number in groups[name].disks if number in disks) for name in places]
    found: List[Tuple[int, ...]] = []
    for start in range(MAX_SETS):
        one = _choose(pools, disks, domain, bool(policy.reuseServer), start)
        if one is None:
            break
        if one not in found:
            found.append(one)
    if not found:
        have = len({domain[disks[number].serverId] for pool in pools for number in pool})
        raise InsufficientResources(
            f"Not enough servers or fault sets for replication {policy.replication}:"
            f" placement groups {', '.join(sorted(set(places)))} have disks with room in {have}"
        )
    return [found[index % len(found)] for index in range(targets)] if targets else found


def _choose(
    pools: Sequence[Sequence[int]], disks: Mapping[int, Disk], domain: Mapping[int, str], reuse: bool, start: int
) -> Optional[Tuple[int, ...]]:
    """One disk of each pool, beginning the search at another place for each `start`; None when there is no such set."""
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
    """How many objects of a record belong to each of its disk sets: object i belongs to set i modulo their number."""
    count, sets = record.objectsCount, len(record.diskSets)
    return [count // sets + (index < count % sets) for index in range(sets)]


def own_objects(record: Record) -> Tuple[range, range]:
    """The objects that take places of their own: those written to, and those that no parent has (ours)."""
    shared = record.parent.objectsCount if record.parent is not None else 0
    written = min(-(-record.stored // OBJECT_SIZE), record.objectsCount)
    return range(min(written, shared)), range(shared, record.objectsCount)


def _own_per_set(record: Record, sets: int) -> List[int]:
    counts = [0] * sets
    for one in own_objects(record):
        whole, rest = divmod(len(one), sets)
        for index in range(sets):
            # The objects of a range go round the sets, beginning at the set of its first one.
            counts[index] += whole + ((index - one.start) % sets < rest)
    return counts


def stored_per_set(record: Record, sets: int) -> List[int]:
    """How many bytes of a record lie on each disk of each set, as though it had been written from its beginning."""
    full, rest = divmod(record.stored, OBJECT_SIZE)
    return [
        (full // sets + (index < full % sets)) * OBJECT_SIZE + (rest if index == full % sets else 0)
        for index in range(sets)
    ]


def stored_in_object(record: Record, index: int) -> int:
    """How many bytes of one object were written."""
    return max(0, min(OBJECT_SIZE, record.stored - index * OBJECT_SIZE))


Part = Dict[int, Tuple[int, int]]


def part_of(record: Record, sets: Optional[DiskSets] = None) -> Part:
    """The objects and bytes that a record has on each disk; or would have, with other disk sets."""
    found: Part = {}
    if record.parent is not None and not record.stored and record.size <= record.parent.size:
        return found  # Most clones and volumes with snapshots: nothing there is their own.
    sets = record.diskSets if sets is None else sets
    for members, objects, stored in zip(sets, _own_per_set(record, len(sets)), stored_per_set(record, len(sets))):
        for number in members:
            before = found.get(number, (0, 0))
            found[number] = (before[0] + objects, before[1] + stored)
    return found


class Ledger:
    """What lies on each disk, kept up record by record, so that nobody has to go through all of them."""

    def __init__(self) -> None:
        self._parts: Dict[int, Part] = {}
        self._use: Dict[int, DiskUse] = {}

    def put(self, number: int, part: Part) -> None:
        """Count a record as it is now, or with an empty part no more."""
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
        """What lies on a disk."""
        return self._use.get(number) or DiskUse()


def use_if(records: Iterable[Record], disks: Iterable[int], planned: Mapping[int, DiskSets]) -> Dict[int, DiskUse]:
    """What would lie on each disk, of some records, if those that are planned for had other disk sets."""
    use = {number: DiskUse() for number in disks}
    for record in records:
        for number, (objects, stored) in part_of(record, planned.get(record.id)).items():
            if number in use:
                use[number].objects += objects
                use[number].stored += stored
    return use
