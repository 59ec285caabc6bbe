"""Tasks under way and requests in flight on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

import storpool_sim
from storpool_sim import Cluster, connect

GiB = 1 << 30


@pytest.fixture
def volume(api):
    api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 3})


def requests(api):
    return [request for request in api.allPeersActiveRequests().requests if request.status == "request"]


def test_there_are_none_in_normal_operation(api, volume):
    assert api.tasksList() == requests(api) == []
    assert api.clientActiveRequests(1).requests == api.diskActiveRequests(101).requests == []


def test_a_request_is_seen_at_its_client_and_its_disks(sim, api, clock, volume):
    played = sim.cluster.begin_request("v", "write", 2, address=40 << 20, size=8192)
    clock.advance(2)
    (request,) = api.clientActiveRequests(2).requests
    assert (request.volume, request.op, request.address, request.size, request.msecActive) == (
        "v",
        "write",
        40 << 20,
        8192,
        2_000_000,
    )
    assert api.clientActiveRequests(1).requests == []
    disks = api.volumeDescribe("v").objects[1]
    for disk in disks:
        (seen,) = api.diskActiveRequests(disk).requests
        assert seen.requestId == request.requestId
    found = requests(api)
    assert {request.requestId for request in found} == {request.requestId}
    assert len(found) == 1 + len(disks)
    (at_client,) = [request for request in found if request.service.type == "client"]
    assert (at_client.peerId, at_client.service.id, at_client.volumeId) == (
        0x8002, "2", api.volumeList("v")[0].visibleVolumeId,
    )  # fmt: skip
    assert {member.diskId for member in at_client.peers} == set(disks)
    sim.cluster.end_request(played)
    assert requests(api) == api.clientActiveRequests(2).requests == []


def test_a_request_goes_with_its_volume(sim, api, volume):
    sim.cluster.begin_request("v", "read")
    assert len(api.clientActiveRequests(1).requests) == 1
    assert sum(len(api.diskActiveRequests(disk).requests) for disk in api.disksList()) == 1
    api.volumeDelete("v")
    assert api.clientActiveRequests(1).requests == []


def test_peers_tell_of_themselves(sim, api):
    states = {
        request.diskId: request.diskState
        for request in api.allPeersActiveRequests().requests
        if request.status == "diskState"
    }
    assert states == dict.fromkeys(api.disksList(), "DISK_DATA")
    sim.cluster.node_down(3)
    sim.cluster.disk_down(101)
    entries = api.allPeersActiveRequests({"msecsTimeout": 100}).requests
    assert [entry.peerId for entry in entries if entry.status == "peer_down"] == [3]
    assert [entry.diskId for entry in entries if entry.status == "diskState" and entry.diskState != "DISK_DATA"] == [
        101
    ]
    assert sorted(entry.peerId for entry in entries if entry.status == "peerDone") == [1, 2, 0x7001, 0x8001, 0x8002]
    sim.cluster.server_down(1, 2)
    sim.cluster.server_up(1)
    entries = api.allPeersActiveRequests().requests
    assert [entry.diskId for entry in entries if entry.status == "diskExpected"] == [101, 102, 103, 104]


def test_data_on_the_move_is_in_flight(sim, api, volume, clock):
    api.diskSoftEject(101)
    (request,) = api.diskActiveRequests(101).requests
    assert (request.op, request.volume) == ("data recovery", "v")
    api.diskSoftEjectPause(101)
    assert api.diskActiveRequests(101).requests == api.tasksList() == []
    sim.cluster.disk_down(201)
    sim.cluster.disk_up(201)
    assert [request.op for request in api.diskActiveRequests(201).requests] == ["data recovery"]
    clock.advance(1000)
    assert api.diskActiveRequests(201).requests == []


def test_what_the_balancer_moves_is_a_task_for_each_disk_that_gets_more(sim, api, clock):
    sim.cluster.fill(1.0, 101, 201, 301)
    api.volumeCreate({"name": "v", "size": 100 * GiB, "replication": 3})
    sim.cluster.fill(0)
    api.volumeBalancerSetStatus({"cmd": "start"})
    clock.advance(3)
    assert api.volumeBalancerGetStatus().status == "ready"
    api.volumeBalancerSetStatus({"cmd": "commit"})
    tasks = api.tasksList()
    assert {task.diskId for task in tasks} == {101, 201, 301}
    assert len({task.transactionId for task in tasks}) == 1 and tasks[0].transactionId > 1
    clock.advance(1)
    assert all(0 < task.completedObjects < task.allObjects for task in api.tasksList())
    clock.advance(1)
    assert api.tasksList() == []
    assert 101 in api.volumeInfo("v").objectsPerDisk


def test_a_transfer_from_another_cluster_is_a_task(clock):
    here, far = Cluster(clock), Cluster(clock, name="far", clusterId="ffff.a")
    connect(here, far)
    with storpool_sim.running(cluster=here) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 1})
        api.volumeBackup({"location": "ffff", "volume": "v"})
        clock.advance(0.5)
        tasks = api.tasksList(clusterName="far")
        assert sum(task.allObjects for task in tasks) == 320 and {task.transactionId for task in tasks} == {1}
        assert 0 < sum(task.completedObjects for task in tasks) < 320
        clock.advance(1)
        assert api.tasksList(clusterName="far") == api.tasksList() == []
