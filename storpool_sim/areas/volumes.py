"""Volumes."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from storpool.spapi import ApiOkVolumeCreate
from storpool.sptypes import (
    SnapshotStatus,
    SnapshotStatusQuick,
    SnapshotSummary,
    Volume,
    VolumeCreateDesc,
    VolumeFreezeDesc,
    VolumeInfo,
    VolumeRebaseDesc,
    VolumeRevertDesc,
    VolumeSpace,
    VolumeStatus,
    VolumeStatusQuick,
    VolumeSummary,
    VolumeUpdateDesc,
)

from ..cluster import Cluster
from ..errors import Busy, InvalidParam
from ..handlers import drop_empty_name, handles
from ..model import Policy, Record
from .dates import delete_date
from .policies import changed_policy, merge_tags, new_policy, template_policy
from .records import health, placement, sizes, space, spread, summary
from .replies import ApiOk, ok
from .snapshots import take

#: What may become of the attachments of a volume that is deleted.
ON_ATTACHED = ("fail", "detach", "detachForce", "export")

# What there is


@handles
def volumesList(cluster: Cluster) -> List[VolumeSummary]:
    """Every volume."""
    return [VolumeSummary(**summary(one)) for one in cluster.volumes()]


@handles
def volumeList(cluster: Cluster, volumeName: str) -> List[VolumeSummary]:
    """One volume, in a list."""
    return [VolumeSummary(**summary(cluster.volume(volumeName)))]


@handles
def volumeDescribe(cluster: Cluster, volumeName: str) -> Volume:
    """A volume, object by object."""
    record = cluster.volume(volumeName)
    return Volume(**{**summary(record), **placement(record)})


@handles
def volumeInfo(cluster: Cluster, volumeName: str) -> VolumeInfo:
    """A volume and how it is spread."""
    record = cluster.volume(volumeName)
    return VolumeInfo(**{**summary(record), **spread(record)})


@handles
def volumeListSnapshots(cluster: Cluster, volumeName: str) -> List[SnapshotSummary]:
    """The chain of a volume's parents."""
    return [SnapshotSummary(**summary(one)) for one in cluster.volume(volumeName).ancestors()]


@handles
def volumesStatus(cluster: Cluster) -> Dict[str, Union[VolumeStatus, SnapshotStatus]]:
    """The state of volumes and snapshots, with sizes."""
    return {
        one.name: (SnapshotStatus if one.snapshot else VolumeStatus)(
            **{**summary(one), **health(cluster, one), **sizes(one)}
        )
        for one in cluster.volumes() + cluster.snapshots()
    }


@handles
def volumesQuickStatus(cluster: Cluster) -> Dict[str, Union[VolumeStatusQuick, SnapshotStatusQuick]]:
    """The state of volumes and snapshots."""
    return {
        one.name: (SnapshotStatusQuick if one.snapshot else VolumeStatusQuick)(
            **{**summary(one), **health(cluster, one)}
        )
        for one in cluster.volumes() + cluster.snapshots()
    }


@handles
def volumesSpace(cluster: Cluster) -> List[VolumeSpace]:
    """How much space each volume takes."""
    return [VolumeSpace(**{**summary(one), **space(one)}) for one in cluster.volumes()]


# Making them


@handles(prepare=drop_empty_name)
def volumeCreate(cluster: Cluster, json: VolumeCreateDesc) -> ApiOkVolumeCreate:
    """Make a volume: of nothing, of a snapshot, or of another volume."""
    if json.parent is not None and json.baseOn is not None:
        raise InvalidParam("A volume can have a parent or be based on another volume, not both.")
    if json.name:
        cluster.check_name(json.name)
    template = cluster.template(json.template) if json.template is not None else None
    base = cluster.volume(json.baseOn) if json.baseOn is not None else None
    parent = _parent(cluster, json.parent)
    if template is not None and parent is None and base is None:
        parent = template.parent
    origin = base or parent
    size = json.size or (origin.size if origin else None) or (template.size if template else None)
    if size is None:
        raise InvalidParam("No size given, and no template, parent or base volume to take it from.")
    if origin is not None and size < origin.size:
        raise InvalidParam(f"The size {size} is smaller than that of '{origin.name}', {origin.size}.")
    policy = new_policy(cluster, json, template, origin.policy if origin else None)
    sets = cluster.choose_sets(policy)
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
    )
    cluster.check_room([record])
    helper = None
    if base is not None:
        helper = record.parent = take(cluster, base, "")
        helper.transient = True
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


def _parent(cluster: Cluster, name: Optional[str]) -> Optional[Record]:
    if name is None:
        return None
    record = cluster.snapshot(name)
    if record.deleted:
        raise InvalidParam(f"Snapshot '{name}' is being deleted.")
    return record


# Changing them


