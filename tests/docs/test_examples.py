"""Run each example as a user would; check what it prints and what it changes in the cluster."""

from __future__ import annotations

import ast
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import doc_programs
import pytest
from doc_programs import GiB, Run

import storpool_sim
from storpool import spapi
from storpool_sim import Running
from storpool_sim.cluster.clock import ManualClock

NAMES = sorted(path.stem for path in doc_programs.EXAMPLES.glob("*.py") if path.stem != "program")

# What holds for all


@pytest.mark.parametrize("name", NAMES)
def test_its_help_says_how_to_run_it(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(doc_programs.EXAMPLES)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(str(doc_programs.EXAMPLES / f"{name}.py"), run_name="__main__")
    assert f"python examples/{name}.py" in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_nothing_but_the_public_modules(name: str) -> None:
    for node in ast.walk(ast.parse((doc_programs.EXAMPLES / f"{name}.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.module in ("program", "storpool", "storpool.sptypes", "storpool.sputils") or (
                node.module in sys.stdlib_module_names if sys.version_info >= (3, 10) else node.module != "storpool_sim"
            )
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_") or node.attr == "__name__"


def test_without_a_configuration_it_says_what_is_missing() -> None:
    done = doc_programs.run({}, "list_volumes")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "/etc/storpool.conf" in done.stderr


def test_a_cluster_that_refuses_the_token_is_a_line() -> None:
    with storpool_sim.running() as sim:
        done = doc_programs.run({**sim.env, "SP_AUTH_TOKEN": "wrong"}, "list_volumes")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("list_volumes.py: unauthorized") and "wrong" not in done.stderr


def test_output_that_nobody_reads_is_no_error(sim: Running) -> None:
    program = str(doc_programs.EXAMPLES / "list_volumes.py")
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" "$1" | true', sys.executable, program],
        env=doc_programs.environment(sim.env), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# Volumes


def test_first_volume(run: Run, fails: Run, api: spapi.Api, clock: ManualClock) -> None:
    lines = run("first_volume").splitlines()
    assert lines[1:4] == [
        "attached first-volume to client 1, rw",
        "not deleted: busy: Volume 'first-volume' is attached to client 1.",
        "first-volume: 15 GiB, parent first-volume-snapshot, tags {'made-by': 'example'}",
    ]
    assert lines[-1] == "cleaned up" and not api.volumesList()
    api.volumeCreate({"name": "mine", "size": GiB, "replication": 3})
    assert "objectExists" in fails("first_volume", "--name", "mine")


def test_provision_waits_for_the_device(run: Run, api: spapi.Api, volumes: None, tmp_path: Path) -> None:
    dev = str(tmp_path / "dev")
    device = run("provision", "ssd3", "new", "--size", "3G", "--tag", "app=db", "--dev-dir", dev).strip()
    assert device == f"{dev}/new" and os.stat(device).st_size == 3 * GiB
    (volume,) = api.volumeList("new")
    assert (volume.templateName, volume.tags) == ("ssd3", {"app": "db"})


def test_provision_leaves_nothing_behind_where_it_cannot_attach(fails: Run, api: spapi.Api, volumes: None) -> None:
    assert "No such client registered" in fails("provision", "ssd3", "new", "--client", "77")
    assert "new" not in [volume.name for volume in api.volumesList()]


def test_provision_says_that_the_device_is_late(fails: Run, volumes: None, tmp_path: Path) -> None:
    line = fails("provision", "ssd3", "new", "--dev-dir", str(tmp_path / "elsewhere"), "--wait", "0")
    assert "has not appeared" in line


@pytest.mark.parametrize("size", ["0G", "10Q", "-1", "G"])
def test_a_size_that_is_none_is_refused(sim: Running, size: str) -> None:
    done = doc_programs.run(sim.env, "provision", "ssd3", "new", f"--size={size}")
    assert done.returncode == 2 and "is not a size like 10G" in done.stderr


def test_list_volumes(run: Run, sim: Running, api: spapi.Api, volumes: None) -> None:
    api.volumesReassignWait({"reassign": [{"volume": "db-log", "rw": [2]}]})
    sim.cluster.write("db-log", 5 * GiB)
    assert run("list_volumes", "--tag", "app=db", "--by", "stored") == (
        "NAME         SIZE   STORED  USED  TEMPLATE  CLIENTS\n"
        "db-log   10.0 GiB  5.0 GiB   50%  ssd3      2:rw\n"
        "db-data  10.0 GiB      0 B    0%  ssd3      -\n"
    )


def test_clone_volume_from_a_volume_and_from_a_snapshot(run: Run, api: spapi.Api, volumes: None) -> None:
    api.snapshotCreate("db-data", {"name": "monday"})
    run("clone_volume", "db-data", "try1", "--iops", "500")
    printed = run("clone_volume", "monday", "try2", "--snapshot")
    clones = {volume.name: volume for volume in api.volumesList() if "clone-of" in (volume.tags or {})}
    assert sorted(clones) == ["try1", "try2"] and clones["try1"].iops == 500
    assert clones["try2"].parentName == "monday" and printed == f"try2 ~{clones['try2'].globalId}\n"


def test_move_attachment(run: Run, fails: Run, sim: Running, api: spapi.Api, volumes: None) -> None:
    assert run("move_attachment", "web", "1") == "web: nowhere -> 1:rw\n"
    sim.cluster.open("web", 1)
    assert "busy: 'web' is open at client 1" in fails("move_attachment", "web", "2")
    assert run("move_attachment", "web", "2", "--force") == "web: 1:rw -> 2:rw\n"
    assert [(attachment.client, attachment.rights) for attachment in api.attachmentsList()] == [(2, "rw")]


def test_retag_changes_what_differs(run: Run, api: spapi.Api, volumes: None) -> None:
    api.snapshotCreate("db-log", {"name": "db-snap", "tags": {"app": "x"}})
    arguments = ["db-*", "--set", "env=prod", "--remove", "app", "--snapshots"]
    before = api.clientsConfigDump()[0].generation
    planned = run("retag", *arguments, "--dry-run")
    assert api.clientsConfigDump()[0].generation == before
    assert run("retag", *arguments) == planned
    assert planned == "db-data -app env=prod\ndb-log -app env=prod\ndb-snap -app env=prod\n"
    tags = {record.name: record.tags for record in [*api.volumesList(), *api.snapshotsList()]}
    assert tags == {
        "db-data": {"env": "prod"},
        "db-log": {"env": "prod"},
        "db-snap": {"env": "prod"},
        "web": {"app": "web"},
    }
    assert run("retag", *arguments) == ""


# Snapshots


def test_snapshot_group_takes_one_snapshot_of_each(run: Run, fails: Run, api: spapi.Api, volumes: None) -> None:
    printed = run("snapshot_group", "app=db", "--label", "nightly")
    snapshots = api.snapshotsList()
    assert printed == "".join(f"{snapshot.onVolume} -> {snapshot.name}\n" for snapshot in snapshots)
    assert [snapshot.tags for snapshot in snapshots] == [
        {"app": "db", "label": "nightly", "volume": name} for name in ("db-data", "db-log")
    ]
    assert "no volume has the tag app=none" in fails("snapshot_group", "app=none")


def test_restore_volume(run: Run, fails: Run, api: spapi.Api, volumes: None, tmp_path: Path) -> None:
    api.volumesReassignWait({"reassign": [{"volume": "web", "rw": [1]}]})
    device = tmp_path / "dev" / "web"
    _write(device, b"good")
    api.snapshotCreate("web", {"name": "monday"})
    _write(device, b"bad!")
    assert "--detach" in fails("restore_volume", "web", "monday")
    assert len(api.snapshotsList()) == 1
    before, after = run("restore_volume", "web", "monday", "--detach").splitlines()
    assert after == "reverted web to monday"
    assert [(attachment.client, attachment.rights) for attachment in api.attachmentsList()] == [(1, "rw")]
    assert _read(device) == b"good"
    # And back again, by what the program has kept.
    run("restore_volume", "web", before.split()[-1], "--detach")
    assert _read(device) == b"bad!"


def _write(device: Path, data: bytes) -> None:
    with open(device, "r+b") as file:
        file.write(data)


def _read(device: Path) -> bytes:
    with open(device, "rb") as file:
        return file.read(4)


def test_find_space(run: Run, fails: Run, sim: Running, api: spapi.Api, volumes: None) -> None:
    sim.cluster.write("db-log", 3 * GiB)
    api.snapshotCreate("db-log", {"name": "old"})
    sim.cluster.write("db-log", GiB)
    api.volumeCreate({"name": "cold", "size": GiB, "placeAll": "hdd", "replication": 3})
    heading, *table = run("find_space", "ssd", "--top", "2").splitlines()
    assert heading.startswith("ssd: 6 of 6 disks up, 12.0 GiB of ")
    assert [line.split()[:4] for line in table[1:]] == [
        ["snapshot", "old", "3.0", "GiB"],
        ["volume", "db-log", "1.0", "GiB"],
    ]
    assert "objectDoesNotExist" in fails("find_space", "nvme")


# The cluster


def _busy(api: spapi.Api) -> None:
    """Put data on the disks."""
    api.volumeCreate({"name": "bulk", "size": 64 * GiB, "placeAll": "ssd", "replication": 3})


@contextmanager
def _time_goes_by(sim: Running, clock: ManualClock) -> Iterator[None]:
    """Advance the cluster's clock by a second after each request, so that a program sees every state."""
    stop = threading.Event()

    def go() -> None:
        seen = len(sim.requests)
        while not stop.wait(0.001):
            if len(sim.requests) > seen:
                seen = len(sim.requests)
                clock.advance(1)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_watch_tasks(run: Run, fails: Run, sim: Running, api: spapi.Api, clock: ManualClock) -> None:
    assert run("watch_tasks") == ""
    _busy(api)
    api.diskSoftEject(101)
    assert "1 tasks are still running" in fails("watch_tasks", "--timeout", "0")
    with _time_goes_by(sim, clock):
        lines = run("watch_tasks", "--interval", "0.01").splitlines()
    assert lines[0].startswith("disk 101: rebalancing, ") and lines[-1] == "disk 101: done"


def test_drain_disk(run: Run, fails: Run, sim: Running, api: spapi.Api, clock: ManualClock) -> None:
    _busy(api)
    assert "still has" in fails("drain_disk", "101", "--timeout", "0")
    assert run("drain_disk", "101", "--cancel") == "disk 101 is in use again\n"
    assert api.disksList()[101].softEject == "off"
    with _time_goes_by(sim, clock):
        lines = run("drain_disk", "101", "--interval", "0.01", "--eject").splitlines()
    assert lines[-2:] == ["disk 101 is empty", "disk 101 (SimSSD 1920, SIM00101) may be pulled from server 1"]
    assert not api.disksList()[101].up
    assert all(not state.decreasedRedundancy for state in api.volumesQuickStatus().values())
    assert "is down" in fails("drain_disk", "101")
    assert "there is no disk 999" in fails("drain_disk", "999")


def test_check_health(run: Run, sim: Running, api: spapi.Api, volumes: None, tmp_path: Path) -> None:
    figures = tmp_path / "storpool.prom"
    assert run("check_health", "--prometheus", str(figures)) == "STORPOOL OK - all is well\n"
    values = dict(line.rsplit(" ", 1) for line in figures.read_text().splitlines())
    assert values["storpool_cluster_running"] == "1" and values['storpool_disk_up{disk="101"}'] == "1"

    api.diskEject(101)
    done = doc_programs.run(sim.env, "check_health", "--prometheus", str(figures), "--free", "100")
    assert done.returncode == 1 and done.stdout.startswith("STORPOOL WARNING - disk 101 of server 1 is down; ")
    assert 'storpool_disk_up{disk="101"} 0\n' in figures.read_text()

    sim.cluster.server_down(3)
    assert "servers 3 is down" in doc_programs.run(sim.env, "check_health").stdout
    sim.cluster.fill(0.95, 202)
    assert "disk 202 is 95% full" in doc_programs.run(sim.env, "check_health").stdout
    sim.cluster.fill(0.95)
    assert "template ssd3 has 5% left" in doc_programs.run(sim.env, "check_health").stdout
    for disk in (102, 201, 202):
        api.diskEject(disk)
    done = doc_programs.run(sim.env, "check_health")
    assert done.returncode == 2 and "3 volumes and snapshots are down" in done.stdout


def test_check_health_knows_nothing_of_a_cluster_that_does_not_answer(sim: Running, tmp_path: Path) -> None:
    figures = tmp_path / "storpool.prom"
    figures.write_text("storpool_cluster_running 1\n")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        env = {**sim.env, "SP_API_HTTP_PORT": str(unused.getsockname()[1])}
        done = doc_programs.run(env, "check_health", "--prometheus", str(figures))
    assert done.returncode == 3 and done.stdout.startswith("STORPOOL UNKNOWN - ConnectionRefusedError: ")
    assert not figures.exists()


def test_export_iscsi(run: Run, fails: Run, api: spapi.Api, volumes: None) -> None:
    initiator = "iqn.2024-01.com.example:host1"
    assert "no portal group pg; there are: none" in fails("export_iscsi", "web", initiator, "pg")
    commands = [
        {"createPortalGroup": {"name": "pg"}},
        {"portalGroupAddNetwork": {"portalGroup": "pg", "net": "10.1.0.1/24"}},
        {"createPortal": {"portalGroup": "pg", "controller": 1, "ip": "10.1.0.11"}},
    ]
    api.iSCSIConfigChange({"commands": commands})
    target = "target iqn.2019-08.com.storpool:sim:web"
    for _ in range(2):  # what is there already stays
        assert run("export_iscsi", "web", initiator, "pg") == f"{target}\nportal 10.1.0.11:3260\n"
    config = api.iSCSIConfig().iscsi
    assert [len(initiator.exports) for initiator in config.initiators.values()] == [1]
    for _ in range(2):
        run("export_iscsi", "web", initiator, "pg", "--remove")
    assert not api.iSCSIConfig().iscsi.targets


def test_of_programs_that_want_a_lock_one_runs_at_a_time(sim: Running, api: spapi.Api, tmp_path: Path) -> None:
    # Each makes a file that must not be there, and takes it away.
    held = tmp_path / "held"
    command = f"set -C; : > {held} && sleep 0.1 && rm {held} && echo ran"
    started = [
        subprocess.Popen(
            [sys.executable, str(doc_programs.EXAMPLES / "kv_lock.py"), "job", "--", "bash", "-c", command],
            env=doc_programs.environment(sim.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [process.communicate(timeout=60) for process in started] == [("ran\n", "")] * 3
    assert api.kvsList("locks").pairs == {}


def test_a_lock_gives_the_status_of_its_command_and_can_be_taken_from_the_dead(
    run: Run, fails: Run, sim: Running, api: spapi.Api
) -> None:
    assert doc_programs.run(sim.env, "kv_lock", "job", "--", "sh", "-c", "exit 7").returncode == 7
    api.kvsUpdate("locks", {"set": {"job": "a host that died"}})
    assert "held by a host that died" in fails("kv_lock", "--wait", "0", "job", "--", "true")
    run("kv_lock", "--release", "job")
    assert api.kvsList("locks").pairs == {}
    run("kv_lock", "job", "--", "true")


# Between clusters


def test_backup_group_waits_until_the_data_is_there(near: Running, clock: ManualClock) -> None:
    for name in ("db-data", "db-log", "web"):
        near.api().volumeCreate({"name": name, "size": GiB, "replication": 3, "tags": {"app": name[:2]}})
    done = doc_programs.run(near.env, "backup_group", "app=db", "aaaa", "--timeout", "0")
    assert (done.returncode, done.stderr) == (1, "backup_group.py: not complete yet: db-data, db-log\n")
    with _time_goes_by(near, clock):
        done = doc_programs.run(near.env, "backup_group", "app=db", "aaaa", "--interval", "0.01")
    lines = dict(line.split() for line in done.stdout.splitlines())
    assert list(lines) == ["db-data", "db-log"] and done.returncode == 0
    copies = {snapshot.globalId: snapshot for snapshot in near.api().snapshotsList(clusterName="away")}
    assert all(copies[backup].backup and not copies[backup].recoveringFromRemote for backup in lines.values())
    done = doc_programs.run(near.env, "backup_group", "app=db", "nowhere")
    assert done.stderr == "backup_group.py: no cluster is registered at nowhere; known locations: aaaa\n"


def test_inventory(near: Running) -> None:
    near.api().volumeCreate({"name": "v", "size": GiB, "replication": 3}, clusterName="away")
    done = doc_programs.run(near.env, "inventory")
    assert done.stdout == (
        "CLUSTER     VOLUMES  SNAPSHOTS     SIZE  STORED  DISKS  DOWN\n"
        "(this one)        0          0      0 B     0 B     12     0\n"
        "away              1          0  1.0 GiB     0 B     12     0\n"
    )
    near.api().locationAdd({"id": "gone", "name": "gone"})
    near.api().clusterAdd({"id": "c", "location": "gone", "name": "lost"})
    done = doc_programs.run(near.env, "inventory", "--json")
    assert done.returncode == 1 and "not connected" in json.loads(done.stdout)["lost"]["error"]
