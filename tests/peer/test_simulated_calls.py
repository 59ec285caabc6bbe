"""The original bindings make every call that is simulated, and read of the replies what ours read."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, List, Optional

import pytest
import story

import storpool_sim
from storpool.spapi.call import CALLS
from storpool_sim import ManualClock
from storpool_sim.calls.registry import HANDLERS

PYTHON = os.environ.get("SP_PEER_PYTHON", "")
CALLER = Path(__file__).with_name("caller.py")
LAST = (7, 3, 0)
STEPS = [step for step in story.STORY if step.call in HANDLERS or not step.call]


def is_newer(name: str) -> bool:
    """Whether the original does not have a call."""
    call = CALLS[name]
    return bool(call.until) or tuple(map(int, call.since.split("."))) > LAST


class Original:
    """The original's Api, in a process of its own."""

    def __init__(self, sim: storpool_sim.Running) -> None:
        # Isolated from PYTHONPATH, by which that interpreter would find our bindings instead.
        self._process = subprocess.Popen(
            [PYTHON, "-I", str(CALLER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say({"host": sim.host, "port": sim.port, "auth": sim.token})

    def _say(self, what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def make(self, step: story.Step, made: List[storpool_sim.Cluster]) -> Any:
        assert self._process.stdout is not None
        args, body = step.given(made)
        kwargs = {**body, **({"clusterName": step.cluster} if step.cluster else {})}
        self._say({"call": step.call, "args": args, "kwargs": kwargs, "multi": step.multi})
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0


def told(original: bool) -> List[Optional[Any]]:
    """What each step of the story gives, by ours or by the original; None for what the original cannot ask."""
    clock = ManualClock()
    made = story.clusters(clock)
    results: List[Optional[Any]] = []
    with storpool_sim.running(cluster=made[0]) as sim:
        apis = {multi: sim.api(multiCluster=multi) for multi in (False, True)}
        caller = Original(sim) if original else None
        for step in STEPS:
            clock.advance(step.seconds)
            if not step.call:
                continue
            if caller is None or step.newer or is_newer(step.call):
                result = story.plain(step.made_by(apis[step.multi], made))
                results.append(None if caller else result)
                continue
            answer = caller.make(step, made)
            assert answer is not None, f"the original has no {step.call}"
            assert "error" not in answer, (step, answer)
            results.append(answer["result"])
        if caller is not None:
            caller.close()
        for api in apis.values():
            api.close()
    return results


@pytest.mark.skipif(not PYTHON, reason="SP_PEER_PYTHON names no interpreter with the original bindings")
def test_the_original_reads_what_we_read() -> None:
    calls = [step for step in STEPS if step.call]
    compared = set()
    for step, ours, theirs in zip(calls, told(original=False), told(original=True)):
        if theirs is not None:
            compared.add(step.call)
            assert theirs == ours, step
    assert {step.call for step in calls} - compared == {step.call for step in calls if is_newer(step.call)}
