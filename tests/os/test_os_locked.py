"""The locked file: whom it keeps out, what it reads and writes, and what its errors say."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional

import os_state
import pytest

from storpool_os import SPLockedFile, SPLockedFileError, SPLockedJSONDB, splocked

HOLDER = """
import fcntl, os, sys
held = open(sys.argv[1])
fcntl.flock(held, fcntl.LOCK_EX)
os.write(1, b"held\\n")
sys.stdin.read()
"""


def _settled(path: Path, age: float = 10.0) -> None:
    """Let the last change of a file be some time ago."""
    when = time.time() - age + 0.123
    os.utime(path, (when, when))


def _hold(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    return holder


def test_a_lock_that_another_process_keeps_is_an_error_in_the_end(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    holder = _hold(path)
    locked = SPLockedFile(str(path))
    locked.lock_tries, locked.lock_pause = 3, 0.01
    with pytest.raises(SPLockedFileError, match="openstack-attach"), locked:
        pass
    holder.communicate()
    with locked:
        pass


def test_waiting_for_a_lock_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = os_state.state_file(tmp_path)
    holder = _hold(path)
    locked = SPLockedFile(str(path))
    locked.lock_tries, locked.lock_pause = 12, 0.01
    with caplog.at_level("INFO"), pytest.raises(SPLockedFileError), locked:
        pass
    holder.communicate()
    assert f"Waiting for another process to leave {path}, 0.1 s at most" in caplog.text


def test_ten_seconds_are_what_one_waits_for_a_lock() -> None:
    assert SPLockedFile.lock_tries * SPLockedFile.lock_pause == pytest.approx(10)


def test_a_file_put_in_the_place_of_a_locked_one_is_the_one_that_counts(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    holder = _hold(path)
    shutil.copy(path, tmp_path / "fresh")
    (tmp_path / "fresh").rename(path)
    with SPLockedFile(str(path)):
        pass
    holder.communicate()


def test_a_thread_enters_again_and_another_waits(tmp_path: Path) -> None:
    locked = SPLockedFile(str(os_state.state_file(tmp_path)))
    seen: List[str] = []

    def other() -> None:
        with locked:
            seen.append("other")

    with locked, locked:
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.05)
        seen.append("first")
    thread.join()
    assert seen == ["first", "other"]


def test_a_process_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = str(os_state.state_file(tmp_path))
    ours, other = SPLockedFile(path), SPLockedFile(path)
    other.lock_tries = 1
    with ours:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[ours._fd])
    try:
        with other:
            pass
    finally:
        os_state.kill(child)


def test_changed_sees_other_states_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    locked = SPLockedFile(str(path))
    assert not locked.changed()
    path.write_text("{}")
    assert locked.changed()
    with locked:
        pass
    assert not locked.changed()
    path.write_text("{ }")
    assert locked.changed()
    with locked:
        pass
    _settled(path)
    assert locked.changed()
    with locked:
        pass
    path.unlink()
    assert locked.changed()


def test_a_block_that_ends_in_an_exception_leaves_the_file_changed(tmp_path: Path) -> None:
    locked = SPLockedFile(str(os_state.state_file(tmp_path)))
    with pytest.raises(RuntimeError), locked:
        raise RuntimeError
    assert locked.changed()


@pytest.mark.parametrize("directory", ["", "none/"])
def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path: Path, directory: str) -> None:
    path = tmp_path / f"{directory}state.json"
    with pytest.raises(FileNotFoundError, match=r"operator creates it, with \{\} in it") as caught:
        SPLockedJSONDB(str(path)).add("a", 1)
    assert str(path) in str(caught.value) and not path.exists()


def test_an_empty_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.touch()
    with pytest.raises(SPLockedFileError, match=r"state.json file is empty: .* with \{\} in it"):
        SPLockedJSONDB(str(path)).add("a", 1)
    assert path.read_bytes() == b"" and os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize("content", [b'{"a": 1, "b', b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_corrupt_file_is_kept_as_it_is_and_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    path.chmod(0o640)
    for _ in range(2):
        with pytest.raises(ValueError, match="state") as caught:
            SPLockedJSONDB(str(path)).add("a", 1)
        assert isinstance(caught.value, SPLockedFileError)
    (duplicate,) = (file for file in tmp_path.iterdir() if file != path)
    assert str(duplicate) in str(caught.value)
    assert path.read_bytes() == duplicate.read_bytes() == content
    assert stat.S_IMODE(duplicate.stat().st_mode) == 0o640


def test_adding_and_removing_keep_the_inode_mode_and_owner(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    path.chmod(0o660)
    before = path.stat()
    db = SPLockedJSONDB(str(path))
    db.add("b", {"x": [1]})
    db.remove("a")
    db.remove("nothing")
    db.add("c", 1)
    db.add("d", 1)
    db.remove_keys(["c", "d", "e"])
    assert json.loads(path.read_bytes()) == db.get() == {"b": {"x": [1]}}
    after, side = path.stat(), path.with_name(path.name + ".journal").stat()
    for name in ("st_ino", "st_mode", "st_uid", "st_gid"):
        assert getattr(before, name) == getattr(after, name)
        assert name == "st_ino" or getattr(before, name) == getattr(side, name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_side_file_belongs_to_whom_the_file_belongs(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    os.chown(path, 4321, 1234)
    SPLockedJSONDB(str(path)).add("a", 1)
    side = path.with_name(path.name + ".journal").stat()
    assert (side.st_uid, side.st_gid) == (4321, 1234)


def test_a_link_where_the_side_file_goes_is_not_followed(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in (".journal", ".journal.new"):
        path.with_name(path.name + name).symlink_to(victim)
    db = SPLockedJSONDB(str(path))
    assert db.get() == {}
    db.add("a", 1)
    assert json.loads(path.read_bytes()) == {"a": 1}
    assert victim.read_text() == "precious"
    assert not path.with_name(path.name + ".journal").is_symlink()


@pytest.mark.parametrize("what", ["hard link", "directory", "pipe"])
def test_other_things_in_its_place_are_refused(tmp_path: Path, what: str) -> None:
    path = os_state.state_file(tmp_path)
    side = path.with_name(path.name + ".journal")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    if what == "hard link":
        side.hardlink_to(victim) if sys.version_info >= (3, 10) else os.link(victim, side)
    elif what == "directory":
        side.mkdir()
    else:
        os.mkfifo(side)
    with pytest.raises(OSError, match="journal"):
        SPLockedJSONDB(str(path)).add("a", 1)
    assert path.read_text() == "{}" and victim.read_text() == "precious"


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    _settled(path)
    db = SPLockedJSONDB(str(path))
    read: List[Any] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *args: (read.append(args), real(*args))[1])
    assert db.get() == {"a": 1} and read
    del read[:]
    assert db.get() == {"a": 1} and not read


def test_a_change_within_a_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    db = SPLockedJSONDB(str(path))
    for number in range(200):
        before = path.stat().st_mtime_ns
        assert db.get()
        path.write_text(json.dumps({"a": number % 10}))
        # As if it were written in the same tick.
        os.utime(path, ns=(before, before))
        if time.time_ns() - before > 15_000_000:
            os.utime(path)
            db.get()
            continue
        assert db.get() == {"a": number % 10}


def test_files_are_parsed_once_and_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    calls: List[Any] = []
    loads, dumps = json.loads, json.dumps
    monkeypatch.setattr(json, "loads", lambda *args: (calls.append(("loads", *args)), loads(*args))[1])
    monkeypatch.setattr(json, "dumps", lambda *args: (calls.append(("dumps", *args)), dumps(*args))[1])
    SPLockedJSONDB(str(path)).add("b", 2)
    assert calls == [("loads", b'{"a": 1}'), ("dumps", {"a": 1, "b": 2})]


def test_callers_cannot_change_what_is_remembered(tmp_path: Path) -> None:
    db = SPLockedJSONDB(str(os_state.state_file(tmp_path, {"a": 1})))
    db.get().clear()
    value = {"rights": 1}
    db.add("b", value)
    value["rights"] = 2
    assert db.get() == {"a": 1, "b": {"rights": 1}}


def test_what_is_not_json_changes_nothing(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    db = SPLockedJSONDB(str(path))
    with pytest.raises(TypeError):
        db.add("b", object())
    assert db.get() == json.loads(path.read_bytes()) == {"a": 1}


def test_a_write_that_fails_leaves_the_state_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os_state.state_file(tmp_path, {"a": "x" * 6000})
    db = SPLockedJSONDB(str(path))
    db.add("b", 1)
    before = path.read_bytes()
    real = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        there = os.fstat(fd).st_size
        if offset + len(data) > there and os.path.samestat(os.fstat(fd), os.stat(path)):
            if offset >= 4096:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[:4096]
        return real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space left on device; the state is as it was") as caught:
        db.add("c", "y" * 6000)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert path.read_bytes() == before and "c" not in db.get()
    monkeypatch.undo()
    assert SPLockedJSONDB(str(path)).get() == json.loads(before)


# Mounts for itself alone: in namespaces of its own.
FULL = """
import errno, json, os, subprocess, sys
from storpool_os import SPLockedJSONDB
where = sys.argv[1]
path = where + "/state.json"
mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", where]
if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
    sys.exit(77)
