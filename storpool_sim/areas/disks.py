"""Disks: what they are, what lies on them, soft-eject and scrubbing."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, List, Type, TypeVar, Union

from storpool.sptypes import (
    Disk,
    DiskActiveRequests,
    DiskAggregateScores,
    DiskDescUpdate,
    DiskObject,
    DownDiskSummary,
    Task,
    UpDiskSummary,
)

from .. import model
from ..cluster import SCRUB_RATE, Cluster
from ..errors import Busy, InvalidParam, ObjectDoesNotExist
from ..handlers import handles
from ..placement import DiskUse, own_objects, stored_in_object
from .replies import ApiOk, ok

# On the wire an object's state is a number, and in an object of the bindings its name.
_OBJECT_OK: Dict[str, Any] = {"state": 1}

_Up = TypeVar("_Up", bound=UpDiskSummary)

#: Ours: a disk keeps track of its data in pieces of this size.
ENTRY_SIZE = 128 * model.KiB


@handles
def disksList(cluster: Cluster) -> Dict[int, Union[UpDiskSummary, DownDiskSummary]]:
    """Every disk."""
    use = cluster.use()
    return {number: _summary(cluster, disk, use[number]) for number, disk in sorted(cluster.disks.items())}


@handles
def serverDisksList(cluster: Cluster, serverId: int) -> Dict[int, Union[UpDiskSummary, DownDiskSummary]]:
    """The disks of one server."""
    if serverId not in cluster.servers:
        raise ObjectDoesNotExist(f"Server {serverId} does not exist.")
    return {number: one for number, one in disksList(cluster).items() if one.serverId == serverId}


@handles
def diskDescribe(cluster: Cluster, diskId: int) -> Disk:
    """A disk and its objects."""
    disk = _up(cluster, diskId)
    return _fill(cluster, Disk, disk, cluster.use()[diskId], {"objects": dict(enumerate(_objects(cluster, diskId)))})


@handles
def serverDiskDescribe(cluster: Cluster, serverId: int, diskId: int) -> Disk:
    """A disk of one server and its objects."""
    if diskId not in serverDisksList(cluster, serverId):
        raise ObjectDoesNotExist(f"Server {serverId} has no disk {diskId}.")
    return diskDescribe(cluster, diskId)


@handles(lacks="the list is empty: no data passes")
def diskActiveRequests(cluster: Cluster, diskId: int) -> DiskActiveRequests:
    """No data passes through this cluster."""
    cluster.disk(diskId)
    return DiskActiveRequests(diskId=diskId, requests=[])


def _base(disk: model.Disk) -> Dict[str, Any]:
    return {
        "id": disk.id,
        "serverId": disk.serverId,
        "ssd": disk.ssd,
        "generationLeft": disk.generationLeft,
        "model": disk.model,
        "serial": disk.serial,
        "description": disk.description,
        "softEject": disk.softEject,
    }


def _summary(cluster: Cluster, disk: model.Disk, use: DiskUse) -> Union[UpDiskSummary, DownDiskSummary]:
    return _fill(cluster, UpDiskSummary, disk, use, {}) if disk.up else DownDiskSummary(**_base(disk))


def _fill(cluster: Cluster, cls: Type[_Up], disk: model.Disk, use: DiskUse, more: Dict[str, Any]) -> _Up:
    full, rest = divmod(use.stored, model.AG_SIZE)
    partial = 1 if rest else 0
    entries = use.stored // ENTRY_SIZE
    places = disk.capacity // ENTRY_SIZE * 2
    return cls(
        **{
            **_base(disk),
            "sectorsCount": disk.capacity // model.SECTOR,
            "empty": use.objects == 0,
            "noFua": False,
            "noFlush": False,
            "noTrim": False,
            "isWbc": False,
            "journaled": False,
            "device": disk.device,
            "agCount": disk.agCount,
            "agAllocated": full + partial,
            "agFree": disk.agCount - full - partial,
            "agFull": full,
            "agPartial": partial,
            "agFreeing": 0,
            "agMaxSizeFull": 0,
            "agMaxSizePartial": 0,
            "entriesCount": places,
            "entriesAllocated": entries,
            "entriesFree": places - entries,
            "objectsCount": disk.objectSlots,
            "objectsAllocated": use.objects,
            "objectsFree": max(0, disk.objectSlots - use.objects),
            "objectsOnDiskSize": use.stored,
            "wbc": None,
            "aggregateScore": DiskAggregateScores(entries=0, space=0, total=0),
            **_scrubbing(cluster, disk, use),
            **more,
        }
    )


def _scrubbing(cluster: Cluster, disk: model.Disk, use: DiskUse) -> Dict[str, Any]:
    scrub, now = disk.scrub, cluster.clock.now()
    left = max(0, use.stored - int(scrub.progress.done))
    running = scrub.started is not None
    return {
        "scrubbingStartedBefore": int(now - scrub.started) if scrub.started is not None else 0,
        "scrubbedBytes": min(use.stored, int(scrub.progress.done)) if running else 0,
        "scrubbingBW": int(SCRUB_RATE) if running and scrub.paused is None else 0,
        "scrubbingFinishAfter": int(left / SCRUB_RATE) if running else 0,
        "scrubbingPausedFor": int(now - scrub.paused) if scrub.paused is not None else 0,
        "scrubbingPaused": scrub.paused is not None,
        "lastScrubCompleted": int(scrub.lastCompleted),
    }


def _objects(cluster: Cluster, number: int) -> List[DiskObject]:
    return [
        DiskObject(
            objectId=index,
            generation=1,
            version=1 if stored_in_object(record, index) else 0,
            volume=record.name,
            parentVolume=record.parent.name if record.parent else "",
            onDiskSize=stored_in_object(record, index),
            storedSize=stored_in_object(record, index),
            volumeId=record.id,
            **_OBJECT_OK,
        )
        for record in cluster.users_of_disk(number)
        for index in chain(*own_objects(record))
        if number in record.diskSets[index % len(record.diskSets)]
    ]


@handles
def diskSetDesc(cluster: Cluster, diskId: int, json: DiskDescUpdate) -> ApiOk:
    """Label a disk."""
    cluster.disk(diskId).description = json.description
    return ok(cluster)


# Taking disks out


@handles
def diskSoftEject(cluster: Cluster, diskId: int) -> ApiOk:
    """Begin to move the data away, or go on with it."""
    disk = _up(cluster, diskId)
    if disk.ejecting is None:
        disk.ejecting = model.Progress(cluster.clock.now())
        disk.ejectObjects = cluster.use()[diskId].objects
        disk.ejectTransaction = cluster.next_number()
    disk.softEject = "on"
    return ok(cluster)


@handles
def diskSoftEjectPause(cluster: Cluster, diskId: int) -> ApiOk:
    """Hold the moving of the data."""
    disk = _up(cluster, diskId)
    if disk.softEject == "off":
        raise InvalidParam(f"Disk {diskId} is not being soft-ejected.")
    disk.softEject = "paused"
    return ok(cluster)


@handles
def diskSoftEjectCancel(cluster: Cluster, diskId: int) -> ApiOk:
    """Use the disk again; what has left comes back."""
    disk = _up(cluster, diskId)
    disk.softEject, disk.ejecting = "off", None
    _place_anew(cluster, disk)
    return ok(cluster)


@handles(lacks="soft-eject only")
def tasksList(cluster: Cluster) -> List[Task]:
    """A task for each disk that data leaves."""
    return [
        Task(
            diskId=disk.id,
            transactionId=disk.ejectTransaction,
            allObjects=disk.ejectObjects,
            completedObjects=int(disk.ejecting.done),
            dispatchedObjects=min(disk.ejectObjects, int(disk.ejecting.done) + 1),
            unresolvedObjects=0,
        )
        for disk in cluster.disks.values()
        if disk.ejecting is not None and disk.softEject == "on" and disk.ejectObjects
    ]


@handles
def diskEject(cluster: Cluster, diskId: int) -> ApiOk:
    """Take a disk down at once."""
    disk = _up(cluster, diskId)
    disk.softEject, disk.ejecting, disk.scrub = "off", None, model.Scrub()
    disk.generationLeft = cluster.generation
    return ok(cluster)


@handles
def diskForget(cluster: Cluster, diskId: int) -> ApiOk:
    """Drop a disk that is down, from every group too."""
    disk = cluster.disk(diskId)
    if disk.up:
        raise Busy(f"Disk {diskId} is up.")
    users = cluster.users_of_disk(diskId)
    for group in cluster.groups.values():
        group.disks.discard(diskId)
    del cluster.disks[diskId]
    cluster.replace(users)
    return ok(cluster)


def _place_anew(cluster: Cluster, disk: model.Disk) -> None:
    for group in cluster.groups.values():
        if disk.id in group.disks:
            cluster.replace(cluster.users_of_group(group.name))


def _up(cluster: Cluster, number: int) -> model.Disk:
    disk = cluster.disk(number)
    if not disk.up:
        raise InvalidParam(f"Disk {number} is down.")
    return disk


# Scrubbing


@handles
def diskScrubStart(cluster: Cluster, diskId: int) -> ApiOk:
    """Begin a scrub; on a disk where scrubbing is paused it begins paused."""
    scrub, now = _up(cluster, diskId).scrub, cluster.clock.now()
    if scrub.started is None:
        scrub.started = now
        scrub.progress = model.Progress(now)
        if scrub.paused is not None:
            scrub.paused = now
    return ok(cluster)


@handles
def diskScrubPause(cluster: Cluster, diskId: int) -> ApiOk:
    """Pause scrubbing, whether or not a scrub is under way."""
    scrub = _up(cluster, diskId).scrub
    if scrub.paused is None:
        scrub.paused = cluster.clock.now()
    return ok(cluster)


@handles
def diskScrubContinue(cluster: Cluster, diskId: int) -> ApiOk:
    """Clear the pause."""
    _up(cluster, diskId).scrub.paused = None
    return ok(cluster)


@handles(lacks="nothing happens")
def diskRetrim(cluster: Cluster, diskId: int) -> ApiOk:
    """Nothing is there to be trimmed."""
    _up(cluster, diskId)
    return ok(cluster)
