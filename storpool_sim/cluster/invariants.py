"""What must hold in a cluster at any moment. For tests."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Optional, Set, Tuple

from .model import CLIENT_SLOTS, Record
from .placement import part_of
from .state import State


class BrokenInvariant(AssertionError):
    """Something in a cluster that cannot be."""


def check(cluster: State) -> None:
    """Check that all that must hold in a cluster does.

    :raises BrokenInvariant: something does not hold, and what.
    """
    with cluster.lock:
        _names(cluster)
        _parents(cluster)
        _places(cluster)
        _space(cluster)
        _attachments(cluster)
        _references(cluster)


def _need(holds: bool, problem: str) -> None:
    if not holds:
        raise BrokenInvariant(problem)


def _names(cluster: State) -> None:
    names = Counter(record.name for record in cluster.records.values())
    _need(not names or max(names.values()) == 1, f"names that are given twice: {names.most_common(3)}")
    ids = Counter(globalId for record in cluster.records.values() for globalId in record.ids)
    _need(not ids or max(ids.values()) == 1, f"global ids that are given twice: {ids.most_common(3)}")
    for number, record in cluster.records.items():
        _need(record.id == number, f"'{record.name}' has the number {record.id}, and is kept under {number}")
        _need(record.globalId in record.ids, f"'{record.name}' does not answer to its global id")
        _need(cluster.find(record.name) is record, f"'{record.name}' is not found by its name")
        for globalId in record.ids:
            _need(cluster.find("~" + globalId) is record, f"'{record.name}' is not found by its id {globalId}")


def _parents(cluster: State) -> None:
    for record in cluster.records.values():
        name, parent = record.name, record.parent
        if parent is not None:
            _need(cluster.records.get(parent.id) is parent, f"the parent of '{name}', '{parent.name}', is not there")
            _need(parent.snapshot, f"the parent of '{name}', '{parent.name}', is no snapshot")
            _need(parent.children.get(record.id) is record, f"'{name}' is no child of its parent '{parent.name}'")
        for child in record.children.values():
            _need(child.parent is record, f"'{child.name}' is a child of '{name}', which is not its parent")
            _need(cluster.records.get(child.id) is child, f"'{child.name}', a child of '{name}', is not there")
        _need(not record.children or record.snapshot, f"the volume '{name}' has children")
    checked: Set[int] = set()
    for record in cluster.records.values():
        path: Dict[int, Record] = {}
        ancestor: Optional[Record] = record
        while ancestor is not None and ancestor.id not in checked:
            _need(ancestor.id not in path, f"'{ancestor.name}' is its own ancestor")
            path[ancestor.id] = ancestor
            ancestor = ancestor.parent
        checked.update(path)


def _places(cluster: State) -> None:
    for record in cluster.records.values():
        _need(bool(record.diskSets), f"'{record.name}' has no disk sets")
        _need(0 <= record.stored <= record.size, f"'{record.name}' of {record.size} bytes holds {record.stored}")
        for disks in record.diskSets:
            _need(len(set(disks)) == len(disks), f"'{record.name}' has two copies on one disk: {disks}")
            _need(len(disks) <= record.policy.replication, f"'{record.name}' has more copies than it should: {disks}")
        for name in record.policy[:3]:
            _need(name in cluster.groups, f"'{record.name}' is placed on '{name}', which is not there")
        _need(record.vag is not None, f"'{record.name}' has no allocation group")
    for name, group in cluster.groups.items():
        _need(group.name == name, f"placement group '{group.name}' is kept under '{name}'")
        _need(group.disks <= set(cluster.disks), f"placement group '{name}' has disks that are not there")


def _space(cluster: State) -> None:
    expected: Dict[int, Tuple[int, int]] = {
        number: (disk.foreignObjects, disk.foreignBytes) for number, disk in cluster.disks.items()
    }
    for record in cluster.records.values():
        for number, (objects, stored) in part_of(record).items():
            if number in expected:
                expected[number] = (expected[number][0] + objects, expected[number][1] + stored)
    for number, use in cluster.space.use().items():
        counted, capacity = (use.objects, use.stored), cluster.disks[number].capacity
        _need(counted == expected[number], f"disk {number} counts {use}, and holds {expected[number]}")
        _need(use.stored <= capacity, f"disk {number} holds {use.stored} bytes of {capacity}")
        _need(use.objects >= 0, f"disk {number} holds {use.objects} objects")


def _attachments(cluster: State) -> None:
    writers: Dict[int, int] = {}
    slots: Set[Tuple[int, int]] = set()
    everywhere = {record.id: record for member in cluster.everywhere() for record in member.records.values()}
    for (number, client), attachment in cluster.attachments.items():
        record, pos = attachment.record, attachment.pos
        kept = (record.id, attachment.client) == (number, client)
        _need(kept, f"the attachment of '{record.name}' is kept under another number or client")
        _need(everywhere.get(number) is record, f"'{record.name}' is attached and not there")
        _need(client in cluster.clients, f"'{record.name}' is attached to client {client}, which is not there")
        _need(0 <= pos < CLIENT_SLOTS, f"'{record.name}' is attached in slot {pos}")
        _need((client, pos) not in slots, f"'{record.name}' and another share slot {pos} of client {client}")
        slots.add((client, pos))
        writes = attachment.rights == "rw"
        _need(not (writes and record.snapshot), f"the snapshot '{record.name}' is attached read-write")
        if writes and not cluster.sharedWrites:
            _need(number not in writers, f"'{record.name}' is rw at clients {writers.get(number)} and {client}")
            writers[number] = client
        for peer in cluster.peers:
            shared = writes and any(other.rights == "rw" for other in peer.attached(record))
            _need(not shared, f"'{record.name}' is attached read-write in two clusters")
    _need(cluster.opened <= set(cluster.attachments), "a volume is open where it is not attached")


def _references(cluster: State) -> None:
    for name, template in cluster.templates.items():
        _need(template.name == name, f"template '{template.name}' is kept under '{name}'")
        parent = template.parent
        _need(parent is None or cluster.records.get(parent.id) is parent, f"the parent of template '{name}' is gone")
    for record in cluster.records.values():
        known = record.template is None or cluster.templates.get(record.template.name) is record.template
        _need(known, f"the template of '{record.name}' is not there")
    exports = cluster.iscsi.exports()
    for number in [target.volume for target in cluster.iscsi.targets.values()] + [export.volume for export in exports]:
        _need(number in cluster.records, f"volume {number} has an iSCSI target or export, and is not there")
    for number, _ in cluster.remote.exports | cluster.remote.volumeExports:
        _need(number in cluster.records, f"{number} is exported, and is not there")
