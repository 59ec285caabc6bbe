"""The relocator and the balancer on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

from storpool.sptypes import DownDiskTarget

GiB = 1 << 30


@pytest.fixture
def volume(sim, api):
    """A volume on one disk a server, in a group that has got more disks since."""
    api.placementGroupUpdate("g", {"addDisks": [101, 201, 301]})
    api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 3, "placeAll": "g", "placeTail": "g"})
    sim.cluster.write("v", 4 * GiB)
    api.placementGroupUpdate("g", {"addDisks": [102, 202, 302]})
    return "v"


def test_the_relocator_is_on_and_idle(api, volume):
    status = api.volumeRelocatorStatus()
    assert (status.status, status.volumesToRelocate, status.recoveringFromRemote) == ("on", 0, 0)
    disks = api.volumeRelocatorDisks()
    assert set(disks) == set(api.disksList())
    assert all(disk.objectsAllocated.delta == disk.storedSize.delta == 0 for disk in disks.values())


def test_the_relocator_moves_data_off_a_disk(api, volume, clock):
    api.diskSoftEject(101)
    assert api.volumeRelocatorStatus().volumesToRelocate == 1
    disks = api.volumeRelocatorDisks()
    moved = api.disksList()[101].objectsAllocated
    assert (disks[101].objectsAllocated.target, disks[101].objectsAllocated.delta) == (0, -moved)
    assert disks[102].objectsAllocated.toRecover == disks[102].objectsAllocated.delta == moved
    assert disks[102].storedSize.target >= 4 * GiB // 3
    of_volume = api.volumeRelocatorVolumeDisks("v")
    assert of_volume[102].objectsAllocated.target == moved
    assert 103 not in of_volume
    clock.advance(1000)
    assert api.volumeRelocatorStatus().volumesToRelocate == 0
    assert api.volumeRelocatorDisks()[102].objectsAllocated.current == moved


def test_the_relocator_is_blocked_by_a_missing_disk(api, volume):
    api.diskEject(101)
    assert api.volumeRelocatorStatus().status == "blocked"
    assert isinstance(api.volumeRelocatorDisks()[101], DownDiskTarget)


def test_the_balancer_is_off_until_it_is_started(api, volume, clock, refused):
    status = api.volumeBalancerGetStatus()
    assert (status.status, status.auto) == ("nothing to do", False)
    refused("invalidParam", api.volumeBalancerSetStatus, {"cmd": "commit"})
    clock.advance(1000)
    assert api.volumeBalancerGetStatus().status == "nothing to do"


def test_a_run_goes_through_its_states_and_moves_what_it_said(api, volume, clock, refused):
    seen = []

    def watch(until):
        for _ in range(20):
            status = api.volumeBalancerGetStatus().status
            if seen[-1:] != [status]:
                seen.append(status)
            if status == until:
                return
            clock.advance(0.5)

    api.volumeBalancerSetStatus({"cmd": "start"})
    refused("busy", api.volumeBalancerSetStatus, {"cmd": "start"})
    watch("ready")
    (volume,) = api.volumeBalancerVolumesStatus()
    assert (volume.name, volume.reallocated, volume.blocked, volume.snapshot) == ("v", True, False, False)
    sets = api.volumeBalancerVolumeDiskSets("v")
    assert {disk for disks in sets.currentDiskSets for disk in disks} == {101, 201, 301}
    forecast = api.volumeBalancerDisks()
    assert forecast[102].objectsAllocated.current == 0 < forecast[102].objectsAllocated.target
    assert api.volumeBalancerVolumeDisks("v").keys() == {101, 102, 201, 202, 301, 302}
    api.volumeBalancerSetStatus({"cmd": "commit"})
    watch("nothing to do")
    assert seen == ["waiting", "working", "ready", "commiting", "nothing to do"]
    assert api.volumeDescribe("v").targetDiskSets == sets.balancerDiskSets
    assert api.disksList()[102].objectsAllocated == forecast[102].objectsAllocated.target
    assert not api.volumeBalancerVolumesStatus()[0].reallocated


def test_a_run_with_nothing_to_move_ends(api, clock):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.volumeBalancerSetStatus({"cmd": "start"})
    clock.advance(100)
    assert api.volumeBalancerGetStatus().status == "nothing to do"


def test_a_run_is_stopped(api, volume, clock):
    api.volumeBalancerSetStatus({"cmd": "start"})
    clock.advance(100)
    api.volumeBalancerSetStatus({"cmd": "stop"})
    assert api.volumeBalancerGetStatus().status == "nothing to do"
    assert not api.volumeBalancerVolumesStatus()[0].reallocated


def test_a_missing_disk_blocks_the_balancer(api, volume):
    api.diskEject(104)
    api.volumeBalancerSetStatus({"cmd": "start"})
    assert api.volumeBalancerGetStatus().status == "blocked"


def test_a_volume_deleted_meanwhile_is_not_moved(api, volume, clock):
    api.volumeBalancerSetStatus({"cmd": "start"})
    clock.advance(100)
    api.volumeDelete("v")
    api.volumeBalancerSetStatus({"cmd": "commit"})
    clock.advance(100)
    assert api.volumeBalancerGetStatus().status == "nothing to do"


def test_groups_are_the_trees_of_volumes(api, volume, refused):
    api.snapshotCreate("v", {"name": "s"})
    api.volumeCreate({"name": "w", "parent": "s"})
    (group,) = api.volumeBalancerGroups()
    assert (group.root, set(group.volumes), group.feasible, group.blocked) == ("s", {"v", "w", "s"}, True, False)
    assert group.objectsCount == sum(slot.objectsCount for slot in group.slots) == 3 * 320
    assert api.volumeBalancerSnapshotDisks("s").keys() == {101, 201, 301}
    assert api.volumeRelocatorSnapshotDisks("s").keys() == {101, 201, 301}
    assert api.volumeBalancerSnapshotDiskSets("s").snapshot
    refused("objectDoesNotExist", api.volumeBalancerVolumeDisks, "nope")
