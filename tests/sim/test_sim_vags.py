"""Volume allocation groups on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

GiB = 1 << 30


@pytest.fixture(autouse=True)
def volumes(sim, api):
    for name in ("v", "w"):
        api.volumeCreate({"name": name, "size": 10 * GiB, "replication": 3})
    yield
    sim.cluster.check()


def group(sim, name):
    """The number of the allocation group of a volume, which no list tells."""
    return sim.cluster.find(name).vag.id


def test_a_volume_has_a_group_of_its_own_with_its_placement(sim, api, refused):
    assert group(sim, "v") != group(sim, "w")
    vag = api.vagList(group(sim, "v"))
    assert vag.targetDiskSets == api.volumeDescribe("v").targetDiskSets
    assert (vag.placeAll, vag.replication, vag.templateName) == ("ssd", 3, "")
    assert not vag.diskSetsConstraintsViolated
    refused("objectDoesNotExist", api.vagList, 4711)


def test_a_snapshot_is_in_the_group_of_its_volume_and_a_clone_descends_from_it(sim, api):
    api.snapshotCreate("v", {"name": "s"})
    assert group(sim, "s") == group(sim, "v")
    api.volumeCreate({"name": "clone", "parent": "s"})
    assert api.vagList(group(sim, "clone")).parentVagId == group(sim, "s")
    api.volumeUpdateVag("clone", {"vagId": "parent"})
    assert group(sim, "clone") == group(sim, "s")


def test_a_group_is_spread_over_another_number_of_disk_sets(sim, api, refused):
    api.snapshotCreate("v", {"name": "s"})
    number = group(sim, "v")
    api.vagUpdate({"vagId": str(number), "targetsCount": 2})
    assert len(api.vagList(number).targetDiskSets) == 2
    for targets in (api.volumeDescribe("v").targetDiskSets, api.snapshotDescribe("s").targetDiskSets):
        assert targets == api.vagList(number).targetDiskSets
    api.vagUpdate({"vagId": str(number), "targetsCount": 64})
    assert len(api.volumeDescribe("v").targetDiskSets) == 64
    refused("objectDoesNotExist", api.vagUpdate, {"vagId": "none", "targetsCount": 2})


def test_a_group_is_joined_by_what_has_the_same_placement(sim, api, refused):
    api.vagUpdate({"vagId": str(group(sim, "v")), "targetsCount": 1})
    api.volumeUpdateVag("w", {"vagId": group(sim, "v")})
    assert api.volumeDescribe("w").targetDiskSets == api.volumeDescribe("v").targetDiskSets
    api.volumeUpdate("w", {"placeAll": "hdd"})
    assert group(sim, "w") != group(sim, "v")
    refused("invalidParam", api.volumeUpdateVag, "w", {"vagId": group(sim, "v")})
    refused("invalidParam", api.volumeUpdateVag, "w", {"vagId": "parent"})
    refused("objectDoesNotExist", api.volumeUpdateVag, "w", {"vagId": 4711})
    api.snapshotCreate("v", {"name": "s"})
    api.snapshotUpdateVag("s", {"vagId": group(sim, "v")})
    refused("objectDoesNotExist", api.snapshotUpdateVag, "v", {"vagId": group(sim, "v")})


def test_a_group_whose_copies_are_too_close_says_so(sim, api):
    number = group(sim, "v")
    with sim.cluster.lock:
        sim.cluster.find("v").diskSets = [(101, 102, 201)]
    assert api.vagList(number).diskSetsConstraintsViolated
