"""A simulated cluster whose time the tests move."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

import storpool_sim
from storpool import spapi
from storpool_sim import Cluster, Running
from storpool_sim.cluster.clock import ManualClock
from storpool_sim.cluster.defaults import TOKEN

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def clusters(clock: ManualClock) -> Iterator[List[Cluster]]:
    """Two in one location, and one far away; what must hold of them does after each test."""
    found = [
        Cluster(clock, name="west", clusterId="wwww.a"),
        Cluster(clock, name="second", clusterId="wwww.b"),
        Cluster(clock, name="far", clusterId="ffff.a"),
    ]
    storpool_sim.connect(*found)
    yield found
    for cluster in found:
        cluster.check()


@pytest.fixture
def sim(clock: ManualClock) -> Iterator[Running]:
    with storpool_sim.running(clock=clock) as running:
        yield running


@pytest.fixture
def api(sim: Running) -> spapi.Api:
    return sim.api()


class Served:
    """A cluster served by another process; its address is in the first line that it prints."""

    def __init__(self, *arguments: object, before: str = "") -> None:
        code = f"{before}import sys; from storpool_sim.cli import main; sys.exit(main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *map(str, arguments)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        first = self.process.stdout.readline()
        self.address = re.search(r"http://[\d.]+:\d+", first)[0] if first else ""
        # Read as it comes: a pipe that nobody reads stops who writes to it.
        self.log: List[str] = []
        self._reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr))
        self._reader.start()

    def api(self, **options: Any) -> spapi.Api:
        host, port = self.address[len("http://") :].split(":")
        return spapi.Api(host, int(port), TOKEN, **options)

    def control(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Storpool v1:{TOKEN}"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}/sim/1.0/{path}", data, headers)) as reply:
            return json.load(reply)["data"]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return status


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    started: List[Served] = []

    def begin(*arguments: object, **options: str) -> Served:
        started.append(Served(*arguments, **options))
        return started[-1]

    yield begin
    for served in started:
        if served.process.poll() is None:
            served.stop(signal.SIGKILL)
