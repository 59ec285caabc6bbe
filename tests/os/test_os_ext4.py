"""The state through losses of power on a real ext4, in an image. SP_TEST_EXT4_CRASHES=50000 makes it run.

The file system is shut down as if the power had gone, with what the kernel has written back until then, and mounted
again. This takes root, loop devices and e2fsprogs.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import os_disk
import pytest

from storpool_os import SPLockedJSONDB

CRASHES = int(os.environ.get("SP_TEST_EXT4_CRASHES", "0"))
SEED = int(os.environ.get("SP_TEST_POWER_SEED", "1"))
#: How many files are written to before the power goes.
FILES = 50

# From the kernel's headers: FS_IOC_GOINGDOWN, without flushing the log; sync_file_range, waiting for it.
GOING_DOWN, NO_LOG_FLUSH = 0x8004587D, 2
WRITE_AND_WAIT = 7

pytestmark = pytest.mark.skipif(not CRASHES, reason="SP_TEST_EXT4_CRASHES does not say how many crashes")


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        pytest.skip("ext4 images cannot be made and mounted here")
    path = tmp_path / "image"
    with path.open("wb") as stream:
        stream.truncate(64 << 20)
    _run("mkfs.ext4", "-q", path)
    return path


@contextlib.contextmanager
def _mounted(image: Path) -> Iterator[Path]:
    where = image.with_name("mounted")
    where.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", image, where)
    try:
        yield where
    finally:
        _run("umount", where)


def _write_back(path: Path, choose: random.Random) -> None:
    """Let the kernel write some of a file's pages now, and nothing else of it."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
        at = choose.randrange(os.fstat(stream.fileno()).st_size // os_disk.BLOCK + 1) * os_disk.BLOCK
        size = choose.choice((0, os_disk.BLOCK))
        libc = ctypes.CDLL(None, use_errno=True)
        arguments = (ctypes.c_int64(at), ctypes.c_int64(size), ctypes.c_uint(WRITE_AND_WAIT))
        assert libc.sync_file_range(stream.fileno(), *arguments) == 0


def _die_while_writing(path: Path, new: os_disk.State, choose: random.Random) -> bool:
    """Write, and die at a random step of it, with some of it on the disk; tell whether it died."""
    side = path.with_name(path.name + ".journal")

    def write_back() -> None:
        for file in (path, side):
            if choose.random() < 0.6:
                _write_back(file, choose)

    with pytest.MonkeyPatch.context() as patched:
        died = os_disk.crash_at(patched, choose.randrange(10), torn=choose.random() < 0.3, before=write_back)
        with contextlib.suppress(os_disk.Crash):
            SPLockedJSONDB(str(path)).jsdump(new)
        return died()


def _lose_power(where: Path) -> None:
    fd = os.open(where, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(fd)


def test_a_loss_of_power_leaves_the_old_state_or_the_new(image: Path) -> None:
    choose = random.Random(SEED)
    writes = os_disk.writes(choose)
    mixtures = crashes = 0
    while crashes < CRASHES:
        expected: Dict[str, Tuple[List[os_disk.State], List[bytes]]] = {}
        with _mounted(image) as where:
            for number in range(FILES):
                path = where / f"state-{number}.json"
                old, _ = next(writes)
                path.write_text(json.dumps(old))
                if choose.random() < 0.8:
                    SPLockedJSONDB(str(path)).add("first", 1)
            os.sync()
            for path in sorted(where.glob("state-*.json")):
                before = json.loads(path.read_bytes())
                _, new = next(writes)
                died = _die_while_writing(path, new, choose)
                whole = [json.dumps(state).encode() for state in (before, new)]
                expected[path.name] = ([before, new] if died else [new]), whole
            _lose_power(where)
        with _mounted(image) as where:
            for name, (states, whole) in expected.items():
                path = where / name
                mixtures += path.read_bytes() not in whole
                assert SPLockedJSONDB(str(path)).get() in states, name
                assert json.loads(path.read_bytes()) in states, name
                path.unlink()
                path.with_name(name + ".journal").unlink(missing_ok=True)
                crashes += 1
    # Otherwise the power went at moments that need no journal.
    assert mixtures or crashes < 10 * FILES
    print(f"{crashes} crashes, {mixtures} files repaired")
