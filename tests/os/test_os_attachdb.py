"""Making the cluster agree with the requests, on the simulated cluster."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import os_state
import pytest

import storpool_sim
from storpool import spapi
from storpool_os import AttachDB, SPLockedFileError, spattachdb

GiB = 1 << 30
CLIENT = 1


class Log:
    """Keeps the lines that drivers would log."""

    def __init__(self) -> None:
        self.lines: List[str] = []

    def warn(self, text: str, *args: Any) -> None:
        self.lines.append(text % args)

    info = warning = warn


class Devices:
    """The links that the client makes for attached volumes; seconds pass at once."""

    def __init__(self, sim: storpool_sim.Running) -> None:
        self.sim = sim
        self.late: Dict[str, int] = {}
        self.slept: List[float] = []
        self._exists = os.path.exists

    def exists(self, path: Any) -> bool:
        if not str(path).startswith("/dev/storpool/"):
            return self._exists(path)
        name = Path(path).name
        self.late[name] = self.late.get(name, 0) - 1
        with self.sim.cluster.lock:
            attached = {attachment.record.name for attachment in self.sim.cluster.attachments.values()}
        return name in attached and self.late[name] < 0


@pytest.fixture
def sim() -> Iterator[storpool_sim.Running]:
    with storpool_sim.running() as running:
        api = running.api()
        for number in range(4):
            api.volumeCreate({"name": f"os--volume-{number}", "size": GiB, "replication": 1})
        api.snapshotCreate("os--volume-0", {"name": "os--volsnap-0--req-r"})
        yield running


@pytest.fixture
def devices(sim: storpool_sim.Running, monkeypatch: pytest.MonkeyPatch) -> Devices:
    devices = Devices(sim)
    monkeypatch.setattr(os.path, "exists", devices.exists)
    monkeypatch.setattr(time, "sleep", devices.slept.append)
    return devices


def _config(sim: storpool_sim.Running) -> Dict[str, str]:
    return {**sim.env, "SP_OURID": str(CLIENT)}


@pytest.fixture
def db(sim: storpool_sim.Running, devices: Devices, tmp_path: Path) -> AttachDB:
    return AttachDB(Log(), str(os_state.state_file(tmp_path)), _config(sim))


def _entry(volume: str, rights: int = 2, **more: Any) -> Dict[str, Any]:
    return {"volume": volume, "type": "cinder", "id": "some", "rights": rights, **more}


def _attached(sim: storpool_sim.Running) -> Set[Tuple[str, int, str]]:
    return {(record.volume, record.client, record.rights) for record in sim.api().attachmentsList()}


def _queries(sim: storpool_sim.Running) -> List[str]:
    """Return the calls since the last time."""
    queries = [request.target.split("/")[-1].split("?")[0] for request in sim.requests]
    del sim.requests[:]
    return queries


def _lines(db: AttachDB) -> str:
    return "\n".join(db.LOG.lines)


def test_names(tmp_path: Path) -> None:
    db = AttachDB(Log(), str(tmp_path / "none"), {"SP_OURID": "7"})
    assert db._ourId is None
    assert (db.volumePrefix(), db.volumeName("x"), db.volumeName("")) == ("os", "os--volume-x", "os--volume-")
    assert db.volsnapName("v", "r") == "os--volsnap-v--req-r"
    assert db.snapshotName("snap", "i") == "os--snap--none--snapshot-i"
    assert db.snapshotName("snap", "i", "more") == "os--snap--more--snapshot-i"
    assert db._ourId == 7 and db.config() is db.config()
    other = AttachDB(Log(), "none", {"SP_OPENSTACK_VOLUME_PREFIX": "cloud"})
    assert other.volumeName("x") == "cloud--volume-x" and other._ourId == -1


def test_the_api_is_made_once(sim: storpool_sim.Running, db: AttachDB) -> None:
    assert db.api() is db.api() and [volume.name for volume in db.api().volumesList()]


def test_a_request_is_attached_and_detached(sim: storpool_sim.Running, db: AttachDB) -> None:
    db.add("r", _entry("os--volume-1"))
    _queries(sim)
    db.sync("r", None)
    assert _attached(sim) == {("os--volume-1", CLIENT, "rw")}
    _queries(sim)
    db.sync("r", "os--volume-1")
    assert _attached(sim) == set() and "r" in db.get()


def test_lists_are_only_asked_for_when_needed(sim: storpool_sim.Running, db: AttachDB) -> None:
    db.add("r", _entry("os--volume-1", 1))
    _queries(sim)
    db.sync("r", None)
    assert _queries(sim) == ["AttachmentsList", "VolumesList", "VolumesReassign"]
    db.sync("r", None)
    assert _queries(sim) == ["AttachmentsList"]
    db.sync("r", "os--volume-1")
    assert _queries(sim) == ["AttachmentsList", "VolumesReassign"]
    db.remove("r")
    db.add("s", _entry("os--volsnap-0--req-r", 1, volsnap=True))
    db.sync("s", None)
    assert _queries(sim) == ["AttachmentsList", "SnapshotsList", "VolumesReassign"]


def test_the_strongest_rights_win(sim: storpool_sim.Running, db: AttachDB) -> None:
    db.add("r", _entry("os--volume-1", 1))
    db.sync("r", None)
    db.add("w", _entry("os--volume-1", 2))
    db.sync("w", None)
    assert _attached(sim) == {("os--volume-1", CLIENT, "rw")}


def test_snapshots_are_attached_to_be_read(sim: storpool_sim.Running, db: AttachDB) -> None:
    name = "os--volsnap-0--req-r"
    db.add("r", _entry(name, 1, volsnap=True))
    db.sync("r", None)
    assert _attached(sim) == {(name, CLIENT, "ro")}
    db.sync("r", name)
    assert _attached(sim) == set()
    db.add("r", _entry(name, 2, volsnap=True))
    with pytest.raises(spapi.ApiError, match=f"Snapshot {name}"):
        db.sync("r", None)


def test_requests_for_what_does_not_exist_any_more_are_removed(sim: storpool_sim.Running, db: AttachDB) -> None:
    db.add("old", _entry("os--volume-none"))
    db.add("older", _entry("os--volsnap-none", 1, volsnap=True))
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    assert list(db.get()) == ["r"] and "old, older" in _lines(db)


def test_nothing_else_is_detached(sim: storpool_sim.Running, db: AttachDB) -> None:
    sim.api().volumesReassign(
        json=[{"volume": "os--volume-2", "ro": [CLIENT, 2]}, {"volume": "os--volume-3", "rw": [2]}]
    )
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    db.sync("r", "os--volume-1")
    # Attached, but not here.
    db.sync("r", "os--volume-3")
    left = {("os--volume-2", CLIENT, "ro"), ("os--volume-2", 2, "ro"), ("os--volume-3", 2, "rw")}
    assert left <= _attached(sim)


def test_an_unknown_request(sim: storpool_sim.Running, db: AttachDB) -> None:
    db.sync("r", "os--volume-1")
    assert "of which nothing is known" in _lines(db)
    with pytest.raises(ValueError, match="request r "):
        db.sync("r", None)


@pytest.mark.parametrize("entry", [{}, {"volume": "os--volume-1"}, {"volume": 1, "rights": 2}, [], None])
def test_an_entry_that_makes_no_sense_is_named_and_nothing_is_done(
    sim: storpool_sim.Running, db: AttachDB, entry: Any
) -> None:
    db.add("good", {"volume": "os--volume-0", "type": "t", "id": "0", "rights": 2})
    db.add("odd", entry)
    with pytest.raises(SPLockedFileError, match="request odd does not say which volume"):
        db.sync("good", None)
    assert not sim.api().attachmentsList()
    assert set(db.get()) == {"good", "odd"}


@pytest.mark.parametrize("field", ["volume", "client"])
def test_an_attachment_that_lacks_a_field_does_not_keep_others_from_being_attached(
    sim: storpool_sim.Running, db: AttachDB, field: str
) -> None:
    sim.api().volumesReassign(json=[{"volume": "os--volume-2", "rw": [CLIENT]}])
    db.add("r", _entry("os--volume-1"))
    sim.faults.add("missing", field=field, on="AttachmentsList", times=1)
    db.sync("r", None)
    assert _attached(sim) == {("os--volume-1", CLIENT, "rw"), ("os--volume-2", CLIENT, "rw")}
    assert "Skipping 1 attachments without a volume or a client" in _lines(db)


def test_an_attachment_without_rights_is_attached_again_and_can_be_detached(
    sim: storpool_sim.Running, db: AttachDB
) -> None:
    sim.api().volumesReassign(json=[{"volume": "os--volume-1", "ro": [CLIENT]}])
    db.add("r", _entry("os--volume-1"))
    sim.faults.add("missing", field="rights", on="AttachmentsList", times=1)
    db.sync("r", None)
    assert "The attachment of os--volume-1 has no rights that we know" in _lines(db)
    assert _attached(sim) == {("os--volume-1", CLIENT, "rw")}
    sim.faults.add("missing", field="rights", on="AttachmentsList", times=1)
    db.sync("r", "os--volume-1")
    assert _attached(sim) == set()


def test_a_volume_without_a_name_makes_no_request_forgotten(sim: storpool_sim.Running, db: AttachDB) -> None:
    for number in (0, 1, 3):
        sim.api().volumeDelete(f"os--volume-{number}")
    db.add("other", _entry("os--volume-2"))
    db.add("r", _entry("os--volume-3"))
    sim.faults.add("missing", field="name", on="VolumesList", times=1)
    with pytest.raises(spapi.ApiError, match="os--volume-3"):
        # The cluster is asked for what the request itself wants.
        db.sync("r", None)
    assert set(db.get()) == {"other", "r"} and not _attached(sim)
    assert "Not attaching os--volume-2: the cluster did not name all that it listed" in _lines(db)
    db.sync("r", None)
    assert set(db.get()) == {"other"}
    assert _attached(sim) == {("os--volume-2", CLIENT, "rw")}


def test_the_original_helpers_other_names_are_there() -> None:
    assert spattachdb.LOCKFILE == "/var/spool/openstack-storpool/openstack-attach.json"
    entry = spattachdb.Attach(volume="v", type="t", id="i", rights=1, volsnap=False, remove_on_detach=False)
    assert entry == {"volume": "v", "type": "t", "id": "i", "rights": 1, "volsnap": False, "remove_on_detach": False}
    assert spattachdb.Attach.__annotations__.keys() == entry.keys()


def test_without_a_client_id_nothing_is_attached(tmp_path: Path) -> None:
    db = AttachDB(Log(), str(os_state.state_file(tmp_path)), {})
    with pytest.raises(ValueError, match="SP_OURID is not set"):
        db.sync("r", None)
    with pytest.raises(ValueError, match=r"SP_OURID .* no number: 'x'"):
        AttachDB(Log(), "none", {"SP_OURID": "x"}).config()


def test_waiting_for_a_device_is_logged(db: AttachDB, devices: Devices) -> None:
    devices.late["os--volume-1"] = 3
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    assert devices.slept == [1, 1, 1]
    assert "waiting for /dev/storpool/os--volume-1, 10.0 s" in _lines(db) and "came after" in _lines(db)


def test_waiting_for_a_device_ends(db: AttachDB, devices: Devices) -> None:
    devices.late["os--volume-1"] = 100
    db.attach_tries, db.attach_pause = 4, 0.5
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    assert devices.slept == [0.5] * 4 and "but no /dev/storpool/os--volume-1" in _lines(db)


def test_an_open_volume_is_waited_for(sim: storpool_sim.Running, db: AttachDB, devices: Devices) -> None:
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    sim.cluster.open("os--volume-1", CLIENT)

    def sleep(seconds: float) -> None:
        devices.slept.append(seconds)
        if len(devices.slept) == 3:
            sim.cluster.close("os--volume-1", CLIENT)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "sleep", sleep)
        db.sync("r", "os--volume-1")
    assert _attached(sim) == set() and devices.slept == [0.2] * 3
    assert "to be closed on client 1, 2.0 s at most" in _lines(db) and "was closed after" in _lines(db)


def test_a_volume_that_stays_open_is_forced_off(sim: storpool_sim.Running, db: AttachDB, devices: Devices) -> None:
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    sim.cluster.open("os--volume-1", CLIENT)
    _queries(sim)
    db.sync("r", "os--volume-1")
    forced = [json.loads(request.body)[0]["force"] for request in sim.requests if request.body]
    assert forced == [False] * 10 + [True] and devices.slept == [0.2] * 10
    assert _attached(sim) == set() and "forcing it off" in _lines(db)


def test_the_next_sync_goes_on_where_one_was_refused(sim: storpool_sim.Running, db: AttachDB) -> None:
    sim.cluster.sharedWrites = False
    sim.api().volumesReassign(json=[{"volume": "os--volume-2", "rw": [2]}])
    for number in (1, 2, 3):
        db.add(f"r{number}", _entry(f"os--volume-{number}"))
    with pytest.raises(spapi.ApiError) as caught:
        db.sync("r3", None)
    assert caught.value.name == "busy" and len(db.get()) == 3
    sim.api().volumesReassign(json=[{"volume": "os--volume-2", "detach": [2], "force": False}])
    db.sync("r3", None)
    assert _attached(sim) == {(f"os--volume-{number}", CLIENT, "rw") for number in (1, 2, 3)}


SYNCER = """
import os, sys, logging
from storpool_os import AttachDB, SPLockedFileError, spattachdb
exists = os.path.exists
os.path.exists = lambda path: str(path).startswith("/dev/storpool/") or exists(path)
host, port, token, path, number = sys.argv[1:]
config = {"SP_API_HTTP_HOST": host, "SP_API_HTTP_PORT": port, "SP_AUTH_TOKEN": token, "SP_OURID": "1"}
db = AttachDB(logging.getLogger(), path, config)
volume = "os--volume-" + number
for _ in range(5):
    db.add(number, {"volume": volume, "type": "t", "id": "i", "rights": 2})
    db.sync(number, None)
    db.sync(number, volume)
    db.remove(number)
