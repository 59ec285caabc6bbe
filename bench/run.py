"""Measure the bindings against the floor, and against the original where it is given; see README.md beside this."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, Tuple

from storpool import sptypes
from storpool.sptype import spType

ROUNDS = 15
FLOOR = "import json, http.client"


def volumes(count: int, seed: int) -> bytes:
    """Make the reply to a listing, in the shape that clusters answer in."""
    rnd = random.Random(seed)  # noqa: S311 - payload, no secret

    def volume(number: int) -> Dict[str, Any]:
        return {
            "id": number,
            "parentName": "",
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

    return json.dumps([volume(number) for number in range(count)]).encode()


def timed(func: Callable[[], Any]) -> float:
    started = time.perf_counter()
    func()
    return time.perf_counter() - started


def decoding(count: int) -> Tuple[float, float]:
    """Give the ratio to ``json.loads`` when names were seen before, and for the first listing of all."""
    node = spType([sptypes.VolumeSummary])
    node.handleVal(json.loads(volumes(2, seed=1)))
    data = volumes(count, seed=2)
    parsed = json.loads(data)
    cold = timed(lambda: node.handleVal(parsed))
    floor = min(timed(lambda: json.loads(data)) for _ in range(3))
    ours = cold
    for _ in range(ROUNDS):
        floor = min(floor, timed(lambda: json.loads(data)))
        ours = min(ours, timed(lambda: node.handleVal(parsed)))
    return ours / floor, cold / floor


def importing(original: str) -> float:
    """Give the ratio of what importing adds to the floor, ours to the original's."""
    runs: List[Tuple[str, str]] = [(sys.executable, FLOOR)]
    runs += [(python, f"{FLOOR}; from storpool import spapi") for python in (sys.executable, original)]
    best = [float("inf")] * len(runs)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(ROUNDS):
        for index, (python, code) in enumerate(runs):
            started = time.perf_counter()
            subprocess.run([python, "-c", code], check=True, env=env, cwd="/", capture_output=True)  # noqa: S603 - our own commands
            spent = time.perf_counter() - started
            best[index] = min(best[index], spent)
    return (best[1] - best[0]) / (best[2] - best[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--original", metavar="PYTHON", help="an interpreter with storpool==7.3.0 installed")
    parser.add_argument("--count", type=int, default=10_000, help="how many volumes (default: %(default)s)")
    args = parser.parse_args()
    warm, cold = decoding(args.count)
    print(f"decode {args.count} volumes / json.loads: {warm:.2f} (cold {cold:.2f})")
    if args.original:
        print(f"import, ours / the original's: {importing(args.original):.2f}")


if __name__ == "__main__":
    main()
