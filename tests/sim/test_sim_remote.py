"""Several clusters in one process, through the bindings."""

from __future__ import annotations

import http.client
import json

import pytest

import storpool_sim
from storpool_sim import Cluster, connect
from storpool_sim.cluster.devices import Devices

GiB = 1 << 30


@pytest.fixture
def sim(clusters):
    with storpool_sim.running(cluster=clusters[0]) as running:
        yield running


@pytest.fixture
def api(sim):
    api = sim.api()
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3, "tags": {"own": "tag"}})
    return api


def names(records):
    return [record.name for record in records]


def test_commands_go_to_another_cluster(api, refused):
    make = {"name": "w", "size": GiB, "replication": 3}
    api.volumeCreate(make, clusterName="far")
    assert names(api.volumesList(clusterName="~ffff.a")) == names(api.volumesList(clusterName="far")) == ["w"]
    assert names(api.volumesList()) == ["v"]
    refused("objectDoesNotExist", api.volumesList, clusterName="nowhere")


def test_a_multicluster_answers_as_one(sim, api):
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3}, clusterName="second")
    api.volumeCreate({"name": "x", "size": GiB, "replication": 3}, clusterName="far")
    multi = sim.api(multiCluster=True)
    assert {(record.name, record.clusterName, record.clusterId) for record in multi.volumesList()} == {
        ("v", "west", "wwww.a"),
        ("w", "second", "wwww.b"),
    }
    assert multi.volumeList("w")[0].clusterName == "second"


def test_all_clusters_answer_one_by_one(sim, api):
    def ask(path):
        connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
        path = f"/ctrl/1.0/MultiCluster/AllClusters/{path}"
        connection.request("GET", path, headers={"Authorization": f"Storpool v1:{sim.token}"})
        found = json.loads(connection.getresponse().read())["data"]["clusters"]
        connection.close()
        return found

    west, second = ask("VolumesList")
    assert [volume["name"] for volume in west["response"]["data"]] == ["v"]
    assert (second["clusterName"], second["response"]["data"]) == ("second", [])
    west, second = ask("Volume/v")
    assert west["response"]["data"][0]["name"] == "v"
    assert second["error"]["name"] == "objectDoesNotExist"


def test_every_cluster_answers_about_its_templates_and_what_it_is_connected_to(sim, api):
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "replication": 2})
    west, second = api.allClusters(api.volumeTemplatesStatus)
    assert (west.clusterName, names(west.result), second.clusterId, second.result) == ("west", ["t"], "wwww.b", [])
    west, second = api.allClusters(api.clustersList)
    assert (names(west.result["clusters"]), names(second.result["clusters"])) == (["second", "far"], ["west", "far"])


def test_a_snapshot_is_updated_wherever_in_the_multicluster_it_is(sim, api, refused):
    second = {"clusterName": "second"}
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3}, **second)
    api.snapshotCreate("w", {"name": "s"}, **second)
    refused("objectDoesNotExist", api.snapshotUpdate, "s", {"tags": {"a": "1"}})
    sim.api(multiCluster=True).snapshotUpdate("s", {"tags": {"a": "1"}})
    assert api.snapshotList("s", **second)[0].tags == {"a": "1"}


def test_multicluster_requests_by_way_of_another_cluster_may_be_refused(sim, api, refused):
    multi = sim.api(multiCluster=True)
    make = {"name": "w", "size": GiB, "replication": 3}
    multi.volumeCreate(make, clusterName="second")
    sim.clusters[1].relayedMultiCluster = False
    text = refused("unknownQuery", multi.volumeCreate, {**make, "name": "x"}, clusterName="second")
    assert text == "request 'MultiCluster/VolumeCreate' is not supported"
    refused("unknownQuery", multi.volumesList, clusterName="second")
    # Only these, and only in this cluster.
    api.volumeCreate({**make, "name": "x"}, clusterName="second")
    multi.volumeCreate({**make, "name": "y"}, clusterName="west")
    assert {record.name for record in multi.volumesList()} == {"v", "w", "x", "y"}


