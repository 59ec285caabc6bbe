"""What has been imported works, whatever happens to modules and paths later; and it imports little.

Test suites of drivers put mocks in the place of `storpool` once their imports are done. Daemons empty `sys.path`,
change their root directory, and fork while other threads work: a child that is forked within an import waits for ever.
"""

from __future__ import annotations

import subprocess
import sys
from typing import List

import pytest

import storpool_sim

START = """
import sys, os, threading, time
from storpool import spapi, sptypes, spconfig, spopenstack
"""
REPLACED = """
from unittest import mock
for name in list(sys.modules):
    if name.split(".")[0] == "storpool":
        sys.modules[name] = mock.MagicMock()
"""
NO_PATH = """
sys.path[:] = []
sys.path_importer_cache.clear()
"""
USE = """
api = spapi.Api(host=sys.argv[1], port=sys.argv[2], auth=sys.argv[3])
made = api.volumeCreate(sptypes.VolumeCreateDesc(name="v", size=2**30, replication=1, tags={"a": "b"}))
assert type(made) is spapi.ApiOkVolumeCreate, made
api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}], "attachTimeout": 5})
api.snapshotCreate("v", {"name": "s"})
for listing, field in (("volumesList", "name"), ("snapshotsList", "name"), ("attachmentsList", "volume")):
    (record,) = getattr(api, listing)()
    assert getattr(record, field) in ("v", "s"), record
for mapping in (api.volumesQuickStatus(), api.disksList(), api.servicesList().servers):
    assert mapping
try:
    sptypes.VolumeUpdateDesc(size=7)
except spapi.InvalidArgumentError as exc:
    assert "VolumeUpdateDesc.size: 7 is not" in str(exc)
else:
    raise AssertionError("a bad size was taken")
try:
    api.volumeDelete("nothing")
except spapi.ApiError as exc:
    assert exc.name == "objectDoesNotExist"
sptypes.VolumeUpdateDesc({"sise": 1})
"""
# A child is forked while another thread makes the first call of the process.
FORKING = """
api = spapi.Api(host=sys.argv[1], port=sys.argv[2], auth=sys.argv[3])
calls = [api.volumesList, api.disksList, api.volumesQuickStatus, api.servicesList, api.attachmentsList]
pause = float(sys.argv[4])
for call in calls:
    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(pause)
    child = os.fork()
    if child == 0:
        for again in calls:
            again()
        os._exit(0)
    deadline = time.monotonic() + 30
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            raise AssertionError("the child hangs")
        time.sleep(0.005)
    thread.join()
"""


def run(code: str, sim: storpool_sim.Running, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, sim.host, str(sim.port), sim.token, *args],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "later", [REPLACED, NO_PATH, REPLACED + NO_PATH], ids=["modules replaced", "no path", "modules replaced, no path"]
)
@pytest.mark.parametrize("msgspec", [True, False])
def test_calls_work_whatever_happens_after_the_imports(
    later: str, msgspec: bool, storpool_cluster: storpool_sim.Running
) -> None:
    before = "import sys\n" if msgspec else "import sys\nsys.modules['msgspec'] = None\n"
    said = run(before + START + later + USE, storpool_cluster)
    assert "VolumeUpdateDesc.sise is not a field" in said


@pytest.mark.parametrize("pause", ["0", "0.001", "0.003", "0.01"])
def test_a_child_that_is_forked_during_a_first_call_does_not_hang(
    pause: str, storpool_cluster: storpool_sim.Running
) -> None:
    # Newer Pythons warn of forks in processes with threads, which is what this is about.
    run("import warnings; warnings.simplefilter('ignore')\n" + START + FORKING, storpool_cluster, pause)


def test_a_connection_that_was_replaced_before_the_import_is_used() -> None:
    code = """
import http.client
class Canned:
    status = 200
    def __init__(self, *args, **kwargs): pass
    def request(self, *args): pass
    def getresponse(self): return self
    def read(self, *args): return b'{"generation": 1, "data": []}'
    def close(self): pass
http.client.HTTPConnection = Canned
from storpool import spapi
print(spapi.Api(host="127.0.0.1", port=81, auth="1").volumesList())
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_importing_brings_few_modules_along() -> None:
    # What logging brings along, newer Pythons have changed more than once.
    code = (
        "import sys, json, http.client, logging; old = {*sys.modules}\n"
        "from storpool import spapi; print(*{*sys.modules} - old)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found = [name for name in done.stdout.split() if name.partition(".")[0] != "storpool"]
    # What takes long to import comes when it is needed.
    assert not {"asyncio", "confget", "dataclasses", "inspect", "msgspec", "platform", "subprocess"} & set(found)
    assert len(found) <= 25, found


def imported(code: str) -> List[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


@pytest.mark.skipif(sys.implementation.name == "pypy", reason="msgspec has no wheels for PyPy")
def test_msgspec_is_imported_when_an_api_is_made() -> None:
    assert "msgspec" not in imported("from storpool import spapi, sptypes; sptypes.VolumeCreateDesc(name='v')")
    assert "msgspec" in imported("from storpool import spapi; spapi.Api()")


def test_a_call_imports_nothing_of_ours(storpool_cluster: storpool_sim.Running) -> None:
    code = START + USE + "\nprint(*{name for name in sys.modules if name.startswith('storpool')} - loaded)"
    code = code.replace("made = api.volumeCreate", "loaded = {*sys.modules}\nmade = api.volumeCreate", 1)
    done = subprocess.run(
        [sys.executable, "-c", code, storpool_cluster.host, str(storpool_cluster.port), storpool_cluster.token],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == []
