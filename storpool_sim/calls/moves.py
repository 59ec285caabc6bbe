"""Volumes and snapshots that go to another cluster, and volumes that are offered to one.

Ours: what moves comes without its ancestors, their data in it, and keeps its global id; it keeps its placement where
the other cluster has groups of the same names. `onAttached` "export" moves it and leaves it attached where it was, as
an export of the cluster that it has moved to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, List, NamedTuple, Optional, Union

from storpool.sptypes import (
    Export,
    RemoteSnapshot,
    SnapshotMoveToRemoteDesc,
    VolumeAcquireDesc,
    VolumeCreateDesc,
    VolumeExportDesc,
    VolumeMoveToRemoteDesc,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..cluster.federation import multicluster, reach
from ..cluster.model import Attachment, DiskSets, Policy, Record, Template
from .policies import new_policy
from .registry import handles
from .results import OkJson, ok


@handles
def volumeMoveToRemote(cluster: Cluster, volumeName: str, json: VolumeMoveToRemoteDesc) -> OkJson:
    """Send a volume to another cluster."""
    _move(cluster, _other(cluster, json), cluster.volume(volumeName), json.onAttached)
    return ok(cluster)


@handles
def snapshotMoveToRemote(cluster: Cluster, snapshotName: str, json: SnapshotMoveToRemoteDesc) -> OkJson:
    """Send a snapshot on which nothing depends to another cluster."""
    record = cluster.snapshot(snapshotName)
    if record.children:
        raise Busy(f"Snapshot '{record.name}' has children.")
    _move(cluster, _other(cluster, json), record, json.onAttached)
    return ok(cluster)


@handles(spans=True)
def volumeAcquire(cluster: Cluster, volumeName: str, json: VolumeAcquireDesc, multiCluster: bool = False) -> OkJson:
    """Fetch a volume from another cluster of the multicluster; nothing happens when it is here."""
    for one in multicluster(cluster):
        record = one.find(volumeName)
        if record is not None and not record.snapshot:
            if one is not cluster:
                _move(one, cluster, record, json.onRemoteAttached)
                one.changed()
            return ok(cluster)
    raise ObjectDoesNotExist(f"Volume '{volumeName}' does not exist.")


def _other(
    cluster: Cluster, json: Union[VolumeMoveToRemoteDesc, SnapshotMoveToRemoteDesc, VolumeExportDesc]
) -> Cluster:
    if (json.cluster is None) == (json.clusterId is None):
        raise InvalidParam("Give the name or the id of the other cluster, and only one of them.")
    found = reach(cluster, json.cluster if json.cluster is not None else f"~{json.clusterId}")
    if found is cluster:
        raise InvalidParam(f"Cluster '{cluster.name}' is this one.")
    return found


def check_detachable(cluster: Cluster, record: Record, mode: str, places: Iterable[Attachment]) -> None:
    """Refuse, or not, that attachments end: `mode` is what a request says about them."""
    for place in places:
        if mode == "fail":
            kind = "Snapshot" if record.snapshot else "Volume"
            raise Busy(f"{kind} '{record.name}' is attached to client {place.client}.")
        if mode == "detach" and cluster.is_open(record, place.client):
            raise Busy(f"'{record.name}' is open at client {place.client}")


class Arrival(NamedTuple):
    """How a volume or snapshot is going to be in the cluster that it moves to."""

    policy: Policy
    diskSets: DiskSets
    template: Optional[Template]
    stored: int


def plan_move(target: Cluster, record: Record, others: Iterable[Record] = ()) -> Arrival:
    """Look whether a volume or snapshot can move; `others` are going to, too."""
    if record.deleted or record.transient:
        raise InvalidParam(f"Snapshot '{record.name}' cannot be moved.")
    if record.baseName:
        target.records.check_name(record.baseName)
    for one in others:
        if record.baseName and one.baseName == record.baseName:
            raise ObjectExists(f"Two volumes called '{record.baseName}' cannot come.")
    if record.id in target.records:
        raise ObjectExists(f"The number {record.id} of '{record.name}' is taken there.")
    policy = _policy_there(target, record)
    stored = min(record.size, record.stored + sum(one.stored for one in record.ancestors()))
    template = target.templates.get(record.template.name) if record.template is not None else None
    arrival = Arrival(policy, target.space.choose_sets(policy), template, stored)
    coming = [
        replace(one, parent=None, diskSets=target.space.choose_sets(_policy_there(target, one))) for one in others
    ]
    target.space.check_room([*coming, replace(record, parent=None, stored=stored, diskSets=arrival.diskSets)])
    return arrival


def _policy_there(target: Cluster, record: Record) -> Policy:
    if set(record.policy[:3]) <= set(target.groups):
        return record.policy
    return new_policy(target, VolumeCreateDesc(replication=record.policy.replication), None, None)


def move(source: Cluster, target: Cluster, record: Record, arrival: Arrival) -> None:
    """Move a volume or snapshot, as planned; its attachments stay as they are."""
    lost = record.dataLost or any(one.dataLost for one in record.ancestors())
    source.release(record)
    record.policy, record.diskSets, record.template, record.stored = arrival
    record.vag, record.dataLost = None, lost
    target.add(record)
    target.data.fetch(source.data, record, record)
    source.data.remove(record)


def _move(source: Cluster, target: Cluster, record: Record, onAttached: Optional[str]) -> None:
    mode, places = onAttached or "fail", source.attached(record)
    if mode != "export":
        check_detachable(source, record, mode, places)
    move(source, target, record, plan_move(target, record))
    for place in places:
        if mode == "export":
            target.remote.volumeExports.add((record.id, source.clusterId))
        else:
            source.detach(place)
    target.changed()


# Exports of volumes


@handles
def volumeExport(cluster: Cluster, volumeName: str, json: VolumeExportDesc) -> OkJson:
    """Offer a volume to another cluster."""
    record = cluster.volume(volumeName)
    key = (record.id, _other(cluster, json).clusterId)
    if key in cluster.remote.volumeExports:
        raise ObjectExists(f"Volume '{record.name}' is exported to that cluster already.")
    cluster.remote.volumeExports.add(key)
    return ok(cluster)


@handles
def volumeExportsList(cluster: Cluster) -> Dict[str, List[Export]]:
    """The volumes that are offered to others."""
    found = []
    for number, other in sorted(cluster.remote.volumeExports):
        record = cluster.records[number]
        found.append(
            Export(
                snapshot=record.name,
                location=cluster.remote.location_name(other.partition(".")[0]),
                globalId=record.globalId,
                volumeId=record.id,
                visibleVolumeId=record.id,
            )
        )
    return {"exports": found}


@handles
def volumesRemoteList(cluster: Cluster) -> Dict[str, List[RemoteSnapshot]]:
    """The volumes that others offer to this cluster."""
    found = []
    for peer in cluster.peers:
        for number, other in sorted(peer.remote.volumeExports):
            record = peer.records[number]
            if other == cluster.clusterId:
                found.append(
                    RemoteSnapshot(
                        name=record.name,
                        location=cluster.remote.location_name(peer.locationId),
                        creationTimestamp=int(record.created),
                        size=record.size,
                        remoteId=record.globalId,
                        tags=dict(record.tags),
                    )
                )
    return {"volumes": found}