def test_a_backup_arrives_and_comes_back(sim, api, clock, refused):
    reply = api.volumesGroupBackup({"location": "ffff", "volumes": ["v"], "tags": {"a": "b"}})
    made = reply.backups["v"]
    (there,) = api.snapshotsList(clusterName="far")
    assert there.globalId == there.backupOfGlobalId == made.remoteId == made.snapshotGlobalId
    assert there.backup and there.recoveringFromRemote and there.tags == {"a": "b"}
    assert api.volumeRelocatorStatus(clusterName="far").recoveringFromRemote == 1
    clock.advance(2)
    assert not api.snapshotsList(clusterName="far")[0].recoveringFromRemote
    (seen,) = api.snapshotsRemoteList()["snapshots"]
    assert (seen.name, seen.remoteId, seen.location) == ("v", made.remoteId, "ffff")
    assert seen.localSnapshot == api.snapshotsList()[0].name

    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "replication": 2})
    back = {"remoteId": made.remoteId, "remoteLocation": "ffff", "template": "t", "name": "back"}
    api.snapshotFromRemote(back)
    found = api.snapshotList("back")[0]
    assert (found.size, found.placeAll, found.replication, found.backup) == (GiB, "hdd", 2, False)
    assert found.recoveringFromRemote
    # At once the copy is what the id stands for, here as there.
    assert found.globalId == made.remoteId and names(api.snapshotList("~" + made.remoteId)) == ["back"]
    refused("objectExists", api.snapshotFromRemote, {**back, "name": "again"})
    refused("objectDoesNotExist", api.snapshotFromRemote, {**back, "remoteId": "a.b.c"})
    refused("objectDoesNotExist", api.snapshotFromRemote, {**back, "remoteLocation": "nope"})


def test_a_group_is_backed_up_all_or_none(api, refused):
    refused("objectDoesNotExist", api.volumesGroupBackup, {"location": "ffff", "volumes": ["v", "nope"]})
    refused("objectDoesNotExist", api.volumesGroupBackup, {"location": "nope", "volumes": ["v"]})
    refused("invalidParam", api.volumesGroupBackup, {"location": "ffff", "volumes": ["v", "v"]})
    for server in (1, 2):
        for disk in range(1, 5):
            api.diskEject(server * 100 + disk, clusterName="far")
    refused("insufficientResources", api.volumesGroupBackup, {"location": "ffff", "volumes": ["v"]})
    assert api.snapshotsList() == api.snapshotsList(clusterName="far") == []


@pytest.mark.parametrize("full", [0, 2])
def test_a_group_is_backed_up_all_or_none_when_there_is_no_room(api, clusters, refused, full):
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3})
    clusters[full].fill(1.0)
    refused("insufficientResources", api.volumesGroupBackup, {"location": "ffff", "volumes": ["v", "w"]})
    assert api.snapshotsList() == api.snapshotsList(clusterName="far") == []
    clusters[full].fill(0)
    assert set(api.volumesGroupBackup({"location": "ffff", "volumes": ["v", "w"]}).backups) == {"v", "w"}


def test_room_is_counted_for_the_group_as_a_whole(api, clusters, refused):
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3})
    far = clusters[2]
    before = far.space.use()
    api.volumeBackup({"location": "ffff", "volume": "v"})
    needed = max(use.objects - before[number].objects for number, use in far.space.use().items())
    for disk in far.disks.values():
        disk.foreignObjects = disk.objectSlots - far.space.use()[disk.id].objects - needed
    refused("insufficientResources", api.volumesGroupBackup, {"location": "ffff", "volumes": ["v", "w"]})
    assert len(api.snapshotsList()) == 1
    api.volumeBackup({"location": "ffff", "volume": "w"})


def test_a_volume_is_made_of_a_remote_snapshot(api, clock):
    remoteId = api.volumeBackup({"location": "ffff", "volume": "v"}).remoteId
    api.volumeFromRemote({"remoteId": remoteId, "remoteLocation": "ffff", "name": "w"})
    assert api.volumeListSnapshots("w")[0].transient
    # The helper has an id of its own: a copy that stays can come besides.
    api.snapshotFromRemote({"remoteId": remoteId, "remoteLocation": "ffff", "name": "s", "replication": 1})
    for _ in range(2):
        clock.advance(10)
        assert api.volumeList("w")[0].size == GiB
    assert api.volumeListSnapshots("w") == []
    assert not any(record.transient for record in api.snapshotsList())


