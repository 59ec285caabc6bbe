"""Measure the OpenStack helper's file: an `add` against its own bare syncs, and a `get` of what has not changed.

    python bench/attachdb.py [--directory DIR] [--rounds N] [--json FILE]

The bare syncs are what one `add` writes and syncs, done again without anything around it, on files beside the state
file: the same bytes, in the same order. The two take turns. The exit status tells whether the bounds are kept.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

from storpool_os import SPLockedJSONDB

BOUND = 2.0
#: Nodes have tens of volumes, hundreds at most.
REQUESTS = (1, 5, 25, 50, 100, 150, 250, 500)
#: How many requests the bound holds for; see README.md.
BOUND_UP_TO = 100

#: What a program does to a file: (descriptor, what to do, arguments).
Step = Tuple[int, Callable[..., Any], Tuple[Any, ...]]


def _entry(number: int) -> Dict[str, Any]:
    volume = f"{number:08x}-aaaa-4bbb-8ccc-123456789abc"
    request = f"brick-1-{volume}"
    return {"volume": f"os--volume-{volume}", "type": "brick", "id": request, "rights": 2, "volsnap": False}


def _state(path: Path, requests: int) -> SPLockedJSONDB:
    path.write_text(json.dumps({f"brick-1-{number:036d}": _entry(number) for number in range(requests)}))
    return SPLockedJSONDB(str(path))


@contextlib.contextmanager
def _recorded() -> Iterator[List[Step]]:
    """What is written and synced meanwhile, with descriptors of its own."""
    steps: List[Step] = []
    files: Dict[Tuple[int, int], int] = {}
    real = {name: getattr(os, name) for name in ("pwrite", "pwritev", "fdatasync", "fsync", "ftruncate")}

    def stand_in(name: str) -> Callable[..., Any]:
        def recorded(fd: int, *args: Any) -> Any:
            status = os.fstat(fd)
            key = (status.st_dev, status.st_ino)
            if key not in files:
                copy = os.readlink(f"/proc/self/fd/{fd}") + ".bare"
                files[key] = os.open(copy, os.O_RDWR | os.O_CREAT, 0o600)
                real["pwrite"](files[key], b" " * status.st_size, 0)
                real["fsync"](files[key])
            steps.append((files[key], real[name], args))
            return real[name](fd, *args)

        return recorded

    for name in real:
        setattr(os, name, stand_in(name))
    try:
        yield steps
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure_add(directory: Path, requests: int, rounds: int) -> Dict[str, Any]:
    """One `add` to a state of so many requests, its bare syncs, and making JSON of the state."""
    db = _state(directory / f"state-{requests}", requests)
    db.add("mine", _entry(0))
    db.add("mine", _entry(1))
    with _recorded() as steps:
        db.add("mine", _entry(2))

    def bare() -> None:
        for fd, work, args in steps:
            work(fd, *args)

    samples: Dict[str, List[float]] = {"add": [], "bare": [], "dumps": []}
    for number in range(rounds):
        entry = _entry(number)
        samples["add"].append(_timed(lambda entry=entry: db.add("mine", entry)))  # type: ignore[misc]
        samples["bare"].append(_timed(bare))
        state = db.get()
        samples["dumps"].append(_timed(lambda state=state: json.dumps(state)))  # type: ignore[misc]
    found = {name: statistics.median(taken) * 1e3 for name, taken in samples.items()}
    return {
        "requests": requests,
        "bytes": (directory / f"state-{requests}").stat().st_size,
        "syncs": sum(work.__name__ in ("fsync", "fdatasync") for _, work, _ in steps),
        **found,
        # Of each turn: what else the machine does lasts longer than one, and meets both.
        "ratio": statistics.median(add / bare for add, bare in zip(samples["add"], samples["bare"])),
    }


def _reads() -> int:
    """How often this process has read from anything."""
    text = Path("/proc/self/io").read_text()
    return int(dict(line.split(": ") for line in text.splitlines())["syscr"])


def measure_get(directory: Path, requests: int) -> Dict[str, Any]:
    """Reads of the file by a thousand `get`s of a state that does not change, and the time of one."""
    path = directory / f"state-get-{requests}"
    db = _state(path, requests)
    # Just changed, a file may change again within the same tick of its clock.
    os.utime(path, (time.time() - 10.5, time.time() - 10.5))
    db.get()
    looking = _reads()
    looking = _reads() - looking
    before = _reads()
    seconds = _timed(lambda: [db.get() for _ in range(1000)])
    return {"requests": requests, "reads": _reads() - before - looking, "microseconds": seconds * 1e3}


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", help="where to write: the file system is what is measured")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.directory) as name:
        adds = [measure_add(Path(name), requests, args.rounds) for requests in REQUESTS]
        gets = [measure_get(Path(name), requests) for requests in (5, 500)]
    print("requests   bytes  syncs  add ms  bare ms  add/bare  of which JSON")
    for row in adds:
        share = row["dumps"] / row["bare"]
        print(
            f"{row['requests']:8} {row['bytes']:7} {row['syncs']:6} {row['add']:7.2f} {row['bare']:8.2f}"
            f" {row['ratio']:9.2f} {share:14.2f}"
        )
    for row in gets:
        print(
            f"get of {row['requests']} requests, unchanged: {row['reads']} reads by 1000, {row['microseconds']:.0f} us"
        )
    if args.json:
        Path(args.json).write_text(json.dumps({"add": adds, "get": gets}, indent=2) + "\n")
    slow = [row["requests"] for row in adds if row["requests"] <= BOUND_UP_TO and row["ratio"] > BOUND]
    rereads = [row["requests"] for row in gets if row["reads"]]
    if slow:
        print(f"An add costs more than {BOUND} of its bare syncs with {slow} requests", file=sys.stderr)
    if rereads:
        print(f"An unchanged file is read again with {rereads} requests", file=sys.stderr)
    return 1 if slow or rereads else 0


if __name__ == "__main__":
    sys.exit(main())