open(path, "w").write("{}")
db = SPLockedJSONDB(path)
count = 0
try:
    while True:
        db.add("key%d" % count, "x" * 3000)
        count += 1
except OSError as exc:
    assert exc.errno == errno.ENOSPC, exc
    assert where in str(exc)
assert count > 3
assert set(db.get()) == set(SPLockedJSONDB(path).get()) == {"key%d" % n for n in range(count)}
assert json.load(open(path)) == db.get()
with open(where + "/filler", "wb", buffering=0) as filler:
    try:
        while True:
            filler.write(b"x" * 4096)
    except OSError:
        pass
db.remove("key0")
assert len(SPLockedJSONDB(path).get()) == count - 1
if subprocess.run(["mount", "-o", "remount,ro", where]).returncode:
    sys.exit(77)
assert len(SPLockedJSONDB(path).get()) == count - 1
try:
    db.remove("key1")
except OSError as exc:
    assert exc.errno == errno.EROFS and path in str(exc), exc
else:
    sys.exit("wrote to a read-only file system")
assert len(db.get()) == count - 1
"""


def test_a_full_and_a_read_only_file_system(tmp_path: Path) -> None:
    unshare: Optional[str] = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare here")
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [unshare, "-rm", sys.executable, "-c", FULL, str(tmp_path / "disk")],
        env={**os.environ, "PYTHONPATH": str(os_state.ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("mounting is not permitted here")
    assert (done.returncode, done.stderr) == (0, "")


# As a full disk, but anywhere: the kernel lets files grow to a limit only.
LIMITED = """
import errno, json, resource, sys
from storpool_os import SPLockedJSONDB
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
path, count = sys.argv[1], 0
db = SPLockedJSONDB(path)
try:
    while True:
        db.add("key%d" % count, "x" * 1000)
        count += 1
