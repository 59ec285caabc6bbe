"""A multicluster of simulated clusters: attaching, moving and exporting across them, and answering as one."""

from __future__ import annotations

import pytest

import storpool_sim
from storpool_sim.cluster.devices import Devices

GiB = 1 << 30
SECOND = {"clusterName": "second"}


@pytest.fixture
def sim(clusters):
    with storpool_sim.running(cluster=clusters[0]) as running:
        yield running


@pytest.fixture
def single(sim):
    """Asks the cluster alone."""
    return sim.api()


@pytest.fixture
def api(sim, single):
    """Asks the multicluster; there is a volume in each of its clusters."""
    single.volumeCreate({"name": "here", "size": GiB, "replication": 3})
    single.volumeCreate({"name": "there", "size": GiB, "replication": 3}, **SECOND)
    return sim.api(multiCluster=True)


def attach(api, name="there", clusterName=None, **more):
    item = {"volume": name, **({} if "detach" in more else {"rw": [1]}), **more}
    return api.volumesReassignWait({"reassign": [item]}, clusterName=clusterName)


def attached(api, **kwargs):
    return sorted(
        (attachment.volume, attachment.client, attachment.rights, attachment.cluster)
        for attachment in api.attachmentsList(**kwargs)
    )


def where(api):
    return {record.name: record.clusterName for record in api.volumesList()}


# Attaching


def test_a_volume_of_another_cluster_is_moved_to_where_it_is_attached(api, single, refused):
    globalId = api.volumeList("there")[0].globalId
    refused("objectDoesNotExist", attach, single)
    attach(api, f"~{globalId}")
    assert where(api) == {"here": "west", "there": "west"}
    assert attached(api) == [("there", 1, "rw", "west")]
    assert api.volumeList("there")[0].globalId == globalId
    assert api.volumeUpdate("there", {"sizeAdd": GiB}).ok


def test_with_mode_export_it_stays_where_it_is(api, single, refused):
    attach(api, mcMode="export")
    assert where(api) == {"here": "west", "there": "second"}
    assert attached(api) == [("there", 1, "rw", "west")]
    assert [export.snapshot for export in single.volumeExportsList(**SECOND)["exports"]] == ["there"]
    refused("busy", api.volumeDelete, "there")
    refused("busy", attach, single, rw=[2], clusterName="second")
    attach(api, detach=[1])
    assert attached(api) == []
    api.volumeDelete("there")


def test_it_is_busy_where_it_is_attached_if_so_wanted(api, single, sim, clusters, refused):
    attach(single, clusterName="second")
    assert "second" in refused("busy", attach, api)  # by default it stays attached there, and nothing is rw twice
    refused("busy", attach, api, onRemoteAttached="fail")
    clusters[1].open("there", 1)
    refused("busy", attach, api, onRemoteAttached="detach")
    assert where(api)["there"] == "second"
    attach(api, onRemoteAttached="detachForce")
    assert attached(api) == [("there", 1, "rw", "west")] and where(api)["there"] == "west"


def test_all_clients_are_those_of_all_clusters(api, single, clusters, refused):
    attach(single, clusterName="second")
    clusters[1].open("there", 1)
    refused("busy", attach, api, detach="all", rw=[2])
    clusters[1].close("there", 1)
    attach(api, detach="all", rw=[2])
    assert attached(api) == [("there", 2, "rw", "west")] and where(api)["there"] == "west"


def test_one_request_may_name_a_volume_twice(api):
    first = {"volume": "there", "rw": [1]}
    api.volumesReassignWait({"reassign": [first, {"volume": "there", "ro": [2], "mcMode": "export"}]})
    assert attached(api) == [("there", 1, "rw", "west"), ("there", 2, "ro", "west")]
    assert where(api)["there"] == "west"


def test_it_may_stay_attached_where_it_was(api, single):
    attach(single, rw=[], ro=[2], clusterName="second")
    attach(api)
    assert where(api)["there"] == "west"
    assert attached(api) == [("there", 1, "rw", "west"), ("there", 2, "ro", "second")]
    assert [export.globalId for export in single.volumeExportsList()["exports"]] == [
        api.volumeList("there")[0].globalId
    ]
    attach(single, detach=[2], clusterName="second")
    assert attached(api) == [("there", 1, "rw", "west")]


def test_all_of_a_request_applies_or_nothing(api, refused):
    bad = {"volume": "nope", "rw": [1]}
    refused("objectDoesNotExist", api.volumesReassignWait, {"reassign": [{"volume": "there", "rw": [1]}, bad]})
    assert where(api)["there"] == "second" and attached(api) == []


def test_a_name_that_is_taken_here_stops_the_move(sim, api, single, refused):
    globalId = single.volumeCreate({"name": "here", "size": GiB, "replication": 3}, **SECOND).globalId
    refused("objectExists", attach, api, f"~{globalId}")
    attach(api, f"~{globalId}", mcMode="export")


def test_what_does_not_fit_here_stays_there(sim, api, refused):
    sim.cluster.fill(1.0)
    refused("insufficientResources", attach, api)
    attach(api, mcMode="export")


def test_an_exported_volume_is_attached_by_those_who_allow_it(api, single, refused):
    single.volumeExport("there", {"cluster": "west"}, **SECOND)
    assert "allowRemoteExported" in refused("invalidParam", attach, single)
    attach(single, allowRemoteExported=True)
    assert where(api)["there"] == "second"
    assert attached(api) == [("there", 1, "rw", "west")]
    attach(single, detach="all")
    assert attached(api) == []


def test_a_volume_that_is_attached_elsewhere_is_detached_there(api, single):
    attach(single, clusterName="second")
    attach(api, detach=[1])
    assert attached(api) == [] and where(api)["there"] == "second"


