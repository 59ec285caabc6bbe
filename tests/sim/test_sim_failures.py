"""Disks, servers and nodes that go and come back, and disks that are full, on the simulated cluster."""

from __future__ import annotations

import itertools

import pytest

from storpool.sptypes import DownDiskSummary, UpDiskSummary
from storpool_sim import SimError

GiB = 1 << 30
TiB = 1 << 40


@pytest.fixture(autouse=True)
def checked(sim):
    yield
    sim.cluster.check()


def make(api, name="v", **more):
    return api.volumeCreate({"name": name, "size": 10 * GiB, "replication": 3, **more})


def health(api, name="v"):
    """The state of a volume in one word, and whether all copies are there."""
    status = api.volumesStatus()[name]
    assert status.status == api.volumesQuickStatus()[name].status
    return status.status, not status.decreasedRedundancy


# Disks


def test_a_disk_that_fails_is_down_with_its_generation(sim, api):
    generation = make(api).generation
    sim.cluster.disk_down(101)
    disk = api.disksList()[101]
    assert isinstance(disk, DownDiskSummary) and disk.generationLeft == generation
    assert api.volumeList("v") and api.clientsConfigDump()[0].generation > generation
    assert health(api) == ("up", False)
    assert api.volumesStatus()["v"].missingDrives == [101]
    assert api.volumeRelocatorStatus().status == "blocked"


def test_a_disk_that_comes_back_catches_up(sim, api, clock):
    make(api, size=1000 * GiB)
    objects = api.disksList()[101].objectsAllocated
    sim.cluster.disk_down(101)
    sim.cluster.disk_up(101)
    assert isinstance(api.disksList()[101], UpDiskSummary)
    (task,) = api.tasksList()
    assert (task.diskId, task.transactionId, task.allObjects) == (101, 0, objects)
    assert health(api) == ("up", False)
    status = api.volumesStatus()["v"]
    assert status.syncingMetaObjects > 0
    clock.advance(1)
    (later,) = api.tasksList()
    assert 0 < later.completedObjects < objects
    assert not all(entry.ok for entry in api.diskDescribe(101).objects.values())
    clock.advance(1000)
    assert api.tasksList() == [] and health(api) == ("up", True)
    assert all(entry.ok for entry in api.diskDescribe(101).objects.values())


def test_a_volume_is_down_when_all_copies_are_and_up_soon_when_one_comes_back(sim, api, clock):
    make(api, replication=1)
    used = sorted(api.volumeInfo("v").objectsPerDisk)
    sim.cluster.disk_down(*used)
    status = api.volumesStatus()["v"]
    assert (status.status, status.downBytes, status.downDrives) == ("down", 10 * GiB, used)
    sim.cluster.disk_up(*used)
    assert health(api) == ("up soon", False)
    clock.advance(1000)
    assert health(api) == ("up", True)


def test_data_is_lost_with_the_last_copy_that_is_given_up(sim, api):
    make(api, "two", replication=2)
    make(api, "one", replication=1)
    sim.cluster.disk_down(101)
    api.diskForget(101)
    assert health(api, "one")[0] == "data lost"
    assert health(api, "two") == ("up", True)
    assert 101 not in api.volumeInfo("two").objectsPerDisk
    assert sim.cluster.records[api.volumeList("two")[0].visibleVolumeId].dataLost is False


def test_a_disk_is_abandoned_for_a_volume_and_for_a_snapshot(sim, api, refused):
    make(api)
    api.snapshotCreate("v", {"name": "s"})
    make(api, "w", placeAll="hdd")
    sim.cluster.disk_down(101)
    api.volumeAbandonDisk("v", {"diskId": 101})
    api.snapshotAbandonDisk("s", {"diskId": 101})
    assert health(api, "v") == health(api, "s") == ("up", True)
    refused("invalidParam", api.volumeAbandonDisk, "v", {"diskId": 101})
    refused("objectDoesNotExist", api.volumeAbandonDisk, "nope", {"diskId": 101})


def test_an_abandoned_disk_without_another_place_leaves_fewer_copies(sim, api):
    make(api)
    sim.cluster.server_down(1)
    for disk in (101, 102):
        api.volumeAbandonDisk("v", {"diskId": disk})
    assert health(api) == ("up", False)
    assert set(api.volumeInfo("v").objectsPerDisk) == {201, 202, 301, 302}


