"""Waiting until what a call began is done: on a terminal, in a pipe, interrupted, and when it fails."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, Iterator, List, Optional

import pexpect
import pytest
from terminal import REQ, GiB, Outcome, Run, ended, environment, in_process, shown, spawned, started, without

import storpool_sim
from storpool.spapi import CALLS
from storpool.spreq.waiting import WAITS
from storpool_sim.cluster import RECLAIM_DELAY


class FastClock(storpool_sim.Clock):
    """A clock that is four times as fast."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = super().now()

    def now(self) -> float:
        return self._begun + 4 * (super().now() - self._begun)

    def seconds_until(self, when: float) -> Optional[float]:
        return max(0.0, when - self.now()) / 4


@pytest.fixture
def sim() -> Iterator[Any]:
    with storpool_sim.running(clock=FastClock()) as running:
        api = running.api()
        api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
        api.volumeCreate({"name": "db", "size": 20 * GiB, "template": "hybrid"})
        api.snapshotCreate("db", {"name": "old"})
        api.volumeRebase("db", {})
        yield running


@pytest.fixture
def run(sim: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys, sim.env)


@pytest.fixture
def far(sim: Any) -> Any:
    """Connect another cluster, at another location."""
    cluster = storpool_sim.Cluster(sim.cluster.clock, name="far", clusterId="ffff.a")
    storpool_sim.connect(sim.cluster, cluster)
    return cluster


def _result(done: Outcome) -> Any:
    assert done.status == 0, done.err
    return json.loads(done.out)


def _snapshots(sim: Any) -> List[str]:
    return [snapshot.name for snapshot in sim.api().snapshotsList()]


class TestWaits:
    """Each ends when the thing is done, and not before: the state is checked after the program has ended."""

    def test_for_a_snapshot_to_be_reclaimed(self, sim: Any, run: Run) -> None:
        done = run("-P", "--wait", "SnapshotDelete", "old")
        assert _result(done)["ok"] is True
        assert _snapshots(sim) == []
        first, last = done.err.splitlines()
        assert first == "Waiting for snapshot old to be deleted"
        assert last.startswith("Done after ") and float(last.split()[2]) >= RECLAIM_DELAY / 4 - 0.1

    def test_for_a_snapshot_that_is_given_by_its_id(self, sim: Any, run: Run) -> None:
        (snapshot,) = sim.api().snapshotsList()
        assert _result(run("-P", "--wait", "SnapshotDeleteById", snapshot.globalId))["ok"] is True
        assert _snapshots(sim) == []

    def test_for_a_volume_to_be_deleted(self, sim: Any, run: Run) -> None:
        done = run("-P", "--wait", "VolumeDelete", "db")
        assert _result(done)["ok"] is True
        assert done.err.startswith("Done after ")

    def test_for_a_disk_to_be_emptied_and_for_its_task(self, sim: Any, run: Run) -> None:
        disk = next(number for number, disk in sim.api().disksList().items() if not disk.empty)
        done = run("-P", "--wait", "DiskSoftEject", str(disk))
        assert _result(done)["ok"] is True
        assert sim.api().disksList()[disk].empty
        assert f"Waiting for disk {disk} to be emptied" in done.err
        assert sim.api().tasksList() == []
        assert _result(run("--wait", "TasksList")) == []

    def test_for_tasks_of_any_disk(self, sim: Any, run: Run) -> None:
        disk = next(number for number, disk in sim.api().disksList().items() if not disk.empty)
        sim.api().diskSoftEject(disk)
        tasks = _result(run("--wait", "TasksList"))
        assert [task["diskId"] for task in tasks] in ([disk], [])
        assert sim.api().tasksList() == []

    def test_for_copies_to_arrive(self, sim: Any, run: Run, far: Any) -> None:
        with storpool_sim.running(cluster=far) as there:
            api = there.api()
            api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
            for name in ("first", "second", "third"):
                api.snapshotCreate("v", {"name": name})
                api.snapshotExport({"snapshot": name, "location": api.locationsList()["locations"][0].name})
        location = sim.api().locationsList()["locations"][0].name
        remote = {snapshot.name: snapshot.remoteId for snapshot in sim.api().snapshotsRemoteList()["snapshots"]}
        desc = {"remoteLocation": location, "template": "hybrid"}
        for query, body in (
            ("SnapshotFromRemote", {**desc, "remoteId": remote["first"], "name": "copy"}),
            ("SnapshotFromRemote", {**desc, "remoteId": remote["second"]}),
            ("VolumeFromRemote", {**desc, "remoteId": remote["third"], "name": "copied"}),
        ):
            done = run("-P", "--wait", query, "--json", json.dumps(body))
            assert _result(done)["ok"] is True
            assert not any(snapshot.recoveringFromRemote for snapshot in sim.api().snapshotsList())

    def test_for_backups_to_arrive(self, sim: Any, run: Run, far: Any) -> None:
        location = sim.api().locationsList()["locations"][0].name
        for query, body in (
            ("VolumeBackup", {"location": location, "volume": "db"}),
            ("VolumesGroupBackup", {"location": location, "volumes": ["db"]}),
        ):
            done = run("-P", "--wait", query, "--json", json.dumps(body))
            assert _result(done)["ok"] is True
            assert not any(snapshot.recoveringFromRemote for snapshot in sim.api().snapshotsList(clusterName="far"))


