"""Disks, placement groups, templates and services on the simulated cluster, through the bindings."""

from __future__ import annotations

from storpool.sptypes import DownDiskSummary, UpDiskSummary

GiB = 1 << 30
AG = 512 << 20


def make(api, name="v", **more):
    return api.volumeCreate({"name": name, "size": GiB, "replication": 3, **more})


# Disks


def test_capacity_is_counted_in_units_of_512_mib(sim, api):
    make(api, size=30 * GiB)
    disk = api.disksList()[101]
    assert isinstance(disk, UpDiskSummary)
    assert disk.agCount * AG == disk.sectorsCount * 512
    assert (disk.agAllocated, disk.agFree) == (0, disk.agCount)
    sim.cluster.write("v", 12 * GiB)
    disks = [disk for disk in api.disksList().values() if disk.ssd]
    assert sum(disk.objectsOnDiskSize for disk in disks) == 3 * 12 * GiB
    assert all(disk.agAllocated == disk.agFull + disk.agPartial for disk in disks)
    assert all(disk.agFree == disk.agCount - disk.agAllocated for disk in disks)
    assert all(0 <= disk.agFreeNotTrimmed <= disk.agFree for disk in disks)
    assert all((disk.agAllocated - 1) * AG < disk.objectsOnDiskSize <= disk.agAllocated * AG for disk in disks)


def test_a_disk_lists_its_objects(api):
    make(api)
    disk = api.diskDescribe(101)
    assert len(disk.objects) == disk.objectsAllocated == api.volumeInfo("v").objectsPerDisk[101]
    assert all(entry.ok and entry.volume == "v" for entry in disk.objects.values())
    assert api.serverDiskDescribe(1, 101).id == 101
    assert set(api.serverDisksList(2)) == {201, 202, 203, 204}


def test_snapshots_and_clones_take_places_only_for_what_was_written(sim, api):
    make(api, size=100 * GiB)
    before = api.disksList()[101].objectsAllocated
    sim.cluster.write("v", GiB)
    api.snapshotCreate("v", {"name": "s"})
    api.volumeCreate({"name": "w", "parent": "s"})
    assert api.disksList()[101].objectsAllocated == before
    sim.cluster.write("w", GiB)
    disk = api.diskDescribe(101)
    assert before < disk.objectsAllocated <= before + 32
    assert len(disk.objects) == disk.objectsAllocated


def test_a_disk_is_labelled(api, refused):
    api.diskSetDesc(101, {"description": "left bay"})
    assert api.disksList()[101].description == "left bay"
    refused("objectDoesNotExist", api.diskSetDesc, 999, {"description": "x"})


def test_soft_eject_moves_the_data_away(api, clock):
    make(api, size=10 * GiB)
    api.diskSoftEject(101)
    (task,) = api.tasksList()
    assert (task.diskId, task.completedObjects) == (101, 0)
    clock.advance(0.5)
    assert api.tasksList()[0].completedObjects == 50
    api.diskSoftEjectPause(101)
    assert api.disksList()[101].softEject == "paused"
    clock.advance(1000)
    assert api.disksList()[101].objectsAllocated == task.allObjects
    api.diskSoftEject(101)
    clock.advance(1000)
    assert api.tasksList() == []
    assert api.disksList()[101].empty
    assert 101 not in api.volumeInfo("v").objectsPerDisk
    api.diskSoftEjectCancel(101)
    assert not api.disksList()[101].empty
    assert api.disksList()[101].softEject == "off"


