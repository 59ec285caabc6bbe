"""What the simulated cluster makes of requests as such, over plain sockets."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import quote

import pytest

import storpool_sim
from storpool import spapi
from storpool.spapi.call import CALLS
from storpool_sim.handlers import HANDLERS

GiB = 1 << 30


def ask(sim, method, path, body=None, token=None):
    """Send one request as it is, and read the reply to the end of the connection."""
    with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
        data = b"" if body is None else body
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n"
            f"Authorization: Storpool v1:{sim.token if token is None else token}\r\n\r\n"
        )
        sock.sendall(head.encode() + data)
        response = http.client.HTTPResponse(sock)
        response.begin()
        return response.status, json.loads(response.read())


def error(answer):
    status, reply = answer
    return status, reply["error"]["name"]


@pytest.fixture
def volume(sim):
    sim.api().volumeCreate({"name": "#v", "size": GiB, "replication": 3})
    return "#v"


@pytest.mark.parametrize("name", ["#v", "%23v", "%23%76"])
def test_names_come_raw_and_encoded(sim, volume, name):
    status, reply = ask(sim, "GET", f"/ctrl/1.0/Volume/{name}")
    assert status == 200
    assert reply["data"][0]["name"] == "#v"
    assert reply["generation"] == sim.cluster.generation


@pytest.mark.parametrize("prefix", ["RemoteCommand/sim/", "RemoteCommand/~nsim.b/MultiCluster/", "MultiCluster/"])
def test_prefixes_of_the_own_cluster(sim, volume, prefix):
    status, reply = ask(sim, "GET", f"/ctrl/1.0/{prefix}VolumesList")
    assert status == 200
    assert reply["data"][0].get("clusterName") == ("sim" if "MultiCluster" in prefix else None)


def test_another_cluster_is_not_there(sim):
    assert error(ask(sim, "GET", "/ctrl/1.0/RemoteCommand/other/VolumesList")) == (404, "objectDoesNotExist")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ctrl/1.0",
        "/ctrl/1.0/",
        "/ctrl/2.0/VolumesList",
        "/ctrl/1.0/Nope",
        "/ctrl/1.0/Volume",
        "/ctrl/1.0/Volume/a/b",
        "/ctrl/1.0/VolumeCreate",
        "/ctrl/1.0/MultiCluster/DisksList",
        "/ctrl/1.0/RemoteCommand/sim",
    ],
)
def test_paths_that_are_no_calls(sim, path):
    assert error(ask(sim, "GET", path)) == (404, "unknownQuery")


def test_the_token_is_asked_for_first(sim):
    assert error(ask(sim, "GET", "/ctrl/1.0/VolumesList", token="wrong")) == (401, "unauthorized")
    assert error(ask(sim, "GET", "/nope", token="")) == (401, "unauthorized")


def test_a_body_that_is_not_json(sim):
    for body in (b"{", b"\xff\xfe", b"[" * 100000):
        assert error(ask(sim, "POST", "/ctrl/1.0/VolumeCreate", body)) == (400, "invalidJSON")
    assert error(ask(sim, "GET", "/ctrl/1.0/AllPeersActiveRequests?json=%7B")) == (400, "invalidJSON")


def test_a_body_that_is_too_long(sim):
    assert error(ask(sim, "POST", "/ctrl/1.0/VolumeCreate", b" " * ((16 << 20) + 1))) == (413, "bodyTooLarge")
    assert error(ask(sim, "POST", "/ctrl/1.0/VolumeCreate", b" " * (16 << 20))) == (400, "invalidParam")


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null"])
def test_a_body_may_be_missing(sim, volume, body):
    assert ask(sim, "POST", "/ctrl/1.0/VolumeSnapshot/#v", body)[0] == 200
    assert ask(sim, "POST", "/ctrl/1.0/VolumeFreeze/#v", body)[0] == 400  # a snapshot has no "#"
    assert ask(sim, "POST", "/ctrl/1.0/VolumeDelete/#v", body)[0] == 200


def test_the_argument_of_a_get(sim):
    argument = quote(json.dumps({"msecsTimeout": "100"}))
    assert ask(sim, "GET", f"/ctrl/1.0/AllPeersActiveRequests?json={argument}")[0] == 200
    assert error(ask(sim, "GET", "/ctrl/1.0/AllPeersActiveRequests?json=%7B%22msecsTimeout%22:%22x%22%7D")) == (
        400,
        "invalidParam",
    )


def test_bad_values_are_refused_with_the_validators_words(sim):
    status, reply = ask(sim, "POST", "/ctrl/1.0/VolumeCreate", b'{"name": "a b", "size": 1}')
    assert (status, reply["error"]["name"], reply["error"]["transient"]) == (400, "invalidParam", False)
    assert "a b" in reply["error"]["descr"]
    assert error(ask(sim, "GET", "/ctrl/1.0/DiskDescribe/4096")) == (400, "invalidParam")
    assert error(ask(sim, "POST", "/ctrl/1.0/VolumesReassign", b'{"volume": "v"}')) == (400, "invalidParam")


def test_what_is_not_simulated_says_so(sim):
    assert error(ask(sim, "GET", "/ctrl/1.0/VagList/1")) == (501, "notSimulated")


def test_errors_come_with_200_on_demand(refused):
    with storpool_sim.running(errorStatuses=False) as sim:
        assert error(ask(sim, "GET", "/ctrl/1.0/Volume/nope")) == (200, "objectDoesNotExist")
        refused("objectDoesNotExist", sim.api().volumeList, "nope")


def test_handlers_are_named_like_calls():
    assert set(HANDLERS) <= set(CALLS)


def test_requests_are_recorded(sim, api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    with pytest.raises(spapi.ApiError):
        api.volumeDelete("nope")
    made, failed = sim.requests
    assert (made.method, made.target, made.status, made.call) == ("POST", "/ctrl/1.0/VolumeCreate", 200, "volumeCreate")
    assert json.loads(made.body)["name"] == "v" and json.loads(made.reply)["data"]["ok"]
    assert (failed.call, failed.error) == ("volumeDelete", "objectDoesNotExist")
    assert "objectDoesNotExist" in failed.line()


def test_a_connection_serves_many_requests(sim):
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/ctrl/1.0/VolumesList", headers={"Authorization": f"Storpool v1:{sim.token}"})
        assert json.loads(connection.getresponse().read())["data"] == []
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_two_clusters_run_side_by_side():
    with storpool_sim.running() as one, storpool_sim.running() as other:
        one.api().volumeCreate({"name": "v", "size": GiB, "replication": 3})
        assert other.api().volumesList() == []


def test_a_taken_port_is_an_error(sim):
    with pytest.raises(OSError, match=str(sim.port)), storpool_sim.running(port=sim.port):
        pass


def test_a_stopped_cluster_answers_no_more(refused):
    with storpool_sim.running() as sim:
        api = sim.api(transientRetries=0)
        api.volumesList()
    with pytest.raises(ConnectionRefusedError):
        api.volumesList()
