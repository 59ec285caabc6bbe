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


# All that the original helper's own test suite puts in the place of storpool.spapi.
STAND_IN = """
import types
class ApiError(Exception):
    def __init__(self, status, data):
        super().__init__(data["error"]["descr"])
class Api:
    def __init__(self):
        self.attached = {}
    @classmethod
    def fromConfig(cls, config):
        assert config["SP_API_HTTP_HOST"]
        return cls()
    def attachmentsList(self):
        return [types.SimpleNamespace(volume=name, client=1, rights="rw") for name in self.attached]
    def volumesList(self):
        return [types.SimpleNamespace(name="os--volume-1")]
    def snapshotsList(self):
        return [types.SimpleNamespace(name="os--snapshot")]
    def volumesReassign(self, json):
        for change in json:
            if "detach" in change:
                del self.attached[change["volume"]]
            else:
                self.attached[change["volume"]] = change["rw"]
"""


@pytest.fixture
def conf(tmp_path: Path) -> Iterator[Path]:
    with storpool_sim.running() as sim:
        sim.api().volumeCreate({"name": "os--volume-1", "size": 1 << 30, "replication": 1})
        sim.api().snapshotCreate("os--volume-1", {"name": "os--snapshot"})
        path = tmp_path / "storpool.conf"
        # As another system's editor leaves it, so that all of what reads it is used.
        lines = [f"{name}={value}" for name, value in {**sim.env, "SP_OURID": "1"}.items()]
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
        yield path


def _use(conf: Path, *code: str) -> None:
    state = os_state.state_file(conf.parent)
    program = "\n".join((*code, "use(*sys.argv[1:3])"))
    process = os_state.start(program, conf, state, stdout=subprocess.PIPE)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


HAPPENED = {"nothing": "", "modules": REPLACED, "paths": NO_PATH, "modules and paths": REPLACED + NO_PATH}


@pytest.mark.parametrize("happened", HAPPENED)
def test_works_after_modules_were_replaced_and_paths_were_lost(conf: Path, happened: str) -> None:
    _use(conf, USE, STAND_IN, "spapi.Api, spapi.ApiError = Api, ApiError", HAPPENED[happened])


@pytest.mark.parametrize("happened", HAPPENED)
def test_works_on_a_cluster_then(conf: Path, happened: str) -> None:
    _use(conf, USE, HAPPENED[happened])


def test_asks_of_spapi_an_api_and_its_error_only(conf: Path) -> None:
    module = """
import sys
spapi = types.ModuleType("storpool.spapi")
spapi.Api, spapi.ApiError = Api, ApiError
sys.modules["storpool.spapi"] = spapi
"""
    use = USE.replace("from storpool import spapi, sptypes, ", "from storpool import ")
    _use(conf, STAND_IN, module, use)


def test_imports_what_reading_a_configuration_needs() -> None:
    code = "import storpool_os, sys; print(all(name in sys.modules for name in ('confget', 'platform')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=os_state.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
