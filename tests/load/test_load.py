"""64 clients at a time, some of which share an Api, in several processes: no error that nobody asked for, nothing lost.

It takes a few seconds; `SP_TEST_LOAD_SECONDS` makes it as long as one likes.
"""

from __future__ import annotations

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
