"""Faults on demand, met by the bindings and by plain sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time

import pytest

import storpool_sim
from storpool import spapi
from storpool_sim.service.faults import Faults, parse


@pytest.fixture
def api(sim):
    return sim.api(transientSleep=lambda attempt: 0.05)


@pytest.fixture
def impatient(sim):
    return sim.api(transientRetries=0)


def raw(sim, path="/ctrl/1.0/VolumesList"):
    """Everything that the server sends for one request."""
    with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Storpool v1:{sim.token}\r\n\r\n"
        sock.sendall(head.encode())
        received = b""
        while True:
            piece = sock.recv(65536)
            if not piece:
                return received
            received += piece


def test_transient_errors_are_got_over(sim, api, impatient):
    sim.faults.add("transient", times=2)
    assert api.volumesList() == []
    sim.faults.add("transient", times=1)
    with pytest.raises(spapi.ApiError) as caught:
        impatient.volumesList()
    assert (caught.value.name, caught.value.transient, caught.value.status) == ("transientFault", True, 503)


def test_a_fault_may_be_for_one_query_only(sim, impatient):
    sim.faults.add("transient", on="DisksList")
    assert impatient.volumesList() == []
    with pytest.raises(spapi.ApiError):
        impatient.disksList()
    sim.faults.clear()
    assert impatient.disksList()


def test_answers_come_late(sim, impatient):
    sim.faults.add("latency", seconds=0.02)
    begun = time.monotonic()
    for _ in range(20):
        impatient.volumesList()
    assert time.monotonic() - begun > 0.1


def test_connections_are_reset_before_anything_is_done(sim, api, impatient):
    sim.faults.add("reset", times=1)
    with pytest.raises(ConnectionResetError):
        impatient.kvsCreate("b")
    assert impatient.kvsBuckets().buckets == {}
    sim.faults.add("reset", times=2)
    api.kvsCreate("b")
    assert set(impatient.kvsBuckets().buckets) == {"b"}


def test_an_answer_is_lost_after_the_request_is_done(sim, api):
    sim.faults.add("lost", times=1)
    with pytest.raises(spapi.ApiError) as caught:
        api.kvsCreate("b")  # the second try finds what the first has made
    assert caught.value.name == "objectExists"


def test_a_half_closed_connection_has_no_answer(sim):
    sim.faults.add("half-closed", seconds=0.1)
    assert raw(sim) == b""


def test_half_an_answer_arrives(sim, api):
    sim.faults.add("truncated", times=1)
    head, _, body = raw(sim).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert 0 < len(body) < int(head.partition(b"Content-Length: ")[2].split()[0])
    sim.faults.add("truncated", times=1)
    assert api.volumesList() == []


def test_garbage_arrives(sim, impatient):
    sim.faults.add("garbage", times=1)
    with pytest.raises(spapi.ApiError) as caught:
        impatient.volumesList()
    assert "It works!" in str(caught.value.desc)


def test_connections_are_refused_for_a_while(sim, api, impatient):
    sim.faults.add("refused", times=1, seconds=0.3)
    with pytest.raises(ConnectionResetError):
        impatient.volumesList()
    with pytest.raises(ConnectionRefusedError):
        impatient.volumesList()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):
            assert impatient.volumesList() == []
            return
        time.sleep(0.05)
    pytest.fail("it did not come back")


def test_the_same_seed_brings_the_same_faults():
    def outcomes(seed):
        with storpool_sim.running(seed=seed) as sim:
            sim.faults.add("transient", probability=0.5)
            for _ in range(30):
                with contextlib.suppress(spapi.ApiError):
                    sim.api(transientRetries=0).volumesList()
            return [one.error for one in sim.requests]

    first = outcomes(1)
    assert set(first) == {"", "transientFault"}
    assert outcomes(1) == first != outcomes(2)


def test_the_old_way_is_http_1_0_and_one_request_a_connection():
    with storpool_sim.running(old_http=True) as sim:
        head, _, body = raw(sim).partition(b"\r\n\r\n")
        assert head.split(b"\r\n")[0] == b"HTTP/1.0 200 OK"
        assert b"Connection: close" in head and json.loads(body)["data"] == []
        api = sim.api()
        assert api.volumesList() == api.volumesList() == []
        assert len(sim.requests) == 3


def test_faults_are_described_on_the_command_line():
    fault = parse("latency:0.5:2:VolumeCreate")
    assert (fault.kind, fault.probability, fault.seconds, fault.on) == ("latency", 0.5, 2.0, "VolumeCreate")
    for text in ("nope", "reset:2", "reset:x", "latency:1:-1"):
        with pytest.raises(ValueError, match=r".+"):
            parse(text)


def test_a_cluster_is_started_with_faults():
    command = [sys.executable, "-m", "storpool_sim", "serve", "--fault", "transient", "--seed", "3", "--http10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/ctrl/1.0/VolumesList")
            response = connection.getresponse()
            assert (response.version, response.status) == (10, 503)
            assert json.loads(response.read())["error"]["transient"]
            connection.close()
        finally:
            process.terminate()
    assert process.returncode == 0


def test_a_failover_passes(sim, api, impatient):
    sim.faults.add("failover", seconds=0.3, times=1)
    for _ in range(3):
        with pytest.raises(spapi.ApiError) as caught:
            impatient.volumesList()
        assert caught.value.transient
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(spapi.ApiError):
            assert impatient.volumesList() == []
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sim.faults.add("failover", seconds=0.2, times=1)
    assert api.volumesList() == []  # who tries again notices nothing


def test_a_failover_may_reset_all_connections(sim, impatient):
    idle = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    idle.request("GET", "/ctrl/1.0/VolumesList")
    idle.getresponse().read()
    sim.faults.add("failover", seconds=0.2, times=1, resets=True)
    with pytest.raises(ConnectionResetError):
        impatient.volumesList()
    with pytest.raises(ConnectionResetError):
        idle.sock.recv(1)
    idle.close()
    with pytest.raises(spapi.ApiError):
        impatient.volumesList()


@pytest.mark.parametrize("distribution", ["fixed", "exponential", "uniform", "lognormal"])
def test_delays_are_as_long_on_average_as_asked_for(distribution):
    faults = Faults(seed=3)
    faults.add("latency", seconds=2.0, distribution=distribution)
    delays = [faults.meet("GET", "/ctrl/1.0/VolumesList").delay for _ in range(20_000)]
    assert sum(delays) / len(delays) == pytest.approx(2.0, rel=0.05)
    assert min(delays) >= 0
    spread = {"fixed": 1, "uniform": 2}.get(distribution, 5)
    assert spread * 2.0 * 0.99 < max(delays) < spread * 2.0 * (1.01 if spread < 5 else 20)


def test_fields_are_missing(sim, impatient):
    impatient.volumeCreate({"name": "v", "size": 2**30, "replication": 3})
    sim.faults.add("missing", field="size", times=1)
    assert [one.size for one in impatient.volumesList()] == [None]
    assert [one.size for one in impatient.volumesList()] == [2**30]
    whole = json.loads(raw(sim, "/ctrl/1.0/DisksList").partition(b"\r\n\r\n")[2])["data"]
    sim.faults.add("missing")
    for _ in range(20):
        some = json.loads(raw(sim, "/ctrl/1.0/DisksList").partition(b"\r\n\r\n")[2])["data"]
        # All disks are there: only fields of objects go.
        assert some.keys() == whole.keys()
        assert sum(map(len, some.values())) in (sum(map(len, whole.values())) - 1, sum(map(len, whole.values())))


def test_fields_of_tomorrow_do_not_matter(sim, impatient):
    impatient.volumeCreate({"name": "v", "size": 2**30, "replication": 3})
    sim.faults.add("unknown")
    answer = raw(sim, "/ctrl/1.0/VolumesList")
    assert b'"fieldOfTomorrow":' in answer
    for call in (impatient.volumesList, impatient.disksList, impatient.servicesList, impatient.iSCSIConfig):
        assert call()
    sim.faults.clear()
    sim.faults.add("unknown", field="color")
    assert b'"color":' in raw(sim)


def test_errors_keep_their_form(sim, impatient, refused):
    sim.faults.add("missing")
    refused("objectDoesNotExist", impatient.volumeList, "nope")


def test_the_same_seed_spoils_the_same_fields():
    def answers(seed):
        with storpool_sim.running(seed=seed, clock=storpool_sim.ManualClock()) as sim:
            sim.faults.add("missing", probability=0.7)
            return [raw(sim, "/ctrl/1.0/DisksList").partition(b"\r\n\r\n")[2] for _ in range(10)]

    first = answers(1)
    assert len(set(first)) > 3
    assert answers(1) == first != answers(2)


def test_each_part_of_a_description_is_checked():
    fault = parse("latency:seconds=0.2:distribution=lognormal:times=3")
    assert (fault.probability, fault.seconds, fault.distribution, fault.times) == (1.0, 0.2, "lognormal", 3)
    assert parse("failover:resets=true").resets is True
    for text, reason in (
        ("latency:distribution=normal", "distribution: 'normal' is not one of"),
        ("reset:times=x", "times: 'x' is not an integer"),
        ("reset:times=-1", "times: '-1' is not an integer from 0"),
        ("reset:probability=nan", "probability: nan is not a number from 0 to 1"),
        ("failover:resets=maybe", "resets: 'maybe' is not one of True, False"),
        ("reset:1:1:Query:more", "too many parts: 'more'"),
    ):
        with pytest.raises(ValueError, match=reason):
            parse(text)