def test_snapshots_of_other_clusters_are_not_moved(api, single, refused):
    single.snapshotCreate("there", {"name": "s"}, **SECOND)
    refused("invalidParam", api.volumesReassignWait, {"reassign": [{"snapshot": "s", "ro": [1]}]})


def test_a_volume_far_away_is_not_of_the_multicluster(api, single, refused):
    single.volumeCreate({"name": "far", "size": GiB, "replication": 3}, clusterName="far")
    refused("objectDoesNotExist", attach, api, "far")


def test_the_devices_of_an_exported_volume_hold_its_data(tmp_path, clusters):
    west, second = (Devices(cluster, str(tmp_path / cluster.name)) for cluster in clusters[:2])
    with storpool_sim.running(cluster=clusters[0]) as sim:
        single, api = sim.api(), sim.api(multiCluster=True)
        single.volumeCreate({"name": "v", "size": GiB, "replication": 3}, **SECOND)
        attach(single, "v", clusterName="second")
        with open(tmp_path / "second" / "v", "r+b") as file:
            file.write(b"hello")
        attach(single, "v", detach=[1], clusterName="second")
        attach(api, "v", mcMode="export")
        with open(tmp_path / "west" / "v", "r+b") as file:
            assert file.read(5) == b"hello"
            file.seek(0)
            file.write(b"there")
        attach(api, "v", detach=[1])
        attach(api, "v")
        assert where(api) == {"v": "west"}
        with open(tmp_path / "west" / "v", "rb") as file:
            assert file.read(6) == b"there\0"
    for devices in (west, second):
        devices.close()


# Moving


@pytest.mark.parametrize("call", ["volumeMoveToRemote", "volumeAcquire"])
def test_a_volume_that_moves_may_stay_attached_where_it_was(api, single, call):
    attach(single, clusterName="second")
    if call == "volumeAcquire":
        api.volumeAcquire("there", {"onRemoteAttached": "export"})
    else:
        single.volumeMoveToRemote("there", {"cluster": "west", "onAttached": "export"}, **SECOND)
    assert where(api)["there"] == "west"
    assert attached(api) == [("there", 1, "rw", "second")]
    assert len(single.volumeExportsList()["exports"]) == 1


def test_a_deleted_volume_goes_from_other_clusters_too(api, single, refused):
    attach(api, mcMode="export")
    refused("busy", api.volumeDelete, "there", json={"onAttached": "export"})
    api.volumeDelete("there", json={"onAttached": "detachForce"})
    assert attached(api) == []


# Answering as one


def test_lists_are_those_of_all_clusters(api, single):
    single.snapshotCreate("here", {"name": "s"})
    single.snapshotCreate("there", {"name": "t"}, **SECOND)
    both = api.volumesAndSnapshotsList()
    assert [(record.name, record.clusterName) for record in both.volumes] == [("here", "west"), ("there", "second")]
    assert [(record.name, record.clusterName) for record in both.snapshots] == [("s", "west"), ("t", "second")]
    assert [record.name for record in api.snapshotsSpace()] == ["s", "t"]
    assert [record.clusterName for record in api.volumesSpace()] == ["west", "second"]
    for status in (api.volumesStatus(), api.volumesQuickStatus()):
        assert {name: record.clusterId for name, record in status.items()} == {
            "here": "wwww.a", "s": "wwww.a", "there": "wwww.b", "t": "wwww.b",
        }  # fmt: skip


def test_each_request_goes_to_the_cluster_that_has_what_it_is_about(api, single, refused):
    assert api.volumeInfo("there").clusterName == api.volumeDescribe("there").clusterName == "second"
    api.snapshotCreate("there", {"name": "t"})
    assert [record.name for record in single.snapshotsList(**SECOND)] == ["t"]
    assert api.snapshotDescribe("t").clusterName == api.snapshotInfo("t").clusterName == "second"
    assert api.snapshotList("t")[0].clusterName == "second"
    api.volumeCreate({"name": "clone", "parent": "t"})
    api.volumeCreate({"name": "copy", "baseOn": "there"})
    api.volumeUpdate("there", {"tags": {"a": "b"}})
    api.volumeRevert("there", {"toSnapshot": "t"})
    api.snapshotCreateGroup({"volumes": [{"volume": "there"}, {"volume": "clone"}]})
    api.volumeFreeze("clone")
    assert where(api) == {"here": "west", "there": "second", "copy": "second"}
    assert api.volumeBackup({"volume": "there", "location": "ffff"}).ok
    assert set(api.volumesGroupBackup({"volumes": ["there", "copy"], "location": "ffff"}).backups) == {"there", "copy"}
    api.snapshotDelete("clone")
    api.volumeDelete("there")
    # What is in two clusters cannot be had in one.
    refused("objectDoesNotExist", api.snapshotCreateGroup, {"volumes": [{"volume": "here"}, {"volume": "copy"}]})


def test_each_cluster_answers_for_itself(api, single):
    found = api.allClusters(api.volumeList, "there")
    assert [(answer.clusterName, answer.error is None) for answer in found] == [("west", False), ("second", True)]
    assert found[0].error.name == "objectDoesNotExist" and found[1].result[0].name == "there"
    assert [len(attachment.result) for attachment in api.allClusters(api.attachmentsList)] == [0, 0]


def test_tags_that_others_agree_on_are_taken(api):
    tags = {"qc": "gold", "vc-policy": "no-backup", "nvm": "17", "nloc": "dc-1", "virt": "kvm"}
    api.volumeCreate({"name": "tagged", "size": GiB, "replication": 3, "tags": tags})
    assert api.volumeList("tagged")[0].tags == tags
