"""Volumes on the simulated cluster, through the bindings."""

from __future__ import annotations

import json

import pytest

from storpool_sim.service.dispatch import Dispatcher
from storpool_sim.service.messages import Request

GiB = 1 << 30
MiB = 1 << 20


def make(api, name="v", **more):
    return api.volumeCreate({"name": name, "size": GiB, "replication": 3, **more})


def names(records):
    return [record.name for record in records]


def test_a_volume_is_listed_as_it_was_made(api):
    made = make(api, tags={"a": "1"}, iops=100)
    (volume,) = api.volumesList()
    assert (volume.name, volume.size, volume.replication, volume.iops, volume.bw) == ("v", GiB, 3, 100, "-")
    assert volume.globalId == made.globalId
    assert volume.tags == {"a": "1"}
    assert volume.parentName == "" and volume.templateName == ""
    assert names(api.volumeList("v")) == ["v"]
    assert api.volumeDescribe("v").globalId == volume.globalId


@pytest.mark.parametrize("name", [{}, {"name": ""}])
def test_an_unnamed_volume_answers_to_its_global_id(sim, api, name):
    sim.api()("POST", False, "VolumeCreate", {"size": GiB, "replication": 1, **name})
    (volume,) = api.volumesList()
    assert volume.name == "~" + volume.globalId
    api.volumeUpdate(volume.name, {"tags": {"x": "y"}})
    api.volumeDelete(volume.name)
    assert api.volumesList() == []


def test_size_and_placement_come_from_the_template(api):
    api.volumeTemplateCreate(
        {"name": "t", "placeAll": "hdd", "placeTail": "ssd", "replication": 2, "size": GiB, "bw": 7}
    )
    api.volumeCreate({"name": "v", "template": "t"})
    (volume,) = api.volumesList()
    assert (volume.size, volume.replication, volume.bw, volume.templateName) == (GiB, 2, 7, "t")
    assert (volume.placeAll, volume.placeTail, volume.placeHead) == ("hdd", "ssd", "hdd")


def test_what_the_request_says_goes_before_the_template(api):
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "replication": 2, "size": GiB})
    api.volumeCreate({"name": "v", "template": "t", "size": 2 * GiB, "replication": 3})
    (volume,) = api.volumesList()
    assert (volume.size, volume.replication, volume.placeAll) == (2 * GiB, 3, "hdd")


def test_refusals_of_create_leave_nothing_behind(api, refused):
    make(api)
    before = api.volumesList()[0].globalId
    refused("objectExists", make, api)
    refused("objectDoesNotExist", make, api, "w", template="nope")
    refused("objectDoesNotExist", make, api, "w", parent="nope")
    refused("objectDoesNotExist", make, api, "w", baseOn="nope")
    refused("objectDoesNotExist", make, api, "w", placeAll="nope")
    refused("invalidParam", api.volumeCreate, {"name": "w", "replication": 3})
    refused("invalidParam", api.volumeCreate, {"name": "w", "size": GiB})
    refused("insufficientResources", make, api, "w", size=10**6 * GiB)
    assert [volume.globalId for volume in api.volumesList()] == [before]
    assert api.snapshotsList() == []


def test_replicas_need_as_many_servers(sim, api, refused):
    api.placementGroupUpdate("two", {"addDisks": [101, 102, 201]})
    refused("insufficientResources", make, api, placeAll="two")
    make(api, "w", placeAll="two", replication=2)
    make(api, "x", placeAll="two", reuseServer=True)
    with sim.cluster.lock:
        sim.cluster.faultSets = {"left": [1, 2], "right": [3]}
    refused("insufficientResources", make, api, "y")


