"""Clients that take their time, and requests that wait for them, on the simulated cluster."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import storpool_sim
from storpool_sim import Cluster
from storpool_sim.service.dispatch import Dispatcher
from storpool_sim.service.messages import Request
from storpool_sim.service.pending import PendingReply

GiB = 1 << 30
ATTACH = {"reassign": [{"volume": "v", "rw": [1]}]}
DETACH = {"reassign": [{"volume": "v", "detach": [1]}]}


@pytest.fixture(autouse=True)
def volume(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})


@contextmanager
def waiting(sim, function, *args, **kwargs):
    """Make a call in another thread; the block runs while the cluster has it wait. Gives the call's future."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(function, *args, **kwargs)
        while not sim.cluster.watchers and not future.done():
            time.sleep(0.005)
        assert not future.done(), "the call did not wait"
        yield future


def result(future):
    return future.result(timeout=20)


def test_clients_have_caught_up_with_what_takes_no_time(api, refused):
    generation = api.volumeCreate({"name": "w", "size": GiB, "replication": 3}).generation
    assert {client.clientGeneration for client in api.clientsConfigDump()} == {generation}
    (status,) = api.clientConfigWait(2)
    assert (status.id, status.configStatus, status.delay) == (2, "ok", 0)
    assert refused("invalidParam", api.clientConfigWait, 77) == "No such client registered"


def test_a_client_catches_up_after_its_delay(sim, api, clock):
    sim.cluster.client_delay(3, 1)
    generation = api.volumeUpdate("v", {"tags": {"a": "b"}}).generation
    slow, quick = api.clientsConfigDump()
    assert (slow.configStatus, quick.configStatus) == ("updating", "ok")
    assert slow.clientGeneration < quick.clientGeneration == generation
    clock.advance(2.9)
    assert api.clientsConfigDump()[0].configStatus == "updating"
    clock.advance(0.1)
    assert api.clientsConfigDump()[0].clientGeneration == generation


def test_what_changes_meanwhile_takes_another_delay(sim, api, clock):
    sim.cluster.client_delay(3, 1)
    first = api.volumeUpdate("v", {"tags": {"a": "b"}}).generation
    clock.advance(2)
    second = api.volumeUpdate("v", {"tags": {"a": "c"}}).generation
    clock.advance(1)
    assert api.clientsConfigDump()[0].clientGeneration == first
    clock.advance(3)
    assert api.clientsConfigDump()[0].clientGeneration == second


def test_the_wait_for_a_client_is_for_what_there_was_when_it_began(sim, api, clock):
    sim.cluster.client_delay(2, 1)
    api.volumeUpdate("v", {"tags": {"a": "b"}})
    with waiting(sim, sim.api().clientConfigWait, 1) as future:
        # Others go on meanwhile, and what they change is not waited for.
        for number in range(5):
            api.volumeUpdate("v", {"tags": {"a": str(number)}})
        clock.advance(2)
        (status,) = result(future)
    assert (status.configStatus, status.delay) == ("updating", 2000)


def test_an_attachment_is_waited_for_and_there_at_once_for_those_who_do_not(sim, api, clock):
    sim.cluster.client_delay(1, 1)
    with waiting(sim, sim.api().volumesReassignWait, ATTACH) as future:
        assert [attachment.volume for attachment in api.attachmentsList()] == ["v"]
        clock.advance(1)
        assert result(future).ok
    begun = clock.now()
    api.volumesReassign(DETACH["reassign"])
    api.volumesReassignWait({**ATTACH, "attachTimeout": 0})
    assert clock.now() == begun


def test_other_clients_are_not_waited_for(sim, api):
    sim.cluster.client_stuck(2)
    assert api.volumesReassignWait(ATTACH).ok
    assert api.volumesReassignWait(DETACH["reassign"]).ok


@pytest.mark.parametrize("cause", ["client_down", "client_stuck"])
def test_a_client_that_does_nothing_is_waited_for_without_end(sim, api, clock, cause):
    getattr(sim.cluster, cause)(1)
    with waiting(sim, sim.api().volumesReassignWait, ATTACH) as future:
        clock.advance(10**6)
        api.volumesList()
        assert not future.done()
        sim.cluster.client_up(1)
        assert result(future).ok


def test_a_timeout_ends_the_wait(sim, api, clock):
    sim.cluster.client_down(1)
    with waiting(sim, sim.api().volumesReassignWait, {**ATTACH, "attachTimeout": 30}) as future:
        clock.advance(29)
        api.volumesList()
        assert not future.done()
        clock.advance(1)
        assert result(future).ok
    (status,) = [client for client in api.clientsConfigDump() if client.id == 1]
    assert status.configStatus == "down"


def test_who_hangs_up_is_waited_for_no_longer(sim, api):
    sim.cluster.client_stuck(1)
    with pytest.raises(socket.timeout):
        sim.api(timeout=0.2).volumesReassignWait(ATTACH)
    deadline = time.monotonic() + 20
    while sim.cluster.watchers:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert [attachment.client for attachment in api.attachmentsList()] == [1]


def test_the_clock_of_the_machine_ends_a_wait_too():
    with storpool_sim.running() as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        sim.cluster.client_delay(0.2)
        begun = time.monotonic()
        api.volumesReassignWait(ATTACH)
        assert 0.2 <= time.monotonic() - begun < 10


def test_many_wait_at_once_and_keep_nobody_from_working(sim, api, clock):
    sim.cluster.client_delay(1, 1)
    for number in range(8):
        api.volumeCreate({"name": f"w{number}", "size": GiB, "replication": 1})
    with ThreadPoolExecutor(8) as pool:
        futures = [
            pool.submit(sim.api().volumesReassignWait, {"reassign": [{"volume": f"w{number}", "rw": [1]}]})
            for number in range(8)
        ]
        while len(api.attachmentsList()) < 8:
            time.sleep(0.005)
        for number in range(20):
            api.volumeUpdate("v", {"tags": {"n": str(number)}})
        # The first change of all begins a delay, and what came after it needs another one.
        while not all(future.done() for future in futures):
            clock.advance(1)
            time.sleep(0.005)
        assert all(future.result().ok for future in futures)
    assert sim.cluster.watchers == clock.watchers == []


def test_the_dispatcher_promises_what_it_cannot_answer_yet(clock):
    cluster = Cluster(clock)
    dispatcher = Dispatcher(cluster, "t")
    cluster.client_stuck(1)
    cluster.changed()
    request = Request("GET", "/ctrl/1.0/ClientConfigWait/1", "Storpool v1:t")
    pending = dispatcher.begin(request)
    assert isinstance(pending, PendingReply) and pending.poll() is None
    cluster.client_up(1)
    assert pending.wait().status == 200
    assert not isinstance(dispatcher.begin(request), PendingReply)


def test_a_device_appears_when_its_client_has_caught_up(tmp_path, clock):
    with storpool_sim.running(clock=clock, devDir=str(tmp_path / "dev")) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        sim.cluster.client_delay(5)
        api.volumesReassign(ATTACH["reassign"])
        assert not (tmp_path / "dev" / "v").exists()
        clock.advance(5)
        api.volumesList()
        assert (tmp_path / "dev" / "v").exists()
