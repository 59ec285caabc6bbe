"""What a cluster answers is the same to the byte, however the request comes."""

from __future__ import annotations

import json
import os
from collections import Counter

import drawn
import pytest
from ways import sender

import storpool_sim
from storpool.spapi.call import CALLS
from storpool_sim import Cluster, ManualClock, connect
from storpool_sim.calls.registry import HANDLERS

SEEDS = [int(one) for one in os.environ.get("SP_TEST_SEEDS", "1,2").split(",")]
COUNT = int(os.environ.get("SP_TEST_COUNT", "800"))


def played(way, requests, **options):
    """The replies to requests, and what the cluster remembers of them."""
    clock = ManualClock()
    cluster, far = Cluster(clock), Cluster(clock, "far", "ffff.a")
    connect(cluster, far)
    with way(cluster=cluster, **options) as sim:
        send, replies = sender(sim), []
        for one in requests:
            if one.method:
                replies.append(send(one.method, one.path, one.body))
            else:
                clock.advance(one.seconds)
        return replies, [(one.method, one.target, one.body, one.status, one.call, one.error) for one in sim.requests]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_sequence_has_the_same_replies(seed):
    requests = list(drawn.requests(seed, COUNT))
    ours, remembered = played(storpool_sim.in_process, requests)
    theirs, also_remembered = played(storpool_sim.running, requests)
    asked = [one for one in requests if one.method]
    for request, one, other in zip(asked, ours, theirs):
        assert one == other, request
    assert remembered == also_remembered
    # The comparison is worth something: calls of all kinds, and about half of them do something.
    outcomes = Counter(one[-1] for one in remembered)
    assert outcomes[""] > len(asked) / 3, outcomes
    assert len(outcomes) > 5, outcomes
    assert not outcomes["internalError"], [
        (request, reply) for request, (status, reply) in zip(asked, ours) if status == 500
    ][:3]


def test_a_random_sequence_asks_for_everything():
    requests = list(drawn.requests(1, 3000))
    _, remembered = played(storpool_sim.in_process, requests)
    left_out = {name for name, call in CALLS.items() if call.until} | set(drawn.LEFT_OUT)
    asked = {CALLS[one[4]].query.split("/")[0] for one in remembered if one[4]}
    assert not [name for name in HANDLERS if CALLS[name].query.split("/")[0] not in asked and name not in left_out]
    done = {one[4] for one in remembered if not one[5]}
    assert len(done) > len(HANDLERS) * 0.7, sorted(set(HANDLERS) - done)


def test_errors_with_status_200_are_the_same():
    requests = list(drawn.requests(3, 100))
    ours, _ = played(storpool_sim.in_process, requests, error_statuses=False)
    theirs, _ = played(storpool_sim.running, requests, error_statuses=False)
    assert ours == theirs
    assert {status for status, _ in ours} == {200}
    assert any("error" in json.loads(body) for _, body in ours)
