"""Measure the bindings against the floor and the original, in one run on one machine; see README.md beside this."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional

import payloads
import pyperf
from chart import draw

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORKER = HERE / "worker.py"
ORIGINAL = "storpool==7.3.0"
FLOOR = "import json, http.client"
SIDES = ("ours", "original")

Samples = Dict[str, List[float]]
#: What a worker's samples say, as one number.
Reading = Callable[[Samples], float]


class Figure(NamedTuple):
    """What is measured.

    :ivar name: what is measured, over what.
    :ivar bound: what the ratio may be at most: `to` the "floor" or the "original".
    :ivar env: variables of the environment, for ours.
    """

    name: str
    worker: str
    arguments: Dict[str, Any]
    reading: Reading
    bound: Optional[float] = None
    to: str = "floor"
    env: Mapping[str, str] = {}


class Row(NamedTuple):
    """A figure as it was found: the readings of each process of each side."""

    figure: Figure
    readings: Dict[str, List[float]]

    @property
    def medians(self) -> Dict[str, float]:
        """One number a side."""
        return {side: statistics.median(found) for side, found in self.readings.items()}

    @property
    def ratio(self) -> float:
        """What the bound is for."""
        ours, original = (self.medians[side] for side in SIDES)
        return ours if self.figure.to == "floor" else ours / original

    @property
    def met(self) -> Optional[bool]:
        """Whether the bound is kept; None where there is none."""
        return None if self.figure.bound is None else self.ratio <= self.figure.bound


def beyond(name: str, less: str, over: str) -> Reading:
    """Read what a thing costs beyond another, over a third."""

    def reading(samples: Samples) -> float:
        return (statistics.median(samples[name]) - statistics.median(samples[less])) / statistics.median(samples[over])

    return reading


def plain(name: str, over: Optional[str] = None) -> Reading:
    """Read what a thing costs, by itself or over another."""

    def reading(samples: Samples) -> float:
        return statistics.median(samples[name]) / (statistics.median(samples[over]) if over else 1)

    return reading


@contextlib.contextmanager
def environment(python: Optional[str], where: Path, requirement: str) -> Iterator[str]:
    """Give an interpreter that has a side installed; one is made where none is given."""
    if python is None:
        if not (where / "bin" / "python").exists():
            venv.create(where, with_pip=True)
        python = str(where / "bin" / "python")
        env = {**os.environ, "SP_NO_DOC_BUILD": "1"}
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement]
        subprocess.run(command, check=True, env=env)
        if requirement == str(ROOT):
            # The version may be the same as that of an older state of these sources.
            subprocess.run([*command[:4], "--force-reinstall", "--no-deps", *command[4:]], check=True, env=env)
    yield python


def clean_env() -> Dict[str, str]:
    """Return the environment of workers, which run from compiled files and from what is installed."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def work(python: str, figure: Figure) -> Samples:
    """Run a worker, and give what it measured."""
    command = [python, str(WORKER), figure.worker, json.dumps(figure.arguments)]
    done = subprocess.run(
        command,
        check=True,
        env={**clean_env(), **figure.env},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


#: A first listing of ten volumes, by a connection that answers at once.
LISTING = """
record = {"name": "v", "size": 2**30, "replication": 3, "globalId": "a.b.c", "placeAll": "h", "placeTail": "h",
          "placeHead": "h", "parentName": "", "templateName": "t", "bw": "-", "iops": "-", "visibleVolumeId": 1,
          "objectsCount": 1, "creationTimestamp": 1, "tags": {}}
reply = json.dumps({"generation": 1, "data": [{**record, "name": f"v{number}"} for number in range(10)]}).encode()
class Canned:
    status = 200
    def __init__(self, *args, **kwargs): pass
    def request(self, *args): pass
    def getresponse(self): return self
    def read(self, *args): return reply
    def close(self): pass
http.client.HTTPConnection = Canned
assert len(spapi.Api(host="127.0.0.1", port=81, auth="1").volumesList()) == 10
"""


def importing(pythons: Dict[str, str], rounds: int) -> List[Row]:
    """Measure what importing, and a first listing with it, add to the floor's imports."""
    imported = f"{FLOOR}; from storpool import spapi"
    codes = {
        "import, beyond json and http.client [s]": (imported, 0.35),
        "import and a first listing of ten [s]": (imported + LISTING, 0.5),
    }
    starts = [("floor", "ours", FLOOR)]
    starts += [(f"{side} {name}", side, code) for name, (code, _) in codes.items() for side in SIDES]
    found: Samples = {name: [] for name, _, _ in starts}
    for _ in range(rounds):
        for name, side, code in starts:
            started = time.perf_counter()
            subprocess.run([pythons[side], "-c", code], check=True, env=clean_env(), cwd="/", capture_output=True)
            found[name].append(time.perf_counter() - started)
    # The minimum: starting a process is disturbed most, and only ever made slower.
    floor = min(found["floor"])
    return [
        Row(
            Figure(name, "", {}, plain("import"), bound, "original"),
            {side: [min(found[f"{side} {name}"]) - floor] for side in SIDES},
        )
        for name, (_, bound) in codes.items()
    ]


def figures(folder: Path, port: int, counts: List[int], rounds: int) -> Iterator[Figure]:
    """List what workers measure, and write what they read."""
    bounds = {"volumesList": 0.8, "volumesQuickStatus": 1.0, "disksList": 0.8}
    whole = plain("call", "loads")
    for call, bound in bounds.items():
        warm_up = folder / f"{call}.warm"
        warm_up.write_bytes(payloads.reply(call, 4, seed=1))

        def arguments_of(count: int, odd: str = "", call: str = call, warm_up: Path = warm_up) -> Dict[str, Any]:
            path = folder / f"{call}.{count}{odd}"
            path.write_bytes(payloads.reply(call, count, seed=2, odd=odd))
            few = rounds if count <= 10_000 else 2
            return {"call": call, "path": str(path), "warm_up": str(warm_up), "rounds": few}

        longest = payloads.MAX_DISKS if call == "disksList" else max(counts)
        for count in sorted({min(count, longest) for count in counts}):
            arguments = arguments_of(count)
            yield Figure(f"{call}, {count:,}: the whole reply / json.loads", "decoding", arguments, whole, bound)
        yield Figure(f"{call}: memory of a record [bytes]", "memory", arguments, plain("whole"), 0.5, "original")
        count = min(10_000, longest)
        first = plain("first", "loads")
        yield Figure(f"{call}, {count:,}: the first of a process", "decoding", arguments_of(count), first)
        name = f"{call}, {count:,}, one odd record / json.loads"
        yield Figure(name, "decoding", arguments_of(count, "one"), whole, 1.3 * bound)
        name = f"{call}, {count:,}, every record odd / json.loads"
        yield Figure(name, "decoding", arguments_of(count, "all"), whole, 2.5)
        name = f"{call}, {count:,}, without msgspec [s]"
        by_nodes = {"SP_FAST_JSON": "0"}
        yield Figure(name, "decoding", {**arguments_of(count), "rounds": 2}, plain("call"), 1.0, "original", by_nodes)
    arguments = {"rounds": rounds}
    create = plain("create", "dumps")
    yield Figure("volumeCreate: its body / json.dumps", "encoding", arguments, create, 0.2, "original")
    read = beyond("read", "read nothing", "read nothing")
    yield Figure("reading an attribute / a turn of an empty loop", "encoding", arguments, read, 0.1, "original")
    arguments = {"port": port, "rounds": 300 * rounds}
    yield Figure("round trip / a bare kept connection", "round_trips", arguments, plain("call", "bare"), 1.1)
    arguments = {"port": port, "rounds": rounds}
    yield Figure("eight threads: a call [s]", "threads", arguments, plain("calls"), 1 / 3, "original")


def measured(listed: List[Figure], pythons: Dict[str, str], processes: int, suite: List[pyperf.Benchmark]) -> List[Row]:
    """Run the workers of all figures, sides taking turns; one run serves the figures that read it differently."""
    samples: Dict[str, Dict[str, List[Samples]]] = {}
    for figure in listed:
        key = json.dumps([figure.worker, figure.arguments, dict(figure.env)])
        if key in samples:
            continue
        print(f"measuring {figure.name} ...", file=sys.stderr, flush=True)
        samples[key] = {side: [] for side in SIDES}
        for _ in range(processes):
            for side in SIDES:
                samples[key][side].append(work(pythons[side], figure))
        for side in SIDES:
            suite.extend(_benchmarks(f"{side}: {figure.name}", samples[key][side]))
    return [
        Row(figure, {side: [figure.reading(run) for run in found] for side, found in samples[key].items()})
        for figure in listed
        for key in [json.dumps([figure.worker, figure.arguments, dict(figure.env)])]
    ]


def _benchmarks(name: str, runs: List[Samples]) -> Iterator[pyperf.Benchmark]:
    for what in runs[0]:
        if not name.endswith("[bytes]"):
            metadata = {"name": f"{name}: {what}"}
            yield pyperf.Benchmark([pyperf.Run(run[what], metadata=metadata, collect_metadata=False) for run in runs])


def table(rows: List[Row]) -> str:
    """Write the rows as a table in Markdown: medians of the processes, and from which to which they went."""
    lines = ["| figure | ours | original | ours / original | bound | |", "|---|---|---|---|---|---|"]
    for row in rows:
        ours, original = (_spread(row.readings[side]) for side in SIDES)
        share = row.medians["ours"] / row.medians["original"]
        over = " of the original" if row.figure.to == "original" else ""
        bound = "" if row.figure.bound is None else f"{row.figure.bound:g}{over}"
        verdict = {None: "", True: "kept", False: "**missed**"}[row.met]
        lines.append(f"| {row.figure.name} | {ours} | {original} | {share:.3f} | {bound} | {verdict} |")
    return "\n".join(lines)


def _spread(found: List[float]) -> str:
    low, middle, high = (f"{value:.3g}" for value in (min(found), statistics.median(found), max(found)))
    return middle if low == high else f"{middle} ({low} to {high})"


@contextlib.contextmanager
def service(python: str) -> Iterator[int]:
    """Run the service that round trips go to."""
    command = [python, str(HERE / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None  # noqa: S101 - it is a pipe
        yield int(running.stdout.readline())
        running.communicate()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", metavar="PYTHON", help="an interpreter that has these bindings installed")
    parser.add_argument("--original", metavar="PYTHON", help=f"an interpreter that has {ORIGINAL} installed")
    parser.add_argument("--quick", action="store_true", help="no listings of 100,000 objects, and fewer rounds")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the samples, for pyperf, and the ratios")
    parser.add_argument("--chart", metavar="FILE", type=Path, help="draw the ratios: .svg or .png")
    args = parser.parse_args()
    counts = [100, 3_000, 10_000] if args.quick else [100, 3_000, 10_000, 100_000]
    rounds, processes = (3, 3) if args.quick else (5, 5)
    suite: List[pyperf.Benchmark] = []
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        envs = ROOT / ".bench"
        pythons = {
            "ours": enter(environment(args.ours, envs / "ours", str(ROOT))),
            "original": enter(environment(args.original, envs / "original", ORIGINAL)),
        }
        folder = Path(enter(tempfile.TemporaryDirectory()))
        port = enter(service(pythons["ours"]))
        rows = measured(list(figures(folder, port, counts, rounds)), pythons, processes, suite)
        rows += importing(pythons, 10 * rounds)
    print(table(rows))
    if args.json:
        ratios = {
            row.figure.name: {"readings": row.readings, "bound": row.figure.bound, "to": row.figure.to} for row in rows
        }
        pyperf.BenchmarkSuite(suite).dump(str(args.json), replace=True)
        args.json.with_suffix(".ratios.json").write_text(json.dumps(ratios, indent=1) + "\n", encoding="utf-8")
    if args.chart:
        draw([(row.figure.name, row.medians["ours"], row.medians["original"]) for row in rows], args.chart)
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
