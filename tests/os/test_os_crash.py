"""The state through crashes, with real processes. SP_TEST_KILL_ROUNDS=1000 makes it a long one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Callable, List, Tuple

import os_disk
import os_state
import pytest

from storpool_os import SPLockedJSONDB, journal, splocked

ROUNDS = int(os.environ.get("SP_TEST_KILL_ROUNDS", "60"))
ORIGINAL = os.environ.get("SP_TEST_ORIGINAL_OPENSTACK", "")


def _write_for_ever(path: Path, number: int, acknowledged: int) -> None:
    db = SPLockedJSONDB(str(path))
    while True:
        db.add("mine", {"number": number, "padding": "x" * (number * 1237 % 9001)})
        os.write(acknowledged, b"%d\n" % number)
        number += 1


def _writer(path: Path, number: int) -> Tuple[int, int]:
    """Start a process that writes; return its id, and a descriptor that says which writes have returned."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            _write_for_ever(path, number, writer)
        finally:
            os._exit(1)
    os.close(writer)
    return process, reader


def test_writers_killed_at_any_instant_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path, {"other": {"volume": "os--volume-1"}})
    inode = path.stat().st_ino
    number = 0
    for _ in range(ROUNDS):
        process, reader = _writer(path, number)
        with open(reader, "rb") as lines:
            acknowledged = int(lines.readline())
            time.sleep(random.random() * 0.03)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            acknowledged = max([acknowledged, *map(int, lines.read().split(b"\n")[:-1])])
        found = SPLockedJSONDB(str(path)).get()
        # The write that the kill interrupted may have been done.
        assert found["mine"]["number"] in (acknowledged, acknowledged + 1)
        assert found["other"] == {"volume": "os--volume-1"}
        assert len(found["mine"]["padding"]) == found["mine"]["number"] * 1237 % 9001
        assert json.loads(path.read_bytes()) == found and path.stat().st_ino == inode
        number = acknowledged + 1


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("sizes", [(10, 20_000), (20_000, 10), (9_000, 9_000), (10, 20)])
def test_a_crash_at_each_step_leaves_the_old_state_or_the_new(
    tmp_path: Path, sizes: Tuple[int, int], torn: bool
) -> None:
    before, after = ({"key": letter * size} for letter, size in zip("ab", sizes))
    for step in range(50):
        directory = tmp_path / str(step)
        directory.mkdir()
        path = os_state.state_file(directory)
        SPLockedJSONDB(str(path)).jsdump(before)
        with pytest.MonkeyPatch.context() as patched:
            died = os_disk.crash_at(patched, step, torn)
            with contextlib.suppress(os_disk.Crash):
                SPLockedJSONDB(str(path)).jsdump(after)
            crashed = died()
        assert SPLockedJSONDB(str(path)).get() in ((before, after) if crashed else (after,))
        assert json.loads(path.read_bytes()) in (before, after)
        if not crashed:
            return
    pytest.fail("there is no end of the steps")