def test_a_copy_answers_to_the_id_that_it_has_elsewhere(sim, api, clock):
    """As disaster recovery uses it: reverted to, described and deleted by that id, without a name of its own."""
    backup = api.volumesGroupBackup({"location": "ffff", "volumes": ["v"]}).backups["v"]
    name = "~" + backup.remoteId
    api.volumeDelete("v")
    api.snapshotDelete(api.snapshotsList()[0].name)
    clock.advance(10)
    assert api.snapshotsList() == []
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotFromRemote({"remoteId": backup.remoteId, "remoteLocation": "ffff", "replication": 3})
    assert names(api.snapshotsList()) == [name]
    assert api.snapshotDescribe(name).globalId == backup.remoteId
    clock.advance(2)
    api.volumeRevert("v", {"toSnapshot": name})
    assert api.volumeList("v")[0].parentName == name
    api.snapshotDelete(name)
    assert api.snapshotDescribe(name, clusterName="far").globalId == backup.remoteId
    for cluster in sim.clusters:
        cluster.check()


def test_a_copy_is_not_moved_to_where_its_origin_is(api, clock, refused):
    made = api.snapshotCreate("v", {"name": "s"})
    api.snapshotExport({"snapshot": "s", "location": "ffff"})
    far = {"clusterName": "far"}
    want = {"remoteId": made.snapshotGlobalId, "remoteLocation": "wwww", "name": "copy", "replication": 1}
    api.snapshotFromRemote(want, **far)
    clock.advance(2)
    refused("objectExists", api.snapshotMoveToRemote, "copy", {"cluster": "west"}, **far)
    assert names(api.snapshotsList(**far)) == ["copy"] and names(api.snapshotsList()) == ["s"]


def test_a_backup_is_listed_under_the_name_of_its_volume(api, clock):
    unnamed = api.volumeCreate({"size": GiB, "replication": 3}).globalId
    api.volumesGroupBackup({"location": "ffff", "volumes": ["v", f"~{unnamed}"]})
    api.volumeUpdate("v", {"rename": "w"})
    assert sorted(names(api.snapshotsRemoteList()["snapshots"])) == ["v", f"~{unnamed}"]


def test_exports_are_seen_and_taken_back(api, refused):
    api.snapshotCreate("v", {"name": "s"})
    far = {"clusterName": "far"}
    assert api.snapshotsRemoteList(**far) == {"snapshots": []}
    export = {"snapshot": "s", "location": "ffff"}
    api.snapshotExport(export)
    refused("objectExists", api.snapshotExport, export)
    refused("objectDoesNotExist", api.snapshotExport, {**export, "location": "nope"})
    (export,) = api.exportsList()["exports"]
    assert (export.snapshot, export.location) == ("s", "ffff")
    (seen,) = api.snapshotsRemoteList(**far)["snapshots"]
    assert (seen.name, seen.location, seen.remoteId) == ("s", "wwww", export.globalId)
    api.snapshotUnexport(export)
    refused("objectDoesNotExist", api.snapshotUnexport, export)
    assert api.exportsList() == {"exports": []}
    api.snapshotExport(export)
    api.snapshotUnexport({"snapshot": "s", "all": True})
    assert api.snapshotsRemoteList(**far) == {"snapshots": []}


def test_what_is_being_copied_is_unexported_by_force_only(api, clock, refused):
    api.snapshotCreate("v", {"name": "s"})
    export = {"snapshot": "s", "location": "ffff"}
    wanted = {"remoteId": api.snapshotList("s")[0].globalId, "remoteLocation": "wwww", "replication": 2}
    for number, end in enumerate([{**export, "force": True}, {"snapshot": "s", "all": True, "force": True}]):
        api.snapshotExport(export)
        api.snapshotFromRemote({**wanted, "name": f"copy{number}"}, clusterName="far")
        refused("busy", api.snapshotUnexport, export)
        refused("busy", api.snapshotUnexport, {"snapshot": "s", "all": True})
        api.snapshotUnexport(end)
        assert api.exportsList() == {"exports": []}
        api.snapshotDelete(f"copy{number}", clusterName="far")
        clock.advance(10)
    api.snapshotExport(export)
    api.snapshotFromRemote(wanted, clusterName="far")
    clock.advance(2)
    api.snapshotUnexport(export)


