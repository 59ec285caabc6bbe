"""Volume templates."""

from __future__ import annotations

from dataclasses import replace
from typing import List, NamedTuple, Optional

from storpool.sptypes import (
    VolumeTemplateCreateDesc,
    VolumeTemplateDesc,
    VolumeTemplateSpaceEst,
    VolumeTemplateSpaceEstEntry,
    VolumeTemplateStatusDesc,
    VolumeTemplateUpdateDesc,
)

from ..cluster import Cluster, model
from ..cluster.errors import Busy, ObjectExists
from .policies import default_group, new_sets, template_policy
from .registry import handles
from .results import OkJson, ok


@handles
def volumeTemplatesList(cluster: Cluster) -> List[VolumeTemplateDesc]:
    """List the templates."""
    return [volumeTemplateDescribe(cluster, name) for name in sorted(cluster.templates)]


@handles
def volumeTemplateDescribe(cluster: Cluster, templateName: str) -> VolumeTemplateDesc:
    """Describe a template."""
    template = cluster.template(templateName)
    return VolumeTemplateDesc(
        id=template.id,
        name=template.name,
        parentName=template.parent.name if template.parent else "",
        placeAll=template.placeAll,
        placeTail=template.placeTail,
        placeHead=template.placeHead,
        size=template.size or "-",
        replication=template.replication or "-",
        bw=template.bw,
        iops=template.iops,
        limitType=template.limitType,
        reuseServer=template.reuseServer,
    )


@handles
def volumeTemplateCreate(cluster: Cluster, json: VolumeTemplateCreateDesc) -> OkJson:
    """Create a template."""
    if json.name in cluster.templates:
        raise ObjectExists(f"Template '{json.name}' already exists.")
    place = json.placeAll or json.placeTail or default_group(cluster)
    template = model.Template(
        id=cluster.next_number(),
        name=json.name,
        placeAll=place,
        placeTail=json.placeTail or place,
        placeHead=json.placeHead or place,
        replication=json.replication,
        size=json.size,
        bw="-" if json.bw is None else json.bw,
        iops="-" if json.iops is None else json.iops,
        limitType=json.limitType,
        reuseServer=json.reuseServer,
        parent=_parent(cluster, json.parent),
    )
    cluster.space.check_groups((template.placeAll, template.placeTail, template.placeHead))
    cluster.templates[template.name] = template
    return ok(cluster)


@handles
def volumeTemplateUpdate(cluster: Cluster, templateName: str, json: VolumeTemplateUpdateDesc) -> OkJson:
    """Change a template, and with `propagate` all volumes and snapshots that follow it."""
    template = cluster.template(templateName)
    name = json.rename or template.name
    if name != template.name and name in cluster.templates:
        raise ObjectExists(f"Template '{name}' already exists.")
    cluster.space.check_groups(name for name in (json.placeAll, json.placeTail, json.placeHead) if name is not None)
    new = model.Template(
        id=template.id,
        name=name,
        placeAll=json.placeAll or template.placeAll,
        placeTail=json.placeTail or template.placeTail,
        placeHead=json.placeHead or template.placeHead,
        replication=json.replication or template.replication,
        size=json.size or template.size,
        bw=template.bw if json.bw is None else json.bw,
        iops=template.iops if json.iops is None else json.iops,
        limitType=json.limitType or template.limitType,
        reuseServer=template.reuseServer if json.reuseServer is None else json.reuseServer,
        parent=_parent(cluster, json.parent) or template.parent,
    )
    followers = [record for record in cluster.records.values() if record.template is template]
    if json.propagate:
        # Choose all places before the first volume changes: a policy that cannot be met changes nothing.
        planned = [(record, template_policy(record.policy, new)) for record in followers]
        placed = [(record, policy, new_sets(cluster, record, policy)) for record, policy in planned]
        moved = [(record, replace(record, diskSets=sets)) for record, _, sets in placed if sets is not record.diskSets]
        cluster.space.check_room([new for _, new in moved], [record for record, _ in moved])
        for record, policy, sets in placed:
            if sets is not record.diskSets:
                record.vag = cluster.new_vag(record)
            record.policy, record.diskSets = policy, sets
    for record in followers:
        record.template = new
    del cluster.templates[template.name]
    cluster.templates[name] = new
    return ok(cluster)


@handles
def volumeTemplateDelete(cluster: Cluster, templateName: str) -> OkJson:
    """Delete a template that no volume or snapshot follows."""
    template = cluster.template(templateName)
    for record in cluster.records.values():
        if record.template is template:
            kind = "snapshot" if record.snapshot else "volume"
            raise Busy(f"Template '{template.name}' is used by {kind} '{record.name}'.")
    del cluster.templates[template.name]
    return ok(cluster)


def _parent(cluster: Cluster, name: Optional[str]) -> Optional[model.Record]:
    return None if name is None else cluster.snapshot(name)


@handles
def volumeTemplatesStatus(cluster: Cluster) -> List[VolumeTemplateStatusDesc]:
    """Return the space that the followers of each template take, and the room for more."""
    return [_status(cluster, cluster.templates[name]) for name in sorted(cluster.templates)]


def _status(cluster: Cluster, template: model.Template) -> VolumeTemplateStatusDesc:
    users = [record for record in cluster.records.values() if record.template is template]
    volumes = [record for record in users if not record.snapshot]
    snapshots = [record for record in users if record.snapshot]
    places = {"All": template.placeAll, "Tail": template.placeTail, "Head": template.placeHead}
    room = {place: _room(cluster, name) for place, name in places.items()}
    copies = template.replication or 1
    entries = {
        place: VolumeTemplateSpaceEstEntry(free=space.free // copies, capacity=space.capacity // copies)
        for place, space in room.items()
    }
    return VolumeTemplateStatusDesc(
        id=template.id,
        name=template.name,
        placeAll=template.placeAll,
        placeTail=template.placeTail,
        placeHead=template.placeHead,
        replication=template.replication or "-",
        volumesCount=len(volumes),
        snapshotsCount=len(snapshots),
        removingSnapshotsCount=sum(record.deleted for record in snapshots),
        size=sum(record.size for record in users),
        totalSize=sum(record.size * record.policy.replication for record in users),
        onDiskSize=sum(record.stored * record.policy.replication for record in users),
        storedSize=sum(record.stored for record in users),
        volumesSize=sum(record.size for record in volumes),
        snapshotsWithoutChildrenSize=sum(record.size for record in snapshots if not record.children),
        snapshotsWithChildrenSize=sum(record.size for record in snapshots if record.children),
        availablePlaceAll=room["All"].free,
        availablePlaceTail=room["Tail"].free,
        availablePlaceHead=room["Head"].free,
        capacityPlaceAll=room["All"].capacity,
        capacityPlaceTail=room["Tail"].capacity,
        capacityPlaceHead=room["Head"].capacity,
        stored=VolumeTemplateSpaceEst(
            # The fullest group decides how much fits.
            free=min(entry.free for entry in entries.values()),
            capacity=min(entry.capacity for entry in entries.values()),
            placeAll=entries["All"],
            placeTail=entries["Tail"],
            placeHead=entries["Head"],
        ),
    )


class _Room(NamedTuple):
    free: int
    capacity: int


def _room(cluster: Cluster, group: str) -> _Room:
    """Return the free and the total space on the disks of a group, in bytes."""
    use = cluster.space.use()
    disks = [disk for disk in cluster.disks.values() if disk.id in cluster.groups[group].disks and disk.up]
    capacity = sum(disk.capacity for disk in disks)
    return _Room(capacity - sum(use[disk.id].stored for disk in disks), capacity)
