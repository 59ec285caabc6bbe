"""Which volumes are attached where."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple, Union

from storpool.sptypes import AttachmentDesc, SnapshotReassignDesc, VolumeReassignDesc, VolumesReassignWaitDesc

from ..cluster import Cluster
from ..errors import Busy, InvalidParam
from ..handlers import handles
from ..model import CLIENT_SLOTS, Attachment, Record, Rights
from .replies import ApiOk, ok

Reassign = Union[VolumeReassignDesc, SnapshotReassignDesc]
Places = Dict[Tuple[int, int], Attachment]


@handles
def attachmentsList(cluster: Cluster) -> List[AttachmentDesc]:
    """Every attachment."""
    return [
        AttachmentDesc(
            volume=one.record.name,
            snapshot=one.record.snapshot,
            client=one.client,
            rights=one.rights,
            pos=one.pos,
            globalId=one.record.globalId,
        )
        for one in sorted(cluster.attachments.values(), key=lambda one: (one.client, one.pos))
    ]


@handles(lacks="volumes of other clusters are not moved here")
def volumesReassign(cluster: Cluster, json: List[Reassign]) -> ApiOk:
    """Attach and detach: all that the request says, or nothing."""
    places = dict(cluster.attachments)
    for item in json:
        _apply(cluster, places, item)
    cluster.attachments = places
    # What a program held open where it is no longer attached, it has lost.
    cluster.opened &= set(places)
    return ok(cluster)


def _wrap_list(body: Any) -> Any:
    return {"reassign": body} if isinstance(body, list) else body


@handles(prepare=_wrap_list, lacks="volumes of other clusters are not moved here; clients attach at once")
def volumesReassignWait(cluster: Cluster, json: VolumesReassignWaitDesc) -> ApiOk:
    """The same; clients attach at once, so there is nothing to wait for."""
    return volumesReassign(cluster, json.reassign)


def _apply(cluster: Cluster, places: Places, item: Reassign) -> None:
    """Apply one item to `places`: first what is to go, then what is to come."""
    if isinstance(item, VolumeReassignDesc):
        record = cluster.volume(item.volume)
        rw = item.rw or []
    else:
        record = cluster.snapshot(item.snapshot)
        rw = []
        if record.transient or record.deleted:
            raise InvalidParam(f"Snapshot '{record.name}' cannot be attached.")
    ro = item.ro or []
    for client in [*rw, *ro]:
        cluster.check_client(client)
        if client in rw and client in ro:
            raise InvalidParam(f"'{record.name}' cannot be attached both rw and ro to client {client}.")
    _detach(cluster, places, record, item, keep={*rw, *ro})
    for client in rw:
        _attach(places, record, client, "rw")
    for client in ro:
        _attach(places, record, client, "ro")


def _detach(cluster: Cluster, places: Places, record: Record, item: Reassign, keep: Set[int]) -> None:
    if item.detach == "all":
        # Where it is wanted, too, it stays: `detach` "all" with `rw` moves a volume, or leaves it where it is.
        gone = [client for number, client in places if number == record.id and client not in keep]
    else:
        gone = list(item.detach or [])
    for client in gone:
        cluster.check_client(client)
        if (record.id, client) in places and not item.force and cluster.is_open(record, client):
            raise Busy(f"'{record.name}' is open at client {client}")
        places.pop((record.id, client), None)


def _attach(places: Places, record: Record, client: int, rights: Rights) -> None:
    if rights == "rw":
        for one in places.values():
            if one.record is record and one.client != client and one.rights == "rw":
                raise Busy(f"Volume '{record.name}' is attached read-write to client {one.client}.")
    taken = {one.pos for one in places.values() if one.client == client}
    present = places.get((record.id, client))
    if present is None and len(taken) >= CLIENT_SLOTS:
        raise InvalidParam(f"Client {client} has {CLIENT_SLOTS} attachments, and can take no more.")
    pos = present.pos if present else next(slot for slot in range(CLIENT_SLOTS) if slot not in taken)
    places[record.id, client] = Attachment(record, client, rights, pos)