except OSError as exc:
    assert exc.errno == errno.EFBIG and "the state is as it was" in str(exc), exc
assert count > 3
assert set(db.get()) == set(SPLockedJSONDB(path).get()) == set(json.load(open(path)))
db.remove("key0")
assert len(json.load(open(path))) == count - 1
"""


def test_a_limit_on_the_size_of_files_loses_nothing(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    done = os_state.start(LIMITED, path)
    assert done.wait(timeout=60) == 0
    assert "key0" not in SPLockedJSONDB(str(path)).get()


def test_the_old_names_are_these_modules() -> None:
    import storpool.spopenstack.splocked
    from storpool import spopenstack
    from storpool_os import spattachdb

    assert spopenstack.splocked is storpool.spopenstack.splocked is splocked
    assert spopenstack.spattachdb is spattachdb and spopenstack.AttachDB is spattachdb.AttachDB


# Becomes somebody else only after the imports: the interpreter may be where others cannot see it.
AS_ANOTHER = """
import os, sys
from storpool_os import SPLockedJSONDB
fname, uid = sys.argv[1], int(sys.argv[2])
os.setgroups([1234])
os.setgid(uid)
os.setuid(uid)
SPLockedJSONDB(fname).add(str(uid), 1)
"""


def _as_another(path: Path, uid: int) -> str:
    """The last line of what is said when another user adds a key."""
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(path), str(uid)],
        env={**os.environ, "PYTHONPATH": str(os_state.ROOT)},
        cwd="/",
        capture_output=True,
        text=True,
    )
    return ["", *done.stderr.strip().splitlines()][-1]


@pytest.fixture
def shared() -> Iterator[Path]:
    """Make a file as docs/openstack.md says, where every user can reach it."""
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, 0, 1234)
        os.chmod(directory, 0o2770)  # noqa: S103 - the group is what services share
        path = os_state.state_file(Path(directory))
        os.chown(path, 0, 1234)
        path.chmod(0o660)
        yield path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes others")
def test_services_of_other_users_share_by_their_group(shared: Path) -> None:
    assert [_as_another(shared, uid) for uid in (4321, 4322, 4321)] == [""] * 3
    assert set(json.loads(shared.read_bytes())) == {"4321", "4322"}
    assert (shared.stat().st_uid, shared.stat().st_gid) == (0, 1234)
    side = shared.with_name(shared.name + ".journal").stat()
    assert (side.st_gid, stat.S_IMODE(side.st_mode)) == (1234, 0o660)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes others")
@pytest.mark.parametrize(
    ("directory", "mode", "says"),
    [
        (0o750, 0o660, "Let the services write to the directory"),
        (0o2770, 0o640, "Permission denied"),
        (0o2770, 0o600, "operator creates it"),
    ],
)
def test_what_is_not_permitted_is_an_error_that_says_what_to_do(
    shared: Path, directory: int, mode: int, says: str
) -> None:
    shared.parent.chmod(directory)
    shared.chmod(mode)
    said = _as_another(shared, 4321)
    assert said.startswith("PermissionError") and says in said and str(shared) in said
    assert shared.read_text() == "{}"
