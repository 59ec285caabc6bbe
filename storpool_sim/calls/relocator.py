"""The relocator, which moves data off disks that are taken out, and what it is going to do."""

from __future__ import annotations

from typing import Dict, List, Mapping, Union

from storpool.sptypes import DownDiskTarget, TargetDesc, UpDiskTarget, VolumeRelocatorStatus

from ..cluster import Cluster
from ..cluster.model import DiskSets, Record
from ..cluster.placement import DiskUse, use_if
from .registry import handles

Forecast = Dict[int, Union[UpDiskTarget, DownDiskTarget]]


@handles
def volumeRelocatorStatus(cluster: Cluster) -> VolumeRelocatorStatus:
    """On, as it is by default; blocked while disks that hold something are missing."""
    used = {number for record in cluster.records.values() for one in record.diskSets for number in one}
    missing = [number for number in used if number not in cluster.disks or not cluster.disks[number].up]
    return VolumeRelocatorStatus(
        status="blocked" if missing else "on",
        volumesToRelocate=len(cluster.space.relocations()),
        recoveringFromRemote=sum(record.recovering for record in cluster.records.values()),
    )


@handles
def volumeRelocatorDisks(cluster: Cluster) -> Forecast:
    """What each disk holds, and is going to hold."""
    return forecast(cluster, list(cluster.records.values()), cluster.space.relocations())


@handles
def volumeRelocatorVolumeDisks(cluster: Cluster, volumeName: str) -> Forecast:
    """The same for one volume."""
    return forecast_of(cluster, cluster.volume(volumeName), cluster.space.relocations())


@handles
def volumeRelocatorSnapshotDisks(cluster: Cluster, snapshotName: str) -> Forecast:
    """The same for one snapshot."""
    return forecast_of(cluster, cluster.snapshot(snapshotName), cluster.space.relocations())


def forecast(cluster: Cluster, records: List[Record], planned: Mapping[int, DiskSets]) -> Forecast:
    """What the disks hold of some records, before and after they get the disk sets that are planned."""
    now = use_if(records, cluster.disks, {})
    then = use_if(records, cluster.disks, planned)
    found: Forecast = {}
    for number, disk in sorted(cluster.disks.items()):
        if disk.up:
            found[number] = UpDiskTarget(
                id=number,
                serverId=disk.serverId,
                objectsCount=disk.objectSlots,
                objectsAllocated=_target(now[number].objects, then[number].objects),
                storedSize=_target(now[number].stored, then[number].stored),
                onDiskSize=_target(now[number].stored, then[number].stored),
            )
        else:
            found[number] = DownDiskTarget(id=number, serverId=disk.serverId, generationLeft=disk.generationLeft)
    return found


def forecast_of(cluster: Cluster, record: Record, planned: Mapping[int, DiskSets]) -> Forecast:
    """The forecast for one record, without the disks that have nothing to do with it (ours)."""
    now: Mapping[int, DiskUse] = use_if([record], cluster.disks, {})
    then = use_if([record], cluster.disks, planned)
    everything = forecast(cluster, [record], planned)
    return {number: one for number, one in everything.items() if now[number].objects or then[number].objects}


def _target(current: int, target: int) -> TargetDesc:
    return TargetDesc(current=current, target=target, delta=target - current, toRecover=max(0, target - current))