def test_a_half_written_file_is_completed_by_the_next_reader(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    old, new = (json.dumps({"key": letter * 20_000}).encode() for letter in "ab")
    path.write_bytes(new[:8192] + old[8192:])
    os.close(journal.Journal(str(path)).begin(path.stat(), old, new))
    assert SPLockedJSONDB(str(path)).get() == json.loads(new)
    assert path.read_bytes() == new


def test_an_interrupted_write_does_not_undo_what_the_original_wrote_later(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    os.close(journal.Journal(str(path)).begin(path.stat(), b'{"a": 1}', b'{"a": 1, "b": 2}'))
    path.write_text('{"a": 1, "c": 3}')
    db = SPLockedJSONDB(str(path))
    assert db.get() == {"a": 1, "c": 3}
    db.add("d", 4)
    assert json.loads(path.read_text()) == {"a": 1, "c": 3, "d": 4}


def test_a_write_that_never_reached_the_file_stays_unwritten(tmp_path: Path) -> None:
    # It was not acknowledged; the original may since have seen, and acted on, what is there.
    path = os_state.state_file(tmp_path, {"a": 1})
    os.close(journal.Journal(str(path)).begin(path.stat(), b'{"a": 1}', b'{"a": 1, "b": 2}'))
    assert SPLockedJSONDB(str(path)).get() == {"a": 1}


def test_what_the_original_left_half_written_is_not_replaced_by_an_older_state(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    SPLockedJSONDB(str(path)).add("a", 1)
    path.write_bytes(b'{"a": 1, "b"')
    with pytest.raises(splocked.SPUnusableFileError):
        SPLockedJSONDB(str(path)).get()
    assert path.read_bytes() == b'{"a": 1, "b"'


@pytest.mark.parametrize("cut", [0, 10, 60, 120, -1])
def test_an_incomplete_journal_is_ignored(tmp_path: Path, cut: int) -> None:
    path = os_state.state_file(tmp_path, {"a": 1})
    side = Path(journal.Journal(str(path)).path)
    os.close(journal.Journal(str(path)).begin(path.stat(), b'{"a": 1}', b'{"b": 2}'))
    side.write_bytes(side.read_bytes()[:cut])
    path.write_bytes(b'{"b": 1}')
    assert SPLockedJSONDB(str(path)).get() == {"b": 1}


def test_everything_is_on_the_disk_before_a_write_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os_state.state_file(tmp_path)
    events: List[str] = []

    def recorded(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def stand_in(fd: int, *args: object) -> object:
            events.append(f"{name} {Path(os.readlink(f'/proc/self/fd/{fd}')).name}")
            return real(fd, *args)

        return stand_in

    for name in ("pwrite", "fdatasync", "fsync"):
        monkeypatch.setattr(os, name, recorded(name))
    db = SPLockedJSONDB(str(path))
    db.add("a", 1)
    name = path.name
    steady = [f"pwrite {name}.journal", f"fdatasync {name}.journal", f"pwrite {name}", f"fdatasync {name}"]
    assert events == [f"fsync {tmp_path.name}", *steady, f"pwrite {name}.journal"]
    del events[:]
    # Once the side file is there, two: one before the file is touched, one after.
    db.add("b", 1)
    assert events == [*steady, f"pwrite {name}.journal"]


def test_what_is_added_changes_the_last_block_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Bytes of one block come all at once, so that no journal is needed to read the file.
    path = os_state.state_file(tmp_path, {str(number): "x" * 100 for number in range(200)})
    size, written = path.stat().st_size, []
    real = os.pwrite

    def recorded(fd: int, data: bytes, offset: int) -> int:
        if os.path.samestat(os.fstat(fd), path.stat()):
            written.append((offset, len(data)))
        return real(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", recorded)
    db = SPLockedJSONDB(str(path))
    db.add("new", 1)
    db.remove("new")
    assert [offset for offset, _ in written] == [size // 4096 * 4096] * 2
    db.remove("0")
    assert written[-1] == (0, size)
    assert json.loads(path.read_bytes()) == db.get() == {str(number): "x" * 100 for number in range(1, 200)}


def test_four_writers_share_a_file(tmp_path: Path) -> None:
    _share(tmp_path, [sys.executable] * 4)


@pytest.mark.skipif(not ORIGINAL, reason="SP_TEST_ORIGINAL_OPENSTACK names no interpreter with the original helper")
def test_two_writers_share_a_file_with_two_of_the_original(tmp_path: Path) -> None:
    _share(tmp_path, [sys.executable, ORIGINAL] * 2)


def _share(directory: Path, pythons: List[str]) -> None:
    path = os_state.state_file(directory)
    inode = path.stat().st_ino
    writers = [os_state.start(os_state.ADDER, path, name, 60, python=python) for name, python in zip("abcd", pythons)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    left = {f"{name}-{number}" for name in "abcd" for number in range(60) if number % 3 != 1}
    assert set(SPLockedJSONDB(str(path)).get()) == set(json.loads(path.read_text())) == left
    assert path.stat().st_ino == inode