def test_a_soft_eject_that_has_nowhere_to_go_stalls_and_says_so(sim, api, clock):
    api.placementGroupUpdate("few", {"addDisks": [101, 201, 301]})
    make(api, "stays", size=2 * GiB, placeAll="few")
    make(api, "goes", size=10 * GiB)
    stuck = api.volumeInfo("stays").objectsPerDisk[101]
    api.diskSoftEject(101)
    (first,) = api.tasksList()
    assert (first.completedObjects, first.unresolvedObjects) == (0, stuck)
    seen = []
    for _ in range(30):
        clock.advance(0.7)
        (task,) = api.tasksList()
        assert (task.transactionId, task.allObjects) == (first.transactionId, first.allObjects)
        seen.append(task.completedObjects)
    assert seen == sorted(seen)
    assert seen[-1] == first.allObjects - stuck and task.unresolvedObjects == stuck
    assert 101 in api.volumeInfo("stays").objectsPerDisk and 101 not in api.volumeInfo("goes").objectsPerDisk
    assert api.disksList()[101].softEject == "on"
    sim.cluster.check()

    api.placementGroupUpdate("few", {"addDisks": [102]})
    clock.advance(1)
    assert api.tasksList() == [] and api.disksList()[101].empty
    assert api.volumeInfo("stays").objectsPerDisk[102] == stuck


def test_a_soft_eject_goes_on_when_full_disks_have_room_again(sim, api, clock):
    make(api, size=10 * GiB)
    sim.cluster.fill(1.0, 102)
    api.diskSoftEject(101)
    clock.advance(100)
    (task,) = api.tasksList()
    assert task.completedObjects == 0 and task.unresolvedObjects == task.allObjects
    sim.cluster.fill(0, 102)
    clock.advance(1)
    assert api.tasksList() == [] and api.disksList()[101].empty


def test_an_ejected_disk_is_down_until_it_is_forgotten(api, refused):
    refused("busy", api.diskForget, 101)
    api.diskEject(101)
    disk = api.disksList()[101]
    assert isinstance(disk, DownDiskSummary) and disk.generationLeft > 0
    refused("invalidParam", api.diskDescribe, 101)
    api.diskForget(101)
    assert 101 not in api.disksList()
    assert 101 not in api.placementGroupDescribe("ssd").disks


def test_scrubbing_stands_still_while_paused(sim, api, clock):
    make(api, size=100 * GiB)
    sim.cluster.write("v", 100 * GiB)
    api.diskScrubPause(101)
    clock.advance(10)
    api.diskScrubStart(101)
    clock.advance(7)
    disk = api.disksList()[101]
    assert disk.scrubbingPaused
    assert disk.scrubbingStartedBefore == disk.scrubbingPausedFor == 7
    assert disk.scrubbedBytes == 0
    api.diskScrubContinue(101)
    clock.advance(1)
    disk = api.disksList()[101]
    assert not disk.scrubbingPaused and disk.scrubbingPausedFor == 0
    assert 0 < disk.scrubbedBytes < disk.objectsOnDiskSize
    clock.advance(disk.scrubbingFinishAfter + 1)
    assert api.disksList()[101].lastScrubCompleted == int(clock.now())


# Placement groups


def test_a_group_is_made_by_its_first_update(api, refused):
    api.placementGroupUpdate("g", {"addDisks": ["101", "201"]})
    assert api.placementGroupsList()["g"].disks == {101, 201}
    api.placementGroupUpdate("g", {"rename": "h", "rmDisks": [201]})
    assert api.placementGroupDescribe("h").disks == {101}
    refused("objectDoesNotExist", api.placementGroupDescribe, "g")
    refused("objectDoesNotExist", api.placementGroupUpdate, "h", {"addDisks": [999]})
    refused("objectExists", api.placementGroupUpdate, "h", {"rename": "ssd"})
    api.placementGroupDelete("h")
    assert set(api.placementGroupsList()) == {"ssd", "hdd"}


def test_a_group_in_use_is_not_deleted_and_keeps_its_users_when_renamed(api, refused):
    make(api, placeAll="hdd")
    assert "'v'" in refused("busy", api.placementGroupDelete, "hdd")
    api.placementGroupUpdate("hdd", {"rename": "big"})
    assert api.volumeList("v")[0].placeAll == "big"
    api.volumeDelete("v")
    api.volumeTemplateCreate({"name": "t", "placeAll": "big"})
    assert "'t'" in refused("busy", api.placementGroupDelete, "big")


def test_fault_sets(api):
    assert api.faultSetsList()["rack1"].servers == {1}


# Templates


