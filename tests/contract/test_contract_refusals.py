"""A request that is refused says why by the cluster's names, and changes nothing at all."""

from __future__ import annotations

import json

import pytest

from storpool.spapi.call import CALLS
from storpool_sim.calls.registry import HANDLERS

GiB = 1 << 30
V = {"name": "n", "size": GiB, "replication": 3}
RW = {"volume": "v", "rw": [1]}

#: Path, body, the error's status and name.
REFUSED = {
    # Names
    "a taken name": ("VolumeCreate", {**V, "name": "v"}, 409, "objectExists"),
    "a snapshot's name": ("VolumeCreate", {**V, "name": "s"}, 409, "objectExists"),
    "a volume's name for a snapshot": ("VolumeSnapshot/v", {"name": "w"}, 409, "objectExists"),
    "a template's name": ("VolumeTemplateCreate", {"name": "t", "placeAll": "hdd"}, 409, "objectExists"),
    "a bucket's name": ("KV/Create/b", None, 409, "objectExists"),
    "no such template": ("VolumeCreate", {"name": "n", "template": "nope"}, 404, "objectDoesNotExist"),
    "no such parent": ("VolumeCreate", {"name": "n", "parent": "nope"}, 404, "objectDoesNotExist"),
    "no such base": ("VolumeCreate", {"name": "n", "baseOn": "s"}, 404, "objectDoesNotExist"),
    "no such group": ("VolumeCreate", {**V, "placeAll": "nope"}, 404, "objectDoesNotExist"),
    "no such volume": ("VolumeUpdate/nope", {"size": GiB}, 404, "objectDoesNotExist"),
    "no such id": ("VolumeDelete/~a.b.c", None, 404, "objectDoesNotExist"),
    "a snapshot is no volume": ("VolumeDelete/s", None, 404, "objectDoesNotExist"),
    "no such disk": ("DiskSoftEject/999", None, 404, "objectDoesNotExist"),
    "no such location": ("VolumesGroupBackup", {"location": "nope", "volumes": ["v"]}, 404, "objectDoesNotExist"),
    # Sizes and places
    "no size": ("VolumeCreate", {"name": "n", "replication": 3}, 400, "invalidParam"),
    "smaller than its parent": ("VolumeCreate", {"name": "n", "parent": "s", "size": 512}, 400, "invalidParam"),
    "shrinking unasked": ("VolumeUpdate/v", {"size": 512, "tags": {"a": "b"}}, 400, "invalidParam"),
    "more than there is": ("VolumeCreate", {**V, "size": 10**6 * GiB}, 507, "insufficientResources"),
    "growing beyond all": ("VolumeUpdate/v", {"sizeAdd": 10**6 * GiB}, 507, "insufficientResources"),
    "too few servers": ("VolumeCreate", {**V, "placeAll": "one", "placeTail": "one"}, 507, "insufficientResources"),
    # Attachments: the first item is good each time
    "an unknown client": ("VolumesReassignWait", {"reassign": [RW, {"volume": "w", "rw": [9]}]}, 400, "invalidParam"),
    "detaching an open one": ("VolumesReassign", [RW, {"volume": "open", "detach": [1]}], 409, "busy"),
    "detaching all of it": ("VolumesReassign", [RW, {"volume": "open", "detach": "all"}], 409, "busy"),
    "no such snapshot": ("VolumesReassign", [RW, {"snapshot": "v", "ro": [1]}], 404, "objectDoesNotExist"),
    # What is in use
    "an attached volume": ("VolumeDelete/open", None, 409, "busy"),
    "reverting an attached one": ("VolumeRevert/open", {"toSnapshot": "s"}, 409, "busy"),
    "freezing an attached one": ("VolumeFreeze/open", None, 409, "busy"),
    "a template in use": ("VolumeTemplateDelete/t", None, 409, "busy"),
    "a group in use": ("PlacementGroupDelete/hdd", None, 409, "busy"),
    "a disk that is up": ("DiskForget/101", None, 409, "busy"),
    # All or none
    "a group of snapshots": (
        *("VolumesGroupSnapshot", {"volumes": [{"volume": "v", "name": "x"}, {"volume": "w", "name": "s"}]}),
        *(409, "objectExists"),
    ),
    "a rename that is taken": (
        "VolumeUpdate/v",
        {"rename": "w", "size": 2 * GiB, "tags": {"a": "b"}},
        409,
        "objectExists",
    ),
    "a list of iSCSI commands": (
        *("iSCSIConfig", {"commands": [{"createPortalGroup": {"name": "pg"}}, {"deleteTarget": {"volumeName": "v"}}]}),
        *(400, "invalidParam"),
    ),
    "one thing wrong in a body": (
        *("VolumesReassign", [RW, {"volume": "w", "rw": ["one"]}]),
        *(400, "invalidParam"),
    ),
    # The rest
    "a write that lost": ("KV/Set/b", {"runIfVersionIs": 77, "set": {"k": "v"}}, 409, "runIfVersionIsMismatch"),
    "disks both ways": ("PlacementGroupUpdate/ssd", {"addDisks": [101], "rmDisks": [101]}, 400, "invalidParam"),
    "an unknown disk": ("PlacementGroupUpdate/ssd", {"addDisks": [103, 999]}, 404, "objectDoesNotExist"),
    "a pause of nothing": ("DiskSoftEjectPause/101", None, 400, "invalidParam"),
    "committing nothing": ("VolumeBalancerStatus", {"cmd": "commit"}, 400, "invalidParam"),
    "too many away": (
        *("MaintenanceSet", {"nodeId": 1, "duration": 60, "description": "d", "minOkReplicas": 3}),
        *(409, "busy"),
    ),
    "not in maintenance": ("MaintenanceComplete", {"nodeId": 1}, 404, "objectDoesNotExist"),
}


@pytest.fixture(autouse=True)
def world(sim, api):
    """Something for each request to be about."""
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "placeTail": "ssd", "replication": 3, "size": GiB})
    for name in ("v", "w", "open"):
        api.volumeCreate({"name": name, "template": "t"})
    api.snapshotCreate("v", {"name": "s"})
    api.placementGroupUpdate("one", {"addDisks": [101, 102]})
    api.kvsCreate("b")
    api.volumesReassignWait({"reassign": [{"volume": "open", "rw": [1]}]})
    sim.cluster.open("open", 1)


def everything(send):
    """All that the lists of the cluster say, its generation included."""
    paths = [
        call.query
        for call in CALLS.values()
        if call.method == "GET" and "{" not in call.query and call.name in HANDLERS
    ]
    assert len(paths) > 30
    return [send("GET", f"/ctrl/1.0/{path}") for path in [*paths, "VolumeDescribe/v", "KV/List/b"]]


@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_request_changes_nothing(send, what):
    path, body, status, name = REFUSED[what]
    before = everything(send)
    got, reply = send("POST", f"/ctrl/1.0/{path}", None if body is None else json.dumps(body))
    error = json.loads(reply)["error"]
    assert (got, error["name"]) == (status, name), error
    assert error["descr"] and error["transient"] is False
    assert everything(send) == before


def test_some_texts_are_compared_by_drivers_to_the_letter(api, refused):
    unknown = {"reassign": [{"volume": "v", "rw": [9]}]}
    assert refused("invalidParam", api.volumesReassignWait, unknown) == "No such client registered"
    detach = {"reassign": [{"volume": "open", "detach": [1], "force": False}]}
    assert "'open' is open at client 1" in refused("busy", api.volumesReassignWait, detach)
