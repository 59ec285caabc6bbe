"""What HTTP asks of the simulated cluster, beside the API's own rules."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading

import pytest

from storpool import spapi, spconfig
from storpool_os import AttachDB
from storpool_sim.service.messages import Exchange

GiB = 1 << 30


@pytest.fixture
def connection(sim):
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
    yield connection
    connection.close()


def ask(connection, sim, method, path="/ctrl/1.0/VolumesList", body=None, **headers):
    connection.request(method, path, body, {"Authorization": f"Storpool v1:{sim.token}", **headers})
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_told_which_there_are(connection, sim, method):
    response, body = ask(connection, sim, method, body=b"{}")
    assert (response.status, response.getheader("Allow")) == (405, "GET, POST")
    assert json.loads(body)["error"]["name"] == "unknownMethod"
    # The connection goes on.
    assert ask(connection, sim, "GET")[0].status == 200


def test_a_head_has_no_body(connection, sim):
    response, body = ask(connection, sim, "HEAD")
    assert (response.status, body) == (405, b"")
    assert int(response.getheader("Content-Length")) > 0
    assert ask(connection, sim, "GET")[0].status == 200
    assert ask(connection, sim, "HEAD", "/")[0].status == 200


def test_a_body_may_come_in_chunks_and_after_being_asked_for(connection, sim):
    body = (piece for piece in (b'{"name": "v", "size": 512,', b'"replication": 3}'))
    response, _ = ask(connection, sim, "POST", "/ctrl/1.0/VolumeCreate", body)
    assert response.status == 200
    with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
        data = b'{"name": "w", "size": 512, "replication": 3}'
        sock.sendall(
            b"POST /ctrl/1.0/VolumeCreate HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
            b"Authorization: Storpool v1:%s\r\nContent-Length: %d\r\n\r\n" % (sim.token.encode(), len(data))
        )
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(data)
        assert sock.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_what_is_no_http_harms_nobody(sim, api):
    for sent in (b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"x" * 100_000):
        with socket.create_connection((sim.host, sim.port), timeout=10) as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
    assert api.volumesList() == []


def test_many_clients_at_once_lose_nothing(sim):
    failed = []

    def work(number):
        try:
            with_api = sim.api(transientRetries=0)
            for index in range(20):
                with_api.volumeCreate({"name": f"v{number}-{index}", "size": GiB, "replication": 3})
                assert with_api.volumeList(f"v{number}-{index}")[0].size == GiB
                with_api.kvsUpdate("b", {"set": {f"{number}-{index}": "x"}})
        except Exception as exc:
            failed.append(exc)

    sim.api().kvsCreate("b")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(sim.api().volumesList()) == len(sim.api().kvsList("b").pairs) == 160
    assert len({one.globalId for one in sim.api().volumesList()}) == 160


def test_the_configuration_finds_the_cluster(sim, tmp_path):
    assert spapi.Api.fromConfig(sim.config).volumesList() == []
    config = spconfig.SPConfig(override_config=sim.config)
    assert spapi.Api.fromConfig(config).volumesList() == []
    attachments = AttachDB(logging.getLogger("test"), str(tmp_path / "attach.json"), override_config=sim.config)
    assert (attachments.api().volumesList(), attachments.client()) == ([], 1)


def test_a_log_line_stays_one_line():
    target = "/a\x1b[31m\nb" + "x" * 1000
    line = Exchange("GET", target, b"", 404, b"", "", "unknownQuery", 0.0015).line()
    assert line.startswith("GET  /a\\x1b[31m\\nbxxx") and line.endswith("xxx... -> 404 unknownQuery (1.5 ms)")
    assert len(line) < 400