@handles
def volumeUpdate(cluster: Cluster, volumeName: str, json: VolumeUpdateDesc) -> ApiOk:
    """Change settings; all of them or none."""
    record = cluster.volume(volumeName)
    size = _new_size(record, json)
    template = cluster.template(json.template) if json.template is not None else None
    policy = changed_policy(template_policy(record.policy, template) if template else record.policy, json)
    tags = merge_tags(record.tags, json.tags)
    if json.rename is not None and json.rename != record.baseName:
        cluster.check_name(json.rename)
    sets = _new_sets(cluster, record, policy)
    if size > record.size:
        added = Record(0, "", "", False, size - record.size, policy, sets, 0.0)
        cluster.check_room([added])
    # Nothing is refused from here on.
    record.size, record.policy, record.diskSets, record.tags = size, policy, sets, tags
    record.stored = min(record.stored, size)
    cluster.data.resize(record)
    record.template = template or record.template
    if json.rename is not None:
        cluster.rename(record, json.rename)
    return ok(cluster)


def _new_sets(cluster: Cluster, record: Record, policy: Policy) -> List[Tuple[int, ...]]:
    if policy[:4] == record.policy[:4] and policy.reuseServer == record.policy.reuseServer:
        return record.diskSets
    return cluster.choose_sets(policy)


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
def volumeRebase(cluster: Cluster, volumeName: str, json: VolumeRebaseDesc) -> ApiOk:
    """Make one of the ancestors the parent, or have none."""
    return rebase(cluster, cluster.volume(volumeName), json)


@handles
def snapshotRebase(cluster: Cluster, snapshotName: str, json: VolumeRebaseDesc) -> ApiOk:
    """Make one of the ancestors the parent, or have none."""
    return rebase(cluster, cluster.snapshot(snapshotName), json)


def rebase(cluster: Cluster, record: Record, json: VolumeRebaseDesc) -> ApiOk:
    """Take over the data of the ancestors that are left out."""
    chain = record.ancestors()
    new = cluster.snapshot(json.parentName) if json.parentName is not None else None
    if new is not None and new not in chain:
        raise InvalidParam(f"Snapshot '{json.parentName}' is no ancestor of '{record.name}'.")
    taken = chain[: chain.index(new)] if new is not None else chain
    record.stored = min(record.size, record.stored + sum(one.stored for one in taken))
    cluster.set_parent(record, new)
    return ok(cluster)


@handles
def volumeFreeze(cluster: Cluster, volumeName: str, json: Optional[VolumeFreezeDesc] = None) -> ApiOk:
    """Make a volume a snapshot of the same name."""
    record = cluster.volume(volumeName)
    for place in cluster.attached(record):
        if place.rights == "rw":
            raise Busy(f"Volume '{record.name}' is attached read-write to client {place.client}.")
    if record.baseName.startswith("#"):
        raise InvalidParam(f"A snapshot's name cannot begin with '#': '{record.name}'")
    date = delete_date(cluster, json.targetDeleteDate, json.deleteAfter) if json is not None else None
    record.targetDeleteDate = date
    record.snapshot = True
    record.createdFrom = (record.id, record.globalId)
    return ok(cluster)


@handles
def volumeRevert(cluster: Cluster, volumeName: str, json: VolumeRevertDesc) -> ApiOk:
    """Put a volume back to what a snapshot holds."""
    record = cluster.volume(volumeName)
    target = cluster.snapshot(json.toSnapshot)
    for place in cluster.attached(record):
        if place.rights == "rw":
            raise Busy(f"Volume '{record.name}' is attached read-write to client {place.client}.")
    if target.deleted or target.transient:
        raise InvalidParam(f"Snapshot '{target.name}' cannot be reverted to.")
    # Ours: without `revertSize` a volume keeps its size, unless the snapshot is larger.
    record.size = target.size if getattr(json, "revertSize", None) else max(record.size, target.size)
    cluster.set_parent(record, target)
    record.stored = 0
    cluster.give_new_id(record)
    cluster.data.copy(target, record)
    return ok(cluster)


@handles(undeclaredBody=True, lacks="`onAttached` export is refused")
def volumeDelete(cluster: Cluster, volumeName: str, json: Any = None) -> ApiOk:
    """Delete a volume; attached ones only when the body allows."""
    record = cluster.volume(volumeName)
    mode = _on_attached(json)
    places = cluster.attached(record)
    if places and mode in ("fail", "export"):
        raise Busy(f"Volume '{record.name}' is attached to client {places[0].client}.")
    for place in places:
        if mode == "detach" and cluster.is_open(record, place.client):
            raise Busy(f"'{record.name}' is open at client {place.client}")
    cluster.remove(record)
    return ok(cluster)


def _on_attached(json: Any) -> str:
    mode = json.get("onAttached", "fail") if isinstance(json, Mapping) else getattr(json, "onAttached", None)
    if mode is None:
        return "fail"
    if mode not in ON_ATTACHED:
        raise InvalidParam("onAttached: {!r} is none of {}".format(mode, ", ".join(ON_ATTACHED)))
    return str(mode)