class TestEnds:
    def test_a_call_without_anything_to_wait_for_is_refused_before_it_is_made(self, sim: Any, run: Run) -> None:
        requests = len(sim.requests)
        for argv in (["VolumesList"], ["-P", "VolumeUpdate", "db", "--json", "{}"]):
            done = run("--wait", *argv)
            assert (done.status, done.out) == (1, "")
            error = json.loads(done.err)["error"]
            assert error["name"] == "cliNothingToWaitFor" and "SnapshotDelete" in error["descr"]
        assert len(sim.requests) == requests

    @pytest.mark.parametrize("argv", [["VolumeDelete", "nope"], ["SnapshotDelete", "nope"]])
    def test_what_does_not_exist_is_the_clusters_error(self, run: Run, argv: List[str]) -> None:
        done = run("-P", "--wait", *argv)
        assert (done.status, done.out) == (3, "")
        assert json.loads(done.err)["error"]["name"] == "objectDoesNotExist"

    def test_a_cancelled_soft_eject_is_a_failure(self) -> None:
        with storpool_sim.running(clock=storpool_sim.ManualClock()) as sim:  # in which no data ever moves
            sim.api().volumeCreate({"name": "db", "size": 20 * GiB, "replication": 3})
            disk = next(number for number, disk in sim.api().disksList().items() if not disk.empty)
            waiting = started(sim, "-P", "--wait", "DiskSoftEject", str(disk))
            assert waiting.stderr is not None
            assert waiting.stderr.readline() == f"Waiting for disk {disk} to be emptied: 0%\n"
            sim.api().diskSoftEjectPause(disk)
            assert waiting.stderr.readline() == f"Waiting for disk {disk} to be emptied (paused)\n"
            sim.api().diskSoftEjectCancel(disk)
            out, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 1
        assert json.loads(out)["ok"] is True
        error = json.loads(err)["error"]
        assert error["name"] == "cliWaitFailed" and "cancelled" in error["descr"]

    def test_an_interrupt_ends_the_waiting_and_not_what_was_begun(self, sim: Any) -> None:
        sim.api().volumeCreate({"parent": "old", "name": "child"})  # so that the snapshot stays
        waiting = started(sim, "-P", "--wait", "SnapshotDelete", "old")
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "Waiting for snapshot old to be deleted\n"
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
        assert waiting.returncode == 130
        assert json.loads(out)["ok"] is True
        assert err == "Waiting has stopped; what was begun goes on.\n"
        assert _snapshots(sim) == ["*old"]

    def test_nothing_is_waited_for_when_nothing_is_called(self, sim: Any, run: Run) -> None:
        done = run("-N", "-P", "--wait", "SnapshotDelete", "old")
        assert (done.status, done.err) == (0, "")
        assert _snapshots(sim) == ["old"]


class TestTerminal:
    def test_progress_is_shown_and_erased(self, sim: Any) -> None:
        seen = shown(sim, "-P", "--wait", "SnapshotDelete", "old")
        assert seen.status == 0
        assert "Waiting for snapshot old to be deleted" in seen.text
        assert "\x1b[?25l" in seen.raw and "\x1b[?25h" in seen.raw  # the cursor, hidden and shown again
        assert seen.lines[-1].strip().startswith("Done after ")

    def test_an_interrupt_leaves_a_clean_terminal(self, sim: Any) -> None:
        sim.api().volumeCreate({"parent": "old", "name": "child"})
        child = spawned(sim, "-P", "--wait", "SnapshotDelete", "old")
        child.expect("Waiting for snapshot old")
        child.sendintr()
        seen = ended(child)
        assert seen.status == 130
        assert seen.raw.rindex("\x1b[?25h") > 0 and "Traceback" not in seen.text
        assert seen.lines[-1].strip() == "Waiting has stopped; what was begun goes on."

    def test_standard_output_has_only_the_result(self, sim: Any, tmp_path: Path) -> None:
        out = tmp_path / "out"
        command = f"{' '.join(REQ)} -P --wait SnapshotDelete old > {out}"
        child = pexpect.spawn("sh", ["-c", command], env=environment(sim), encoding="utf-8", timeout=60)
        assert "Waiting for snapshot old" in ended(child).text
        assert json.loads(out.read_text())["ok"] is True

    @pytest.mark.parametrize("lacks", ["cursor", "rich"])
    def test_a_dumb_terminal_gets_lines(self, sim: Any, tmp_path: Path, lacks: str) -> None:
        env = {"TERM": "dumb"} if lacks == "cursor" else without(tmp_path, "rich")
        seen = shown(sim, "-P", "--wait", "SnapshotDelete", "old", env=env)
        assert seen.raw == seen.text
        assert seen.lines[-2] == "Waiting for snapshot old to be deleted"


def test_only_calls_can_be_waited_for() -> None:
    assert set(WAITS) <= set(CALLS)
