"""The control URL, as programs of any language use it."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.request

import pytest

import storpool_sim
from storpool import spapi

GiB = 1 << 30


@pytest.fixture
def control(sim):
    """Makes a request to the control URL; gives the data of the reply, or the name of the error."""

    def make(method, path, body=None, token=sim.token):
        request = urllib.request.Request(
            f"http://{sim.host}:{sim.port}/sim/1.0/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Storpool v1:{token}"} if token else {},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as exc:
            return json.load(exc)["error"]["name"]

    return make


@pytest.fixture
def volume(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
    return "v"


def test_it_lists_what_there_is(control):
    listed = control("GET", "")
    assert {"method": "POST", "path": "/sim/1.0/disks/{id}/down", "about": "Let a disk fail."} in listed
    assert all(one["about"].endswith(".") for one in listed)


def test_changing_anything_takes_the_token(sim, control, api):
    assert control("POST", "disks/101/down", {}, token="") == "unauthorized"
    assert control("DELETE", "faults", token="wrong") == "unauthorized"
    assert api.disksList()[101].up
    assert control("GET", "clock", token="")["manual"]


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("GET", "nope", None, "unknownQuery"),
        ("GET", "disks/101/down", None, "unknownQuery"),
        ("PATCH", "faults", {}, "unknownQuery"),
        ("POST", "disks/x/down", {}, "invalidParam"),
        ("POST", "disks/999/down", {}, "objectDoesNotExist"),
        ("POST", "disks/101/down?cluster=nope", {}, "objectDoesNotExist"),
        ("POST", "disks/101/down", [], "invalidParam"),
        ("POST", "faults", {"kind": "nope"}, "invalidParam"),
        ("POST", "faults", {"kind": "reset", "probability": "often"}, "invalidParam"),
        ("POST", "faults", {"kind": "reset", "sometimes": True}, "invalidParam"),
        ("POST", "faults", {}, "invalidParam"),
        ("POST", "faults", {"error": "busy", "calls": ["nope"]}, "invalidParam"),
        ("POST", "disks/101/down", {"sometimes": True}, "invalidParam"),
        ("POST", f"disks/{'1' * 5000}/down", {}, "invalidParam"),
        ("POST", "clients/1/delay", {"seconds": 10**400}, "invalidParam"),
        ("POST", "volumes/v/write", {"size": 10**4000}, "invalidParam"),
        ("GET", f"status?limit={'1' * 5000}", None, "invalidParam"),
        ("POST", "clock", {"advance": -1}, "invalidParam"),
        ("POST", "clock", {"advance": "1"}, "invalidParam"),
        ("POST", "fill", {"fraction": 2}, "invalidParam"),
        ("POST", "volumes/v/open", {"client": 1}, "objectDoesNotExist"),
        ("GET", "status?limit=x", None, "invalidParam"),
    ],
)
def test_what_makes_no_sense_is_refused(control, method, path, body, name):
    assert control(method, path, body) == name


def test_a_disk_goes_down_and_comes_back(control, api):
    control("POST", "disks/101/down", {})
    assert not api.disksList()[101].up
    control("POST", "disks/101/up", {})
    assert api.disksList()[101].up


def test_services_go_down_and_come_back(control, api):
    for kind, listed in (("servers", "servers"), ("clients", "clients"), ("nodes", "servers")):
        control("POST", f"{kind}/2/down", {})
        assert getattr(api.servicesList(), listed)[2].status == "down"
        control("POST", f"{kind}/2/up", {})
        assert getattr(api.servicesList(), listed)[2].status == "running"


def test_a_full_cluster_takes_no_more(control, api, refused):
    control("POST", "fill", {"fraction": 1})
    refused("insufficientResources", api.volumeCreate, {"name": "v", "size": GiB, "replication": 3})
    control("POST", "fill", {"fraction": 0})
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})


def test_an_open_volume_is_busy(control, api, volume, refused):
    detach = {"reassign": [{"volume": "v", "detach": [1]}]}
    control("POST", "volumes/v/open", {"client": 1})
    assert "is open at client 1" in refused("busy", api.volumesReassignWait, detach)
    control("POST", "volumes/v/close", {"client": 1})
    api.volumesReassignWait(detach)


def test_programs_write(control, api, volume):
    control("POST", "volumes/v/write", {"size": 4096})
    assert api.volumesSpace()[0].storedSize == 4096


def test_time_moves(control, api, clock):
    before = clock.now()
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})
    api.snapshotCreate("v", {"name": "s", "deleteAfter": 60})
    assert control("POST", "clock", {"advance": 70}) == {"now": before + 70, "manual": True}
    assert [one.name for one in api.snapshotsList()] == ["*s"]


def test_a_clock_that_goes_cannot_be_moved():
    with storpool_sim.running() as sim:
        request = urllib.request.Request(
            f"http://{sim.host}:{sim.port}/sim/1.0/clock",
            b'{"advance": 1}',
            {"Authorization": f"Storpool v1:{sim.token}"},
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        with caught.value as reply:
            assert "goes by itself" in json.load(reply)["error"]["descr"]


def test_faults_come_and_go(sim, control):
    api = sim.api(transientRetries=0)
    listed = control("POST", "faults", {"kind": "transient", "times": 1})
    assert [(one["kind"], one["times"]) for one in listed] == [("transient", 1)]
    with pytest.raises(spapi.ApiError):
        api.volumesList()
    assert api.volumesList() == []
    control("POST", "faults", {"error": "busy", "descr": "in use", "calls": ["volumesList"], "times": 1, "seed": 3})
    with pytest.raises(spapi.ApiError, match="in use"):
        api.volumesList()
    control("POST", "faults", {"kind": "transient"})
    assert control("DELETE", "faults") == []
    assert api.volumesList() == []


def test_the_same_seed_brings_the_same_faults(sim, control):
    def outcomes(seed):
        control("DELETE", "faults")
        control("POST", "faults", {"kind": "transient", "probability": 0.5, "seed": seed})
        del sim.requests[:]
        for _ in range(30):
            with contextlib.suppress(spapi.ApiError):
                sim.api(transientRetries=0).volumesList()
        return [one.error for one in sim.requests]

    first = outcomes(1)
    assert set(first) == {"", "transientFault"}
    assert outcomes(1) == first != outcomes(2)


def test_faults_are_not_met_by_the_control_url(sim, control):
    sim.faults.add("reset")
    assert control("GET", "faults")[0]["kind"] == "reset"


def test_it_is_about_any_of_the_clusters():
    west, far = storpool_sim.Cluster(name="west", clusterId="w.a"), storpool_sim.Cluster(name="far", clusterId="f.a")
    storpool_sim.connect(west, far)
    with storpool_sim.running(cluster=west) as sim:
        request = urllib.request.Request(
            f"http://{sim.host}:{sim.port}/sim/1.0/disks/101/down?cluster=far",
            b"",
            {"Authorization": f"Storpool v1:{sim.token}"},
        )
        urllib.request.urlopen(request, timeout=10).close()
        assert sim.api().disksList()[101].up
        assert not sim.api().disksList(clusterName="far")[101].up


def test_the_status_tells_of_everything(control, api, volume):
    api.snapshotCreate("v", {"name": "s", "tags": {"a": "b"}})
    control("POST", "disks/101/down", {})
    status = control("GET", "status")
    assert (status["volumes"]["count"], status["volumes"]["list"][0]["parent"]) == (1, "s")
    assert status["snapshots"]["list"][0]["tags"] == {"a": "b"}
    assert status["attachments"]["list"] == [{"volume": "v", "snapshot": False, "client": 1, "rights": "rw"}]
    assert [one["id"] for one in status["disks"] if not one["up"]] == [101]
    assert {one["kind"] for one in status["services"]} == {"mgmt", "server", "client", "bridge", "iscsi"}
    assert status["requests"][0]["target"] == "/ctrl/1.0/VolumeSnapshot/v"
    assert control("GET", "status?find=nope")["volumes"] == {"count": 0, "list": []}
    assert control("GET", "status?limit=0")["volumes"] == {"count": 1, "list": []}


@pytest.fixture
def browse(sim):
    """Makes a request as a browser would, without the token; gives its status and its error's name."""

    def make(path, method="GET", **headers):
        connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
        given = {"Host": f"127.0.0.1:{sim.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, headers=given)
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert reply.status == 403 or reply.headers["X-Content-Type-Options"] == "nosniff"
        return reply.status, json.loads(body)["error"]["name"] if reply.status >= 400 else ""

    return make


PATHS = ["/", "/sim/page.js", "/sim/page.css", "/sim/1.0/status", "/sim/1.0/", "/sim/1.0/faults"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.9.9.9:80", 200), ("[::1]:8000", 200), ("localhost:1", 200), ("LOCALHOST.", 200),
        ("evil.example", 403), ("evil.example:80", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil", 403),
        ("10.0.0.1", 403), ("", 403), ("127.0.0.1@evil", 403), ("[::1", 403), ("127.0.0.1:80:80", 403),
        ("2130706433", 403),
    ],
)  # fmt: skip
def test_only_names_of_this_server_are_answered(browse, path, host, status):
    assert browse(path, Host=host) == (status, "forbidden" if status == 403 else "")


def test_another_name_can_be_allowed():
    with storpool_sim.running(host="localhost", allow_hosts=["Lab.example"]) as sim:
        for host, status in (("lab.example:80", 200), ("other.example", 403)):
            connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
            connection.request("GET", "/sim/1.0/status", headers={"Host": host})
            assert connection.getresponse().status == status
            connection.close()


def test_the_api_is_answered_under_any_name(sim):
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    headers = {"Host": "storage.example", "Authorization": f"Storpool v1:{sim.token}"}
    connection.request("GET", "/ctrl/1.0/VolumesList", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
)
def test_pages_of_other_origins_are_not_answered(browse, path, headers):
    assert browse(path, **headers) == (403, "forbidden")


def test_the_page_may_be_opened_from_anywhere_and_asks_for_its_own(sim, browse):
    opened = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert browse("/", **opened) == (200, "")
    assert browse("/sim/1.0/status", **opened) == (403, "forbidden")
    own = {"Sec_Fetch_Site": "same-origin", "Origin": f"http://127.0.0.1:{sim.port}"}
    for path in PATHS:
        assert browse(path, **own) == (200, "")


def test_pages_of_other_origins_change_nothing(sim, api, browse):
    # A form can send this without asking anybody; what it cannot send is the token.
    status, name = browse("/sim/1.0/disks/101/down", "POST", Content_Type="text/plain")
    assert (status, name) == (401, "unauthorized")
    assert browse("/sim/1.0/disks/101/down", "OPTIONS", Origin="http://evil.example")[0] == 403
    assert api.disksList()[101].up
