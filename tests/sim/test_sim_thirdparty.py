"""Programs of others: each runs as a process of its own against a cluster on a socket, by the bindings or without.

With SP_PEER_PYTHON, an interpreter that has the original bindings, they run unchanged by those as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import storpool_sim
from storpool_sim import Cluster, connect
from storpool_sim.cluster.clock import Clock

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "programs"
PYTHONS = {
    "ours": sys.executable,
    **({"the original": os.environ["SP_PEER_PYTHON"]} if "SP_PEER_PYTHON" in os.environ else {}),
}
GiB = 1 << 30


class FastClock(Clock):
    """A clock that runs many times as fast: what takes a cluster a minute, programs wait a second for."""

    TIMES = 50.0

    def __init__(self) -> None:
        super().__init__()
        self._begun = time.time()

    def now(self) -> float:
        return self._begun + (time.time() - self._begun) * self.TIMES

    def seconds_until(self, when: float) -> float:
        return max(0.0, when - self.now()) / self.TIMES


@pytest.fixture(params=list(PYTHONS))
def run(request, tmp_path):
    """Runs a program by one bindings or the other; gives what it prints."""
    file = tmp_path / "storpool.conf"

    def run(sim, name, *arguments):
        file.write_text("".join(f"{name}={value}\n" for name, value in sim.env.items()))
        env = {key: value for key, value in os.environ.items() if not key.startswith(("SP_", "PYTHON"))}
        env.update(sim.env)
        if request.param == "ours":
            # Where the distribution is installed, this is the same code again.
            env["PYTHONPATH"] = str(ROOT)
        done = subprocess.run(
            [PYTHONS[request.param], PROGRAMS / "launch.py", file, PROGRAMS / f"{name}.py", *arguments],
            env=env, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        # The last line: the bindings may have said something in the log before.
        assert done.returncode == 0, (done.stdout, done.stderr.splitlines()[-1:])
        assert not [one.line() for one in sim.requests if one.error in ("internalError", "notSimulated")]
        return done.stdout

    return run


@pytest.fixture
def clock():
    return FastClock()


@pytest.fixture
def clusters(clock):
    made = [Cluster(clock), Cluster(clock, "second", "nsim.c"), Cluster(clock, "far", "ffff.a")]
    connect(*made)
    return made


@pytest.fixture
def sim(clusters):
    with storpool_sim.running(cluster=clusters[0]) as running:
        yield running


@pytest.fixture
def api(sim):
    api = sim.api()
    yield api
    api.close()


def test_a_kubernetes_driver(sim, run):
    assert run(sim, "kubernetes", "~nsim.b") == "done\n"
    assert sim.cluster.volumes() == []


def test_integration_tests_of_cloudstack(sim, run):
    assert run(sim, "cloudstack") == "done\n"
    assert sim.cluster.records == {} and sim.cluster.templates == {}


def test_disaster_recovery_of_cloudstack(sim, run):
    assert run(sim, "recovery", "far", "ffff", "nsim") == "done\n"


def test_a_watchdog_of_proxmox(sim, api, run):
    for name, tags in (("pve-1", {"virt": "pve"}), ("pve-2", {"virt": "pve"}), ("other", {})):
        api.volumeCreate({"name": name, "size": GiB, "replication": 3, "tags": tags})
    api.volumesReassignWait(
        {"reassign": [{"volume": name, "rw": [client]} for name, client in (("pve-1", 2), ("pve-2", 1), ("other", 2))]}
    )
    sim.cluster.open("pve-1", 2)
    assert run(sim, "watchdog", "2") == "pve-1\n"
    assert {(one.volume, one.client) for one in api.attachmentsList()} == {("pve-2", 1), ("other", 2)}
    assert run(sim, "watchdog", "2") == "nothing\n"


def test_iscsi_of_openstack(sim, run):
    assert run(sim, "openstack_iscsi") == "done\n"
    assert sim.cluster.volumes() == []


def test_a_consistency_checker_finds_what_is_wrong_and_nothing_else(sim, api, run):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotCreate("v", {"deleteAfter": 10**6})
    api.volumeCreate({"name": "w", "baseOn": "v"})
    assert run(sim, "consistency") == "0 problems\n"
    api.diskEject(101)
    api.diskSoftEject(204)
    found = run(sim, "consistency").splitlines()
    assert [one for one in found if one.startswith("disk 101 is down")]
    assert "disk 204 is being ejected" in found
    assert [one for one in found if one.startswith("v is up, misses [101")]


def test_a_check_of_the_whole_cluster_in_phases(sim, run):
    phases = ["clean-up", "set-up", "configuration", "volumes", "relocator", "scrubbing", "remote", "clean-up", "done"]
    assert run(sim, "cluster_check").splitlines() == phases
    assert sim.cluster.records == {}
    assert set(sim.cluster.groups) == {"ssd", "hdd"}


def test_a_check_that_was_broken_off_is_cleaned_up_after(sim, run):
    run(sim, "cluster_check", "set-up")
    sim.api().volumeCreate({"name": "check-left", "template": "check-template"})
    run(sim, "cluster_check", "clean-up", "set-up", "clean-up")
    assert sim.cluster.records == {}


def test_programs_without_the_bindings(sim, run):
    assert run(sim, "plain_http") == "done\n"
    assert {one.error for one in sim.requests} == {"", "objectExists", "unknownQuery", "unauthorized"}


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_curl_and_an_old_cluster(clock):
    with storpool_sim.running(clock=clock, old_http=True) as sim:
        assert sim.api().volumesList() == []
        done = subprocess.run(
            ["curl", "-sS", "-H", f"Authorization: Storpool v1:{sim.token}", f"http://{sim.host}:{sim.port}/ctrl/1.0/VolumesList"],
            stdout=subprocess.PIPE, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert done.stdout == '{"generation":1,"data":[]}'
