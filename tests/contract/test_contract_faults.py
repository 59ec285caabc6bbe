"""Faults that were asked for look the same, however the request comes."""

from __future__ import annotations

import http.client
import json

import pytest
from ways import sender

from storpool import spapi
from storpool_sim.service.faults import KINDS


def outcome(call):
    """What a call gives, or the kind of error it ends with."""
    try:
        return call()
    except spapi.ApiError as exc:
        return exc.name, exc.status, exc.transient
    except (OSError, http.client.HTTPException) as exc:
        return type(exc)


#: What a request meets; and whether it was done for all that.
WANTED = {
    "error": (("busy", 409, False), False),
    "transient": (("transientFault", 503, True), False),
    "failover": (("transientFault", 503, True), False),
    "latency": (None, True),
    "reset": (ConnectionResetError, False),
    "lost": (ConnectionResetError, True),
    "half-closed": (http.client.RemoteDisconnected, False),
    "truncated": (http.client.IncompleteRead, True),
    "garbage": (("unusableReply", 200, False), True),
    "missing": (None, True),
    "unknown": (None, True),
    "refused": (ConnectionResetError, False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_what_it_is_both_ways(sim, kind):
    wanted, done = WANTED[kind]
    sim.faults.add(kind, times=1, seconds=0.01, error="busy" if kind == "error" else "")
    found = outcome(lambda: sim.api(transientRetries=0).kvsCreate("b", returnRawAPIData=True))
    assert isinstance(found, dict) if wanted is None else found == wanted
    assert list(sim.cluster.buckets) == (["b"] if done else [])


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"error", "garbage", "missing", "unknown", "lost"}))
def test_the_bindings_get_over_it_both_ways(sim, kind):
    sim.faults.add(kind, times=2, seconds=0.05)
    assert sim.api(transientSleep=lambda attempt: 0.1).volumesList() == []


@pytest.mark.parametrize("kind", ["transient", "error"])
def test_errors_of_faults_come_with_200_on_demand(way, kind):
    with way(error_statuses=False) as sim:
        sim.faults.add(kind, error="busy" if kind == "error" else "")
        status, body = sender(sim)("GET", "/ctrl/1.0/VolumesList")
        assert (status, json.loads(body)["error"]["transient"]) == (200, kind == "transient")


def test_connections_are_refused_for_a_while_both_ways(sim):
    sim.faults.add("refused", times=1, seconds=0.5)
    api = sim.api(transientRetries=0)
    assert outcome(api.volumesList) is ConnectionResetError
    assert outcome(api.volumesList) is ConnectionRefusedError


@pytest.mark.parametrize(("kind", "field"), [("missing", "size"), ("unknown", "colour")])
def test_fields_go_and_come_both_ways(sim, kind, field):
    sim.api().volumeCreate({"name": "v", "size": 512, "replication": 1})
    sim.faults.add(kind, on="VolumesList", field=field)
    (volume,) = sim.api().volumesList(returnRawAPIData=True)
    assert (field in volume) is (kind == "unknown")
    assert sim.api().volumesList()[0].name == "v"
    assert len([one for one in sim.requests if one.call == "volumesList"]) == 2


def test_what_was_not_answered_is_not_remembered(sim):
    sim.faults.add("reset", times=1)
    outcome(sim.api(transientRetries=0).volumesList)
    assert sim.requests == []
