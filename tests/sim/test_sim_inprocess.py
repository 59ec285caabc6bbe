"""The simulated cluster without sockets; that it answers as over HTTP, `tests/contract` holds it to."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import storpool_sim
from storpool import spapi
from storpool_sim import Cluster, InProcessTransport

ROOT = Path(__file__).resolve().parents[2]
GiB = 1 << 30


def test_an_api_takes_a_cluster_for_its_transport():
    cluster = Cluster()
    api = spapi.Api(transport=InProcessTransport(cluster))
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    assert [one.name for one in api.volumesList()] == ["v"]
    assert [one.name for one in cluster.volumes()] == ["v"]


def test_a_configuration_is_one_of_the_cluster_too():
    with storpool_sim.in_process() as sim:
        api = spapi.Api.fromConfig(sim.config, transport=sim.transport)
        assert api.volumesList() == []
        assert spapi.SPConfig(override_config=sim.config)["SP_OURID"] == "1"


def test_a_token_is_asked_for(refused):
    with storpool_sim.in_process(token="secret") as sim:
        assert sim.api().volumesList() == []
        refused("unauthorized", sim.api(auth="other").volumesList)


def test_there_are_no_sockets(monkeypatch):
    def fail(*_args, **_kwargs):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", fail)
    with storpool_sim.in_process() as sim:
        assert sim.api().servicesList().clusterStatus == "running"


def test_no_http_library_is_needed():
    code = (
        "import sys; sys.modules['aiohttp'] = None\n"
        "import storpool_sim\n"
        "with storpool_sim.in_process() as sim: print(sim.api().volumesList())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "[]\n"


def test_threads_share_it(refused):
    with storpool_sim.in_process() as sim:
        api = sim.api()
        api.kvsCreate("b")

        def count():
            for _ in range(20):
                while True:
                    bucket = api.kvsList("b")
                    pairs = {"n": str(int(bucket.pairs.get("n", "0")) + 1)}
                    if api.kvsTryUpdate("b", {"runIfVersionIs": bucket.version, "set": pairs}):
                        break

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert api.kvsGet("b", "n").pairs == {"n": "160"}
        assert {one.error for one in sim.requests} <= {"", "runIfVersionIsMismatch"}


def test_who_waits_for_a_client_keeps_nobody_else_waiting(clock):
    with storpool_sim.in_process(clock=clock) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
        sim.cluster.client_delay(5.0)
        attached = threading.Event()

        def attach():
            sim.api().volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
            attached.set()

        thread = threading.Thread(target=attach)
        thread.start()
        deadline = time.monotonic() + 30
        while not api.attachmentsList():
            assert time.monotonic() < deadline
        assert not attached.is_set()
        clock.advance(5)
        assert attached.wait(30)
        thread.join()


def test_volumes_may_have_contents(tmp_path):
    with storpool_sim.in_process(dev_dir=str(tmp_path / "dev")) as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": 1 << 20, "replication": 3})
        api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
        (tmp_path / "dev" / "v").write_bytes(b"data")
    assert not (tmp_path / "dev" / "v").exists()


def test_what_exists_at_the_start_comes_from_a_scenario(tmp_path):
    file = tmp_path / "start.toml"
    file.write_text('[[clusters]]\n[[clusters.volumes]]\nname = "v"\nsize = "1 GiB"\nreplication = 3\n')
    with storpool_sim.in_process(scenario=str(file)) as sim:
        assert [one.name for one in sim.api().volumesList()] == ["v"]


def test_clusters_that_know_of_each_other():
    near, far = Cluster(), Cluster(None, "far", "ffff.a")
    storpool_sim.connect(near, far)
    with storpool_sim.in_process(cluster=near) as sim:
        sim.api().volumeCreate({"name": "v", "size": GiB, "replication": 3}, clusterName="far")
        assert sim.clusters == [near, far]
        assert [one.name for one in far.volumes()] == ["v"]


def test_a_reply_that_the_bindings_could_not_read_is_an_error(monkeypatch, refused):
    with storpool_sim.in_process() as sim:
        sim.api().volumeCreate({"name": "v", "size": GiB, "replication": 3})
        sim.cluster.volume("v").tags["not a name"] = "x"
        with pytest.raises(spapi.ApiError) as caught:
            sim.api().volumesList()
        assert caught.value.name == "internalError"


@pytest.mark.parametrize("begin", [storpool_sim.in_process, storpool_sim.running])
def test_keywords_are_taken_by_the_names_they_had(begin, tmp_path):
    with begin(devDir=str(tmp_path / "dev"), devDelay=0.0, errorStatuses=False) as sim:
        sim.api().volumeCreate({"name": "v", "size": 1 << 20, "replication": 3})
        sim.api().volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
        assert (tmp_path / "dev" / "v").exists()
        with pytest.raises(spapi.ApiError) as caught:
            sim.api().volumeDelete("nope")
        assert caught.value.status == 200
    with (
        pytest.raises(TypeError, match="errorStatuses is the old name of error_statuses"),
        begin(errorStatuses=False, error_statuses=True),
    ):
        pass
    with pytest.raises(TypeError, match="unexpected keyword"), begin(errorStatus=False):
        pass
