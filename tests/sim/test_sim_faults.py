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
from storpool_sim.faults import parse


@pytest.fixture
def api(sim):
    return sim.api(transientSleep=lambda attempt: 0.05)


@pytest.fixture
def impatient(sim):
    return sim.api(transientRetries=0)


def raw(sim, path="/ctrl/1.0/VolumesList"):
    """Everything that the server sends for one request."""
    with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:{sim.token}\r\n\r\n".encode())
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
    with storpool_sim.running(oldHTTP=True) as sim:
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
