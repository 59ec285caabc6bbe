"""Under eventlet, as Cinder's and Nova's services run: one thread, in which nothing may stop the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import sys, time
if sys.argv[1] == "late":
    import storpool.spopenstack.spattachdb
import eventlet
eventlet.monkey_patch()
import fcntl, json, logging, os, subprocess
from storpool.spopenstack import AttachDB, splocked
path = sys.argv[2]
logging.disable()
db = AttachDB(logging.getLogger(), path, {"SP_OURID": "1"})
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        eventlet.sleep(0.01)
eventlet.spawn(tick)
eventlet.sleep(0)
"""

WAITS_FOR_ANOTHER_PROCESS = """
holder = subprocess.Popen(
    [sys.executable, "-c", "import fcntl, sys, time; held = open(sys.argv[1]); fcntl.flock(held, fcntl.LOCK_EX);"
     "print(flush=True); time.sleep(1)", path], stdout=subprocess.PIPE)
holder.stdout.readline()
ticks = 0
began = time.monotonic()
db.add("a", 1)
assert time.monotonic() - began > 0.5, "did not wait"
assert ticks > 5, ticks
holder.wait()
"""

SHARE_ONE_FILE = """
def work(number):
    for step in range(20):
        with db:
            db.add(str(number), step)
            eventlet.sleep(0.001)
            assert db.get()[str(number)] == step
pool = eventlet.GreenPool(10)
assert len(list(pool.imap(work, range(10)))) == 10
assert json.load(open(path)) == {str(number): 19 for number in range(10)}
"""

ONE_IN_THE_LOCK = """
inside = []
def work(number):
    with db:
        inside.append(number)
        assert len(inside) == 1, inside
        eventlet.sleep(0.01)
        with db:
            assert len(inside) == 1, inside
            eventlet.sleep(0.01)
        inside.remove(number)
pool = eventlet.GreenPool(8)
list(pool.imap(work, range(8)))
"""

WAITS_FOR_A_DEVICE = """
class Api:
    def volumesReassign(self, json): pass
db._api = Api()
db.attach_tries, db.attach_pause = 3, 0.2
ticks = 0
db._attach_and_wait(client=1, volume="os--volume-none", volsnap=False, rights=2)
assert ticks > 5, ticks
"""


@pytest.mark.parametrize("patched", ["early", "late"])
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(WAITS_FOR_ANOTHER_PROCESS, id="another-process"),
        pytest.param(SHARE_ONE_FILE, id="one-file"),
        pytest.param(ONE_IN_THE_LOCK, id="one-in-the-lock"),
        pytest.param(WAITS_FOR_A_DEVICE, id="a-device"),
    ],
)
def test_green_threads_wait_and_let_others_go_on(tmp_path: Path, code: str, patched: str) -> None:
    path = tmp_path / "state.json"
    path.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HEAD + code, patched, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
