"""64 clients at a time, some of which share an Api, in several processes: no error that nobody asked for, nothing lost.

It takes a few seconds; `SP_TEST_LOAD_SECONDS` makes it as long as one likes.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List

import load_clients as clients
import pytest

import storpool_sim
from storpool_sim import Running
from storpool_sim.cluster.defaults import TOKEN

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("SP_TEST_LOAD_SECONDS", "2"))
CLIENTS, PROCESSES = 64, 4
GiB = 1 << 30

#: The errors that each kind of fault brings.
ERRORS = {
    "transient": {"transientFault"},
    "reset": {"ConnectionResetError"},
    "lost": {"ConnectionResetError"},
    "half-closed": {"RemoteDisconnected"},
    "truncated": {"IncompleteRead"},
    "garbage": {"unusableReply"},
    "latency": set(),
}


class Outcome:
    """What the clients of all processes did."""

    def __init__(self, reports: List[Dict[str, Any]]) -> None:
        self.failures = [failure for one in reports for failure in one["failures"]]
        self.requests = sum(one["requests"] for one in reports)
        self.connections = sum(one["connections"] for one in reports)
        self.done, self.unknown, self.expected = (
            sum((Counter(one[name]) for one in reports), Counter()) for name in ("done", "unknown", "expected")
        )
        self.last: Dict[str, Dict[str, List[Any]]] = {key: item for one in reports for key, item in one["last"].items()}


def load(sim: Running, allowed: List[str]) -> Outcome:
    """Let the clients work."""
    api = sim.api(transientSleep=lambda attempt: 0.01)
    for name in clients.SHARED:
        api.volumeCreate({"name": name, "size": GiB, "replication": 2})
    for name in clients.BUCKETS:
        api.kvsCreate(name)
    task = {
        "api": {"host": sim.host, "port": sim.port, "auth": sim.token},
        "seconds": SECONDS,
        "allowed": allowed,
    }
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    processes = []
    for first in range(PROCESSES):
        process = subprocess.Popen(
            [sys.executable, clients.__file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({**task, "clients": list(range(first, CLIENTS, PROCESSES))}))
        process.stdin.close()
        process.stdin = None
        processes.append(process)
    outputs = [process.communicate(timeout=SECONDS + 120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    api.close()
    return Outcome([json.loads(output) for output in outputs])


def check_nothing_is_lost(sim: Running, outcome: Outcome) -> None:
    """Every change that was acknowledged is there, and none that nobody made."""
    sim.faults.clear()
    api = sim.api()
    for name in clients.BUCKETS:
        found = api.kvsList(name)
        number = int(found.pairs.get("n", "0"))
        assert outcome.done[name] <= number <= outcome.done[name] + outcome.unknown[name]
        assert found.version == number + 1
    for name in clients.SHARED:
        (volume,) = api.volumeList(name)
        grown = (volume.size - GiB) // clients.SECTOR
        assert outcome.done[name] <= grown <= outcome.done[name] + outcome.unknown[name]
        for client, last in outcome.last.items():
            assert volume.tags.get(client) in last[name]
    assert {one.name for one in api.volumesList()} == set(clients.SHARED)
    assert api.attachmentsList() == []
    api.close()


def test_nothing_goes_wrong_and_nothing_is_lost() -> None:
    with storpool_sim.running() as sim:
        outcome = load(sim, [])
        assert not outcome.failures
        assert not outcome.expected and not outcome.unknown
        check_nothing_is_lost(sim, outcome)
        names = {one.error for one in sim.requests}
        assert names <= {"", "runIfVersionIsMismatch"}
        assert outcome.requests > CLIENTS * 10
        # One for each client, and a few when several meet at an Api that they share.
        assert outcome.connections <= CLIENTS * 2 < outcome.requests
        print(f"{outcome.requests} requests, {outcome.connections} connections, {outcome.requests / SECONDS:.0f}/s")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_requests_leave_nothing_behind() -> None:
    command = [sys.executable, "-m", "storpool_sim", "serve"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        host, _, port = process.stdout.readline().rpartition("http://")[2].strip().partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        token = {"Authorization": f"Storpool v1:{TOKEN}"}
        bad = json.dumps({"name": "a name", "size": 1, "tags": {"x": "y" * 1000}})
        requests: List[Any] = [
            ("GET", "/ctrl/1.0/VolumesList", None, token),
            ("POST", "/ctrl/1.0/VolumeCreate", bad, token),
            ("GET", "/sim/1.0/" + "9" * 4000, None, {}),
            ("POST", "/ctrl/1.0/" + "x" * 4000, bad, {}),
        ]

        def resident() -> int:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) << 10
            raise ValueError("VmRSS")

        def ask(rounds: int) -> int:
            for request in requests * rounds:
                connection.request(*request)
                connection.getresponse().read()
            return resident()

        # Until all that is kept is there: the last requests, for the status page.
        before = ask(200)
        assert ask(int(SECONDS * 300)) - before < 16 << 20
        connection.close()
        process.terminate()


@pytest.mark.parametrize("seed", [1])
def test_only_the_faults_that_were_asked_for_are_met(seed: int) -> None:
    with storpool_sim.running(seed=seed) as sim:
        for kind in ERRORS:
            sim.faults.add(kind, probability=0.02, seconds=0.01)
        allowed = sorted(set().union(*ERRORS.values()))
        outcome = load(sim, allowed)
        assert not outcome.failures
        assert set(outcome.expected) == set(allowed)
        check_nothing_is_lost(sim, outcome)