def test_a_snapshot_of_another_location_is_given_up_and_deleted(api, clock, clusters):
    api.snapshotCreate("v", {"name": "s"})
    api.snapshotExport({"snapshot": "s", "location": "ffff"})
    api.remoteBridgeAdd({"ip": "192.0.2.1", "publicKey": "k", "location": "ffff", "minimumDeleteDelay": 60})
    wanted = {"location": "wwww", "globalSnapshotId": api.snapshotList("s")[0].globalId, "deleteAfter": 5}
    api.snapshotsRemoteUnexport({"remoteSnapshots": [wanted]}, clusterName="far")
    assert api.exportsList() == {"exports": []}
    clock.advance(59)
    assert not api.snapshotList("s")[0].deleted
    clock.advance(1)
    assert api.snapshotsList()[0].deleted


def test_exported_snapshots_without_names_go_by_their_ids(api, refused):
    made = api.snapshotCreate("v", {})
    api.snapshotExport({"snapshot": made.autoName, "location": "ffff"})
    (seen,) = api.snapshotsRemoteList(clusterName="far")["snapshots"]
    assert seen.name == f"~{made.snapshotGlobalId}"
    api.snapshotDelete(made.autoName)
    refused("invalidParam", api.snapshotExport, {"snapshot": f"*{made.autoName}", "location": "ffff"})


def test_a_backup_is_given_up(api, clock):
    remoteId = api.volumeBackup({"location": "ffff", "volume": "v"}).remoteId
    wanted = {"location": "ffff", "globalSnapshotId": remoteId, "deleteAfter": 5}
    api.snapshotsRemoteUnexport({"remoteSnapshots": [wanted]})
    assert api.snapshotsRemoteList() == {"snapshots": []}
    clock.advance(5)
    assert api.snapshotsList(clusterName="far")[0].deleted
    clock.advance(5)
    assert api.snapshotsList(clusterName="far") == []


def test_locations_clusters_and_bridges_are_registered(api, refused):
    api.locationAdd({"id": "xyz", "name": "moon"})
    refused("objectExists", api.locationAdd, {"id": "xyz", "name": "mars"})
    api.clusterAdd({"id": "a", "location": "moon", "name": "base"})
    refused("objectExists", api.clusterAdd, {"id": "a", "location": "moon"})
    api.remoteBridgeAdd({"ip": "192.0.2.1", "publicKey": "k", "remote": "base"})
    api.remoteBridgeAdd({"ip": "192.0.2.2", "publicKey": "k", "location": "moon", "noCrypto": True})
    refused("objectExists", api.remoteBridgeAdd, {"ip": "192.0.2.1", "publicKey": "k", "location": "moon"})
    api.locationRename({"location": "moon", "name": "luna"})
    api.locationUpdate({"location": "luna", "sendBufferSize": 7})
    api.clusterRename({"cluster": "base", "name": "camp"})
    luna = api.locationsList()["locations"][-1]
    assert (luna.id, luna.name, luna.sendBufferSize) == ("xyz", "luna", 7)
    camp = api.clustersList()["clusters"][-1]
    assert (camp.id, camp.name, camp.location) == ("a", "camp", "luna")
    assert [
        (bridge.location, bridge.cluster, bridge.remote) for bridge in api.remoteBridgesList()["remoteBridges"]
    ] == [
        ("luna", "camp", "camp"),
        ("luna", None, "luna"),
    ]
    refused("busy", api.clusterRemove, {"name": "camp"})
    refused("busy", api.locationRemove, {"location": "luna"})
    for ip in ("192.0.2.1", "192.0.2.2"):
        api.remoteBridgeRemove({"ip": ip})
    refused("objectDoesNotExist", api.remoteBridgeRemove, {"ip": "192.0.2.1"})
    api.clusterRemove({"location": "luna", "id": "a"})
    api.locationRemove({"location": "luna"})
    refused("objectDoesNotExist", api.locationRemove, {"location": "luna"})
    refused("invalidParam", api.clusterRemove, {"id": "a"})


