"""Snapshots on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

GiB = 1 << 30


@pytest.fixture
def volume(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3, "tags": {"of": "volume"}})
    return "v"


def names(api):
    return [record.name for record in api.snapshotsList()]


def test_a_snapshot_becomes_the_parent_of_its_volume(api, volume):
    made = api.snapshotCreate(volume, {"name": "s", "tags": {"a": "1"}})
    (snapshot,) = api.snapshotList("s")
    assert snapshot.globalId == made.snapshotGlobalId
    assert snapshot.visibleVolumeId == made.snapshotVisibleVolumeId
    assert (snapshot.onVolume, snapshot.autoName, snapshot.tags) == ("v", False, {"a": "1"})
    assert api.volumeList("v")[0].parentName == "s"
    assert api.snapshotDescribe("s").objectsCount == api.snapshotInfo("s").objectsCount == 32


def test_unnamed_snapshots_get_names_with_serials(api, volume):
    assert api.snapshotCreate(volume, {}).autoName == "v@1"
    assert api("POST", False, "VolumeSnapshot/v", {})["autoName"] == "v@2"
    assert names(api) == ["v@1", "v@2"]
    assert all(record.autoName for record in api.snapshotsList())


def test_names_are_shared_with_volumes(api, volume, refused):
    refused("objectExists", api.snapshotCreate, volume, {"name": "v"})
    refused("objectDoesNotExist", api.snapshotList, "v")
    refused("objectDoesNotExist", api.snapshotCreate, "nope", {"name": "s"})


def test_a_deleted_snapshot_is_seen_for_a_while_under_another_name(api, volume, clock, refused):
    api.snapshotCreate(volume, {"name": "s"})
    api.volumeDelete(volume)
    api.snapshotDelete("s")
    (snapshot,) = api.snapshotsList()
    assert (snapshot.name, snapshot.deleted) == ("*s", True)
    assert api.snapshotList("*s")[0].globalId == snapshot.globalId
    refused("objectDoesNotExist", api.snapshotList, "s")
    clock.advance(5)
    assert names(api) == []


def test_a_deleted_snapshot_stays_while_it_has_children(api, volume, clock):
    api.snapshotCreate(volume, {"name": "s"})
    api.snapshotDelete("s")
    clock.advance(1000)
    assert names(api) == ["*s"]
    assert api.volumeList("v")[0].parentName == "*s"
    api.volumeDelete("v")
    assert names(api) == []


def test_the_name_of_a_deleted_snapshot_is_free_at_once(api, volume):
    for _ in range(3):
        api.snapshotCreate(volume, {"name": "s"})
        api.snapshotDelete("s")
    assert len({record.name for record in api.snapshotsList()}) == 3


def test_deletion_by_global_id(api, volume):
    made = api.snapshotCreate(volume, {"name": "s"})
    api.snapshotDeleteById(made.snapshotGlobalId)
    assert names(api) == ["*s"]


def test_a_bound_snapshot_goes_with_its_last_child(api, volume, clock):
    api.snapshotCreate(volume, {"name": "s", "bind": True})
    assert api.snapshotsList()[0].bound
    api.volumeDelete(volume)
    assert names(api) == ["*s"]
    clock.advance(5)
    assert names(api) == []


def test_a_snapshot_goes_at_its_date(api, volume, clock, refused):
    api.snapshotCreate(volume, {"name": "s", "deleteAfter": 100})
    assert api.snapshotsList()[0].targetDeleteDate == int(clock.now()) + 100
    api.snapshotCreate(volume, {"name": "stays", "deleteAfter": 100})
    api.snapshotUpdate("stays", {"deleteAfter": 0})
    clock.advance(101)
    assert names(api) == ["*s", "stays"]
    refused("invalidParam", api.snapshotCreate, volume, {"targetDeleteDate": 1})


def test_a_group_is_snapshotted_whole_or_not_at_all(api, volume, refused):
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3})
    group = {"volumes": [{"volume": "v", "name": "sv"}, {"volume": "w", "tags": {"b": "2"}}], "tags": {"a": "1"}}
    result = api.snapshotCreateGroup(group)
    assert [(record.volume, record.snapshot) for record in result.snapshots] == [("v", "sv"), ("w", "w@1")]
    assert {record.name: record.tags for record in api.snapshotsList()} == {
        "sv": {"a": "1"},
        "w@1": {"a": "1", "b": "2"},
    }
    refused("objectExists", api.snapshotCreateGroup, {"volumes": [{"volume": "w"}, {"volume": "v", "name": "sv"}]})
    refused("objectDoesNotExist", api.snapshotCreateGroup, {"volumes": [{"volume": "w"}, {"volume": "nope"}]})
    same = {"volumes": [{"volume": "v", "name": "x"}, {"volume": "w", "name": "x"}]}
    refused("invalidParam", api.snapshotCreateGroup, same)
    assert names(api) == ["sv", "w@1"]


def test_update_changes_what_it_names_and_takes_an_empty_body(api, volume):
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "replication": 2})
    api.snapshotCreate(volume, {"name": "s", "tags": {"a": "1"}})
    api.snapshotUpdate("s", {})
    api.snapshotUpdate("s", {"rename": "r", "template": "t", "tags": {"b": "2"}})
    (snapshot,) = api.snapshotsList()
    assert (snapshot.name, snapshot.templateName, snapshot.placeAll, snapshot.replication) == ("r", "t", "hdd", 2)
    assert snapshot.tags == {"a": "1", "b": "2"}


def test_an_attached_snapshot_is_not_deleted(api, volume, refused):
    api.snapshotCreate(volume, {"name": "s"})
    api.volumesReassignWait({"reassign": [{"snapshot": "s", "ro": [2]}]})
    (attachment,) = api.attachmentsList()
    assert (attachment.volume, attachment.snapshot, attachment.rights) == ("s", True, "ro")
    refused("busy", api.snapshotDelete, "s")
    assert names(api) == ["s"]


def test_a_snapshot_is_rebased(api, volume):
    api.snapshotCreate(volume, {"name": "old"})
    api.snapshotCreate(volume, {"name": "new"})
    api.snapshotRebase("new", {})
    assert [record.name for record in api.volumeListSnapshots(volume)] == ["new"]


def test_an_empty_name_is_none(api, volume, clock):
    made = api.snapshotCreate("v", {"name": ""})
    name = "~" + made.snapshotGlobalId
    assert made.autoName is None
    (snapshot,) = api.snapshotList(name)
    assert (snapshot.name, snapshot.autoName) == (name, False)
    assert api.volumeList("v")[0].parentName == name
    api.snapshotUpdate(name, {"tags": {"a": "1"}})
    api.volumeRebase("v", {})
    api.snapshotDelete(name)
    (snapshot,) = api.snapshotsList()
    assert (snapshot.name, snapshot.deleted) == ("*" + made.snapshotGlobalId, True)
    clock.advance(10)
    assert api.snapshotsList() == []


def test_in_a_group_an_empty_name_is_none_and_a_missing_one_is_made_up(api, volume):
    api.volumeCreate({"name": "w", "size": GiB, "replication": 3})
    done = api.snapshotCreateGroup({"volumes": [{"volume": "v", "name": ""}, {"volume": "w"}]})
    unnamed, automatic = done.snapshots
    assert done.ok is True
    assert unnamed.snapshot == "~" + unnamed.snapshotGlobalId
    assert automatic.snapshot == "w@1"
    assert [(record.name, record.autoName) for record in api.snapshotsList()] == [
        ("w@1", True),
        (unnamed.snapshot, False),
    ]


def test_a_group_answers_as_other_changes_do(api, volume):
    done = api("POST", False, "VolumesGroupSnapshot", {"volumes": [{"volume": "v", "name": "s"}]})
    assert done["ok"] is True and [record["snapshot"] for record in done["snapshots"]] == ["s"]


def test_the_name_of_a_snapshot_can_be_taken_away(api, volume, refused):
    made = api.snapshotCreate("v", {"name": "s"})
    api.snapshotUpdate("s", {"rename": "", "tags": {"a": "1"}})
    name = "~" + made.snapshotGlobalId
    assert [(record.name, record.tags) for record in api.snapshotsList()] == [(name, {"a": "1"})]
    assert api.volumeList("v")[0].parentName == name
    refused("objectDoesNotExist", api.snapshotList, "s")
    api.snapshotUpdate(name, {"rename": ""})
    api.snapshotUpdate(name, {"rename": "again"})
    assert names(api) == ["again"]


def test_every_record_of_a_snapshot_says_that_it_is_one(api, volume):
    api.snapshotCreate("v", {"name": "s"})
    api.snapshotCreate("v", {})
    raw = {"returnRawAPIData": True}
    records = [
        *api.snapshotsList(**raw),
        *api.snapshotsSpace(**raw),
        *api.snapshotList("s", **raw),
        api.snapshotDescribe("s", **raw),
        api.snapshotInfo("s", **raw),
        *api.volumeListSnapshots("v", **raw),
        *api.volumesAndSnapshotsList(**raw)["snapshots"],
        *(api.volumesStatus(**raw)[name] for name in ("s", "v@1")),
    ]
    assert len(records) == 13 and all(record["snapshot"] is True for record in records)
    assert not any(record.get("snapshot") for record in api.volumesList(**raw))
    assert all(record.snapshot for record in api.snapshotsList())


def test_a_snapshot_that_another_volume_was_made_of_is_counted_again_when_that_one_goes(api, volume, clock):
    """What goes by time is looked at whenever something about it changes."""
    api.snapshotCreate("v", {"name": "s", "bind": True})
    api.volumeCreate({"name": "w", "parent": "s"})
    api.volumeRebase("v", {})
    clock.advance(10)
    assert [record.name for record in api.snapshotsList()] == ["s"]
    api.volumeDelete("w")
    assert api.snapshotsList()[0].deleted
    clock.advance(10)
    assert api.snapshotsList() == []