def test_no_two_copies_are_on_one_server(api):
    make(api, size=10 * GiB)
    volume, info = api.volumeDescribe("v"), api.volumeInfo("v")
    assert len(volume.objects) == volume.objectsCount == 320
    assert all(len({disk // 100 for disk in disks}) == 3 for disks in volume.objects)
    assert sum(info.objectsPerDisk.values()) == 3 * 320
    assert info.disksCount == len(info.objectsPerDisk) == 6
    assert sum(chain.count for chain in info.objectsPerChain) == 320


def test_a_volume_grows_and_shrinks_only_when_meant(api, refused):
    make(api)
    api.volumeUpdate("v", {"sizeAdd": GiB})
    assert api.volumeList("v")[0].size == 2 * GiB
    assert "shrinkOk" in refused("invalidParam", api.volumeUpdate, "v", {"size": GiB})
    api.volumeUpdate("v", {"size": GiB, "shrinkOk": True})
    assert api.volumeList("v")[0].size == GiB
    refused("invalidParam", api.volumeUpdate, "v", {"size": 4 * GiB, "sizeAdd": GiB})
    refused("insufficientResources", api.volumeUpdate, "v", {"size": 10**6 * GiB})


def test_tags_are_merged_and_an_empty_value_removes_one(api):
    make(api, tags={"a": "1", "b": "2"})
    api.volumeUpdate("v", {"tags": {"b": "", "c": "3"}})
    assert api.volumeList("v")[0].tags == {"a": "1", "c": "3"}


def test_tags_are_replaced_by_clusters_that_do(sim, api):
    sim.cluster.replaceTags = True
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3, "tags": {"a": "1", "b": "2"}})
    api.volumeUpdate("v", {"tags": {"c": "3", "d": ""}})
    assert api.volumeList("v")[0].tags == {"c": "3"}
    api.volumeUpdate("v", {"bw": 5})
    assert api.volumeList("v")[0].tags == {"c": "3"}
    api.snapshotCreate("v", {"name": "s", "tags": {"a": "1"}})
    api.snapshotUpdate("s", {"tags": {}})
    assert not api.snapshotList("s")[0].tags


def test_limits_may_be_for_each_gib(api):
    api.volumeTemplateCreate({"name": "t", "placeAll": "ssd", "replication": 3, "bw": 10, "limitType": "perGiB"})
    api.volumeCreate({"name": "v", "size": GiB, "template": "t"})
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3})
    assert (api.volumeList("v")[0].limitType, api.volumeList("w")[0].limitType) == ("perGiB", None)
    api.volumeUpdate("w", {"iops": 100, "limitType": "total"})
    assert (api.volumeList("w")[0].limitType, api.volumeList("w")[0].iops) == ("total", 100)
    api.volumeTemplateUpdate("t", {"limitType": "total", "propagate": True})
    assert api.volumeList("v")[0].limitType == api.volumeTemplateDescribe("t").limitType == "total"


