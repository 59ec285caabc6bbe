"""Volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Optional

from storpool.spapi import ApiOkVolumeCreate
from storpool.sptypes import (
    AbandonDiskDesc,
    VolumeCreateDesc,
    VolumeDeleteDesc,
    VolumeFreezeDesc,
    VolumeRebaseDesc,
    VolumeRevertDesc,
    VolumeUpdateDesc,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist
from ..cluster.events import make_transient
from ..cluster.model import Record
from .dates import delete_date
from .moves import check_detachable
from .policies import changed_policy, merge_tags, new_policy, new_sets, new_tags, template_policy
from .records import in_order, placement, sizes, space, spread, statuses, summary
from .registry import handles
from .results import OkJson, RawJson, ok
from .snapshots import check_take, snapshotsList, take

# List them


@handles
def volumesList(cluster: Cluster) -> RawJson:
    """List the volumes."""
    return RawJson(in_order(summary(record) for record in cluster.records.values() if not record.snapshot))


@handles
def volumesAndSnapshotsList(cluster: Cluster) -> RawJson:
    """List the volumes and the snapshots."""
    return RawJson({"volumes": volumesList(cluster).value, "snapshots": snapshotsList(cluster).value})


@handles
def volumeList(cluster: Cluster, volumeName: str) -> RawJson:
    """Return a list of one volume."""
    return RawJson([summary(cluster.volume(volumeName))])


@handles
def volumeDescribe(cluster: Cluster, volumeName: str) -> RawJson:
    """Describe a volume with its objects."""
    record = cluster.volume(volumeName)
    return RawJson({**summary(record), **placement(record)})


@handles
def volumeInfo(cluster: Cluster, volumeName: str) -> RawJson:
    """Describe a volume and how it is spread."""
    record = cluster.volume(volumeName)
    return RawJson({**summary(record), **spread(record)})


@handles
def volumeListSnapshots(cluster: Cluster, volumeName: str) -> RawJson:
    """List the ancestors of a volume."""
    return RawJson([summary(record) for record in cluster.volume(volumeName).ancestors()])


@handles
def volumesStatus(cluster: Cluster) -> RawJson:
    """Return the state of volumes and snapshots, with sizes."""
    return RawJson(statuses(cluster, sizes))


@handles
def volumesQuickStatus(cluster: Cluster) -> RawJson:
    """Return the state of volumes and snapshots."""
    return RawJson(statuses(cluster, lambda record: {}))


@handles
def volumesSpace(cluster: Cluster) -> RawJson:
    """Return how much space each volume takes, and some snapshots, if the cluster is set to."""
    records = cluster.volumes()
    if cluster.spaceOfSnapshots:
        records += [record for record in cluster.snapshots() if record.autoName or record.deleted]
    return RawJson([{**summary(record), **space(record)} for record in records])


# Create them


@handles
def volumeCreate(cluster: Cluster, json: VolumeCreateDesc) -> ApiOkVolumeCreate:
    """Create a volume: empty, from a snapshot, or based on another volume."""
    if json.parent is not None and json.baseOn is not None:
        raise InvalidParam("A volume can have a parent or be based on another volume, not both.")
    if json.name:
        cluster.records.check_name(json.name)
    template = cluster.template(json.template) if json.template is not None else None
    base = cluster.volume(json.baseOn) if json.baseOn is not None else None
    parent = cluster.snapshot(json.parent) if json.parent is not None else None
    if template is not None and parent is None and base is None:
        parent = template.parent
    if parent is not None and parent.deleted:
        raise InvalidParam(f"Snapshot '{parent.name}' is being deleted.")
    origin = base or parent
    size = json.size or (origin.size if origin else None) or (template.size if template else None)
    if size is None:
        raise InvalidParam("No size given, and no template, parent or base volume to take it from.")
    if origin is not None and size < origin.size:
        raise InvalidParam(f"The size {size} is smaller than that of '{origin.name}', {origin.size}.")
    policy = new_policy(cluster, json, template, origin.policy if origin else None)
    sets = cluster.space.choose_sets(policy)
    record = Record(
        id=cluster.next_number(),
        globalId=cluster.new_global_id(),
        baseName=json.name or "",
        snapshot=False,
        size=size,
        policy=policy,
        diskSets=sets,
        created=cluster.clock.now(),
        template=template or (origin.template if origin else None),
        parent=parent,
        tags=merge_tags({}, json.tags),
        dataLost=origin is not None and origin.dataLost,
    )
    if base is not None:
        # The volume is going to share its data with a snapshot of its base.
        record.parent = check_take(cluster, base)
    cluster.space.check_room([record])
    helper = None
    if base is not None:
        helper = record.parent = take(cluster, base, None)
        make_transient(cluster, helper)
    cluster.add(record)
    if record.parent is not None:
        cluster.data.copy(record.parent, record)
    else:
        cluster.data.create(record)
    fields: Dict[str, Any] = {"generation": cluster.changed(), "globalId": record.globalId}
    if not json.name:
        fields["name"] = record.name
    if helper is not None:
        fields["autoName"] = helper.name
    return ApiOkVolumeCreate(**fields)


# Change them


@handles
def volumeUpdate(cluster: Cluster, volumeName: str, json: VolumeUpdateDesc) -> OkJson:
    """Change settings: all of them, or none."""
    record = cluster.volume(volumeName)
    size = _new_size(record, json)
    template = cluster.template(json.template) if json.template is not None else None
    policy = changed_policy(template_policy(record.policy, template) if template else record.policy, json)
    tags = new_tags(cluster, record.tags, json.tags)
    if json.rename and json.rename != record.baseName:
        cluster.records.check_name(json.rename)
    sets = new_sets(cluster, record, policy)
    if size > record.size:
        added = Record(0, "", "", False, size - record.size, policy, sets, 0.0)
        cluster.space.check_room([added])
    # Nothing is refused from here on.
    if sets is not record.diskSets:
        record.vag = cluster.new_vag(record)
    record.size, record.policy, record.diskSets, record.tags = size, policy, sets, tags
    record.stored = min(record.stored, size)
    cluster.data.resize(record)
    record.template = template or record.template
    if json.rename is not None:
        cluster.records.rename(record, json.rename)
    return ok(cluster)


def _new_size(record: Record, json: VolumeUpdateDesc) -> int:
    if json.size is not None and json.sizeAdd is not None:
        raise InvalidParam("Give size or sizeAdd, not both.")
    size = json.size or record.size + (json.sizeAdd or 0)
    if size < record.size and not json.shrinkOk:
        raise InvalidParam(
            f"Volume '{record.name}' would shrink from {record.size} to {size} bytes; set shrinkOk to allow it."
        )
    return size


@handles
def volumeRebase(cluster: Cluster, volumeName: str, json: VolumeRebaseDesc) -> OkJson:
    """Make an ancestor the parent, or remove the parent."""
    return rebase(cluster, cluster.volume(volumeName), json)


@handles
def snapshotRebase(cluster: Cluster, snapshotName: str, json: VolumeRebaseDesc) -> OkJson:
    """Make an ancestor the parent, or remove the parent."""
    return rebase(cluster, cluster.snapshot(snapshotName), json)


def rebase(cluster: Cluster, record: Record, json: VolumeRebaseDesc) -> OkJson:
    """Make an ancestor of a record its parent, or none; the record takes over the data of those between."""
    chain = record.ancestors()
    new = cluster.snapshot(json.parentName) if json.parentName is not None else None
    if new is not None and new not in chain:
        raise InvalidParam(f"Snapshot '{json.parentName}' is no ancestor of '{record.name}'.")
    taken = chain[: chain.index(new)] if new is not None else chain
    stored = min(record.size, record.stored + sum(record.stored for record in taken))
    cluster.space.check_room([replace(record, parent=new, stored=stored)], [record])
    record.stored = stored
    record.dataLost = record.dataLost or any(record.dataLost for record in taken)
    cluster.records.set_parent(record, new)
    return ok(cluster)


@handles
def volumeFreeze(cluster: Cluster, volumeName: str, json: Optional[VolumeFreezeDesc] = None) -> OkJson:
    """Turn a volume into a snapshot with the same name."""
    record = cluster.volume(volumeName)
    for attachment in cluster.attached_anywhere(record):
        if attachment.rights == "rw":
            raise Busy(f"Volume '{record.name}' is attached read-write to client {attachment.client}.")
    if record.baseName.startswith("#"):
        raise InvalidParam(f"A snapshot's name cannot begin with '#': '{record.name}'")
    date = delete_date(cluster, json.targetDeleteDate, json.deleteAfter) if json is not None else None
    record.targetDeleteDate = date
    record.snapshot = True
    cluster.iscsi.forget(record.id)
    cluster.remote.forget(record.id)
    record.createdFrom = (record.id, record.globalId)
    return ok(cluster)


@handles
def volumeRevert(cluster: Cluster, volumeName: str, json: VolumeRevertDesc) -> OkJson:
    """Revert a volume to a snapshot."""
    record = cluster.volume(volumeName)
    target = cluster.snapshot(json.toSnapshot)
    for attachment in cluster.attached_anywhere(record):
        if attachment.rights == "rw":
            raise Busy(f"Volume '{record.name}' is attached read-write to client {attachment.client}.")
    if target.deleted or target.transient:
        raise InvalidParam(f"Snapshot '{target.name}' cannot be reverted to.")
    # Ours: without `revertSize` a volume keeps its size, unless the snapshot is larger.
    record.size = target.size if json.revertSize else max(record.size, target.size)
    cluster.records.set_parent(record, target)
    record.stored, record.dataLost = 0, target.dataLost
    cluster.records.give_id(record, cluster.new_global_id())
    cluster.data.copy(target, record)
    return ok(cluster, globalId=record.globalId)


@handles
def volumeDelete(cluster: Cluster, volumeName: str, json: Optional[VolumeDeleteDesc] = None) -> OkJson:
    """Delete a volume; if it is attached, only when the body allows it."""
    record = cluster.volume(volumeName)
    mode = (json.onAttached if json is not None else None) or "fail"
    for member in cluster.everywhere():
        # A deleted volume cannot be exported to where it is attached.
        check_detachable(member, record, "fail" if mode == "export" else mode, member.attached(record))
    cluster.remove(record)
    return ok(cluster)


@handles
def volumeAbandonDisk(cluster: Cluster, volumeName: str, json: AbandonDiskDesc) -> OkJson:
    """Give up the copies that a disk holds of a volume or a snapshot, for which the query is the same.

    Data with other copies is copied to other disks, if there are any; data without is lost.
    """
    record = cluster.find(volumeName)
    if record is None:
        raise ObjectDoesNotExist(f"Volume '{volumeName}' does not exist.")
    if not any(json.diskId in disks for disks in record.diskSets):
        raise InvalidParam(f"'{record.name}' has no data on disk {json.diskId}.")
    cluster.space.abandon(record, json.diskId)
    return ok(cluster)


@handles
def snapshotAbandonDisk(cluster: Cluster, snapshotName: str, json: AbandonDiskDesc) -> OkJson:
    """Give up the copies that a disk holds of a snapshot, or of a volume."""
    return volumeAbandonDisk(cluster, snapshotName, json)
