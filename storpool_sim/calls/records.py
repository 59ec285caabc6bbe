"""Volumes and snapshots as lists and descriptions show them."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from ..cluster import Cluster
from ..cluster.model import OBJECT_SIZE, Record
from ..cluster.placement import objects_per_set, stored_per_set

Fields = Dict[str, Any]


def summary(record: Record) -> Fields:
    """Return the fields of a VolumeSummary or a SnapshotSummary in JSON, without those that are null."""
    number, size, globalId, template, parent = record.id, record.size, record.globalId, record.template, record.parent
    placeAll, placeTail, placeHead, replication, bw, iops, limitType, reuseServer = record.policy
    fields: Fields = {
        "bw": bw,
        "iops": iops,
        "id": number,
        "name": record.name,
        "parentName": "" if parent is None else parent.name,
        "templateName": "" if template is None else template.name,
        "size": size,
        "replication": replication,
        "globalId": globalId,
        "placeAll": placeAll,
        "placeTail": placeTail,
        "placeHead": placeHead,
        "visibleVolumeId": number,
        "objectsCount": -(-size // OBJECT_SIZE),
        "creationTimestamp": int(record.created),
        "flags": 0,
        "tags": record.tags,
    }
    if limitType is not None:
        fields["limitType"] = limitType
    if reuseServer is not None:
        fields["reuseServer"] = reuseServer
    if parent is not None:
        fields["parentVolumeId"] = fields["originalParentVolumeId"] = parent.id
    if template is not None:
        fields["templateId"] = template.id
    if record.snapshot:
        _add_snapshot(record, fields)
    return fields


def _add_snapshot(record: Record, fields: Fields) -> None:
    waiting = len(record.children) if record.deleted else 0
    fields.update(
        snapshot=True,
        onVolume=next((child.name for child in record.children.values() if not child.snapshot), "-"),
        autoName=record.autoName,
        bound=record.bound,
        deleted=record.deleted,
        transient=record.transient,
        targetDeleteDate=record.targetDeleteDate or 0,
        recoveringFromRemote=record.recovering,
        backup=record.backup,
        deleteBlocked="not blocked" if not waiting else "pending" if waiting == 1 else "multiple children",
        destroyed=False,
    )
    if record.copyOf is not None and record.backup:
        fields["backupOfVisibleVolumeId"], fields["backupOfGlobalId"] = record.copyOf
    if record.createdFrom is not None:
        fields["createdFromVisibleVolumeId"], fields["createdFromGlobalId"] = record.createdFrom


def placement(record: Record) -> Fields:
    """Return which disks hold which object."""
    sets = [list(disks) for disks in record.diskSets]
    return {
        "targetDiskSets": sets,
        "objects": [list(record.diskSets[index % len(sets)]) for index in range(record.objectsCount)],
    }


def in_order(records: Iterable[Fields]) -> List[Fields]:
    """Return records sorted by name."""
    return sorted(records, key=itemgetter("name"))


def spread(record: Record) -> Fields:
    """Return how many objects lie on which disks."""
    per_disk: Counter[int] = Counter()
    per_set: Counter[Tuple[int, ...]] = Counter()
    per_chain: Counter[Tuple[int, ...]] = Counter()
    for members, count in zip(record.diskSets, objects_per_set(record)):
        if count:
            per_chain[members] += count
            per_set[tuple(sorted(members))] += count
            per_disk.update(dict.fromkeys(members, count))
    return {
        "disksCount": len(per_disk),
        "objectsPerDisk": dict(per_disk),
        "objectsPerChain": _stats(per_chain),
        "objectsPerDiskSet": _stats(per_set),
    }


def _stats(counts: Counter[Tuple[int, ...]]) -> List[Fields]:
    return [{"disks": disks, "count": count} for disks, count in sorted(counts.items())]


def statuses(cluster: Cluster, more: Callable[[Record], Fields]) -> Dict[str, Fields]:
    """Return the records of VolumesGetStatus, with the fields that `more` adds."""
    healthy = all(disk.usable and disk.recovering is None for disk in cluster.disks.values())
    return {
        record.name: {**summary(record), **((healthy and _healthy(record)) or _health(cluster, record)), **more(record)}
        for record in cluster.volumes() + cluster.snapshots()
    }


def _healthy(record: Record) -> Optional[Fields]:
    """Return the health of a record while all disks are healthy; None if the record itself is not."""
    if record.dataLost or min(map(len, record.diskSets)) < record.policy.replication:
        return None
    return {
        "status": "up",
        "snapshot": record.snapshot,
        "migrating": False,
        "decreasedRedundancy": False,
        "balancerBlocked": False,
        "syncingDataBytes": 0,
        "syncingMetaObjects": 0,
        "downBytes": 0,
        "upSoonChainsCount": 0,
        "downDrives": [],
        "missingDrives": [],
        "missingTargetDrives": [],
        "softEjectingDrives": [],
    }


def _health(cluster: Cluster, record: Record) -> Fields:
    """Return the health of a record: what its status has besides the summary."""
    sets, disks = record.diskSets, cluster.disks
    used = {number for disks in sets for number in disks}
    known = used & set(disks)
    down = {number for number in used if number not in disks or not disks[number].up}
    syncing = {number for number in known if disks[number].recovering is not None}
    ejecting = {number for number in known if disks[number].softEject != "off"}
    # A disk set is out of reach while all its disks are down; it soon serves again when some of them catch up.
    lost = {number for disks in sets if down.issuperset(disks) for number in disks}
    soon = [disks for disks in sets if (down | syncing).issuperset(disks) and not down.issuperset(disks)]
    counts = objects_per_set(record)
    lost_objects = sum(count for disks, count in zip(sets, counts) if disks and down.issuperset(disks))
    degraded = [bool(syncing.intersection(disks)) for disks in sets]
    short = any(len(disks) < record.policy.replication for disks in sets)
    return {
        "status": "data lost" if record.dataLost else "down" if lost else "up soon" if soon else "up",
        "snapshot": record.snapshot,
        "migrating": any(disks[number].softEject == "on" for number in ejecting),
        "decreasedRedundancy": bool(down or syncing or short),
        "balancerBlocked": bool(down or ejecting),
        "syncingDataBytes": sum(size for size, disks in zip(stored_per_set(record, len(sets)), degraded) if disks),
        "syncingMetaObjects": sum(count for count, disks in zip(counts, degraded) if disks),
        "downBytes": min(record.size, lost_objects * OBJECT_SIZE),
        "upSoonChainsCount": len(soon),
        "downDrives": sorted(lost),
        "missingDrives": sorted(down - lost),
        "missingTargetDrives": sorted(down),
        "softEjectingDrives": sorted(ejecting),
    }


def sizes(record: Record) -> Fields:
    """Return how many bytes were written: by the client, and on all disks."""
    return {"storedSize": record.stored, "onDiskSize": record.stored * record.policy.replication}


def space(record: Record) -> Fields:
    """Return the estimates of VolumesSpace and SnapshotsSpace.

    For a volume, `spaceUsed` is what it and its parents take; for a snapshot, what deleting it would free.
    """
    if record.snapshot:
        # Its children still need the data.
        used = record.stored if not record.children else 0
    else:
        used = record.stored + sum(ancestor.stored for ancestor in record.ancestors())
    return {"storedSize": record.stored, "spaceUsed": used}
