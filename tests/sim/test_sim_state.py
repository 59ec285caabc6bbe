"""The state in a file: what was acknowledged is there after any end.

SP_TEST_KILL_ROUNDS says how often a cluster under load is killed; 3 by default.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import story

import storpool_sim
from storpool import spapi
from storpool_sim import ManualClock, StateError
from storpool_sim.runner import Running
from storpool_sim.service.checkpoint import NOT_STATE
from storpool_sim.service.statefile import FORMAT, StateFile

GiB = 1 << 30
ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("SP_TEST_KILL_ROUNDS", "3"))


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "state")


def crashed(path, act, **options):
    """What a run that acts and never ends leaves in the file: a copy of it, taken in between."""
    copy = f"{path}.copy"
    with storpool_sim.running(state=path, **options) as sim:
        result = act(sim)
        for suffix in ("", "-wal"):
            shutil.copy(path + suffix, copy + suffix)
    return copy, result


def listing(sim: Running):
    """All that lists show, generations included."""
    api = sim.api(transientRetries=0)
    calls = (
        api.volumesList, api.snapshotsList, api.attachmentsList, api.volumeTemplatesList, api.kvsBuckets,
        api.iSCSIConfig, api.placementGroupsList, api.servicesList, api.disksList, api.tasksList,
    )  # fmt: skip
    seen = [json.loads(json.dumps(call(returnRawAPIData=True), default=str)) for call in calls]
    return [one.to_json() if hasattr(one, "to_json") else one for one in seen], sim.cluster.generation


def change_everything(sim: Running):
    api = sim.api(transientRetries=0)
    api.volumeTemplateCreate({"name": "t", "replication": 3, "placeAll": "ssd", "placeTail": "ssd"})
    for index in range(5):
        api.volumeCreate({"name": f"v{index}", "size": GiB, "template": "t", "tags": {"index": str(index)}})
    api.snapshotCreate("v0", {"name": "s", "deleteAfter": 3600})
    made = api.volumeCreate({"parent": "s"})
    api.volumeUpdate("v1", {"rename": "renamed", "size": 2 * GiB})
    api.volumesReassignWait({"reassign": [{"volume": "renamed", "rw": [1]}, {"snapshot": "s", "ro": [2]}]})
    api.volumeDelete("v2")
    api.volumeRevert("v0", {"toSnapshot": "s"})
    with pytest.raises(spapi.ApiError):
        api.volumeCreate({"name": "v3", "size": GiB, "replication": 3})
    api.kvsCreate("b")
    api.kvsUpdate("b", {"set": {"k": "v"}})
    api.iSCSIConfigChange({"commands": [{"createPortalGroup": {"name": "pg"}}]})
    api.diskSoftEject(101)
    api.placementGroupUpdate("new", {"addDisks": [102, 202, 302]})
    return made.globalId


def test_a_clean_end_keeps_everything(path):
    clock = ManualClock()
    with storpool_sim.running(state=path, clock=clock) as sim:
        made = change_everything(sim)
        before = listing(sim)
    assert not os.path.exists(path + "-wal")
    with storpool_sim.running(state=path, clock=ManualClock()) as sim:
        assert listing(sim) == before
        api = sim.api()
        assert api.volumeList(f"~{made}")[0].globalId == made
        assert api.volumeCreate({"name": "next", "size": GiB, "replication": 3}).globalId != made


def test_a_sudden_end_keeps_everything_and_ids_go_on(path):
    clock = ManualClock()

    def act(sim):
        change_everything(sim)
        clock.advance(10)
        sim.api().volumeDelete("v3")
        return listing(sim), sim.cluster._serial

    copy, (before, serial) = crashed(path, act, clock=clock)
    again = ManualClock()
    with storpool_sim.running(state=copy, clock=again) as sim:
        assert again.now() == clock.now()
        assert (listing(sim), sim.cluster._serial) == (before, serial)


def plain(value, seen):
    """Any part of a state as plain data that can be compared; what was met before by the number of its meeting."""
    if isinstance(value, (str, int, float, type(None))):
        return value
    if id(value) in seen:
        return f"#{seen[id(value)]}"
    if not isinstance(value, (tuple, frozenset)):
        seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return [[plain(key, seen), plain(one, seen)] for key, one in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(one, seen) for one in value]
    return [type(value).__name__, plain(vars(value), seen)]


def everything(clusters):
    """The whole state of clusters."""
    sys.setrecursionlimit(10_000)
    seen = {}
    for one in clusters:
        one.settle()
        one.space.use()  # brings up to date what is counted when it is asked for
    return [
        [[name, plain(value, seen)] for name, value in vars(one).items() if name not in NOT_STATE] for one in clusters
    ]


def test_every_call_is_played_again_as_it_was(path):
    clock = ManualClock()
    made = story.clusters(clock)
    expected = []
    with storpool_sim.running(state=path, cluster=made[0]) as sim:
        apis = {multi: sim.api(multiCluster=multi) for multi in (False, True)}
        for index, step in enumerate(story.STORY):
            clock.advance(step.seconds)
            if step.call:
                step.made_by(apis[step.multi], made)
            if index % 40 == 0 or index == len(story.STORY) - 1:
                # What a kill would have left.
                for suffix in ("", "-wal"):
                    shutil.copy(path + suffix, f"{path}.{index}{suffix}")
                expected.append((index, clock.now(), everything(sim.clusters)))
    for index, now, state in expected:
        again = ManualClock(now)
        with storpool_sim.running(state=f"{path}.{index}", clock=again) as sim:
            assert (everything(sim.clusters) == state) is True, f"after {story.STORY[: index + 1]}"
            sim.cluster.check()


def test_what_time_has_done_is_kept(path):
    clock = ManualClock()

    def act(sim):
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        api.snapshotCreate("v", {"name": "s", "deleteAfter": 10})
        api.volumeDelete("v")
        clock.advance(11)
        assert [one.name for one in api.snapshotsList()] == ["*s"]
        clock.advance(1.5)
        return listing(sim)

    copy, before = crashed(path, act, clock=clock)
    with storpool_sim.running(state=copy, clock=ManualClock()) as sim:
        sim.cluster.clock.advance(1.5)
        assert listing(sim) == before
        sim.cluster.clock.advance(0.5)
        assert sim.api().snapshotsList() == []


def test_what_the_control_url_does_is_kept(path):
    def control(sim, what, body):
        url = f"http://{sim.host}:{sim.port}/sim/1.0/{what}"
        headers = {"Authorization": f"Storpool v1:{sim.token}"}
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10).close()

    def act(sim):
        sim.api().volumeCreate({"name": "v", "size": GiB, "replication": 3})
        control(sim, "disks/101/down", {})
        control(sim, "volumes/v/write", {"size": 8192})
        control(sim, "clock", {"advance": 7})
        control(sim, "faults", {"kind": "transient", "on": "VolumeDelete"})
        return sim.cluster.clock.now()

    copy, now = crashed(path, act, clock=ManualClock())
    with storpool_sim.running(state=copy, clock=ManualClock()) as sim:
        assert not sim.api().disksList()[101].up
        assert sim.api().volumesSpace()[0].storedSize == 8192
        assert sim.cluster.clock.now() == now
        assert sim.faults.list() == []  # they are of the server, not of the cluster


def test_direct_changes_are_kept_by_a_clean_end(path):
    with storpool_sim.running(state=path) as sim:
        sim.cluster.disk_down(101)
    with storpool_sim.running(state=path) as sim:
        assert not sim.cluster.disks[101].up


def test_clusters_are_kept_together(path):
    west, far = storpool_sim.Cluster(name="west", clusterId="w.a"), storpool_sim.Cluster(name="far", clusterId="f.a")
    storpool_sim.connect(west, far)

    def act(sim):
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        api.volumeCreate({"name": "there", "size": GiB, "replication": 3}, clusterName="far")
        return api.volumeBackup({"volume": "v", "location": "f"}).remoteId

    copy, made = crashed(path, act, cluster=west)
    with storpool_sim.running(state=copy) as sim:
        assert [one.name for one in sim.clusters] == ["west", "far"]
        assert [one.name for one in sim.api().volumesList(clusterName="far")] == ["there"]
        assert made in [one.globalId for one in sim.api().snapshotsList(clusterName="far")]


def test_long_chains_of_snapshots_are_no_trouble(path):
    with storpool_sim.running(state=path) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        for index in range(1500):
            api.snapshotCreate("v", {"name": f"s{index}"})
    with storpool_sim.running(state=path) as sim:
        assert len(sim.cluster.find("v").ancestors()) == 1500


def test_a_checkpoint_takes_the_place_of_a_long_journal(path, monkeypatch):
    monkeypatch.setattr("storpool_sim.service.statefile.JOURNAL_LENGTH", 10)

    def act(sim):
        for index in range(35):
            sim.api().kvsCreate(f"b{index}")

    copy, _ = crashed(path, act)
    with sqlite3.connect(copy) as database:
        assert database.execute("SELECT count(*) FROM journal").fetchone()[0] <= 10
    database.close()
    with storpool_sim.running(state=copy) as sim:
        assert len(sim.api().kvsBuckets().buckets) == 35


def test_contents_of_volumes_are_kept(tmp_path, path):
    devices = tmp_path / "dev"

    def act(sim):
        api = sim.api()
        for name in ("v", "gone"):
            api.volumeCreate({"name": name, "size": 1 << 20, "replication": 3})
        api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
        with open(devices / "v", "r+b") as file:
            file.write(b"first")
        api.snapshotCreate("v", {"name": "s"})
        with open(devices / "v", "r+b") as file:
            file.write(b"later")
        api.volumeDelete("gone")
        # What a killed simulator leaves behind.
        shutil.copytree(devices / ".data", tmp_path / "left")

    copy, _ = crashed(path, act, dev_dir=str(devices))
    shutil.rmtree(devices)
    devices.mkdir()
    (tmp_path / "left" / "999").write_bytes(b"of a volume whose creation was never acknowledged")
    shutil.move(tmp_path / "left", devices / ".data")
    with storpool_sim.running(state=copy, dev_dir=str(devices)) as sim:
        api = sim.api()
        assert spapi.pathPollWait(str(devices / "v"), True, True, 0.01, 10)
        assert (devices / "v").read_bytes()[:5] == b"later"
        api.volumeCreate({"name": "clone", "parent": "s"})
        api.volumesReassignWait({"reassign": [{"volume": "clone", "rw": [1]}]})
        assert (devices / "clone").read_bytes()[:5] == b"first"
        assert len(list((devices / ".data").iterdir())) == 3


def test_two_simulators_cannot_share_a_file(path):
    with storpool_sim.running(state=path) as sim:
        with pytest.raises(StateError, match="another simulator"), storpool_sim.running(state=path):
            pass
        done = subprocess.run(
            [sys.executable, "-m", "storpool_sim", "serve", "--state", path],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"storpool_sim: {path}: another simulator is using it\n"
        sim.api().kvsCreate("b")
    with storpool_sim.running(state=path) as sim:
        assert list(sim.api().kvsBuckets().buckets) == ["b"]


def other_database(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE things (name TEXT)")
    database.close()


def newer(path):
    with storpool_sim.running(state=path):
        pass
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()


def bad_checkpoint(path):
    with storpool_sim.running(state=path):
        pass
    with sqlite3.connect(path) as database:
        database.execute("UPDATE checkpoint SET state = substr(state, 1, 100)")
    database.close()


def bad_journal(path):
    copy, _ = crashed(path, lambda sim: [sim.api().kvsCreate(f"b{index}") for index in range(3)])
    os.replace(copy, path)
    os.replace(copy + "-wal", path + "-wal")
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM journal WHERE seq = 2")
    database.close()


def cut(path):
    with storpool_sim.running(state=path):
        pass
    os.truncate(path, os.path.getsize(path) // 2)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: Path(path).write_text("[not ours]\n" * 200), "not a database"),
        (other_database, "something else"),
        (newer, f"newer simulator, in format {FORMAT + 1}; this one knows {FORMAT}"),
        (bad_checkpoint, "checkpoint is damaged"),
        (bad_journal, "entry 3 of its journal is damaged"),
        (cut, "."),
        (os.mkdir, "no file can be there"),
    ],
    ids=["no database", "of something else", "newer", "checkpoint", "journal", "cut", "directory"],
)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(path, make, reason):
    make(path)
    before = Path(path).read_bytes() if os.path.isfile(path) else None
    with pytest.raises(StateError, match=reason) as caught, storpool_sim.running(state=path):
        pass
    assert str(caught.value).startswith(path)
    # As one boolean: pytest would show how files differ, and take minutes.
    assert before is None or (Path(path).read_bytes() == before) is True


def test_a_file_that_was_tampered_with_runs_no_code(path):
    import pickle
    import zlib

    class Evil:
        def __reduce__(self):
            return os.mkdir, (path + ".evil",)

    with storpool_sim.running(state=path):
        pass
    evil = pickle.dumps([Evil()])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE checkpoint SET state = ?, crc = ?", (evil, zlib.crc32(evil)))
    database.close()
    with pytest.raises(StateError, match="mkdir is no part"), storpool_sim.running(state=path):
        pass
    assert not os.path.exists(path + ".evil")


def test_what_cannot_be_written_is_not_acknowledged(path, monkeypatch, refused):
    with storpool_sim.running(state=path) as sim:
        api = sim.api(transientRetries=0)
        api.kvsCreate("before")
        write = StateFile._transaction

        def full(self):
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(StateFile, "_transaction", full)
        assert "disk is full" in refused("internalError", api.kvsCreate, "during")
        refused("internalError", api.kvsBuckets)
        monkeypatch.setattr(StateFile, "_transaction", write)
        # There is room again: what was done is written, and said.
        assert set(api.kvsBuckets().buckets) == {"before", "during"}
    with storpool_sim.running(state=path) as sim:
        assert set(sim.api().kvsBuckets().buckets) == {"before", "during"}


class Load:
    """Changes a cluster from several threads until it is gone, and knows what was acknowledged."""

    def __init__(self, api, turn, seed):
        self.made, self.deleted, self.attached, self.values = {}, set(), set(), {}
        self._api, self._turn, self._random = api, turn, random.Random(seed)

    def run(self, number):
        mine = []
        try:
            for index in range(10**6):
                name = f"v-{self._turn}-{number}-{index}"
                self.made[name] = self._api().volumeCreate({"name": name, "size": GiB, "replication": 3}).globalId
                mine.append(name)
                self._api().volumesReassignWait({"reassign": [{"volume": name, "rw": [number % 2 + 1]}]})
                self.attached.add(name)
                self._api().kvsUpdate("b", {"set": {f"k-{self._turn}-{number}": name}})
                self.values[f"k-{self._turn}-{number}"] = index
                if index % 3 == 2:
                    gone = mine.pop(0)
                    # Being asked for, it may be gone whether or not that is acknowledged.
                    self.made.pop(gone)
                    self.attached.discard(gone)
                    self._api().volumesReassignWait({"reassign": [{"volume": gone, "detach": "all"}]})
                    self._api().volumeDelete(gone)
                    self.deleted.add(gone)
        except (OSError, http.client.HTTPException):
            pass  # killed

    def check(self, api):
        there = {one.name: one.globalId for one in api.volumesList()}
        assert self.made.items() <= there.items()
        assert not self.deleted & set(there)
        assert self.attached <= {one.volume for one in api.attachmentsList()}
        pairs = api.kvsList("b").pairs if self.values else {}
        for key, index in self.values.items():
            assert int(pairs[key].rpartition("-")[2]) >= index


def test_each_acknowledged_change_survives_a_kill(serve, tmp_path):
    seed = int(os.environ.get("SP_TEST_KILL_SEED", str(random.randrange(10**6))))
    print(f"SP_TEST_KILL_SEED={seed}")
    chance = random.Random(seed)
    loads = []
    for turn in range(ROUNDS + 1):
        served = serve("--state", tmp_path / "state")

        def api(served=served):
            return served.api(transientRetries=0)

        for one in loads:
            one.check(api())
        if turn == 0:
            api().kvsCreate("b")
        load = Load(api, turn, seed)
        loads.append(load)
        threads = [threading.Thread(target=load.run, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.0, 0.5))
        served.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()
    assert sum(len(one.made) for one in loads) > 0
