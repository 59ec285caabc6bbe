"""The examples of the reference: they fit their types, and their three forms make the same request."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Any, Dict, Iterator, List
from urllib.parse import unquote_plus

import pytest
from raw_http import HOST, TOKEN, Connection, RawServer, api_of, response

from storpool import spapi, spdoc, spreq, sptypes
from storpool.spdoc.build import object_classes
from storpool.spdoc.examples import of_class
from storpool.sptype.unknown import unknown_keys

CALLS = {call.call: call for section in spdoc.reference().sections for call in section.calls}


class Cluster(RawServer):
    """Answers any request with the reply that the test has set."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.reply: Any = None

    def answer(self, connection: Connection) -> None:
        while connection.read() is not None:
            connection.send(response({"generation": 8571, "data": self.reply}))

    def last_request(self, name: str) -> List[Any]:
        """Return method, path and JSON of the only request since the last one that was asked for, of this call."""
        (request,) = self.requests
        self.requests.clear()
        assert f"Storpool v1:{TOKEN}".encode() in request.head
        path, _, given = request.path.partition("?json=")
        body = json.loads(unquote_plus(given) or request.body or "null")
        node = spapi.CALLS[name].json
        # The bindings send defaults as well.
        return [
            request.method,
            path,
            body if node is None else spapi.clear_none(spreq.deep_to_json(node.handleVal(body))),
        ]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> spapi.Api:
    return api_of(cluster, timeout=10)


@pytest.fixture
def environment(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Dict[str, str]:
    variables = {"SP_API_HTTP_HOST": HOST, "SP_API_HTTP_PORT": str(cluster.port), "SP_AUTH_TOKEN": TOKEN}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def _example(name: str) -> spdoc.CallExample:
    example = CALLS[name].example
    assert example is not None
    return example


def _expected(name: str) -> List[Any]:
    """Return the request that the example's arguments and body make."""
    call, example = spapi.CALLS[name], _example(name)
    body = None if call.json is None else spapi.clear_none(spreq.deep_to_json(call.json.handleVal(example.json)))
    # The examples ask one cluster.
    return [call.method, call.path.replace("/MultiCluster/", "/").format(**example.args), body]


@pytest.mark.parametrize("name", spapi.CALLS)
def test_request_and_reply_fit_their_types_without_unknown_keys(name: str) -> None:
    call, example = spapi.CALLS[name], _example(name)
    for argument in call.args:
        assert argument._type.handleVal(example.args[argument._name]) == example.args[argument._name]
    assert (example.json is None) == (call.json is None)
    for node, value in ((call.json, example.json), (call.returns, example.reply)):
        if node is not None:
            # As it comes over HTTP.
            value = json.loads(json.dumps(value))
            node.handleVal(value)
            assert not list(unknown_keys(node, value))


@pytest.mark.parametrize("name", object_classes())
def test_the_example_of_a_class_is_an_object_of_it(name: str) -> None:
    cls, value = object_classes()[name], of_class(object_classes()[name])
    cls.__spnode__.handleVal(json.loads(json.dumps(value)))
    assert not list(unknown_keys(cls.__spnode__, value))
    assert value or not cls.__spfields__


@pytest.mark.parametrize("name", spapi.CALLS)
def test_the_python_form_makes_the_call(name: str, cluster: Cluster, api: spapi.Api) -> None:
    example = _example(name)
    cluster.reply = example.reply
    result = eval(example.python, {"api": api, "sptypes": sptypes})  # noqa: S307 - made of our declarations
    assert cluster.last_request(name) == _expected(name)
    assert spreq.deep_to_json(result) == spreq.deep_to_json(spapi.CALLS[name].returns.handleVal(example.reply))
    assert max(map(len, example.python.splitlines())) <= 64


@pytest.mark.parametrize("name", spapi.CALLS)
def test_the_curl_form_makes_the_same_request(name: str, cluster: Cluster, environment: Dict[str, str]) -> None:
    example = _example(name)
    words = shlex.split(example.curl.replace("\\\n", ""))
    assert words[0] == "curl" and words[-1].endswith(_expected(name)[1])
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    cluster.reply = example.reply
    done = subprocess.run(["sh", "-c", example.curl], env={**os.environ, **environment}, capture_output=True)
    assert json.loads(done.stdout) == {"generation": 8571, "data": example.reply}
    assert cluster.last_request(name) == _expected(name)


@pytest.mark.parametrize("name", spapi.CALLS)
def test_the_storpool_req_form_makes_the_same_request(
    name: str,
    cluster: Cluster,
    environment: Dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = _example(name)
    cluster.reply = example.reply
    monkeypatch.setattr(sys, "argv", shlex.split(example.storpool_req))
    spreq.main()
    assert json.loads(capsys.readouterr().out)
    assert cluster.last_request(name) == _expected(name)


def test_a_mixed_list_has_an_object_of_each_class() -> None:
    disks = _example("disksList").reply
    assert [disk["generationLeft"] == -1 for disk in disks.values()] == [True, False]
    assert [str(disk["id"]) for disk in disks.values()] == list(disks)


def test_examples_of_requests_have_the_usual_fields() -> None:
    assert list(_example("volumeCreate").json) == ["name", "size", "template", "tags"]
    assert _example("volumeUpdate").json == {"sizeAdd": 5 * 2**30, "iops": 5000}
