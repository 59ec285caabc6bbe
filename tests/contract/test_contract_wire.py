"""What a cluster makes of requests as such: paths, tokens, bodies, statuses."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from ways import sender

from storpool import spapi

GiB = 1 << 30
BASE = "/ctrl/1.0/"


@pytest.fixture
def ask(send):
    """Sends a request below /ctrl/1.0/; gives the status and the reply."""

    def ask(method, path, body=None, **options):
        status, reply = send(method, path if path.startswith("/") else BASE + path, body, **options)
        return status, json.loads(reply)

    return ask


@pytest.fixture
def error(ask):
    """The status of a request that must fail, and the error's name."""

    def error(*args, **options):
        status, reply = ask(*args, **options)
        assert set(reply) == {"error"} and set(reply["error"]) == {"name", "descr", "transient"}
        assert reply["error"]["transient"] is False
        return status, reply["error"]["name"]

    return error


@pytest.fixture
def volume(api):
    api.volumeCreate({"name": "#v", "size": GiB, "replication": 3})
    return "#v"


def test_a_reply_has_a_generation_and_data_in_compact_json(sim, send):
    status, body = send("GET", BASE + "VolumesList")
    assert (status, body) == (200, b'{"generation":%d,"data":[]}' % sim.cluster.generation)


def test_a_change_tells_its_generation_twice(sim, ask, volume):
    before = sim.cluster.generation
    status, reply = ask("POST", "VolumeUpdate/#v", '{"tags":{"a":"b"}}')
    assert (status, reply) == (200, {"generation": before + 1, "data": {"ok": True, "generation": before + 1}})


@pytest.mark.parametrize("name", ["#v", "%23v", "%23%76"])
def test_names_come_raw_and_encoded(sim, ask, volume, name):
    status, reply = ask("GET", f"Volume/{name}")
    assert (status, reply["data"][0]["name"]) == (200, "#v")
    assert reply["generation"] == sim.cluster.generation


@pytest.mark.parametrize("prefix", ["RemoteCommand/sim/", "RemoteCommand/~nsim.b/MultiCluster/", "MultiCluster/"])
def test_prefixes_of_the_own_cluster(ask, volume, prefix):
    status, reply = ask("GET", f"{prefix}VolumesList")
    assert status == 200
    assert reply["data"][0].get("clusterName") == ("sim" if "MultiCluster" in prefix else None)


def test_another_cluster_is_not_there(error):
    assert error("GET", "RemoteCommand/other/VolumesList") == (404, "objectDoesNotExist")


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/ctrl/1.0",
        "/ctrl/1.0/",
        "/ctrl/2.0/VolumesList",
        "Nope",
        "Volume",
        "Volume/a/b",
        "VolumeCreate",
        "volumeslist",
        "VolumesList/",
        "MultiCluster/DisksList",
        "RemoteCommand/sim",
    ],
)
def test_paths_that_are_no_calls(error, path):
    assert error("GET", path) == (404, "unknownQuery")


def test_the_token_is_asked_for_first(error):
    assert error("GET", "VolumesList", token="wrong") == (401, "unauthorized")
    assert error("GET", "/nope", token="") == (401, "unauthorized")
    assert error("POST", "VolumeCreate", "{", token="") == (401, "unauthorized")


@pytest.mark.parametrize("body", ["{", "\xff\xfe", "[" * 100000])
def test_a_body_that_is_not_json(error, body):
    assert error("POST", "VolumeCreate", body) == (400, "invalidJSON")


@pytest.mark.parametrize("argument", ["%7B", "%FF", "nope"])
def test_an_argument_that_is_not_json(error, argument):
    assert error("GET", f"AllPeersActiveRequests?json={argument}") == (400, "invalidJSON")


def test_a_body_that_is_too_long(error):
    assert error("POST", "VolumeCreate", " " * ((16 << 20) + 1)) == (413, "bodyTooLarge")
    assert error("POST", "VolumeCreate", " " * (16 << 20)) == (400, "invalidParam")


@pytest.mark.parametrize("body", [None, "", "{}", "null"])
def test_a_body_may_be_missing(ask, error, volume, body):
    assert ask("POST", "VolumeSnapshot/#v", body)[0] == 200
    assert error("POST", "VolumeFreeze/#v", body) == (400, "invalidParam")  # a snapshot has no "#"
    assert ask("POST", "VolumeDelete/#v", body)[0] == 200


def test_the_argument_of_a_get(ask, error):
    argument = quote(json.dumps({"msecsTimeout": "100"}))
    assert ask("GET", f"AllPeersActiveRequests?json={argument}")[0] == 200
    assert error("GET", "AllPeersActiveRequests?json=%7B%22msecsTimeout%22:%22x%22%7D") == (400, "invalidParam")


def test_bad_values_are_refused_with_the_validators_words(ask, error):
    status, reply = ask("POST", "VolumeCreate", '{"name": "a b", "size": 1}')
    assert (status, reply["error"]["name"]) == (400, "invalidParam")
    assert "a b" in reply["error"]["descr"]
    assert error("GET", "DiskDescribe/4096") == (400, "invalidParam")
    assert error("POST", "VolumesReassign", '{"volume": "v"}') == (400, "invalidParam")


def test_numbers_may_come_as_strings(ask, volume):
    assert ask("POST", "VolumesReassignWait", '{"reassign":[{"volume":"#v","rw":["1"]}]}')[0] == 200
    assert ask("POST", "VolumesReassignWait", '{"reassign":[{"volume":"#v","detach":["1"]}]}')[0] == 200
    assert ask("POST", "VolumeUpdate/#v", '{"size":"2147483648"}')[0] == 200
    assert ask("GET", "Volume/#v")[1]["data"][0]["size"] == 2 * GiB
    assert ask("POST", "PlacementGroupUpdate/g", '{"addDisks":["101"]}')[0] == 200


def test_errors_come_with_200_on_demand(way, refused):
    with way(error_statuses=False) as sim:
        status, body = sender(sim)("GET", BASE + "Volume/nope")
        assert (status, json.loads(body)["error"]["name"]) == (200, "objectDoesNotExist")
        refused("objectDoesNotExist", sim.api().volumeList, "nope")


def test_requests_are_remembered(sim, api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    with pytest.raises(spapi.ApiError):
        api.volumeDelete("nope")
    made, failed = sim.requests
    assert (made.method, made.target, made.status, made.call) == ("POST", "/ctrl/1.0/VolumeCreate", 200, "volumeCreate")
    assert json.loads(made.body)["name"] == "v" and json.loads(made.reply)["data"]["ok"]
    assert (failed.call, failed.error) == ("volumeDelete", "objectDoesNotExist")
    assert "objectDoesNotExist" in failed.line()
