"""Replies of realistic shape and any length, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import Any, Callable, Dict

#: The ids of disks end here, so that no listing is longer.
MAX_DISKS = 4096


def _volume(rnd: random.Random, number: int) -> Dict[str, Any]:
    return {
        "id": number,
        "parentName": rnd.choice(("", "", f"image-{rnd.randrange(40)}")),
        "templateName": rnd.choice(("hybrid", "nvme", "")),
        "size": rnd.randrange(1, 4096) * 2**28,
        "replication": rnd.choice((2, 3)),
        "globalId": f"d3x.b.{number + 0x9ABC:x}",
        "placeAll": rnd.choice(("hdd", "ssd")),
        "placeTail": "ssd",
        "placeHead": rnd.choice(("hdd", "ssd")),
        "bw": "-",
        "iops": rnd.choice(("-", 1000, 20000)),
        "limitType": "total",
        "parentVolumeId": 4294967295,
        "originalParentVolumeId": 4294967295,
        "visibleVolumeId": number,
        "templateId": rnd.randrange(9),
        "objectsCount": rnd.randrange(1, 5000),
        "creationTimestamp": 1_600_000_000 + number,
        "flags": 0,
        "tags": {"cs": "volume", "vm": f"i-{rnd.getrandbits(32):08x}"} if rnd.random() < 0.5 else {},
        "reuseServer": False,
        "firstNotParentObjectId": 0,
        "name": f"os--volume-{rnd.getrandbits(32):08x}-{rnd.getrandbits(16):04x}-4{rnd.getrandbits(12):03x}",
    }


def _status(rnd: random.Random, number: int) -> Dict[str, Any]:
    record = _volume(rnd, number)
    snapshot = rnd.random() < 0.2
    ill = rnd.random() < 0.02
    if snapshot:
        record.update(
            name=f"snap-{record['name']}",
            onVolume=f"os--volume-{rnd.getrandbits(32):08x}",
            autoName=False,
            bound=rnd.random() < 0.5,
            deleted=False,
            transient=False,
            recoveringFromRemote=False,
            targetDeleteDate=0,
        )
    record.update(
        status="up soon" if ill else "up",
        snapshot=snapshot,
        migrating=rnd.random() < 0.05,
        decreasedRedundancy=ill,
        balancerBlocked=False,
        syncingDataBytes=0,
        syncingMetaObjects=0,
        downBytes=0,
        upSoonChainsCount=int(ill),
        downDrives=[],
        missingDrives=[rnd.randrange(100)] if ill else [],
        missingTargetDrives=[],
        softEjectingDrives=[],
    )
    return record


def _disk(rnd: random.Random, number: int) -> Dict[str, Any]:
    up = rnd.random() < 0.97
    record = {
        "id": number,
        "serverId": 1 + number // 24,
        "ssd": rnd.random() < 0.5,
        "generationLeft": -1 if up else 123456 + number,
        "model": rnd.choice(("SAMSUNG MZQL23T8HCLS-00A07", "ST16000NM001G-2KK103")),
        "serial": f"S64HNE0{rnd.randrange(10**7):07}",
        "description": rnd.choice(("", f"slot {number % 24}")),
        "softEject": "off",
    }
    if up:
        objects = rnd.randrange(2_097_152)
        record.update(
            sectorsCount=7_501_476_528,
            empty=False,
            noFua=False,
            noFlush=False,
            noTrim=True,
            isWbc=rnd.random() < 0.5,
            journaled=False,
            device=f"/dev/nvme{number % 24}n1p1",
            agCount=7153,
            agAllocated=rnd.randrange(7153),
            agFree=rnd.randrange(7153),
            agFull=rnd.randrange(7153),
            agPartial=rnd.randrange(999),
            agFreeing=0,
            agMaxSizeFull=rnd.randrange(99),
            agMaxSizePartial=rnd.randrange(99),
            entriesCount=4_194_304,
            entriesAllocated=rnd.randrange(4_194_304),
            entriesFree=rnd.randrange(4_194_304),
            objectsCount=2_097_152,
            objectsAllocated=objects,
            objectsFree=2_097_152 - objects,
            objectsOnDiskSize=rnd.randrange(10**12),
            wbc={"pages": rnd.randrange(9999), "pagesPending": 0, "maxPages": 65536} if rnd.random() < 0.5 else None,
            aggregateScore={"entries": rnd.randrange(99), "space": rnd.randrange(99), "total": rnd.randrange(99)},
            scrubbingStartedBefore=rnd.randrange(99999),
            scrubbedBytes=rnd.randrange(10**12),
            scrubbingBW=rnd.randrange(10**9),
            scrubbingFinishAfter=rnd.randrange(99999),
            scrubbingPausedFor=0,
            scrubbingPaused=False,
            lastScrubCompleted=1_600_000_000 + rnd.randrange(10**8),
        )
    return record


SHAPES: Dict[str, Callable[[random.Random, int], Dict[str, Any]]] = {
    "volumesList": _volume,
    "volumesQuickStatus": _status,
    "disksList": _disk,
}


def reply(call: str, count: int, seed: int, odd: str = "") -> bytes:
    """Return the `data` of a reply with so many objects.

    :param call: a key of SHAPES.
    :param odd: which records have a word where the declarations take a number, as those of newer clusters may:
        "one" of them, near the end, or "all"; none by default.
    """
    rnd = random.Random(seed)  # noqa: S311 - payload, no secret
    records = [SHAPES[call](rnd, number) for number in range(count)]
    for record in records if odd == "all" else records[-count // 5 :][:1] if odd == "one" else ():
        record["serverId" if call == "disksList" else "replication"] = "ec"
    data: Any = records
    if call == "volumesQuickStatus":
        data = {record["name"]: record for record in records}
    elif call == "disksList":
        data = {str(record["id"]): record for record in records}
    return json.dumps(data, separators=(",", ":")).encode()
