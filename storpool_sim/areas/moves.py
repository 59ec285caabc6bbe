"""Volumes and snapshots that go to another cluster, and volumes that are offered to one.

Ours: what moves comes without its ancestors, their data in it, and keeps its global id; it keeps its placement where
the other cluster has groups of the same names. `onAttached` "export" is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Union

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
from ..errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..federation import multicluster, reach
from ..handlers import handles
from ..model import Record
from .policies import new_policy
from .replies import ApiOk, ok

_LACKS = "`onAttached` export is refused"


@handles(lacks=_LACKS)
def volumeMoveToRemote(cluster: Cluster, volumeName: str, json: VolumeMoveToRemoteDesc) -> ApiOk:
    """Send a volume to another cluster."""
    _move(cluster, _other(cluster, json), cluster.volume(volumeName), json.onAttached)
    return ok(cluster)


@handles(lacks=_LACKS)
def snapshotMoveToRemote(cluster: Cluster, snapshotName: str, json: SnapshotMoveToRemoteDesc) -> ApiOk:
    """Send a snapshot on which nothing depends to another cluster."""
    record = cluster.snapshot(snapshotName)
    if record.children:
        raise Busy(f"Snapshot '{record.name}' has children.")
    _move(cluster, _other(cluster, json), record, json.onAttached)
    return ok(cluster)


@handles(lacks=_LACKS)
def volumeAcquire(cluster: Cluster, volumeName: str, json: VolumeAcquireDesc) -> ApiOk:
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


def _move(source: Cluster, target: Cluster, record: Record, onAttached: Optional[str]) -> None:
    for place in source.attached(record):
        if onAttached not in ("detach", "detachForce"):
            raise Busy(f"'{record.name}' is attached to client {place.client}.")
        if onAttached == "detach" and source.is_open(record, place.client):
            raise Busy(f"'{record.name}' is open at client {place.client}")
    if record.deleted or record.transient:
        raise InvalidParam(f"Snapshot '{record.name}' cannot be moved.")
    if record.baseName:
        target.check_name(record.baseName)
    if set(record.policy[:3]) <= set(target.groups):
        policy = record.policy
    else:
        policy = new_policy(target, VolumeCreateDesc(replication=record.policy.replication), None, None)
    stored = min(record.size, record.stored + sum(one.stored for one in record.ancestors()))
    arrived = replace(
        record,
        id=target.next_number(),
        policy=policy,
        diskSets=target.choose_sets(policy),
        ids=set(record.ids),
        template=target.templates.get(record.template.name) if record.template is not None else None,
        parent=None,
        children={},
        stored=stored,
        tags=dict(record.tags),
    )
    target.check_room([arrived])
    target.add(arrived)
    target.data.fetch(source.data, record, arrived)
    target.changed()
    source.remove(record)


# Exports of volumes


@handles(lacks="the other cluster cannot attach it")
def volumeExport(cluster: Cluster, volumeName: str, json: VolumeExportDesc) -> ApiOk:
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
