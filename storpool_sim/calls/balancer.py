"""The balancer: a run computes where data should be, and a commit puts it there.

Ours: a run waits, works, and is ready after fixed times (`model.BALANCER_TIMES`); it proposes the disk sets that new
volumes with the same policies would get. When all volumes have these, the run ends with nothing to do.
"""

from __future__ import annotations

from typing import Any, Dict, List

from storpool.sptypes import (
    VolumeBalancerAllocationGroup,
    VolumeBalancerCommand,
    VolumeBalancerSlot,
    VolumeBalancerStatus,
    VolumeBalancerVolumeDiskSets,
    VolumeBalancerVolumeStatus,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InsufficientResources, InvalidParam
from ..cluster.model import Record
from ..cluster.placement import objects_per_set, stored_per_set
from .registry import handles
from .relocator import Forecast, forecast, forecast_of
from .results import OkJson, ok


@handles
def volumeBalancerGetStatus(cluster: Cluster) -> VolumeBalancerStatus:
    """Return the state of the balancer."""
    # It is never in automatic mode: nothing in the API switches that on.
    return VolumeBalancerStatus(status=cluster.balancer.status, auto=False)


@handles
def volumeBalancerSetStatus(cluster: Cluster, json: VolumeBalancerCommand) -> OkJson:
    """Begin a run, abort it, or put its result into effect."""
    balancer = cluster.balancer
    if json.cmd == "start":
        if balancer.status not in ("nothing to do", "blocked"):
            raise Busy(f"The balancer is {balancer.status}.")
        down = any(not disk.up for disk in cluster.disks.values())
        balancer.enter("blocked" if down else "waiting", cluster.clock.now())
    elif json.cmd == "commit":
        if balancer.status != "ready":
            raise InvalidParam(f"There is nothing to commit: the balancer's status is '{balancer.status}'.")
        balancer.transaction = cluster.next_number() + 1  # 0 and 1 are those of recovery and of transfers
        balancer.enter("commiting", cluster.clock.now())
    else:
        balancer.enter("nothing to do", cluster.clock.now())
    return ok(cluster)


@handles
def volumeBalancerVolumesStatus(cluster: Cluster) -> List[VolumeBalancerVolumeStatus]:
    """Return which volumes and snapshots would move."""
    return [
        VolumeBalancerVolumeStatus(**_status(cluster, record)) for record in cluster.volumes() + cluster.snapshots()
    ]


@handles
def volumeBalancerDisks(cluster: Cluster) -> Forecast:
    """Return what the disks hold, and would hold."""
    return forecast(cluster, list(cluster.records.values()), cluster.balancer.planned)


@handles
def volumeBalancerVolumeDisks(cluster: Cluster, volumeName: str) -> Forecast:
    """Return what the disks hold, and would hold, of a volume."""
    return forecast_of(cluster, cluster.volume(volumeName), cluster.balancer.planned)


@handles
def volumeBalancerSnapshotDisks(cluster: Cluster, snapshotName: str) -> Forecast:
    """Return what the disks hold, and would hold, of a snapshot."""
    return forecast_of(cluster, cluster.snapshot(snapshotName), cluster.balancer.planned)


@handles
def volumeBalancerVolumeDiskSets(cluster: Cluster, volumeName: str) -> VolumeBalancerVolumeDiskSets:
    """Return the disk sets of a volume, and those proposed."""
    return _disk_sets(cluster, cluster.volume(volumeName))


@handles
def volumeBalancerSnapshotDiskSets(cluster: Cluster, snapshotName: str) -> VolumeBalancerVolumeDiskSets:
    """Return the disk sets of a snapshot, and those proposed."""
    return _disk_sets(cluster, cluster.snapshot(snapshotName))


@handles
def volumeBalancerGroups(cluster: Cluster) -> List[VolumeBalancerAllocationGroup]:
    """Return a group for each tree of volumes and snapshots with the same policy."""
    groups: Dict[Any, List[Record]] = {}
    for record in cluster.records.values():
        root = record.ancestors()[-1] if record.parent is not None else record
        groups.setdefault((root.id, record.policy[:4]), []).append(record)
    return [_group(cluster, members) for members in groups.values()]


def _status(cluster: Cluster, record: Record) -> Dict[str, Any]:
    return {
        "name": record.name,
        "placeAll": record.policy.placeAll,
        "placeTail": record.policy.placeTail,
        "placeHead": record.policy.placeHead,
        "replication": record.policy.replication,
        "size": record.size,
        "objectsCount": record.objectsCount,
        "snapshot": record.snapshot,
        "reallocated": record.id in cluster.balancer.planned,
        "blocked": _blocked(cluster, record),
    }


def _blocked(cluster: Cluster, record: Record) -> bool:
    used = {number for disks in record.diskSets for number in disks}
    return not all(number in cluster.disks and cluster.disks[number].usable for number in used)


def _disk_sets(cluster: Cluster, record: Record) -> VolumeBalancerVolumeDiskSets:
    return VolumeBalancerVolumeDiskSets(
        currentDiskSets=[list(disks) for disks in record.diskSets],
        balancerDiskSets=[list(disks) for disks in cluster.balancer.planned.get(record.id, record.diskSets)],
        **_status(cluster, record),
    )


def _group(cluster: Cluster, members: List[Record]) -> VolumeBalancerAllocationGroup:
    first = members[0]
    try:
        feasible = bool(cluster.space.choose_sets(first.policy))
    except InsufficientResources:
        feasible = False
    slots: Dict[Any, VolumeBalancerSlot] = {}
    for record in members:
        sets = record.diskSets
        for disks, count, stored in zip(sets, objects_per_set(record), stored_per_set(record, len(sets))):
            slot = slots.setdefault(disks, VolumeBalancerSlot(storedSize=0, objectsCount=0))
            slot.objectsCount += count
            slot.storedSize += stored
    return VolumeBalancerAllocationGroup(
        placeAll=first.policy.placeAll,
        placeTail=first.policy.placeTail,
        placeHead=first.policy.placeHead,
        replication=first.policy.replication,
        feasible=feasible,
        blocked=any(_blocked(cluster, record) for record in members),
        size=sum(record.size for record in members),
        storedSize=sum(record.stored for record in members),
        objectsCount=sum(record.objectsCount for record in members),
        root=(first.ancestors() or [first])[-1].name,
        volumes=[record.name for record in members],
        targetDiskSets=[list(disks) for disks in slots],
        slots=list(slots.values()),
        reuseServer=first.policy.reuseServer,
    )
