"""The simulated cluster as a server; what it makes of requests as such, `tests/contract` holds it to."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from pathlib import Path

import pytest

import storpool_sim
from storpool.spapi.call import CALLS
from storpool_sim.calls.registry import HANDLERS
from storpool_sim.cluster.defaults import TOKEN
from storpool_sim.service import raw_http, server

GiB = 1 << 30


def test_what_is_not_simulated_says_so(api, refused, monkeypatch):
    monkeypatch.delitem(HANDLERS, "vagList")
    refused("notSimulated", api.vagList, 1)


def test_handlers_are_named_like_calls():
    assert set(HANDLERS) <= set(CALLS)


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


def resident(process):
    """The memory of a process, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10


def connect(served):
    host, port = served.address[len("http://") :].split(":")
    return socket.create_connection((host, int(port)), timeout=60)


@pytest.mark.parametrize("token", [TOKEN, "wrong"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_requests_with_large_bodies_are_not_kept(serve, token):
    served = serve()
    served.control("status")
    before = resident(served.process)
    body = b" " * (15 << 20)
    for _ in range(12):
        connection = http.client.HTTPConnection(*served.address[len("http://") :].split(":"), timeout=60)
        # Whose token is wrong may not be let send all of it.
        with contextlib.suppress(OSError):
            connection.request("POST", "/ctrl/1.0/VolumeCreate", body, {"Authorization": f"Storpool v1:{token}"})
            name = json.loads(connection.getresponse().read())["error"]["name"]
            assert name == ("invalidParam" if token == TOKEN else "unauthorized")
        connection.close()
    assert resident(served.process) - before < 80 << 20
    assert served.api().volumesList() == []


def test_bodies_without_the_token_are_not_read(sim):
    with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
        sock.sendall(b"POST /ctrl/1.0/VolumeCreate HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 401 ")
    assert sim.requests[-1].error == "unauthorized"


def test_idle_and_slow_clients_do_not_keep_others_out(serve):
    # More connections than there can be files.
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))\n"
    served = serve(before=limited)
    idle = []
    for number in range(200):
        sock = connect(served)
        if number % 2:
            sock.sendall(b"GET /ctrl/1.0/VolumesList HTTP/1.1\r\nHos")
        idle.append(sock)
    try:
        api = served.api(transientRetries=0)
        for _ in range(5):
            assert api.volumesList() == []
        api.close()
    finally:
        for sock in idle:
            sock.close()


def test_a_connection_that_stays_idle_is_closed(monkeypatch):
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    with storpool_sim.running() as sim:
        for sent in (b"", b"GET / HT", b"GET /sim/1.0/clock HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
            with socket.create_connection((sim.host, sim.port), timeout=30) as sock:
                sock.sendall(sent)
                received = b"".join(iter(lambda: sock.recv(65536), b""))  # until it is closed
                assert received.startswith(b"HTTP/1.1 200" if sent.endswith(b"\r\n\r\n") else b"")


def test_a_body_that_stops_coming_is_given_up(monkeypatch):
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)
    with storpool_sim.running() as sim, socket.create_connection((sim.host, sim.port), timeout=30) as sock:
        request = f"POST /ctrl/1.0/VolumeCreate HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:{sim.token}\r\n"
        sock.sendall(request.encode() + b"Content-Length: 100\r\n\r\n{")
        assert sock.recv(100).startswith(b"HTTP/1.1 408 ")
        assert sim.api().volumesList() == []


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such limit")
def test_a_client_that_does_not_read_is_given_up(monkeypatch):
    monkeypatch.setattr(raw_http, "SENDING_SECONDS", 0.5)
    with storpool_sim.running(clock=storpool_sim.ManualClock()) as sim:
        for number in range(50):
            tags = {f"t{index}": "x" * 199 for index in range(999)}
            sim.api().volumeCreate({"name": f"v{number}", "size": 2**20, "replication": 3, "tags": tags})
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(60)
        sock.connect((sim.host, sim.port))
        path = "/ctrl/1.0/VolumesList"
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:{sim.token}\r\n\r\n".encode())
        deadline = time.monotonic() + 60
        while not any(one.target == path for one in sim.requests):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        whole = len(sim.requests[-1].reply)
        assert whole > 8 << 20
        time.sleep(4)
        received = 0
        with contextlib.suppress(ConnectionError):
            while True:
                piece = sock.recv(1 << 20)
                received += len(piece)
                if not piece:
                    break
        sock.close()
        assert received < whole


def test_pipelined_requests_are_not_piled_up(serve):
    served = serve()
    served.control("status")
    before = resident(served.process)
    request = f"GET /ctrl/1.0/VolumesList HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:{TOKEN}\r\n\r\n".encode()
    with connect(served) as sock:
        sock.settimeout(0.5)
        with contextlib.suppress(OSError):
            for _ in range(2000):
                sock.sendall(request * 100)
    assert served.api().volumesList() == []
    assert resident(served.process) - before < 60 << 20


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /sim/1.0/disks/%s/down HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Storpool v1:%s\r\n\r\n",
        b"GET /ctrl/1.0/Disk%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX: %s\r\n\r\n",
    ],
)
def test_what_is_long_and_senseless_is_no_mistake_of_ours(serve, sent):
    served = serve()
    with connect(served) as sock:
        sock.sendall(sent % (b"7" * 5000, TOKEN.encode()))
        assert sock.recv(100).split()[1] in (b"400", b"401")
    served.stop()
    assert not [line for line in served.log if "Traceback" in line or len(line) > 600]


@pytest.mark.parametrize(
    "form", ["http://storage.example:81/ctrl/1.0/VolumesList", "HTTP://x/ctrl/1.0/VolumesList?a=b"]
)
def test_targets_may_come_in_absolute_form(sim, form):
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    connection.putrequest("GET", form)
    connection.putheader("Authorization", f"Storpool v1:{sim.token}")
    connection.endheaders()
    reply = connection.getresponse()
    assert (reply.status, json.loads(reply.read())["data"]) == (200, [])
    connection.close()
