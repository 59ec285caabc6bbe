"""Errors, signals and forks at any moment of an `add`: what it says is true, and no lock and no descriptor is left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import os_state
import pytest

from storpool_os import SPLockedFile, SPLockedFileError, SPLockedJSONDB, lock

CALLS: List[Tuple[Any, str]] = [
    *((os, name) for name in ("open", "close", "stat", "fstat", "fchown", "fchmod", "rename")),
    *((os, name) for name in ("pread", "pwrite", "pwritev", "ftruncate", "fdatasync", "fsync")),
    (fcntl, "flock"),
]


def _descriptors() -> Set[str]:
    """Return the open descriptors, that of the listing among them."""
    return set(os.listdir("/proc/self/fd"))


def _is_free(path: Path) -> bool:
    """Tell whether another process could lock the file."""
    with path.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _thread_is_free() -> bool:
    """Tell whether another thread could lock a file."""
    got: List[bool] = []

    def take() -> None:
        threads = lock._thread_lock()
        got.append(threads._lock.acquire(timeout=1))
        if got[0]:
            threads._lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return got[0]


class Faults:
    """Lets the call of a number fail, or all from that one on; counts them."""

    def __init__(self, first: int, lasting: bool, number: int) -> None:
        self.count = 0
        self.first, self.lasting, self.errno = first, lasting, number

    def stand_in(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count - 1 == self.first or (self.lasting and self.count > self.first):
                if name == "close":
                    # Linux closes it all the same.
                    real(*args, **kwargs)
                raise OSError(self.errno, os.strerror(self.errno))
            return real(*args, **kwargs)

        return call


def _add_with_faults(db: SPLockedJSONDB, faults: Faults, value: object) -> Optional[BaseException]:
    with pytest.MonkeyPatch.context() as patched:
        for module, name in CALLS:
            patched.setattr(module, name, faults.stand_in(getattr(module, name), name))
        try:
            db.add("new", value)
        except (OSError, SPLockedFileError) as exc:
            return exc
    return None


@pytest.mark.parametrize("journal", ["journal", "no journal"])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
@pytest.mark.parametrize("sizes", [(10, 20), (20_000, 10), (10, 20_000)])
def test_what_an_error_says_of_the_state_is_true(
    tmp_path: Path, sizes: Tuple[int, int], number: int, lasting: bool, journal: str
) -> None:
    old: Dict[str, Any] = {"new": "a" * sizes[0], "other": "x" * 5000}
    new = {**old, "new": "b" * sizes[1]}
    told = {"as it was": 0, "either": 0, "nothing": 0}
    for step in range(200):
        path = os_state.state_file(tmp_path, old)
        path.with_name(path.name + ".journal").unlink(missing_ok=True)
        db = SPLockedJSONDB(str(path))
        db.lock_tries = 1
        if journal == "journal":
            db.jsdump(new)
            db.jsdump(old)
        descriptors = _descriptors()
        faults = Faults(step, lasting, number)
        error = _add_with_faults(db, faults, new["new"])
        assert _descriptors() <= descriptors
        assert _is_free(path) and _thread_is_free()
        found = SPLockedJSONDB(str(path)).get()
        assert db.get() == found == json.loads(path.read_bytes())
        if error is None:
            assert found == new, step
        elif "the state may be" in str(error):
            assert found in (old, new)
            told["either"] += 1
        else:
            assert found == old, (step, error)
            told["as it was" if "as it was" in str(error) else "nothing"] += 1
        if faults.count <= step:
            break
    else:
        pytest.fail("there is no end of the steps")
    assert told["as it was"]
    assert told["either"] or not lasting


class Interrupt(Exception):
    """What a service's signal handler raises."""


def _interrupted_at(work: Callable[[], object], opcode: int) -> bool:
    """Run something, and raise before the opcode of that number in the helper's code; tell whether it came to that."""
    left = opcode

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        if f"{os.sep}storpool_os{os.sep}" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == -1:
                raise Interrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except (Interrupt, TypeError):
        pass
    finally:
        sys.settrace(before)
    return left < 0


# A prime, so that other opcodes come up with other Pythons.
STRIDE = int(os.environ.get("SP_TEST_OPCODE_STRIDE", "13"))