def test_a_disk_is_described_by_volume(sim, api, refused):
    make(api)
    make(api, "w", size=GiB)
    sim.cluster.write("v", GiB)
    info = api.diskInfo(101)
    assert set(info.volumeInfos) == {"v", "w"}
    assert sum(entry.objectsCount for entry in info.volumeInfos.values()) == info.objectsAllocated
    assert sum(entry.storedSize for entry in info.volumeInfos.values()) == info.objectsOnDiskSize
    assert info.objectStates == {"OBJECT_OK": info.objectsAllocated}
    sim.cluster.disk_down(101)
    refused("invalidParam", api.diskInfo, 101)
    refused("invalidParam", api.diskRetrim, 101)
    api.diskRetrim(102)


def test_there_is_no_such_thing(sim):
    for function in (sim.cluster.disk_down, sim.cluster.server_up, sim.cluster.node_down, sim.cluster.client_up):
        with pytest.raises(SimError, match="4711 does not exist"):
            function(4711)


# Servers and nodes


def test_a_server_takes_its_disks_along_and_brings_them_back(sim, api, clock):
    make(api)
    sim.cluster.disk_down(102)
    sim.cluster.server_down(1)
    status = api.servicesList()
    assert (status.clusterStatus, status.servers[1].status, status.servers[1].startTime) == ("running", "down", None)
    assert [number for number, disk in api.disksList().items() if not disk.up] == [101, 102, 103, 104]
    assert health(api) == ("up", False)
    clock.advance(60)
    sim.cluster.server_up(1)
    assert api.servicesList().servers[1].startTime == int(clock.now())
    assert [number for number, disk in api.disksList().items() if not disk.up] == [102]


def test_volumes_need_servers(sim, api, refused):
    sim.cluster.server_down(1)
    assert "servers" in refused("insufficientResources", make, api)
    make(api, replication=2)


def test_a_cluster_that_starts_waits_for_the_disks_that_were_last_up(sim, api, refused):
    make(api)
    sim.cluster.server_down(1)
    sim.cluster.server_down(2, 3)
    refused("clusterDown", api.servicesList)
    assert api.serversListBlocked().clusterStatus == "down"
    assert health(api) == ("down", False)
    sim.cluster.server_up(1, 2)
    status = api.serversListBlocked()
    assert status.clusterStatus == "waiting"
    server = status.servers[1]
    assert (server.status, server.missingDisks, server.pendingDisks) == (
        "waiting", [301, 302, 303, 304], [101, 102, 103, 104],
    )  # fmt: skip
    assert not any(disk.up for disk in api.disksList().values())
    sim.cluster.server_up(3)
    assert api.servicesList().clusterStatus == "running"
    assert all(disk.up for disk in api.disksList().values())


@pytest.mark.parametrize("how", ["diskIgnore", "diskForget"])
def test_a_cluster_starts_without_disks_that_are_ignored_or_forgotten(sim, api, refused, how):
    refused("busy", getattr(api, how), 101)
    sim.cluster.server_down(1, 2, 3)
    sim.cluster.disk_down(301)
    sim.cluster.server_up(1, 2, 3)
    assert api.serversListBlocked().servers[3].missingDisks == [301]
    getattr(api, how)(301)
    assert api.servicesList().clusterStatus == "running"
    assert [number for number, disk in api.disksList().items() if not disk.up] == ([301] if how == "diskIgnore" else [])


def test_a_node_goes_with_all_its_services(sim, api, refused):
    sim.cluster.node_down(1)
    status = api.servicesList()
    for kind in (status.servers, status.clients, status.mgmt, status.bridges, status.iscsiTargets):
        assert kind[1].status == "down"
    assert [number for number, daemon in status.mgmt.items() if daemon.active] == [2]
    assert (api.peersList()[1].beaconStatus, api.peersList()[2].beaconStatus) == ("NODE_DOWN", "NODE_UP")
    sim.cluster.node_down(2)
    refused("clusterDown", api.serversList)
    sim.cluster.node_up(1, 2)
    assert api.servicesList().clusterStatus == "running"
    assert all(disk.up for disk in api.disksList().values())