db.add(number, {"volume": volume, "type": "t", "id": "i", "rights": 2})
db.sync(number, None)
"""


def test_processes_that_sync_at_once_converge(sim: storpool_sim.Running, tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    syncers: List[subprocess.Popen[str]] = [
        os_state.start(SYNCER, sim.host, sim.port, sim.token, path, number) for number in range(3)
    ]
    assert [syncer.wait(timeout=60) for syncer in syncers] == [0] * 3
    assert _attached(sim) == {(f"os--volume-{number}", CLIENT, "rw") for number in range(3)}
    assert set(json.loads(path.read_text())) == {"0", "1", "2"}


def test_another_sync_waits_as_long_as_one_may_wait_for_its_device(db: AttachDB) -> None:
    assert db.lock_tries * db.lock_pause > 2 * db.attach_tries * db.attach_pause


def test_transient_errors_are_tried_again(
    sim: storpool_sim.Running, db: AttachDB, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = http.client.HTTPConnection.request
    left = {"refusals": 0}

    def refusing(self: Any, *args: Any, **kwargs: Any) -> None:
        left["refusals"] += 1
        if left["refusals"] % 2:
            raise ConnectionRefusedError
        real(self, *args, **kwargs)

    monkeypatch.setattr(http.client.HTTPConnection, "request", refusing)
    db.add("r", _entry("os--volume-1"))
    db.sync("r", None)
    db.sync("r", "os--volume-1")
    monkeypatch.undo()
    assert _attached(sim) == set() and left["refusals"] >= 10


def test_threads_share_one(sim: storpool_sim.Running, db: AttachDB) -> None:
    def work(number: int) -> None:
        db.add(str(number), _entry(f"os--volume-{number}"))
        db.sync(str(number), None)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_attached(sim)) == len(db.get()) == 4


def test_a_driver_sees_the_old_name() -> None:
    code = (
        "from storpool import spopenstack; print(spopenstack.AttachDB.__name__, spopenstack.spattachdb.__name__);"
        "import storpool.spopenstack.splocked as locked; print(locked.SPLockedJSONDB.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=os_state.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["AttachDB", "storpool_os.spattachdb", "storpool_os.splocked"]
