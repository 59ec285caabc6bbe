"""Snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from storpool.spapi import ApiOkSnapshotCreate
from storpool.sptypes import (
    GroupSnapshotResult,
    GroupSnapshotSpec,
    GroupSnapshotsResult,
    GroupSnapshotsSpec,
    SnapshotUpdateDesc,
    VolumeSnapshotDesc,
)

from ..cluster import Cluster
from ..cluster.errors import InvalidParam
from ..cluster.events import delete_snapshot
from ..cluster.model import Record
from .dates import delete_date
from .policies import changed_policy, merge_tags, new_sets, new_tags, template_policy
from .records import in_order, placement, space, spread, summary
from .registry import handles
from .results import OkJson, RawJson, ok

# List them


@handles
def snapshotsList(cluster: Cluster) -> RawJson:
    """List the snapshots."""
    return RawJson(in_order(summary(record) for record in cluster.records.values() if record.snapshot))


@handles
def snapshotList(cluster: Cluster, snapshotName: str) -> RawJson:
    """Return a list of one snapshot."""
    return RawJson([summary(cluster.snapshot(snapshotName))])


@handles
def snapshotDescribe(cluster: Cluster, snapshotName: str) -> RawJson:
    """Describe a snapshot with its objects."""
    record = cluster.snapshot(snapshotName)
    return RawJson({**summary(record), **placement(record)})


@handles
def snapshotInfo(cluster: Cluster, snapshotName: str) -> RawJson:
    """Describe a snapshot and how it is spread."""
    record = cluster.snapshot(snapshotName)
    return RawJson({**summary(record), **spread(record)})


@handles
def snapshotsSpace(cluster: Cluster) -> RawJson:
    """Return how much space each snapshot takes."""
    return RawJson([{**summary(record), **space(record)} for record in cluster.snapshots()])


# Create them


def check_take(cluster: Cluster, volume: Record) -> Record:
    """Refuse a snapshot after which the volume could not be written to; return the snapshot as it would be.

    The snapshot takes over the places of the volume, which needs new ones as soon as it is written to.
    """
    snapshot = replace(volume, children={}, ids=set())
    cluster.space.check_room([replace(volume, parent=snapshot, stored=0, children={}, ids=set())])
    return snapshot


def take(cluster: Cluster, volume: Record, name: Optional[str]) -> Record:
    """Put a snapshot between a volume and its parent; the data of the volume becomes that of the snapshot.

    :param name: the name of the snapshot; None for one made of the name of the volume, empty for none at all.
    """
    record = Record(
        id=cluster.next_number(),
        globalId=cluster.new_global_id(),
        baseName=_auto_name(cluster, volume) if name is None else name,
        snapshot=True,
        size=volume.size,
        policy=volume.policy,
        diskSets=list(volume.diskSets),
        created=cluster.clock.now(),
        template=volume.template,
        parent=volume.parent,
        stored=volume.stored,
        autoName=name is None,
        createdFrom=(volume.id, volume.globalId),
        vag=volume.vag,
        dataLost=volume.dataLost,
    )
    cluster.add(record)
    cluster.data.copy(volume, record)
    cluster.records.set_parent(volume, record)
    volume.stored = 0
    return record


def _auto_name(cluster: Cluster, volume: Record) -> str:
    # A snapshot's name has neither "~" nor "#" in it.
    base = volume.name.lstrip("~#")
    while True:
        name = f"{base}@{volume.serial}"
        volume.serial += 1
        if cluster.find(name) is None and cluster.find("*" + name) is None:
            return name


@handles
def snapshotCreate(cluster: Cluster, volumeName: str, json: VolumeSnapshotDesc) -> ApiOkSnapshotCreate:
    """Snapshot a volume."""
    volume = cluster.volume(volumeName)
    if json.name:
        cluster.records.check_snapshot_name(json.name)
    date = delete_date(cluster, json.targetDeleteDate, json.deleteAfter)
    tags = merge_tags({}, json.tags)
    check_take(cluster, volume)
    record = take(cluster, volume, json.name)
    record.targetDeleteDate, record.tags, record.bound = date, tags, bool(json.bind)
    fields: Dict[str, Any] = {
        "generation": cluster.changed(),
        "snapshotGlobalId": record.globalId,
        "snapshotVisibleVolumeId": record.id,
    }
    if record.autoName:
        fields["autoName"] = record.name
    return ApiOkSnapshotCreate(**fields)


@handles
def snapshotCreateGroup(cluster: Cluster, json: GroupSnapshotsSpec) -> GroupSnapshotsResult:
    """Snapshot several volumes at once, all or none."""
    planned: List[Tuple[GroupSnapshotSpec, Record, Dict[str, str]]] = []
    names = [item.name for item in json.volumes if item.name]
    for item in json.volumes:
        volume = cluster.volume(item.volume)
        if item.name:
            cluster.records.check_snapshot_name(item.name)
            if names.count(item.name) > 1:
                raise InvalidParam(f"The name '{item.name}' is given to several snapshots.")
        if any(volume is other for _, other, _ in planned):
            raise InvalidParam(f"Volume '{item.volume}' is named more than once.")
        check_take(cluster, volume)
        planned.append((item, volume, merge_tags(merge_tags({}, json.tags), item.tags)))
    if not planned:
        raise InvalidParam("No volumes given.")
    results = []
    for item, volume, tags in planned:
        record = take(cluster, volume, item.name)
        record.tags = tags
        results.append(
            GroupSnapshotResult(
                volume=volume.name,
                volumeGlobalId=volume.globalId,
                snapshot=record.name,
                remoteId=record.globalId,
                snapshotGlobalId=record.globalId,
            )
        )
    cluster.changed()
    return GroupSnapshotsResult(ok=True, snapshots=results)


# Change them


@handles
def snapshotUpdate(cluster: Cluster, snapshotName: str, json: SnapshotUpdateDesc) -> OkJson:
    """Change settings: all of them, or none."""
    record = cluster.snapshot(snapshotName)
    template = cluster.template(json.template) if json.template is not None else None
    policy = changed_policy(template_policy(record.policy, template) if template else record.policy, json)
    tags = new_tags(cluster, record.tags, json.tags)
    date: Optional[int] = record.targetDeleteDate
    if json.targetDeleteDate is not None or json.deleteAfter is not None:
        date = delete_date(cluster, json.targetDeleteDate, json.deleteAfter)
    if json.rename is not None and json.rename != record.baseName:
        if record.deleted:
            raise InvalidParam(f"Snapshot '{record.name}' is being deleted.")
        if json.rename:
            cluster.records.check_snapshot_name(json.rename)
    sets = new_sets(cluster, record, policy)
    # Nothing is refused from here on.
    if sets is not record.diskSets:
        record.vag = cluster.new_vag(record)
    record.policy, record.diskSets, record.tags, record.targetDeleteDate = policy, sets, tags, date
    record.template = template or record.template
    record.bound = record.bound if json.bind is None else json.bind
    if json.rename is not None:
        cluster.records.rename(record, json.rename)
        record.autoName = False
    return ok(cluster)


@handles
def snapshotDelete(cluster: Cluster, snapshotName: str) -> OkJson:
    """Begin to delete a snapshot."""
    return _delete(cluster, cluster.snapshot(snapshotName))


@handles
def snapshotDeleteById(cluster: Cluster, globalVolumeId: str) -> OkJson:
    """Begin to delete the snapshot of a global id."""
    return _delete(cluster, cluster.snapshot("~" + globalVolumeId))


def _delete(cluster: Cluster, record: Record) -> OkJson:
    delete_snapshot(cluster, record)
    return ok(cluster)
