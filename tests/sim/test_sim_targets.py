"""Request targets in absolute form, as clients send them that think of a proxy."""

from __future__ import annotations

import http.client
import json

import pytest


@pytest.fixture
def get(sim):
    def get(target, host="storpool.example"):
        connection = http.client.HTTPConnection(sim.host, sim.port, timeout=10)
        try:
            connection.putrequest("GET", target, skip_host=True)
            connection.putheader("Host", host)
            connection.putheader("Authorization", f"Storpool v1:{sim.token}")
            connection.endheaders()
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    return get


@pytest.mark.parametrize("origin", ["", "http://storpool.example:81", "HTTP://127.0.0.1", "https://[::1]:81"])
def test_scheme_and_host_before_a_path_change_nothing(sim, api, get, origin):
    api.volumeCreate({"name": "#v", "size": 1 << 30, "replication": 1})
    status, body = get(f"{origin}/ctrl/1.0/Volume/#v")
    assert (status, json.loads(body)["data"][0]["name"]) == (200, "#v")
    status, body = get(f"{origin}/ctrl/1.0/AllPeersActiveRequests?json=%7B%7D")
    assert status == 200 and "data" in json.loads(body)
    # The control URL answers under the server's own names only.
    assert get(f"{origin}/sim/1.0/clock", host="127.0.0.1")[0] == 200
    assert sim.requests[-1].target.startswith("/ctrl/1.0/")


@pytest.mark.parametrize(
    "target", ["http://storpool.example", "http://storpool.example/", "http://storpool.example?x=1"]
)
def test_a_host_without_a_path_is_the_first_page(get, target):
    assert get(target) == get("/")


@pytest.mark.parametrize("target", ["http:/ctrl/1.0/VolumesList", "ftp://h/ctrl/1.0/VolumesList"])
def test_other_targets_are_no_calls(get, target):
    assert get(target)[0] in (400, 404)
