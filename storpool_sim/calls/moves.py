"""Moves of volumes and snapshots to another cluster, and exports of volumes.

Ours: what moves keeps its global id, and takes the data of its ancestors with it, but not the ancestors. It keeps its
placement if the other cluster has groups of the same names. `onAttached` "export" moves it and leaves it attached where
it was, as an export of the cluster that it has moved to.
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
    """Fetch a volume from another cluster of the multicluster; do nothing if it is here."""
    for member in multicluster(cluster):
        record = member.find(volumeName)
        if record is not None and not record.snapshot:
            if member is not cluster:
                _move(member, cluster, record, json.onRemoteAttached)
                member.changed()
            return ok(cluster)
    raise ObjectDoesNotExist(f"Volume '{volumeName}' does not exist.")


def _other(
    cluster: Cluster, json: Union[VolumeMoveToRemoteDesc, SnapshotMoveToRemoteDesc, VolumeExportDesc]
) -> Cluster:
    if (json.cluster is None) == (json.clusterId is None):
        raise InvalidParam("Give the name or the id of the other cluster, and only one of them.")
    other = reach(cluster, json.cluster if json.cluster is not None else f"~{json.clusterId}")
    if other is cluster:
        raise InvalidParam(f"Cluster '{cluster.name}' is this one.")
    return other


def check_detachable(cluster: Cluster, record: Record, mode: str, attachments: Iterable[Attachment]) -> None:
    """Refuse to end attachments, unless `mode`, which is what a request says about them, allows it."""
    for attachment in attachments:
        if mode == "fail":
            kind = "Snapshot" if record.snapshot else "Volume"
            raise Busy(f"{kind} '{record.name}' is attached to client {attachment.client}.")
        if mode == "detach" and cluster.is_open(record, attachment.client):
            raise Busy(f"'{record.name}' is open at client {attachment.client}")


class Arrival(NamedTuple):
    """What a volume or snapshot will be like in the cluster that it moves to."""

    policy: Policy
    diskSets: DiskSets
    template: Optional[Template]
    stored: int


def plan_move(target: Cluster, record: Record, others: Iterable[Record] = ()) -> Arrival:
    """Check that a volume or snapshot can move to a cluster along with `others`; return what it will be like there."""
    if record.deleted or record.transient:
        raise InvalidParam(f"Snapshot '{record.name}' cannot be moved.")
    if record.baseName:
        target.records.check_name(record.baseName)
    for other in others:
        if record.baseName and other.baseName == record.baseName:
            raise ObjectExists(f"Two volumes called '{record.baseName}' cannot move to the same cluster.")
    for globalId in record.ids:
        present = target.find(f"~{globalId}")
        if present is not None:
            raise ObjectExists(f"'{record.name}' is there already, as '{present.name}'.")
    if record.id in target.records:
        raise ObjectExists(f"The number {record.id} of '{record.name}' is taken there.")
    policy = _policy_there(target, record)
    stored = min(record.size, record.stored + sum(ancestor.stored for ancestor in record.ancestors()))
    template = target.templates.get(record.template.name) if record.template is not None else None
    arrival = Arrival(policy, target.space.choose_sets(policy), template, stored)
    coming = [
        replace(other, parent=None, diskSets=target.space.choose_sets(_policy_there(target, other))) for other in others
    ]
    target.space.check_room([*coming, replace(record, parent=None, stored=stored, diskSets=arrival.diskSets)])
    return arrival


def _policy_there(target: Cluster, record: Record) -> Policy:
    if set(record.policy[:3]) <= set(target.groups):
        return record.policy
    return new_policy(target, VolumeCreateDesc(replication=record.policy.replication), None, None)


def move(source: Cluster, target: Cluster, record: Record, arrival: Arrival) -> None:
    """Move a volume or snapshot as planned; its attachments stay as they are."""
    lost = record.dataLost or any(ancestor.dataLost for ancestor in record.ancestors())
    source.release(record)
    record.policy, record.diskSets, record.template, record.stored = arrival
    record.vag, record.dataLost = None, lost
    target.add(record)
    target.data.fetch(source.data, record, record)
    source.data.remove(record)


def _move(source: Cluster, target: Cluster, record: Record, onAttached: Optional[str]) -> None:
    mode, attachments = onAttached or "fail", source.attached(record)
    if mode != "export":
        check_detachable(source, record, mode, attachments)
    move(source, target, record, plan_move(target, record))
    for attachment in attachments:
        if mode == "export":
            target.remote.volumeExports.add((record.id, source.clusterId))
        else:
            source.detach(attachment)
    target.changed()


# Exports of volumes


@handles
def volumeExport(cluster: Cluster, volumeName: str, json: VolumeExportDesc) -> OkJson:
    """Export a volume to another cluster."""
    record = cluster.volume(volumeName)
    key = (record.id, _other(cluster, json).clusterId)
    if key in cluster.remote.volumeExports:
        raise ObjectExists(f"Volume '{record.name}' is exported to that cluster already.")
    cluster.remote.volumeExports.add(key)
    return ok(cluster)


@handles
def volumeExportsList(cluster: Cluster) -> Dict[str, List[Export]]:
    """List the volumes that are exported to others."""
    exports = []
    for number, other in sorted(cluster.remote.volumeExports):
        record = cluster.records[number]
        exports.append(
            Export(
                snapshot=record.name,
                location=cluster.remote.location_name(other.partition(".")[0]),
                globalId=record.globalId,
                volumeId=record.id,
                visibleVolumeId=record.id,
            )
        )
    return {"exports": exports}


@handles
def volumesRemoteList(cluster: Cluster) -> Dict[str, List[RemoteSnapshot]]:
    """List the volumes that others export to this cluster."""
    volumes = []
    for peer in cluster.peers:
        for number, other in sorted(peer.remote.volumeExports):
            record = peer.records[number]
            if other == cluster.clusterId:
                volumes.append(
                    RemoteSnapshot(
                        name=record.name,
                        location=cluster.remote.location_name(peer.locationId),
                        creationTimestamp=int(record.created),
                        size=record.size,
                        remoteId=record.globalId,
                        tags=dict(record.tags),
                    )
                )
    return {"volumes": volumes}
