"""Snapshots between clusters: exports, backups, copies.

Global ids are the same everywhere: a copy has the id of what it is a copy of.

Ours: data arrives `RECOVER_TIME` after the request; a backup goes to the first placement group of the other
cluster and is exported to where it came from. A location may ask for the deletion of whatever is exported to it, not
sooner than the `minimumDeleteDelay` of the bridges that lead to it.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple, Union

from storpool.spapi import ApiOkVolumeBackup, ApiOkVolumesGroupBackup
from storpool.sptypes import (
    Export,
    RemoteSnapshot,
    SnapshotExportDesc,
    SnapshotFromRemoteDesc,
    SnapshotsRemoteUnexport,
    SnapshotUnexportDesc,
    VolumeBackupDesc,
    VolumeCreateDesc,
    VolumeFromRemoteDesc,
    VolumePolicyDesc,
    VolumesGroupBackupDesc,
    VolumesGroupBackupSingle,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..cluster.events import make_transient
from ..cluster.federation import at_location
from ..cluster.model import Policy, Record, Template
from .dates import delete_date
from .policies import merge_tags, new_policy
from .registry import handles
from .results import OkJson, ok
from .snapshots import check_take, take

#: How long data takes to arrive, in seconds.
RECOVER_TIME = 1.0

# Exports


@handles
def snapshotExport(cluster: Cluster, json: SnapshotExportDesc) -> OkJson:
    """Export a snapshot to a location, which can see it from then on."""
    record = cluster.snapshot(json.snapshot)
    if record.deleted or record.transient:
        raise InvalidParam(f"Snapshot '{record.name}' cannot be exported.")
    key = (record.id, cluster.remote.location(json.location).id)
    if key in cluster.remote.exports:
        raise ObjectExists(f"Snapshot '{record.name}' is exported to '{json.location}' already.")
    cluster.remote.exports.add(key)
    return ok(cluster)


@handles
def snapshotUnexport(cluster: Cluster, json: SnapshotUnexportDesc) -> OkJson:
    """End the export of a snapshot to a location, or to all."""
    record = cluster.snapshot(json.snapshot)
    if not json.all and json.location is None:
        raise InvalidParam("Give a location, or all.")
    if json.all or json.location is None:
        gone = {key for key in cluster.remote.exports if key[0] == record.id}
    else:
        gone = {(record.id, cluster.remote.location(json.location).id)}
        if not gone <= cluster.remote.exports:
            raise ObjectDoesNotExist(f"Snapshot '{record.name}' is not exported to '{json.location}'.")
    for location in {key[1] for key in gone} if not json.force else ():
        if _being_copied(cluster, record, location):
            name = cluster.remote.location_name(location)
            raise Busy(f"Location '{name}' is still copying snapshot '{record.name}'.")
    cluster.remote.exports -= gone
    return ok(cluster)


def _being_copied(cluster: Cluster, record: Record, location: str) -> bool:
    return any(
        copy.recovering and copy.copyOf is not None and copy.copyOf[1] == record.globalId
        for peer in cluster.peers
        if peer.locationId == location
        for copy in peer.records.values()
    )


@handles
def exportsList(cluster: Cluster) -> Dict[str, List[Export]]:
    """List the snapshots that are exported to other locations."""
    exports = []
    for number, location in sorted(cluster.remote.exports):
        record = cluster.records[number]
        exports.append(
            Export(
                snapshot=record.name,
                location=cluster.remote.location_name(location),
                globalId=record.globalId,
                backingUp=record.backup and record.recovering,
                volumeId=record.id,
                visibleVolumeId=record.id,
            )
        )
    return {"exports": exports}


@handles
def snapshotsRemoteList(cluster: Cluster) -> Dict[str, List[RemoteSnapshot]]:
    """List the snapshots that other locations export to this one."""
    copies = {
        record.copyOf[1]: record.name
        for record in cluster.snapshots()
        if record.copyOf is not None and not record.backup
    }
    sources = {record.backupId: record.name for record in cluster.snapshots() if record.backupId}
    snapshots = []
    for peer in cluster.peers:
        for number, location in sorted(peer.remote.exports):
            record = peer.records[number]
            if location != cluster.locationId:
                continue
            snapshot = RemoteSnapshot(
                name=record.backupOf or _remote_name(record),
                location=cluster.remote.location_name(peer.locationId),
                creationTimestamp=int(record.created),
                size=record.size,
                remoteId=record.globalId,
                localSnapshot=copies.get(record.globalId) or sources.get(record.globalId),
                tags=dict(record.tags),
            )
            if record.createdFrom is not None:
                snapshot.createdFromVisibleVolumeId, snapshot.createdFromGlobalId = record.createdFrom
            snapshots.append(snapshot)
    return {"snapshots": snapshots}


def _remote_name(record: Record) -> str:
    # The names that a list of remote snapshots may have are those of volumes; others go by their ids.
    return f"~{record.globalId}" if "@" in record.name else record.name


@handles
def snapshotsRemoteUnexport(cluster: Cluster, json: SnapshotsRemoteUnexport) -> OkJson:
    """End exports of others to this location, and ask for the deletion of some of the snapshots."""
    planned: List[Tuple[Cluster, Record, Optional[int]]] = []
    for item in json.remoteSnapshots:
        peer, record = _exported(cluster, item.location, item.globalSnapshotId)
        date = delete_date(cluster, item.targetDeleteDate, item.deleteAfter)
        if date is not None:
            date = max(date, cluster.now() + _minimum_delay(peer, cluster.locationId))
        planned.append((peer, record, date))
    for peer, record, date in planned:
        peer.remote.exports.discard((record.id, cluster.locationId))
        if date is not None:
            record.targetDeleteDate = date
        peer.changed()
    return ok(cluster)


def _minimum_delay(cluster: Cluster, location: str) -> int:
    """Return after how many seconds, at the soonest, a location may have something deleted."""
    bridges = cluster.remote.bridges.values()
    return max((bridge.minimumDeleteDelay or 0 for bridge in bridges if bridge.location.id == location), default=0)


def _exported(cluster: Cluster, location: str, remoteId: str) -> Tuple[Cluster, Record]:
    wanted = cluster.remote.location(location).id
    for peer in cluster.peers:
        record = peer.find("~" + remoteId) if peer.locationId == wanted else None
        if record is not None and (record.id, cluster.locationId) in peer.remote.exports:
            return peer, record
    raise ObjectDoesNotExist(f"Location '{location}' exports no snapshot {remoteId}.")


# Copies


@handles
def snapshotFromRemote(cluster: Cluster, json: SnapshotFromRemoteDesc) -> OkJson:
    """Copy a snapshot that another location exports."""
    peer, source = _exported(cluster, json.remoteLocation, json.remoteId)
    present = cluster.find("~" + json.remoteId)
    if present is not None and not present.backupId:
        raise ObjectExists(f"Snapshot {json.remoteId} is here already, as '{present.name}'.")
    if json.name:
        cluster.records.check_snapshot_name(json.name)
    template = cluster.template(json.template) if json.template is not None else None
    record = _arriving(cluster, source, json.name or "", json.remoteId, _desc(json), template)
    record.tags = merge_tags({}, json.tags)
    cluster.space.check_room([record])
    if present is not None:
        # Ours: a backup comes back although the snapshot that it was made of is still here, which leaves it the id.
        cluster.records.replace_id(present, json.remoteId, cluster.new_global_id())
    _arrive(cluster, peer, source, record)
    if json.export:
        cluster.remote.exports.add((record.id, peer.locationId))
    return ok(cluster)


@handles
def volumeFromRemote(cluster: Cluster, json: VolumeFromRemoteDesc) -> OkJson:
    """Create a volume from a snapshot that another location exports, by way of a transient snapshot."""
    peer, source = _exported(cluster, json.remoteLocation, json.remoteId)
    cluster.records.check_name(json.name)
    template = cluster.template(json.template) if json.template is not None else None
    # A helper is no copy that anybody looks for: the id of what it is made of stays free.
    parent = _arriving(cluster, source, "", cluster.new_global_id(), _desc(json), template)
    make_transient(cluster, parent)
    cluster.space.check_room([parent])
    tags = merge_tags({}, json.tags)
    _arrive(cluster, peer, source, parent)
    record = Record(
        id=cluster.next_number(),
        globalId=cluster.new_global_id(),
        baseName=json.name,
        snapshot=False,
        size=parent.size,
        policy=parent.policy,
        diskSets=list(parent.diskSets),
        created=cluster.clock.now(),
        template=template,
        parent=parent,
        tags=tags,
    )
    cluster.add(record)
    cluster.data.copy(parent, record)
    if json.export:
        cluster.remote.volumeExports.add((record.id, peer.clusterId))
    return ok(cluster)


def _desc(json: Union[SnapshotFromRemoteDesc, VolumeFromRemoteDesc]) -> VolumePolicyDesc:
    return VolumeCreateDesc(
        placeAll=json.placeAll, placeTail=json.placeTail, placeHead=json.placeHead, replication=json.replication
    )


def _arriving(
    cluster: Cluster,
    source: Record,
    name: str,
    globalId: str,
    desc: VolumePolicyDesc,
    template: Optional[Template],
) -> Record:
    """Return the copy of a snapshot of another cluster as it will be; `_arrive` adds it."""
    # Groups have other names there; only the number of copies is the same.
    if template is None and desc.replication is None:
        desc.replication = source.policy.replication
    policy: Policy = new_policy(cluster, desc, template, None)
    sets = cluster.space.choose_sets(policy)
    record = Record(
        id=cluster.next_number(),
        globalId=globalId,
        baseName=name,
        snapshot=True,
        size=source.size,
        policy=policy,
        diskSets=sets,
        created=source.created,
        template=template,
        stored=min(source.size, source.stored + sum(record.stored for record in source.ancestors())),
        createdFrom=source.createdFrom,
        copyOf=(source.id, source.globalId),
        recoveredAt=cluster.clock.now() + RECOVER_TIME,
        dataLost=source.dataLost,
    )
    return record


def _arrive(cluster: Cluster, peer: Cluster, source: Record, record: Record) -> Record:
    """Add a copy, whose data is on its way."""
    cluster.add(record)
    cluster.data.fetch(peer.data, source, record)
    cluster.changed()
    return record


# Backups


@handles
def volumeBackup(cluster: Cluster, json: VolumeBackupDesc) -> ApiOkVolumeBackup:
    """Snapshot a volume, and send the snapshot to another location."""
    (pair,) = _back_up(cluster, json.location, [json.volume], json.tags)
    return ApiOkVolumeBackup(generation=cluster.changed(), remoteId=pair[2].globalId, autoName=pair[1].name)


@handles
def volumesGroupBackup(cluster: Cluster, json: VolumesGroupBackupDesc) -> ApiOkVolumesGroupBackup:
    """Back up several volumes at once: all of them, or none."""
    backups = _back_up(cluster, json.location, json.volumes, json.tags)
    return ApiOkVolumesGroupBackup(
        generation=cluster.changed(),
        backups={
            volume.name.lstrip("~"): VolumesGroupBackupSingle(
                remoteId=copy.globalId, snapshotGlobalId=snapshot.globalId
            )
            for volume, snapshot, copy in backups
        },
    )


def _back_up(
    cluster: Cluster, location: str, names: List[str], tags: Optional[Mapping[str, str]]
) -> List[Tuple[Record, Record, Record]]:
    peer = at_location(cluster, location)
    volumes = [cluster.volume(name) for name in names]
    if not volumes:
        raise InvalidParam("No volumes given.")
    if len({volume.id for volume in volumes}) < len(volumes):
        raise InvalidParam("A volume is named more than once.")
    # Check the room on both sides before the first snapshot is taken.
    # They get the ids of the snapshots that they are made of.
    copies = [_arriving(peer, volume, "", "", VolumeCreateDesc(), None) for volume in volumes]
    peer.space.check_room(copies)
    snapshotTags = merge_tags({}, tags)
    for volume in volumes:
        check_take(cluster, volume)
    backups = []
    for volume, copy in zip(volumes, copies):
        snapshot = take(cluster, volume, None)
        snapshot.tags = dict(snapshotTags)
        copy.globalId = snapshot.backupId = snapshot.globalId
        copy.backup, copy.backupOf, copy.tags = True, volume.name, dict(snapshotTags)
        copy.copyOf, copy.createdFrom = (snapshot.id, snapshot.globalId), snapshot.createdFrom
        copy.created = snapshot.created
        _arrive(peer, cluster, snapshot, copy)
        peer.remote.exports.add((copy.id, cluster.locationId))
        backups.append((volume, snapshot, copy))
    return backups
