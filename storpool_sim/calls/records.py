"""What lists and descriptions say of a volume or a snapshot."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from ..cluster import Cluster
from ..cluster.model import OBJECT_SIZE, Record
from ..cluster.placement import objects_per_set, stored_per_set

Fields = Dict[str, Any]


def summary(record: Record) -> Fields:
    """The fields of a VolumeSummary, or of a SnapshotSummary, as JSON has them: without those that are null."""
    number, size, globalId, template, parent = record.id, record.size, record.globalId, record.template, record.parent
    placeAll, placeTail, placeHead, replication, bw, iops, limitType, reuseServer = record.policy
    fields: Fields = {
        "bw": bw,
        "iops": iops,
        "id": number,
        "name": record.baseName or "~" + globalId,
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
        onVolume=next((one.name for one in record.children.values() if not one.snapshot), "-"),
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
    """Which disks hold which objects, one by one."""
    sets = [list(one) for one in record.diskSets]
    return {
        "targetDiskSets": sets,
        "objects": [list(record.diskSets[index % len(sets)]) for index in range(record.objectsCount)],
    }


def in_order(records: Iterable[Fields]) -> List[Fields]:
    """Records in order of name."""
    return sorted(records, key=itemgetter("name"))


def spread(record: Record) -> Fields:
    """How many objects lie where."""
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
    """The records of VolumesGetStatus, with what `more` gives."""
    well = all(disk.usable and disk.recovering is None for disk in cluster.disks.values())
    return {
        one.name: {**summary(one), **((well and _well(one)) or _health(cluster, one)), **more(one)}
        for one in cluster.volumes() + cluster.snapshots()
    }


def _well(record: Record) -> Optional[Fields]:
    """What there is to say where all disks are well; None when it is the record that is not."""
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
    """What a status record has besides the summary."""
    sets, disks = record.diskSets, cluster.disks
    used = {number for one in sets for number in one}
    known = used & set(disks)
    down = {number for number in used if number not in disks or not disks[number].up}
    syncing = {number for number in known if disks[number].recovering is not None}
    ejecting = {number for number in known if disks[number].softEject != "off"}
    # A part is out of reach when all of its copies are down, and soon no more when some are catching up.
    lost = {number for one in sets if down.issuperset(one) for number in one}
    soon = [one for one in sets if (down | syncing).issuperset(one) and not down.issuperset(one)]
    counts = objects_per_set(record)
    lost_objects = sum(count for one, count in zip(sets, counts) if one and down.issuperset(one))
    degraded = [bool(syncing.intersection(one)) for one in sets]
    short = any(len(one) < record.policy.replication for one in sets)
    return {
        "status": "data lost" if record.dataLost else "down" if lost else "up soon" if soon else "up",
        "snapshot": record.snapshot,
        "migrating": any(disks[number].softEject == "on" for number in ejecting),
        "decreasedRedundancy": bool(down or syncing or short),
        "balancerBlocked": bool(down or ejecting),
        "syncingDataBytes": sum(size for size, one in zip(stored_per_set(record, len(sets)), degraded) if one),
        "syncingMetaObjects": sum(count for count, one in zip(counts, degraded) if one),
        "downBytes": min(record.size, lost_objects * OBJECT_SIZE),
        "upSoonChainsCount": len(soon),
        "downDrives": sorted(lost),
        "missingDrives": sorted(down - lost),
        "missingTargetDrives": sorted(down),
        "softEjectingDrives": sorted(ejecting),
    }


def sizes(record: Record) -> Fields:
    """Bytes written: by the client, and on all disks."""
    return {"storedSize": record.stored, "onDiskSize": record.stored * record.policy.replication}


def space(record: Record) -> Fields:
    """The estimates of VolumesSpace and SnapshotsSpace.

    For a volume `spaceUsed` is what it and its parents take, for a snapshot what deleting it would free.
    """
    if record.snapshot:
        # With several children the data goes on being needed by all of them.
        used = record.stored if not record.children else 0
    else:
        used = record.stored + sum(one.stored for one in record.ancestors())
    return {"storedSize": record.stored, "spaceUsed": used}
