"""A simulated cluster for the examples, and functions that run them on it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterator

import doc_programs
import pytest
from doc_programs import DAY, GiB, Run

import storpool_sim
from storpool import spapi
from storpool_sim import Running
from storpool_sim.cluster.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    # Programs compare the cluster's dates with the time of day, and snapshots are to have some age.
    return ManualClock(time.time() - 40 * DAY)


@pytest.fixture
def sim(clock: ManualClock, tmp_path: Path) -> Iterator[Running]:
    with storpool_sim.running(clock=clock, devDir=str(tmp_path / "dev")) as running:
        yield running


@pytest.fixture
def api(sim: Running) -> spapi.Api:
    return sim.api()


@pytest.fixture
def run(sim: Running) -> Run:
    """Return a function that runs an example, which must succeed, and returns what it printed."""

    def check(name: str, *arguments: str) -> str:
        done = doc_programs.run(sim.env, name, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return check


@pytest.fixture
def fails(sim: Running) -> Run:
    """Return a function that runs an example, which must fail, and returns its error message."""

    def check(name: str, *arguments: str, status: int = 1) -> str:
        done = doc_programs.run(sim.env, name, *arguments)
        assert done.returncode == status, done
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"{name}.py: ")
        return line

    return check


@pytest.fixture
def volumes(api: spapi.Api) -> None:
    """Two volumes of one application, and one of another."""
    api.volumeTemplateCreate({"name": "ssd3", "placeAll": "ssd", "replication": 3, "size": 10 * GiB})
    for name, app in (("db-data", "db"), ("db-log", "db"), ("web", "web")):
        api.volumeCreate({"name": name, "template": "ssd3", "tags": {"app": app}})


@pytest.fixture
def near(clock: ManualClock) -> Iterator[Running]:
    """A cluster that is connected to another, `away`."""
    cluster = storpool_sim.Cluster(clock, name="near", clusterId="nnnn.a")
    storpool_sim.connect(cluster, storpool_sim.Cluster(clock, name="away", clusterId="aaaa.b"))
    with storpool_sim.running(cluster=cluster) as running:
        yield running