@pytest.mark.parametrize("value", ["x", {"not": "JSON", "because of": {1, 2}}], ids=["success", "error"])
def test_a_signal_handler_that_raises_at_any_bytecode_leaves_no_lock(tmp_path: Path, value: object) -> None:
    path = os_state.state_file(tmp_path)
    db = SPLockedJSONDB(str(path))
    db.add("first", 1)
    descriptors = _descriptors()
    opcode = 0
    while _interrupted_at(lambda: db.add("number", value), opcode):
        assert _descriptors() <= descriptors, opcode
        assert _is_free(path) and not lock._thread_lock().held(), opcode
        opcode += STRIDE
    assert opcode > 300
    assert ("number" in db.get()) == (value == "x")


def test_a_signal_handler_that_raises_again_and_again_leaves_no_lock(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    db = SPLockedJSONDB(str(path))
    db.add("first", 1)
    descriptors = _descriptors()
    armed = False
    interrupts = 0

    def handler(*_: object) -> None:
        if armed:
            raise Interrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for number in range(400):
            with contextlib.suppress(Interrupt):
                armed = True
                signal.setitimer(signal.ITIMER_REAL, (number % 97 + 1) * 1e-5)
                db.add("number", number)
                armed = False
            interrupts += armed
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert _descriptors() <= descriptors
            assert _is_free(path) and not lock._thread_lock().held()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert interrupts > 20


@pytest.mark.parametrize("leaves", ["exception", "return", "add"])
def test_a_child_forked_within_the_block_does_not_free_its_parents_lock(tmp_path: Path, leaves: str) -> None:
    path = os_state.state_file(tmp_path)
    db = SPLockedJSONDB(str(path))
    with db, db:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                db.lock_tries, db.lock_pause = 2, 0.01
                with contextlib.suppress(RuntimeError, SPLockedFileError):
                    if leaves == "add":
                        db.add("child", 1)
                    with db if leaves == "add" else contextlib.nullcontext():
                        raise RuntimeError
                db.__exit__(RuntimeError, RuntimeError(), None)
                db.__exit__(None, None, None)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert not _is_free(path)
        db.add("parent", 1)
    assert _is_free(path)
    assert db.get() == {"parent": 1}


def _in_child(work: Callable[[], object], seconds: float = 10) -> int:
    """Run something in a forked child; return its status, or -1 if it does not end."""
    with warnings.catch_warnings():
        # From Python 3.12 on: a fork while there are threads is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.WEXITSTATUS(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def test_a_child_forked_while_another_thread_holds_the_lock_does_not_wait_for_ever(tmp_path: Path) -> None:
    path, other = os_state.state_file(tmp_path), tmp_path / "other.json"
    other.write_text("{}")
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with SPLockedFile(str(path)):
            held.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert _in_child(lambda: SPLockedJSONDB(str(other)).add("child", 1)) == 0
        assert json.loads(other.read_bytes()) == {"child": 1}
    finally:
        leave.set()
        thread.join()


def test_a_lock_does_not_outlive_its_owner_in_a_child(tmp_path: Path) -> None:
    path = os_state.state_file(tmp_path)
    reader, writer = os.pipe()
    owner = os.fork()
    if owner == 0:
        with SPLockedFile(str(path)):
            grandchild = os.fork()
            if grandchild == 0:
                os.write(writer, b"x")
                time.sleep(30)
                os._exit(0)
            os.write(writer, b"%d " % grandchild)
            time.sleep(30)
        os._exit(0)
    said = b""
    while not (b"x" in said and b" " in said):
        said += os.read(reader, 100)
    grandchild = int(said.replace(b"x", b""))
    try:
        assert not _is_free(path)
        os.kill(owner, signal.SIGKILL)
        os.waitpid(owner, 0)
        assert _is_free(path)
    finally:
        os.kill(grandchild, signal.SIGKILL)
        os.close(reader)
        os.close(writer)


def test_files_may_be_left_in_another_order_than_entered(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in paths:
        path.write_text("{}")
    first, second = (SPLockedFile(str(path)) for path in paths)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert [_is_free(path) for path in paths] == [True, False]
    assert not _thread_is_free()
    second.__exit__(None, None, None)
    assert [_is_free(path) for path in paths] == [True, True]
    assert _thread_is_free()


@pytest.fixture(autouse=True)
def nothing_of_other_tests() -> Iterator[None]:
    # Files that they dropped would be closed at some moment of these.
    gc.collect()
    yield
    assert threading.active_count() == 1
