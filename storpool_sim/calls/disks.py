"""Disks: what they are, what lies on them, soft-eject and scrubbing."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator

from storpool.sptypes import DiskDescUpdate

from ..cluster import SCRUB_RATE, Cluster, model
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist
from ..cluster.incidents import start_servers
from ..cluster.placement import DiskUse, own_objects, stored_in_object
from .registry import handles
from .results import OkJson, RawJson, ok

#: The states of objects, as numbers in JSON.
OBJECT_OK, OBJECT_IN_RECOVERY = 1, 3

#: Ours: a disk keeps track of its data in pieces of this size.
ENTRY_SIZE = 128 * model.KiB

Fields = Dict[str, Any]


@handles
def disksList(cluster: Cluster) -> RawJson:
    """List the disks."""
    use = cluster.space.use()
    return RawJson({number: _summary(cluster, disk, use[number]) for number, disk in sorted(cluster.disks.items())})


@handles
def serverDisksList(cluster: Cluster, serverId: int) -> RawJson:
    """List the disks of a server."""
    if serverId not in cluster.servers:
        raise ObjectDoesNotExist(f"Server {serverId} does not exist.")
    return RawJson({number: disk for number, disk in disksList(cluster).value.items() if disk["serverId"] == serverId})


@handles
def diskDescribe(cluster: Cluster, diskId: int) -> RawJson:
    """Describe a disk with its objects."""
    disk = _up(cluster, diskId)
    fields = _summary(cluster, disk, cluster.space.use()[diskId])
    return RawJson({**fields, "objects": dict(enumerate(_objects(cluster, disk)))})


@handles
def serverDiskDescribe(cluster: Cluster, serverId: int, diskId: int) -> RawJson:
    """Describe a disk of a server with its objects."""
    if diskId not in serverDisksList(cluster, serverId).value:
        raise ObjectDoesNotExist(f"Server {serverId} has no disk {diskId}.")
    return diskDescribe(cluster, diskId)


@handles
def diskInfo(cluster: Cluster, diskId: int) -> RawJson:
    """Describe a disk with what volumes and snapshots have on it."""
    disk = _up(cluster, diskId)
    states: Dict[int, int] = {}
    volumes: Dict[str, Fields] = {}
    for entry in _objects(cluster, disk):
        fields = volumes.setdefault(
            entry["volume"],
            {"name": entry["volume"], "storedSize": 0, "onDiskSize": 0, "objectsCount": 0, "objectStates": {}},
        )
        fields["storedSize"] += entry["storedSize"]
        fields["onDiskSize"] += entry["onDiskSize"]
        fields["objectsCount"] += 1
        for counts in (states, fields["objectStates"]):
            counts[entry["state"]] = counts.get(entry["state"], 0) + 1
    fields = _summary(cluster, disk, cluster.space.use()[diskId])
    return RawJson({**fields, "objectStates": states, "volumeInfos": volumes})


def _summary(cluster: Cluster, disk: model.Disk, use: DiskUse) -> Fields:
    base = {
        "id": disk.id,
        "serverId": disk.serverId,
        "ssd": disk.ssd,
        "generationLeft": disk.generationLeft,
        "model": disk.model,
        "serial": disk.serial,
        "description": disk.description,
        "softEject": disk.softEject,
    }
    if not disk.up:
        return base
    full, rest = divmod(use.stored, model.AG_SIZE)
    partial = 1 if rest else 0
    entries = use.stored // ENTRY_SIZE
    places = disk.capacity // ENTRY_SIZE * 2
    return {
        **base,
        "sectorsCount": disk.capacity // model.SECTOR,
        "empty": use.objects == disk.foreignObjects,
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
        "aggregateScore": {"entries": 0, "space": 0, "total": 0},
        **_scrubbing(cluster, disk, use),
    }


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


def _objects(cluster: Cluster, disk: model.Disk) -> Iterator[Fields]:
    """Yield the objects on a disk; a disk that catches up has recovered the first of them."""
    done = None if disk.recovering is None else int(disk.recovering.done)
    count = 0
    for record in cluster.records.users_of_disk(disk.id):
        for index in chain(*own_objects(record)):
            if disk.id in record.diskSets[index % len(record.diskSets)]:
                stored = stored_in_object(record, index)
                yield {
                    "objectId": index,
                    "generation": 1,
                    "version": 1 if stored else 0,
                    "volume": record.name,
                    "parentVolume": record.parent.name if record.parent is not None else "",
                    "onDiskSize": stored,
                    "storedSize": stored,
                    "volumeId": record.id,
                    "state": OBJECT_OK if done is None or count < done else OBJECT_IN_RECOVERY,
                }
                count += 1


@handles
def diskSetDesc(cluster: Cluster, diskId: int, json: DiskDescUpdate) -> OkJson:
    """Label a disk."""
    cluster.space.disk(diskId).description = json.description
    return ok(cluster)


# Taking disks out


@handles
def diskSoftEject(cluster: Cluster, diskId: int) -> OkJson:
    """Begin to move the data away, or resume."""
    disk = _up(cluster, diskId)
    if disk.ejecting is None:
        disk.ejecting = model.Progress(cluster.clock.now())
        disk.ejectObjects = cluster.space.use()[diskId].objects
        disk.ejectTransaction = cluster.next_number() + 1  # 0 and 1 are those of recovery and of transfers
    disk.softEject = "on"
    return ok(cluster)


@handles
def diskSoftEjectPause(cluster: Cluster, diskId: int) -> OkJson:
    """Pause moving the data away."""
    disk = _up(cluster, diskId)
    if disk.softEject == "off":
        raise InvalidParam(f"Disk {diskId} is not being soft-ejected.")
    disk.softEject = "paused"
    return ok(cluster)


@handles
def diskSoftEjectCancel(cluster: Cluster, diskId: int) -> OkJson:
    """Use the disk again; the data that has left comes back."""
    disk = _up(cluster, diskId)
    disk.softEject, disk.ejecting = "off", None
    _place_anew(cluster, disk)
    return ok(cluster)


@handles
def diskEject(cluster: Cluster, diskId: int) -> OkJson:
    """Take a disk down at once."""
    _up(cluster, diskId)
    cluster.disk_down(diskId)
    return ok(cluster)


@handles
def diskIgnore(cluster: Cluster, diskId: int) -> OkJson:
    """Let a cluster that waits for a disk start without it."""
    disk = cluster.space.disk(diskId)
    if disk.up:
        raise Busy(f"Disk {diskId} is up.")
    disk.ignored = True
    start_servers(cluster)
    return ok(cluster)


@handles
def diskForget(cluster: Cluster, diskId: int) -> OkJson:
    """Drop a disk that is down, from every group too."""
    disk = cluster.space.disk(diskId)
    if disk.up:
        raise Busy(f"Disk {diskId} is up.")
    cluster.space.forget_disk(disk)
    start_servers(cluster)
    return ok(cluster)


def _place_anew(cluster: Cluster, disk: model.Disk) -> None:
    for group in cluster.groups.values():
        if disk.id in group.disks:
            cluster.space.move(cluster.records.users_of_group(group.name))


def _up(cluster: Cluster, number: int) -> model.Disk:
    disk = cluster.space.disk(number)
    if not disk.up:
        raise InvalidParam(f"Disk {number} is down.")
    return disk


# Scrubbing


@handles
def diskScrubStart(cluster: Cluster, diskId: int) -> OkJson:
    """Begin a scrub, which begins paused where scrubbing is paused."""
    scrub, now = _up(cluster, diskId).scrub, cluster.clock.now()
    if scrub.started is None:
        scrub.started = now
        scrub.progress = model.Progress(now)
        if scrub.paused is not None:
            scrub.paused = now
    return ok(cluster)


@handles
def diskScrubPause(cluster: Cluster, diskId: int) -> OkJson:
    """Pause scrubbing, whether or not a scrub is under way."""
    scrub = _up(cluster, diskId).scrub
    if scrub.paused is None:
        scrub.paused = cluster.clock.now()
    return ok(cluster)


@handles
def diskScrubContinue(cluster: Cluster, diskId: int) -> OkJson:
    """Clear the pause."""
    _up(cluster, diskId).scrub.paused = None
    return ok(cluster)


@handles
def diskRetrim(cluster: Cluster, diskId: int) -> OkJson:
    """Tell a drive again which of its space is free; nothing shows that."""
    _up(cluster, diskId)
    return ok(cluster)