def test_services_stop_for_a_maintenance_where_they_are_to(sim, api, clock):
    make(api)
    sim.cluster.maintenanceStops = True
    wanted = {"nodeId": 1, "duration": 60, "description": "new fans"}
    api.maintenanceSet(wanted)
    assert api.servicesList().servers[1].status == "down" and health(api) == ("up", False)
    clock.advance(60)
    assert api.servicesList().servers[1].status == "running"
    api.maintenanceSet(wanted)
    api.maintenanceComplete({"nodeId": 1})
    assert api.servicesList().servers[1].status == "running"


# Room


def test_nothing_fits_on_full_disks(sim, api, refused):
    make(api)
    api.snapshotCreate("v", {"name": "s"})
    api.volumeTemplateCreate({"name": "t", "placeAll": "ssd", "replication": 3, "size": GiB})
    sim.cluster.fill(1.0)
    disks = api.disksList().values()
    assert all(disk.agFree == disk.objectsFree == 0 and disk.agAllocated == disk.agCount for disk in disks)
    refused("insufficientResources", make, api, "w")
    refused("insufficientResources", api.volumeCreate, {"name": "w", "template": "t"})
    refused("insufficientResources", api.volumeCreate, {"name": "w", "parent": "s"})
    refused("insufficientResources", api.volumeCreate, {"name": "w", "baseOn": "v"})
    refused("insufficientResources", api.volumeUpdate, "v", {"sizeAdd": GiB})
    refused("insufficientResources", api.snapshotCreate, "v", {"name": "s2"})
    refused("insufficientResources", api.snapshotCreateGroup, {"volumes": [{"volume": "v"}]})
    status = api.volumeTemplatesStatus()[0]
    assert status.availablePlaceAll == status.stored.free == 0 < status.capacityPlaceAll
    with pytest.raises(SimError, match="full"):
        sim.cluster.write("v", GiB)
    assert len(api.volumesList()) == len(api.snapshotsList()) == 1
    sim.cluster.fill(0)
    api.snapshotCreate("v", {"name": "s2"})
    sim.cluster.write("v", GiB)


def test_a_volume_without_its_parents_needs_room_for_their_data(sim, api, refused):
    make(api)
    sim.cluster.write("v", 10 * GiB)
    api.snapshotCreate("v", {"name": "s"})
    sim.cluster.fill(1.0)
    refused("insufficientResources", api.volumeRebase, "v", {})
    sim.cluster.fill(0)
    api.volumeRebase("v", {})
    assert api.volumesStatus()["v"].storedSize == 10 * GiB


def test_disks_that_are_full_are_passed_by(sim, api):
    sim.cluster.fill(1.0, 101)
    make(api)
    assert 101 not in api.volumeInfo("v").objectsPerDisk
    assert 102 in api.volumeInfo("v").objectsPerDisk


def test_disks_are_filled_up_to_a_fraction(sim, api):
    make(api)
    sim.cluster.write("v", 10 * GiB)
    for _ in range(2):
        sim.cluster.fill(0.5)
    disk = api.disksList()[101]
    assert disk.agAllocated == -(-disk.agCount // 2)
    assert disk.objectsAllocated == disk.objectsCount // 2
    with pytest.raises(ValueError, match=r"1\.5"):
        sim.cluster.fill(1.5)


def test_what_is_promised_has_an_end(api, refused):
    """Disks promise more than they have, since volumes are thin, and not without end."""

    def make_many():
        for number in itertools.count():
            api.volumeCreate({"name": f"v{number}", "size": 10 * TiB, "replication": 1, "placeAll": "ssd"})

    refused("insufficientResources", make_many)
    made = len(api.volumesList())
    capacity = sum(disk.agCount << 29 for disk in api.disksList().values() if disk.ssd)
    assert capacity < made * 10 * TiB <= 4 * capacity
    refused("insufficientResources", api.volumeUpdate, "v0", {"sizeAdd": 10 * TiB})
    api.volumeDelete("v0")
    api.volumeCreate({"name": "again", "size": 10 * TiB, "replication": 1, "placeAll": "ssd"})
