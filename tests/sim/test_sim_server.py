"""The simulated cluster as a server; what it makes of requests as such, `tests/contract` holds it to."""

from __future__ import annotations

import http.client
import json

import pytest

import storpool_sim
from storpool.spapi.call import CALLS
from storpool_sim.calls.registry import HANDLERS

GiB = 1 << 30


def test_what_is_not_simulated_says_so(api, refused, monkeypatch):
    monkeypatch.delitem(HANDLERS, "vagList")
    refused("notSimulated", api.vagList, 1)


def test_handlers_are_named_like_calls():
    assert set(HANDLERS) <= set(CALLS)


def test_a_connection_serves_many_requests(sim):
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/ctrl/1.0/VolumesList", headers={"Authorization": f"Storpool v1:{sim.token}"})
        assert json.loads(connection.getresponse().read())["data"] == []
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_two_clusters_run_side_by_side():
    with storpool_sim.running() as one, storpool_sim.running() as other:
        one.api().volumeCreate({"name": "v", "size": GiB, "replication": 3})
        assert other.api().volumesList() == []


def test_a_taken_port_is_an_error(sim):
    with pytest.raises(OSError, match=str(sim.port)), storpool_sim.running(port=sim.port):
        pass


def test_a_stopped_cluster_answers_no_more(refused):
    with storpool_sim.running() as sim:
        api = sim.api(transientRetries=0)
        api.volumesList()
    with pytest.raises(ConnectionRefusedError):
        api.volumesList()
