"""The relocator, which moves data off disks that are being ejected, and its plans."""

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
    """Return "on", as it is by default, or "blocked" while disks with data are missing."""
    used = {number for record in cluster.records.values() for disks in record.diskSets for number in disks}
    missing = [number for number in used if number not in cluster.disks or not cluster.disks[number].up]
    return VolumeRelocatorStatus(
        status="blocked" if missing else "on",
        volumesToRelocate=len(cluster.space.relocations()),
        recoveringFromRemote=sum(record.recovering for record in cluster.records.values()),
    )


@handles
def volumeRelocatorDisks(cluster: Cluster) -> Forecast:
    """Return what the disks hold, and are going to hold."""
    return forecast(cluster, list(cluster.records.values()), cluster.space.relocations())


@handles
def volumeRelocatorVolumeDisks(cluster: Cluster, volumeName: str) -> Forecast:
    """Return what the disks hold, and are going to hold, of a volume."""
    return forecast_of(cluster, cluster.volume(volumeName), cluster.space.relocations())


@handles
def volumeRelocatorSnapshotDisks(cluster: Cluster, snapshotName: str) -> Forecast:
    """Return what the disks hold, and are going to hold, of a snapshot."""
    return forecast_of(cluster, cluster.snapshot(snapshotName), cluster.space.relocations())


def forecast(cluster: Cluster, records: List[Record], planned: Mapping[int, DiskSets]) -> Forecast:
    """Return what the disks hold of some records, before and after these get the planned disk sets."""
    now = use_if(records, cluster.disks, {})
    then = use_if(records, cluster.disks, planned)
    disks: Forecast = {}
    for number, disk in sorted(cluster.disks.items()):
        if disk.up:
            disks[number] = UpDiskTarget(
                id=number,
                serverId=disk.serverId,
                objectsCount=disk.objectSlots,
                objectsAllocated=_target(now[number].objects, then[number].objects),
                storedSize=_target(now[number].stored, then[number].stored),
                onDiskSize=_target(now[number].stored, then[number].stored),
            )
        else:
            disks[number] = DownDiskTarget(id=number, serverId=disk.serverId, generationLeft=disk.generationLeft)
    return disks


def forecast_of(cluster: Cluster, record: Record, planned: Mapping[int, DiskSets]) -> Forecast:
    """Return the forecast for one record, without disks that hold nothing of it before or after (ours)."""
    now: Mapping[int, DiskUse] = use_if([record], cluster.disks, {})
    then = use_if([record], cluster.disks, planned)
    everything = forecast(cluster, [record], planned)
    return {number: target for number, target in everything.items() if now[number].objects or then[number].objects}


def _target(current: int, target: int) -> TargetDesc:
    return TargetDesc(current=current, target=target, delta=target - current, toRecover=max(0, target - current))