def test_a_renamed_cluster_is_reached_by_its_new_name(api, refused):
    api.clusterRename({"cluster": "far", "name": "near"})
    assert api.volumesList(clusterName="near") == []
    refused("objectDoesNotExist", api.volumesList, clusterName="far")


def test_the_data_comes_along(tmp_path, clusters):
    far = Devices(clusters[2], str(tmp_path / "far"))
    with storpool_sim.running(cluster=clusters[0], devDir=str(tmp_path / "west")) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
        with open(tmp_path / "west" / "v", "r+b") as file:
            file.write(b"hello")
        remoteId = api.volumeBackup({"location": "ffff", "volume": "v"}).remoteId
        attach = {"reassign": [{"snapshot": f"~{remoteId}", "ro": [1]}]}
        api.volumesReassignWait(attach, clusterName="far")
        with open(tmp_path / "far-byid" / remoteId, "rb") as file:
            assert file.read(6) == b"hello\0"
    far.close()


def test_a_volume_is_moved_to_another_cluster(sim, api, refused):
    globalId = api.volumeList("v")[0].globalId
    api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
    refused("busy", api.volumeMoveToRemote, "v", {"cluster": "second"})
    sim.cluster.open("v", 1)
    refused("busy", api.volumeMoveToRemote, "v", {"cluster": "second", "onAttached": "detach"})
    refused("invalidParam", api.volumeMoveToRemote, "v", {"cluster": "west"})
    refused("invalidParam", api.volumeMoveToRemote, "v", {})
    api.volumeMoveToRemote("v", {"clusterId": "wwww.b", "onAttached": "detachForce"})
    assert api.volumesList() == []
    (there,) = api.volumesList(clusterName="second")
    assert (there.name, there.globalId, there.tags) == ("v", globalId, {"own": "tag"})
    multi = sim.api(multiCluster=True)
    for _ in range(2):  # the second time it is here already
        multi.volumeAcquire("v", {})
    assert names(api.volumesList()) == ["v"] and api.volumesList(clusterName="second") == []
    refused("objectDoesNotExist", multi.volumeAcquire, "nope", {})


def test_a_name_that_is_taken_there_stops_the_move(api, refused):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3}, clusterName="far")
    refused("objectExists", api.volumeMoveToRemote, "v", {"cluster": "far"})
    assert names(api.volumesList()) == ["v"]


def test_a_snapshot_is_moved_when_nothing_depends_on_it(api, refused):
    api.snapshotCreate("v", {"name": "s"})
    refused("busy", api.snapshotMoveToRemote, "s", {"cluster": "far"})
    api.volumeDelete("v")
    api.snapshotMoveToRemote("s", {"cluster": "far"})
    assert api.snapshotsList() == []
    assert names(api.snapshotsList(clusterName="far")) == ["s"]


def test_a_volume_is_offered_to_another_cluster(api, refused):
    api.volumeExport("v", {"cluster": "second"})
    refused("objectExists", api.volumeExport, "v", {"clusterId": "wwww.b"})
    assert [(export.snapshot, export.location) for export in api.volumeExportsList()["exports"]] == [("v", "wwww")]
    (seen,) = api.volumesRemoteList(clusterName="second")["volumes"]
    assert (seen.name, seen.location, seen.tags) == ("v", "wwww", {"own": "tag"})
    assert api.volumesRemoteList(clusterName="far") == {"volumes": []}
    api.volumeDelete("v")
    assert api.volumeExportsList() == {"exports": []}


def test_clusters_need_names_and_ids_of_their_own(clock):
    with pytest.raises(ValueError, match="own"):
        connect(Cluster(clock), Cluster(clock))
