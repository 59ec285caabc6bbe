"""AttachDB where test suites have put stand-ins in the place of modules, or a service has lost its paths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterator

import os_state
import pytest

import storpool_sim

# As the tests of drivers do it, after the imports.
REPLACED = """
from unittest import mock
for name in list(sys.modules):
    if name.split(".")[0] == "storpool":
        sys.modules[name] = mock.MagicMock()
"""
NO_PATH = "sys.path[:] = []\nsys.path_importer_cache.clear()\n"

USE = """
import sys
import logging, os.path
from storpool import spapi, sptypes, spconfig, spopenstack

def use(conf, state):
    spconfig.SPConfig.PATH_CONFIG, spconfig.SPConfig.PATH_CONFIG_DIR = conf, conf + ".d"
    exists = os.path.exists
    os.path.exists = lambda path: str(path).startswith("/dev/storpool/") or exists(path)
    db = spopenstack.AttachDB(logging.getLogger("test"), state)
    entry = {"volume": db.volumeName("1"), "type": "cinder", "id": "1", "rights": 2}
    db.add("request", entry)
    db.sync("request", None)
    assert db.get() == {"request": entry}
    attached = [(record.volume, record.client, record.rights) for record in db.api().attachmentsList()]
    assert attached == [("os--volume-1", 1, "rw")], attached
    db.add("snapshot", {"volume": "os--snapshot", "type": "cinder", "id": "2", "rights": 2, "volsnap": True})
    try:
        db.sync("snapshot", None)
    except spapi.ApiError as exc:
        assert "cannot be attached to be written to" in str(exc)
    else:
        raise AssertionError("a snapshot was attached to be written to")
    db.remove("snapshot")
    db.sync("request", db.volumeName("1"))
    assert not db.api().attachmentsList()
    db.remove("request")
    assert db.get() == {}
"""


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[Path]:
    with storpool_sim.running() as sim:
        sim.api().volumeCreate({"name": "os--volume-1", "size": 1 << 30, "replication": 1})
        sim.api().snapshotCreate("os--volume-1", {"name": "os--snapshot"})
        path = tmp_path / "storpool.conf"
        # As another system's editor leaves it, so that all that reads it is used.
        lines = [f"{name}={value}" for name, value in {**sim.env, "SP_OURID": "1"}.items()]
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
        yield path


def _use(conf: Path, code: str) -> None:
    state = os_state.state_file(conf.parent)
    process = os_state.start(f"{USE}\n{code}\nuse(*sys.argv[1:3])", conf, state, stdout=subprocess.PIPE)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("what", ["nothing", "modules", "paths", "modules and paths"])
def test_works_after_modules_were_replaced_and_paths_were_lost(conf: Path, what: str) -> None:
    code = (REPLACED if "modules" in what else "") + (NO_PATH if "paths" in what else "")
    _use(conf, code)


# What the original helper's own test suite puts there.
STAND_IN = """
import sys, types
spapi = types.ModuleType("storpool.spapi")
class ApiError(Exception):
    def __init__(self, status, data):
        super().__init__(data)
class Api:
    made = []
    reassigned = []
    def __init__(self, config):
        self.made.append(config)
    @classmethod
    def fromConfig(cls, config):
        return cls(config)
    def attachmentsList(self):
        return []
    def volumesList(self):
        return [types.SimpleNamespace(name="os--volume-1")]
    def volumesReassign(self, json):
        self.reassigned.append(json)
spapi.Api, spapi.ApiError = Api, ApiError
sys.modules["storpool.spapi"] = spapi
"""


def test_asks_of_spapi_an_api_and_its_error_only(tmp_path: Path) -> None:
    code = f"""{STAND_IN}
import os.path
from storpool.spopenstack import spattachdb
os.path.exists = lambda path: path == "/dev/storpool/os--volume-1"
db = spattachdb.AttachDB(None, sys.argv[1], {{"SP_OURID": "1"}})
db.add("request", {{"volume": "os--volume-1", "type": "cinder", "id": "1", "rights": 2}})
db.sync("request", None)
assert Api.made == [db.config()] and Api.reassigned == [[{{"volume": "os--volume-1", "rw": [1]}}]]
try:
    db._attach_and_wait(1, "os--snapshot", True, 2)
except ApiError:
    pass
else:
    sys.exit("no error")
"""
    process = os_state.start(code, os_state.state_file(tmp_path))
    assert process.wait(timeout=60) == 0


def test_imports_what_reading_a_configuration_needs() -> None:
    code = "import storpool_os, sys; print(all(name in sys.modules for name in ('confget', 'platform')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=os_state.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