def test_a_revert_brings_the_size_back_where_it_is_to(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotCreate("v", {"name": "s"})
    api.volumeUpdate("v", {"sizeAdd": GiB})
    api.volumeRevert("v", {"toSnapshot": "s"})
    assert api.volumeList("v")[0].size == 2 * GiB
    api.volumeRevert("v", {"toSnapshot": "s", "revertSize": True})
    assert api.volumeList("v")[0].size == GiB


def test_volumes_and_snapshots_come_in_one_list(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotCreate("v", {"name": "s"})
    both = api.volumesAndSnapshotsList()
    assert [record.to_json() for record in both.volumes] == [record.to_json() for record in api.volumesList()]
    assert [record.to_json() for record in both.snapshots] == [record.to_json() for record in api.snapshotsList()]


def test_space_is_told_of_nameless_snapshots_by_clusters_that_do(sim, api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotCreate("v", {})
    api.snapshotCreate("v", {"name": "named"})
    assert [record.name for record in api.volumesSpace()] == ["v"]
    sim.cluster.spaceOfSnapshots = True
    answer = Dispatcher(sim.cluster, sim.token).answer
    reply = answer(Request("GET", "/ctrl/1.0/VolumesSpace", f"Storpool v1:{sim.token}"))
    assert [record["name"] for record in json.loads(reply.body)["data"]] == ["v", "v@1"]


def test_a_refused_update_changes_nothing(api, refused):
    make(api)
    make(api, "w")
    refused("objectExists", api.volumeUpdate, "v", {"rename": "w", "tags": {"a": "1"}, "size": 2 * GiB})
    volume = api.volumeList("v")[0]
    assert (volume.size, volume.tags) == (GiB, {})


def test_a_renamed_volume_frees_its_name(api, refused):
    make(api)
    api.volumeUpdate("v", {"rename": "#w"})
    refused("objectDoesNotExist", api.volumeList, "v")
    assert names(api.volumeList("#w")) == ["#w"]
    make(api)


def test_a_clone_of_a_snapshot_has_its_size_or_more(api, refused):
    make(api)
    api.snapshotCreate("v", {"name": "s"})
    api.volumeCreate({"name": "same", "parent": "s"})
    api.volumeCreate({"name": "more", "parent": "s", "size": 2 * GiB})
    assert [(record.name, record.size, record.parentName) for record in api.volumesList()] == [
        ("more", 2 * GiB, "s"),
        ("same", GiB, "s"),
        ("v", GiB, "s"),
    ]
    refused("invalidParam", api.volumeCreate, {"name": "less", "parent": "s", "size": 512})


def test_a_copy_of_a_volume_goes_through_a_transient_snapshot(api, clock, refused):
    make(api)
    made = api.volumeCreate({"name": "w", "baseOn": "v"})
    (snapshot,) = api.snapshotsList()
    assert made.autoName == snapshot.name == "v@1"
    assert snapshot.transient and snapshot.autoName
    assert {record.parentName for record in api.volumesList()} == {"v@1"}
    refused("invalidParam", api.volumesReassignWait, {"reassign": [{"snapshot": "v@1", "ro": [1]}]})
    api.volumeDelete("v")
    assert [record.deleted for record in api.snapshotsList()] == [False]
    api.volumeDelete("w")
    assert [record.deleted for record in api.snapshotsList()] == [True]
    clock.advance(10)
    assert api.snapshotsList() == []


def test_a_transient_snapshot_goes_although_volume_and_clone_live(sim, api, clock):
    make(api)
    api.snapshotCreate("v", {"name": "s"})
    sim.cluster.write("v", 10 * MiB)
    made = api.volumeCreate({"name": "w", "baseOn": "v"})
    sim.cluster.write("w", 5 * MiB)
    api.snapshotCreate("v", {"name": "later"})
    clock.advance(1)
    assert api.snapshotList(made.autoName)[0].transient
    clock.advance(30)
    assert names(api.snapshotsList()) == ["*" + made.autoName, "later", "s"]
    assert {record.name: record.parentName for record in api.volumesList() + api.snapshotsList()[1:]} == {
        "v": "later",
        "later": "s",
        "w": "s",
        "s": "",
    }
    clock.advance(30)
    assert not any(record.transient for record in api.snapshotsList())
    status = api.volumesStatus()
    assert {name: status[name].storedSize for name in status} == {"v": 0, "later": 10 * MiB, "w": 15 * MiB, "s": 0}
    sim.cluster.check()


def test_a_transient_snapshot_stays_while_there_is_no_room_without_it(sim, api, clock):
    make(api)
    sim.cluster.write("v", 512 * MiB)
    made = api.volumeCreate({"name": "w", "baseOn": "v"})
    sim.cluster.fill(1.0)
    clock.advance(60)
    assert api.snapshotList(made.autoName)[0].transient
    sim.cluster.check()
    sim.cluster.fill(0)
    clock.advance(60)
    api.volumesList()
    clock.advance(60)
    assert api.snapshotsList() == []
    assert {record.storedSize for record in api.volumesSpace()} == {512 * MiB}


def test_an_attached_volume_is_deleted_only_on_demand(sim, api, refused):
    make(api)
    api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
    refused("busy", api.volumeDelete, "v")
    sim.cluster.open("v", 1)
    assert "'v' is open at client 1" in refused("busy", api, "POST", False, "VolumeDelete/v", {"onAttached": "detach"})
    refused("invalidParam", api, "POST", False, "VolumeDelete/v", {"onAttached": "nonsense"})
    api("POST", False, "VolumeDelete/v", {"onAttached": "detachForce"})
    assert api.volumesList() == [] and api.attachmentsList() == []


def test_a_reverted_volume_has_the_snapshots_place_and_another_id(api, refused):
    first = api.volumeCreate({"size": GiB, "replication": 3}).globalId
    api.snapshotCreate("~" + first, {"name": "s"})
    api.snapshotCreate("~" + first, {"name": "later"})
    api.volumesReassignWait({"reassign": [{"volume": "~" + first, "rw": [1]}]})
    refused("busy", api.volumeRevert, "~" + first, {"toSnapshot": "s"})
    api.volumesReassignWait({"reassign": [{"volume": "~" + first, "detach": "all"}]})
    api.volumeRevert("~" + first, {"toSnapshot": "s"})
    volume = api.volumeInfo("~" + first)
    assert volume.parentName == "s"
    assert volume.globalId != first
    assert api.volumeInfo("~" + volume.globalId).visibleVolumeId == volume.visibleVolumeId


def test_a_revert_keeps_the_name_of_an_unnamed_volume(sim, api):
    first = api.volumeCreate({"size": GiB, "replication": 3}).globalId
    name = "~" + first
    api.snapshotCreate(name, {"name": "s"})
    ids = [first]
    for _ in range(2):
        ids.append(api.volumeRevert(name, {"toSnapshot": "s"}).globalId)
        (volume,) = api.volumesList()
        assert (volume.name, volume.globalId) == (name, ids[-1])
    assert len(set(ids)) == 3
    assert {api.volumeList("~" + globalId)[0].name for globalId in ids} == {name}
    assert name in api.volumesQuickStatus()
    api.volumesReassignWait({"reassign": [{"volume": name, "rw": [1]}]})
    (attachment,) = api.attachmentsList()
    assert (attachment.volume, attachment.globalId) == (name, ids[-1])
    assert api.snapshotCreate(name, {}).autoName == f"{first}@1"
    sim.cluster.check()


@pytest.mark.parametrize("reverted", [False, True])
def test_the_name_of_a_volume_can_be_taken_away(sim, api, refused, reverted):
    globalId = make(api).globalId
    api.snapshotCreate("v", {"name": "s"})
    if reverted:
        globalId = api.volumeRevert("v", {"toSnapshot": "s"}).globalId
    api.volumeUpdate("v", {"rename": "", "tags": {"a": "1"}})
    (volume,) = api.volumesList()
    assert (volume.name, volume.globalId, volume.tags) == (f"~{globalId}", globalId, {"a": "1"})
    refused("objectDoesNotExist", api.volumeList, "v")
    make(api)
    api.volumeUpdate(volume.name, {"rename": ""})
    refused("objectExists", api.volumeUpdate, volume.name, {"rename": "v"})
    api.volumeUpdate(volume.name, {"rename": "w"})
    assert names(api.volumesList()) == ["v", "w"]
    sim.cluster.check()


def test_a_frozen_volume_is_a_snapshot_of_that_name(api, refused):
    make(api)
    api.volumeFreeze("v")
    assert api.volumesList() == []
    assert names(api.snapshotsList()) == ["v"]
    refused("objectDoesNotExist", api.volumeUpdate, "v", {"size": 2 * GiB})


def test_rebasing_takes_over_what_lay_between(sim, api, refused):
    make(api)
    sim.cluster.write("v", 64 * MiB)
    api.snapshotCreate("v", {"name": "old"})
    sim.cluster.write("v", 32 * MiB)
    api.snapshotCreate("v", {"name": "new"})
    assert names(api.volumeListSnapshots("v")) == ["new", "old"]
    api.volumeRebase("v", {"parentName": "old"})
    assert api.volumeList("v")[0].parentName == "old"
    assert api.volumesStatus()["v"].storedSize == 32 * MiB
    refused("invalidParam", api.volumeRebase, "v", {"parentName": "new"})
    api.volumeRebase("v", {})
    assert api.volumeList("v")[0].parentName == ""
    assert api.volumesStatus()["v"].storedSize == 96 * MiB


def test_space_counts_what_was_written(sim, api):
    make(api)
    sim.cluster.write("v", 100 * MiB)
    api.snapshotCreate("v", {"name": "s"})
    sim.cluster.write("v", 10 * MiB)
    (volume,) = api.volumesSpace()
    (snapshot,) = api.snapshotsSpace()
    assert (volume.storedSize, volume.spaceUsed) == (10 * MiB, 110 * MiB)
    assert (snapshot.storedSize, snapshot.spaceUsed) == (100 * MiB, 0)
    status = api.volumesStatus()
    assert status["v"].onDiskSize == 30 * MiB and status["s"].onDiskSize == 300 * MiB


def test_states_hold_volumes_and_snapshots_alike(api):
    make(api)
    api.snapshotCreate("v", {"name": "s"})
    for states in (api.volumesStatus(), api.volumesQuickStatus()):
        assert {name: (state.snapshot, state.status) for name, state in states.items()} == {
            "v": (False, "up"),
            "s": (True, "up"),
        }


def test_a_lost_disk_shows_in_the_state(api):
    make(api)
    api.diskEject(101)
    state = api.volumesQuickStatus()["v"]
    assert (state.status, state.decreasedRedundancy, state.missingDrives) == ("up", True, [101])
    for disk in (102, 201, 202, 301, 302):
        api.diskEject(disk)
    assert api.volumesQuickStatus()["v"].status == "down"


def test_every_change_counts_one_generation(api):
    first = make(api).generation
    assert api.volumeUpdate("v", {"size": 2 * GiB}).generation == first + 1
    assert api.snapshotCreate("v", {"name": "s"}).generation == first + 2
    assert api.snapshotDelete("s").generation == first + 3
    assert api.volumeDelete("v").generation == first + 4
