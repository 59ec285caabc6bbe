"""Devices on a directory: real links, real files, real processes that hold them open."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

import storpool_sim
from storpool.sputils import pathPollWait

MiB = 1 << 20


@pytest.fixture
def devices(tmp_path):
    return tmp_path / "dev"


@pytest.fixture
def api(devices, clock):
    with storpool_sim.running(clock=clock, devDir=str(devices)) as sim:
        yield sim.api()


def make(api, name, **more):
    return api.volumeCreate({"name": name, **({} if more else {"size": 64 * MiB, "replication": 3}), **more})


def attach(api, name, kind="volume", **more):
    mode = {"rw": [1]} if kind == "volume" else {"ro": [1]}
    api.volumesReassignWait({"reassign": [{kind: name, **mode, **more}]})


def detach(api, name, kind="volume", force=False):
    api.volumesReassignWait({"reassign": [{kind: name, "detach": "all", "force": force}]})


def write(path, data, at=0):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def read(path, count, at=0):
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(count)


def test_links_come_and_go_with_attachments(api, devices):
    made = make(api, "v")
    assert not (devices / "v").exists()
    attach(api, "v")
    byId = devices.parent / "dev-byid" / made.globalId
    assert (devices / "v").is_symlink() and os.path.samefile(devices / "v", byId)
    assert (devices / "v").stat().st_size == 64 * MiB
    assert (devices / "v").stat().st_blocks == 0
    api.volumeUpdate("v", {"rename": "w"})
    assert (devices / "w").exists() and not (devices / "v").is_symlink()
    detach(api, "w")
    assert not (devices / "w").is_symlink() and not byId.is_symlink()


def test_another_clients_volumes_are_not_seen(api, devices):
    make(api, "v")
    api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [2]}]})
    assert not (devices / "v").exists()


def test_a_link_may_come_late(devices):
    with storpool_sim.running(devDir=str(devices), devDelay=0.3) as sim:
        api = sim.api()
        make(api, "v")
        begun = time.monotonic()
        attach(api, "v")
        assert not (devices / "v").exists()
        pathPollWait(str(devices / "v"), True, True, 0.02, 10)
        assert time.monotonic() - begun >= 0.3
    assert not (devices / "v").is_symlink()


def test_snapshots_clones_and_reverts_carry_the_data(api, devices):
    make(api, "v")
    attach(api, "v")
    write(devices / "v", b"monday", 40 * MiB)
    api.snapshotCreate("v", {"name": "s"})
    write(devices / "v", b"friday", 40 * MiB)
    make(api, "clone", parent="s", size=128 * MiB)
    make(api, "copy", baseOn="v")
    for name in ("clone", "copy"):
        attach(api, name)
    attach(api, "s", "snapshot")
    assert read(devices / "v", 6, 40 * MiB) == b"friday"
    assert read(devices / "s", 6, 40 * MiB) == b"monday"
    assert read(devices / "clone", 6, 40 * MiB) == b"monday"
    assert (devices / "clone").stat().st_size == 128 * MiB
    assert (devices / "clone").stat().st_blocks * 512 < MiB
    assert read(devices / "copy", 6, 40 * MiB) == b"friday"
    detach(api, "v")
    api.volumeRevert("v", {"toSnapshot": "s"})
    attach(api, "v")
    assert read(devices / "v", 6, 40 * MiB) == b"monday"
    assert (devices.parent / "dev-byid" / api.volumeList("v")[0].globalId).exists()


def test_the_links_of_an_unnamed_volume_outlive_a_revert(api, devices):
    first = api.volumeCreate({"size": 64 * MiB, "replication": 1}).globalId
    name, byId = f"~{first}", devices.parent / "dev-byid"
    attach(api, name)
    write(byId / first, b"monday", 40 * MiB)
    api.snapshotCreate(name, {"name": "s"})
    write(byId / first, b"friday", 40 * MiB)
    detach(api, name)
    second = api.volumeRevert(name, {"toSnapshot": "s"}).globalId
    assert not (byId / first).is_symlink()
    attach(api, name)
    for link in (devices / name, byId / first, byId / second):
        assert read(link, 6, 40 * MiB) == b"monday"
    detach(api, name)
    assert list(byId.iterdir()) == []


def test_the_data_outlives_the_transient_snapshot_of_a_copy(api, devices, clock):
    make(api, "v")
    attach(api, "v")
    write(devices / "v", b"monday", 40 * MiB)
    make(api, "copy", baseOn="v")
    for _ in range(2):
        clock.advance(60)
        api.volumesList()
    assert api.snapshotsList() == []
    attach(api, "copy")
    assert read(devices / "v", 6, 40 * MiB) == read(devices / "copy", 6, 40 * MiB) == b"monday"
    assert len(list((devices / ".data").iterdir())) == 2


def test_growing_adds_zeros_and_shrinking_cuts(api, devices):
    make(api, "v")
    attach(api, "v")
    write(devices / "v", b"end", 64 * MiB - 3)
    api.volumeUpdate("v", {"sizeAdd": MiB})
    assert read(devices / "v", 6, 64 * MiB - 3) == b"end\0\0\0"
    api.volumeUpdate("v", {"size": MiB, "shrinkOk": True})
    assert (devices / "v").stat().st_size == MiB


def test_what_a_process_holds_open_is_busy(api, devices, refused):
    make(api, "v")
    attach(api, "v")
    code = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(devices / "v")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline()
        assert "'v' is open at client 1" in refused("busy", detach, api, "v")
        assert (devices / "v").exists()
        detach(api, "v", force=True)
        assert not (devices / "v").is_symlink()
        attach(api, "v")
        holder.stdin.close()
    detach(api, "v")


def test_data_goes_with_its_volume(api, devices, clock):
    make(api, "v")
    api.snapshotCreate("v", {"name": "s"})
    assert len(list((devices / ".data").iterdir())) == 2
    api.volumeDelete("v")
    api.snapshotDelete("s")
    clock.advance(10)
    assert api.snapshotsList() == []
    assert list((devices / ".data").iterdir()) == []


def test_leftovers_of_a_killed_simulator_are_removed_and_other_files_are_not(devices):
    (devices / ".data").mkdir(parents=True)
    (devices / ".data" / "7").write_text("old")
    (devices / "old").symlink_to(devices / ".data" / "7")
    (devices / "mine").symlink_to("/dev/null")
    with storpool_sim.running(devDir=str(devices)):
        assert not (devices / "old").is_symlink()
        assert (devices / "mine").is_symlink()
        assert list((devices / ".data").iterdir()) == []