def test_a_template_is_made_changed_and_deleted(api, refused):
    api.volumeTemplateCreate({"name": "t", "placeAll": "ssd"})
    template = api.volumeTemplateDescribe("t")
    assert (template.size, template.replication, template.parentName) == ("-", "-", "")
    api.volumeTemplateUpdate("t", {"rename": "u", "size": GiB, "replication": 2, "iops": 5})
    (template,) = api.volumeTemplatesList()
    assert (template.name, template.size, template.replication, template.iops) == ("u", GiB, 2, 5)
    refused("objectExists", api.volumeTemplateCreate, {"name": "u"})
    refused("objectDoesNotExist", api.volumeTemplateDescribe, "t")
    api.volumeCreate({"name": "v", "template": "u"})
    refused("busy", api.volumeTemplateDelete, "u")
    api.volumeDelete("v")
    api.volumeTemplateDelete("u")
    assert api.volumeTemplatesList() == []


def test_a_template_changes_its_volumes_only_when_propagated(api, refused):
    api.volumeTemplateCreate({"name": "t", "placeAll": "ssd", "replication": 2, "size": GiB})
    api.volumeCreate({"name": "v", "template": "t"})
    api.volumeTemplateUpdate("t", {"bw": 100})
    assert api.volumeList("v")[0].bw == "-"
    api.volumeTemplateUpdate("t", {"placeAll": "hdd", "propagate": True})
    volume = api.volumeList("v")[0]
    assert (volume.bw, volume.placeAll, volume.templateName) == (100, "hdd", "t")
    api.placementGroupUpdate("one", {"addDisks": [101]})
    change = {"placeHead": "one", "placeTail": "one", "propagate": True}
    refused("insufficientResources", api.volumeTemplateUpdate, "t", change)
    assert api.volumeTemplateDescribe("t").placeTail == "ssd"


def test_volumes_of_a_template_start_from_its_parent(api):
    make(api)
    api.snapshotCreate("v", {"name": "image"})
    api.volumeTemplateCreate({"name": "t", "placeAll": "ssd", "replication": 3, "parent": "image"})
    api.volumeCreate({"name": "w", "template": "t"})
    volume = api.volumeList("w")[0]
    assert (volume.parentName, volume.size) == ("image", GiB)


def test_the_status_of_a_template_adds_up(sim, api):
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "placeTail": "ssd", "replication": 3, "size": GiB})
    api.volumeCreate({"name": "v", "template": "t"})
    api.snapshotCreate("v", {"name": "s"})
    sim.cluster.write("v", GiB // 2)
    (status,) = api.volumeTemplatesStatus()
    disks = api.disksList().values()
    assert (status.volumesCount, status.snapshotsCount, status.removingSnapshotsCount) == (1, 1, 0)
    assert (status.size, status.totalSize, status.storedSize) == (2 * GiB, 6 * GiB, GiB // 2)
    assert status.capacityPlaceTail == sum(disk.agCount * AG for disk in disks if disk.ssd)
    assert status.availablePlaceTail == status.capacityPlaceTail - GiB // 2
    assert status.stored.capacity == min(status.stored.placeTail.capacity, status.stored.placeAll.capacity)


# Services


def test_services_run_since_the_cluster_did(sim, api):
    status = api.servicesList()
    assert status.clusterStatus == "running"
    assert set(status.servers) == {1, 2, 3} and set(status.clients) == {1, 2}
    assert all(server.running and server.startTime == int(sim.cluster.started) for server in status.servers.values())
    assert [number for number, daemon in status.mgmt.items() if daemon.active] == [1]
    assert api.serversList().clients == {}
    assert set(api.peersList()) == {1, 2, 3}


def test_clients_have_always_caught_up(api, refused):
    generation = make(api).generation
    assert {client.clientGeneration for client in api.clientsConfigDump()} == {generation}
    (status,) = api.clientConfigWait(2)
    assert (status.id, status.configStatus) == (2, "ok")
    assert refused("invalidParam", api.clientConfigWait, 77) == "No such client registered"
