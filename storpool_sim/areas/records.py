"""What lists and descriptions say of a volume or a snapshot."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Tuple

from storpool.sptypes import VolumeChainStat

from ..cluster import Cluster
from ..model import Record
from ..placement import objects_per_set

Fields = Dict[str, Any]


def summary(record: Record) -> Fields:
    """The fields of a VolumeSummary, or of a SnapshotSummary."""
    policy, template, parent = record.policy, record.template, record.parent
    fields: Fields = {
        "bw": policy.bw,
        "iops": policy.iops,
        "limitType": policy.limitType,
        "id": record.id,
        "name": record.name,
        "parentName": parent.name if parent else "",
        "templateName": template.name if template else "",
        "size": record.size,
        "replication": policy.replication,
        "globalId": record.globalId,
        "placeAll": policy.placeAll,
        "placeTail": policy.placeTail,
        "placeHead": policy.placeHead,
        "visibleVolumeId": record.id,
        "objectsCount": record.objectsCount,
        "creationTimestamp": int(record.created),
        "flags": 0,
        "tags": dict(record.tags),
        "reuseServer": policy.reuseServer,
    }
    if parent is not None:
        fields["parentVolumeId"] = fields["originalParentVolumeId"] = parent.id
    if template is not None:
        fields["templateId"] = template.id
    return {**fields, **_snapshot(record)} if record.snapshot else fields


def _snapshot(record: Record) -> Fields:
    waiting = len(record.children) if record.deleted else 0
    fields: Fields = {
        "onVolume": next((one.name for one in record.children.values() if not one.snapshot), "-"),
        "autoName": record.autoName,
        "bound": record.bound,
        "deleted": record.deleted,
        "transient": record.transient,
        "targetDeleteDate": record.targetDeleteDate or 0,
        "recoveringFromRemote": record.recovering,
        "backup": record.backup,
        "deleteBlocked": "not blocked" if not waiting else "pending" if waiting == 1 else "multiple children",
        "destroyed": False,
    }
    if record.copyOf is not None and record.backup:
        fields["backupOfVisibleVolumeId"], fields["backupOfGlobalId"] = record.copyOf
    if record.createdFrom is not None:
        fields["createdFromVisibleVolumeId"], fields["createdFromGlobalId"] = record.createdFrom
    return fields


def placement(record: Record) -> Fields:
    """Which disks hold which objects, one by one."""
    sets = [list(one) for one in record.diskSets]
    return {
        "targetDiskSets": sets,
        "objects": [list(record.diskSets[index % len(sets)]) for index in range(record.objectsCount)],
    }


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


def _stats(counts: Counter[Tuple[int, ...]]) -> List[VolumeChainStat]:
    return [VolumeChainStat(disks=list(disks), count=count) for disks, count in sorted(counts.items())]


def health(cluster: Cluster, record: Record) -> Fields:
    """What a status record has besides the summary."""
    known = cluster.disks
    used = {number for one in record.diskSets for number in one}
    down = {number for number in used if number not in known or not known[number].up}
    lost = {number for one in record.diskSets if down.issuperset(one) for number in one}
    ejecting = {number for number in used & set(known) if known[number].softEject != "off"}
    lost_objects = sum(count for one, count in zip(record.diskSets, objects_per_set(record)) if down.issuperset(one))
    return {
        "status": "down" if lost else "up",
        "snapshot": record.snapshot,
        "migrating": any(known[number].softEject == "on" for number in ejecting),
        "decreasedRedundancy": bool(down),
        "balancerBlocked": bool(down or ejecting),
        "syncingDataBytes": 0,
        "syncingMetaObjects": 0,
        "downBytes": min(record.size, lost_objects * 32 * 1024 * 1024),
        "upSoonChainsCount": 0,
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
