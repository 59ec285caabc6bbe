"""Attaching and detaching on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

GiB = 1 << 30


@pytest.fixture(autouse=True)
def volumes(api):
    for name in ("v", "w"):
        api.volumeCreate({"name": name, "size": GiB, "replication": 3})


def attach(api, *items):
    return api.volumesReassignWait({"reassign": list(items)})


def attached(api):
    return [
        (attachment.volume, attachment.client, attachment.rights, attachment.pos)
        for attachment in api.attachmentsList()
    ]


def test_positions_are_the_lowest_free_ones(api):
    attach(api, {"volume": "v", "rw": [1]}, {"volume": "w", "rw": [1]})
    assert attached(api) == [("v", 1, "rw", 0), ("w", 1, "rw", 1)]
    attach(api, {"volume": "v", "detach": [1]})
    api.volumeCreate({"name": "x", "size": GiB, "replication": 1})
    attach(api, {"volume": "x", "ro": [1, 2]})
    assert attached(api) == [("x", 1, "ro", 0), ("w", 1, "rw", 1), ("x", 2, "ro", 0)]


def test_numbers_may_come_as_strings(api):
    api("POST", False, "VolumesReassignWait", {"reassign": [{"volume": "v", "rw": ["1"]}]})
    assert attached(api) == [("v", 1, "rw", 0)]


def test_a_bare_list_is_taken_by_both_calls(api):
    api("POST", False, "VolumesReassignWait", [{"volume": "v", "rw": [1]}])
    api.volumesReassign([{"volume": "w", "ro": [2]}])
    assert attached(api) == [("v", 1, "rw", 0), ("w", 2, "ro", 0)]


def test_a_volume_is_read_write_at_several_clients(sim, api):
    attach(api, {"volume": "v", "rw": [1]})
    attach(api, {"volume": "v", "rw": [2]})
    attach(api, {"volume": "w", "rw": [1, 2]})
    assert attached(api) == [("v", 1, "rw", 0), ("w", 1, "rw", 1), ("v", 2, "rw", 0), ("w", 2, "rw", 1)]
    sim.cluster.check()


def test_live_migration_attaches_at_the_destination_first(sim, api, refused):
    """The device is open at both ends for a while: the memory of the guest is copied last."""
    attach(api, {"volume": "v", "rw": [1]})
    sim.cluster.open("v", 1)
    attach(api, {"volume": "v", "rw": [2]})
    sim.cluster.open("v", 2)
    assert "open at client 1" in refused("busy", attach, api, {"volume": "v", "detach": [1]})
    sim.cluster.close("v", 1)
    attach(api, {"volume": "v", "detach": [1]})
    assert attached(api) == [("v", 2, "rw", 0)]
    assert "open at client 2" in refused("busy", attach, api, {"volume": "v", "detach": [2]})
    sim.cluster.check()


def test_what_must_not_be_written_to_is_not_while_any_of_several_clients_may(api, refused):
    api.snapshotCreate("v", {"name": "s"})
    attach(api, {"volume": "v", "rw": [1, 2]})
    attach(api, {"volume": "v", "detach": [1]})
    refused("busy", api.volumeRevert, "v", {"toSnapshot": "s"})
    refused("busy", api.volumeFreeze, "v")
    refused("busy", api.volumeDelete, "v")
    attach(api, {"volume": "v", "detach": [2]})
    api.volumeRevert("v", {"toSnapshot": "s"})


def test_read_write_at_two_clients_is_busy_where_it_is_forbidden(sim, api, refused):
    sim.cluster.sharedWrites = False
    attach(api, {"volume": "v", "rw": [1]})
    refused("busy", attach, api, {"volume": "v", "rw": [2]})
    refused("busy", attach, api, {"volume": "w", "rw": [1, 2]})
    assert attached(api) == [("v", 1, "rw", 0)]


def test_one_request_moves_a_volume(api):
    attach(api, {"volume": "v", "rw": [1]})
    attach(api, {"volume": "v", "rw": [2], "detach": "all"})
    assert attached(api) == [("v", 2, "rw", 0)]


def test_all_items_apply_or_none(api, refused):
    assert refused("invalidParam", attach, api, {"volume": "v", "rw": [1]}, {"volume": "w", "rw": [77]}) == (
        "No such client registered"
    )
    refused("objectDoesNotExist", attach, api, {"volume": "v", "rw": [1]}, {"volume": "nope", "rw": [1]})
    refused("objectDoesNotExist", attach, api, {"snapshot": "v", "ro": [1]})
    assert attached(api) == []


def test_an_open_volume_is_detached_by_force_only(sim, api, refused):
    attach(api, {"volume": "v", "rw": [1]})
    sim.cluster.open("v", 1)
    item = {"volume": "v", "detach": [1]}
    assert "'v' is open at client 1" in refused("busy", attach, api, {"volume": "w", "rw": [1]}, item)
    assert attached(api) == [("v", 1, "rw", 0)]
    attach(api, {**item, "force": True})
    assert attached(api) == []


def test_a_client_takes_1024_attachments(sim, api, refused):
    for number in range(1023):
        api.volumeCreate({"name": f"many-{number}", "size": 512, "replication": 1})
    attach(api, {"volume": "v", "rw": [1]}, *({"volume": f"many-{number}", "rw": [1]} for number in range(1023)))
    refused("invalidParam", attach, api, {"volume": "w", "rw": [1]})
    attach(api, {"volume": "w", "rw": [2]})
    assert len(api.attachmentsList()) == 1025


def test_attachments_have_the_tags_of_what_is_attached(api):
    api.volumeUpdate("v", {"tags": {"virt": "pve"}})
    api.snapshotCreate("v", {"name": "s", "tags": {"a": "1"}})
    attach(api, {"volume": "v", "rw": [1]}, {"volume": "w", "rw": [1]}, {"snapshot": "s", "ro": [2]})
    raw = api.attachmentsList(returnRawAPIData=True)
    assert [(attachment["volume"], attachment["tags"]) for attachment in raw] == [
        ("v", {"virt": "pve"}),
        ("w", {}),
        ("s", {"a": "1"}),
    ]
    assert api.attachmentsList()[0].tags == {"virt": "pve"}


def test_multicluster_attachments_name_the_cluster(sim):
    api = sim.api(multiCluster=True)
    attach(api, {"volume": "v", "rw": [1]})
    (attachment,) = api.attachmentsList()
    assert (attachment.cluster, attachment.clusterId) == ("sim", sim.cluster.clusterId)
