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
    """Look through a cluster, whose lock is held.

    :raises BrokenInvariant: the first thing that does not hold.
    """
    _names(cluster)
    _parents(cluster)
    _places(cluster)
    _space(cluster)
    _attachments(cluster)
    _references(cluster)


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise BrokenInvariant(what)


def _names(cluster: State) -> None:
    names = Counter(one.name for one in cluster.records.values())
    _need(not names or max(names.values()) == 1, f"names that are given twice: {names.most_common(3)}")
    ids = Counter(one for record in cluster.records.values() for one in record.ids)
    _need(not ids or max(ids.values()) == 1, f"global ids that are given twice: {ids.most_common(3)}")
    for number, record in cluster.records.items():
        _need(record.id == number, f"'{record.name}' has the number {record.id}, and is kept under {number}")
        _need(record.globalId in record.ids, f"'{record.name}' does not answer to its global id")
        _need(cluster.find(record.name) is record, f"'{record.name}' is not found by its name")
        for one in record.ids:
            _need(cluster.find("~" + one) is record, f"'{record.name}' is not found by its id {one}")


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
    ends: Set[int] = set()
    for record in cluster.records.values():
        way: Dict[int, Record] = {}
        at: Optional[Record] = record
        while at is not None and at.id not in ends:
            _need(at.id not in way, f"'{at.name}' is its own ancestor")
            way[at.id] = at
            at = at.parent
        ends.update(way)


def _places(cluster: State) -> None:
    for record in cluster.records.values():
        _need(bool(record.diskSets), f"'{record.name}' has no disk sets")
        _need(0 <= record.stored <= record.size, f"'{record.name}' of {record.size} bytes holds {record.stored}")
        for one in record.diskSets:
            _need(len(set(one)) == len(one), f"'{record.name}' has two copies on one disk: {one}")
            _need(len(one) <= record.policy.replication, f"'{record.name}' has more copies than it should: {one}")
        for group in record.policy[:3]:
            _need(group in cluster.groups, f"'{record.name}' is placed on '{group}', which is not there")
        _need(record.vag is not None, f"'{record.name}' has no allocation group")
    for name, each in cluster.groups.items():
        _need(each.name == name, f"placement group '{each.name}' is kept under '{name}'")
        _need(each.disks <= set(cluster.disks), f"placement group '{name}' has disks that are not there")


def _space(cluster: State) -> None:
    wanted: Dict[int, Tuple[int, int]] = {
        number: (disk.foreignObjects, disk.foreignBytes) for number, disk in cluster.disks.items()
    }
    for record in cluster.records.values():
        for number, (objects, stored) in part_of(record).items():
            if number in wanted:
                wanted[number] = (wanted[number][0] + objects, wanted[number][1] + stored)
    for number, use in cluster.use().items():
        disk = cluster.disks[number]
        _need((use.objects, use.stored) == wanted[number], f"disk {number} counts {use}, and holds {wanted[number]}")
        _need(use.stored <= disk.capacity, f"disk {number} holds {use.stored} bytes of {disk.capacity}")
        _need(use.objects >= 0, f"disk {number} holds {use.objects} objects")


def _attachments(cluster: State) -> None:
    writers: Dict[int, int] = {}
    slots: Dict[Tuple[int, int], str] = {}
    everywhere = {record.id: record for one in (cluster, *cluster.peers) for record in one.records.values()}
    for (number, client), place in cluster.attachments.items():
        name = place.record.name
        _need((place.record.id, place.client) == (number, client), f"the attachment of '{name}' is kept elsewhere")
        _need(everywhere.get(number) is place.record, f"'{name}' is attached and not there")
        _need(client in cluster.clients, f"'{name}' is attached to client {client}, which is not there")
        _need(0 <= place.pos < CLIENT_SLOTS, f"'{name}' is attached in slot {place.pos}")
        _need((client, place.pos) not in slots, f"'{name}' and another share slot {place.pos} of client {client}")
        slots[client, place.pos] = name
        _need(place.rights == "ro" or not place.record.snapshot, f"the snapshot '{name}' is attached read-write")
        if place.rights == "rw":
            _need(number not in writers, f"'{name}' is rw at clients {writers.get(number)} and {client}")
            writers[number] = client
        for peer in cluster.peers:
            rw = place.rights == "rw" and any(one.rights == "rw" for one in peer.attached(place.record))
            _need(not rw, f"'{name}' is attached read-write in two clusters")
    _need(cluster.opened <= set(cluster.attachments), "a volume is open where it is not attached")


def _references(cluster: State) -> None:
    for name, template in cluster.templates.items():
        _need(template.name == name, f"template '{template.name}' is kept under '{name}'")
        parent = template.parent
        _need(parent is None or cluster.records.get(parent.id) is parent, f"the parent of template '{name}' is gone")
    templates = list(cluster.templates.values())
    for record in cluster.records.values():
        there = record.template is None or any(record.template is one for one in templates)
        _need(there, f"the template of '{record.name}' is not there")
    volumes = [one.volume for one in cluster.iscsi.targets.values()]
    for number in volumes + [one.volume for one in cluster.iscsi.exports()]:
        _need(number in cluster.records, f"volume {number} has an iSCSI target or export, and is not there")
    for number, _ in cluster.remote.exports | cluster.remote.volumeExports:
        _need(number in cluster.records, f"{number} is exported, and is not there")
