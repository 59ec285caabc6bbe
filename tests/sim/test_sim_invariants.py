"""What must hold is looked for, and found missing when it is."""

from __future__ import annotations

import pytest

from storpool_sim.cluster.invariants import BrokenInvariant
from storpool_sim.cluster.model import Attachment

GiB = 1 << 30


@pytest.fixture(autouse=True)
def contents(sim, api):
    api.volumeTemplateCreate({"name": "t", "placeAll": "hdd", "replication": 2, "size": GiB})
    api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 3})
    api.volumeCreate({"name": "w", "template": "t"})
    api.snapshotCreate("v", {"name": "s"})
    api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}, {"snapshot": "s", "ro": [2]}]})
    api.iSCSIConfigChange({"commands": [{"createTarget": {"volumeName": "v"}}]})
    sim.cluster.check()


def spoil_name(cluster):
    cluster.find("w").baseName = "v"


def spoil_parent(cluster):
    cluster.find("v").parent = cluster.find("w")


def spoil_ancestors(cluster):
    record = cluster.find("s")
    record.parent, record.children[record.id] = record, record


def spoil_children(cluster):
    cluster.find("s").children.clear()


def spoil_group(cluster):
    del cluster.groups["hdd"]


def spoil_sets(cluster):
    cluster.find("v").diskSets = [(101, 101, 201)]


def spoil_stored(cluster):
    object.__setattr__(cluster.find("v"), "stored", GiB)


def spoil_writers(cluster):
    cluster.sharedWrites = False
    record = cluster.find("v")
    cluster.attachments[record.id, 2] = Attachment(record, 2, "rw", 5)


def spoil_slots(cluster):
    record = cluster.find("w")
    cluster.attachments[record.id, 1] = Attachment(record, 1, "rw", 0)


def spoil_attached(cluster):
    del cluster.records._by_number[cluster.find("v").id]


def spoil_opened(cluster):
    cluster.opened.add((cluster.find("w").id, 1))


def spoil_template(cluster):
    del cluster.templates["t"]


def spoil_targets(cluster):
    cluster.iscsi.targets[1].volume = 4711


@pytest.mark.parametrize("spoil", [value for name, value in list(globals().items()) if name.startswith("spoil_")])
def test_a_broken_cluster_is_told_from_a_whole_one(sim, spoil):
    spoil(sim.cluster)
    with pytest.raises(BrokenInvariant):
        sim.cluster.check()
