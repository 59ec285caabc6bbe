"""How a request is given: bodies word by word, in files and by standard input; names of calls; options."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from terminal import REQ, GiB, Outcome, Run, environment, in_process, piped, shown

import storpool_sim
from storpool import spconfig


@pytest.fixture(scope="module")
def sim() -> Iterator[Any]:
    with storpool_sim.running() as running:
        api = running.api()
        api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
        api.volumeCreate({"name": "db", "size": GiB, "template": "hybrid"})
        yield running


@pytest.fixture
def run(sim: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys, sim.env)


@pytest.fixture
def no_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away every configuration."""
    monkeypatch.setattr(spconfig.SPConfig, "PATH_CONFIG", str(tmp_path / "storpool.conf"))
    monkeypatch.setattr(spconfig.SPConfig, "PATH_CONFIG_DIR", str(tmp_path / "storpool.conf.d"))
    for name in spconfig.ENV_OVERRIDE:
        monkeypatch.delenv(name, raising=False)


def _request(run: Run, *argv: str) -> Dict[str, Any]:
    """Return the request that a command line would make."""
    done = run("-N", "-o", "json", *argv)
    assert (done.status, done.err) == (0, "")
    request: Dict[str, Any] = json.loads(done.out)
    return request


def _error(done: Outcome) -> str:
    assert done.status == 1
    text: str = done.error["descr"]
    return text


def _with_input(sim: Any, data: bytes, *argv: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*REQ, *argv], env=environment(sim), input=data, capture_output=True)


class TestFields:
    @pytest.mark.parametrize(
        ("words", "body"),
        [
            (["name=v", "size=20G"], {"name": "v", "size": 20 * GiB}),
            (["size=1.5T"], {"size": 1536 * GiB}),
            (["size=512"], {"size": 512}),
            (["size=4096KiB"], {"size": 4096 * 1024}),
            (["template=hybrid", "tags.app=postgres"], {"template": "hybrid", "tags": {"app": "postgres"}}),
            (["tags.app.name=a.b"], {"tags": {"app.name": "a.b"}}),
            (["bw=-", "iops=5000"], {"bw": "-", "iops": 5000}),
            (["size:=1024", 'tags:={"a": "b"}'], {"size": 1024, "tags": {"a": "b"}}),
            (["name=7"], {"name": "7"}),
        ],
    )
    def test_are_typed_by_the_declaration(self, run: Run, words: List[str], body: Dict[str, Any]) -> None:
        given = _request(run, "-P", "VolumeCreate", *words)["json"]
        assert {name: given.get(name) for name in body} == body

    def test_come_after_the_arguments(self, run: Run) -> None:
        request = _request(run, "-P", "VolumeUpdate", "db", "sizeAdd=1G")
        assert (request["method"], request["path"]) == ("POST", "/ctrl/1.0/VolumeUpdate/db")
        assert request["json"] == {"sizeAdd": GiB}

    def test_can_be_true_or_false_and_lists(self, run: Run) -> None:
        body = _request(run, "-P", "PlacementGroupUpdate", "hdd", "addDisks=101,102")["json"]
        assert body["addDisks"] == [101, 102]
        body = _request(run, "-P", "VolumeRevert", "db", "toSnapshot=monday", "revertSize=true")["json"]
        assert body["revertSize"] is True

    def test_add_to_the_body_that_json_gives(self, run: Run) -> None:
        body = _request(run, "-P", "VolumeCreate", "--json", '{"name": "v", "tags": {"a": "1"}}', "tags.b=2")["json"]
        assert (body["name"], body["tags"]) == ("v", {"a": "1", "b": "2"})

    def test_make_the_call(self, sim: Any, run: Run) -> None:
        assert run("-P", "VolumeCreate", "name=made", "size=1G", "template=hybrid").result["ok"] is True
        assert sim.api().volumeList("made")[0].size == GiB

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["VolumeCreate", "siz=1G"], "there is no field 'siz'; did you mean size?"),
            (["VolumeCreate", "size=20X"], "'20X' is not a positive multiple of 512"),
            (["VolumeCreate", "iops=5K"], "iops=5K: '5K' is not"),
            (["VolumeCreate", "tags=app"], "it is an object: use key.field=VALUE, or key:=JSON"),
            (["VolumeCreate", "name.first=a"], "it has no fields such as 'first'"),
            (["VolumeCreate", "size:={"], "could not parse the JSON data"),
            (["VolumeRevert", "db", "revertSize=no"], "'no' is not true or false"),
            (["VolumesReassign", "volume=db"], "not an object"),
        ],
    )
    def test_that_make_no_sense_are_refused_before_anything_is_sent(
        self, sim: Any, run: Run, words: List[str], complaint: str
    ) -> None:
        requests = len(sim.requests)
        assert complaint in _error(run("-P", *words))
        assert len(sim.requests) == requests

    def test_do_not_take_the_place_of_an_argument(self, run: Run) -> None:
        error = run("-P", "VolumeUpdate", "size=20G").error
        assert (error["name"], error["supplied_count"]) == ("cliInvalidNumberOfArguments", 0)

    def test_of_a_call_without_a_body_are_arguments_too_many(self, run: Run) -> None:
        assert run("VolumesList", "a=b").error["name"] == "cliInvalidNumberOfArguments"


class TestJson:
    def test_comes_from_a_file(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "body.json"
        path.write_text('{"name": "h\u00e9llo"}', encoding="utf-8")
        assert "is not a volume name" in _error(run("-P", "VolumeCreate", "--json", f"@{path}"))
        path.write_text('{"name": "v"}')
        assert _request(run, "-P", "VolumeCreate", "--json", f"@{path}")["json"]["name"] == "v"

    def test_comes_from_standard_input(self, sim: Any) -> None:
        done = _with_input(
            sim, b'{"name": "piped", "size": 512}', "-N", "-o", "json", "-P", "VolumeCreate", "--json", "-"
        )
        assert json.loads(done.stdout)["json"]["name"] == "piped"

    @pytest.mark.parametrize("data", [b'{"name": "\xff"}', b'{"name": "\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00"])
    def test_that_is_not_utf8_is_refused(self, sim: Any, tmp_path: Path, data: bytes) -> None:
        done = _with_input(sim, data, "-P", "VolumeCreate", "--json", "-")
        assert json.loads(done.stderr)["error"]["name"] == "cliInvalidJSON" and b"not UTF-8 at byte" in done.stderr
        (tmp_path / "body").write_bytes(data)
        done = _with_input(sim, b"", "-P", "VolumeCreate", "--json", f"@{tmp_path / 'body'}")
        assert json.loads(done.stderr)["error"]["name"] == "cliInvalidJSON" and b"not UTF-8 at byte" in done.stderr

    def test_that_is_not_utf8_is_refused_on_the_command_line_too(self, sim: Any) -> None:
        argv = [*(word.encode() for word in REQ), b"-P", b"VolumeCreate", b"--json", b'{"name": "\xff"}']
        done = subprocess.run(argv, env=environment(sim), capture_output=True)
        assert json.loads(done.stderr)["error"]["name"] == "cliInvalidJSON" and b"not UTF-8" in done.stderr

    def test_that_cannot_be_read_is_refused(self, run: Run, tmp_path: Path) -> None:
        assert f"Could not read {tmp_path}/none" in _error(run("-P", "VolumeCreate", "--json", f"@{tmp_path}/none"))

    @pytest.mark.parametrize("text", ["false", "no", "off", "0", "False"])
    @pytest.mark.parametrize(
        ("query", "body"),
        [
            ("VolumesReassign", '[{"volume": "db", "rw": [1], "force": "%s"}]'),
            ("VolumesReassignWait", '{"reassign": [{"volume": "db", "rw": [1], "force": "%s"}]}'),
        ],
    )
    def test_with_text_that_only_looks_like_a_boolean_is_refused(
        self, sim: Any, run: Run, query: str, body: str, text: str
    ) -> None:
        requests = len(sim.requests)
        complaint = _error(run("-P", query, "--json", body % text))
        assert "force" in complaint and "neither true nor false" in complaint
        assert len(sim.requests) == requests

    def test_with_true_as_text_is_taken_for_what_it_says(self, run: Run) -> None:
        done = run("-N", "-P", "VolumesReassign", "--json", '[{"volume": "db", "rw": [1], "force": "true"}]')
        assert done.status == 0


class TestDroppedKeys:
    BODY = '{"siz": 1, "tags": {"a": "b"}}'

    def test_are_named_when_the_call_fails(self, run: Run) -> None:
        error = run("-P", "VolumeCreate", "--json", self.BODY).error
        assert error["name"] == "invalidParam"
        assert error["dropped"] == ["VolumeCreateDesc.siz is not a field; did you mean size?"]

    def test_are_named_on_a_terminal_before_the_error(self, sim: Any) -> None:
        first, second, *_ = shown(sim, "-P", "VolumeCreate", "--json", self.BODY, width=200).lines
        assert first.startswith("storpool_req: VolumeCreateDesc.siz is not a field; did you mean size?")
        assert second.startswith("storpool_req: invalidParam: ")

    def test_are_refused_if_that_is_wanted(self, sim: Any, run: Run) -> None:
        requests = len(sim.requests)
        done = run("-P", "--strict", "VolumeCreate", "--json", '{"siz": 1, "name": "v"}')
        assert "VolumeCreateDesc.siz is not a field" in _error(done)
        assert len(sim.requests) == requests


class TestNames:
    @pytest.mark.parametrize("query", ["VolumesList", "volumesList", "volumeslist", "VOLUMESLIST"])
    def test_of_calls_are_queries_or_those_of_python_in_any_case(self, run: Run, query: str) -> None:
        assert "db" in [volume["name"] for volume in run(query).result]

    def test_of_python_serve_where_the_query_is_another(self, run: Run) -> None:
        assert run("volumeList", "db").result[0]["name"] == "db"
        assert _request(run, "-P", "snapshotCreate", "db", "name=s")["path"] == "/ctrl/1.0/VolumeSnapshot/db"

    def test_of_queries_go_first(self, run: Run) -> None:
        assert _request(run, "kv/list", "b")["path"] == "/ctrl/1.0/KV/List/b"


@pytest.mark.usefixtures("no_config")
class TestPreview:
    def test_needs_no_configuration(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        run = in_process(monkeypatch, capsys)
        assert run("-N", "VolumesList") == Outcome(
            0, "About to invoke volumesList with [], {'clusterName': None}\n", ""
        )
        request = _request(run, "-C", "far", "-M", "VolumesList")
        assert request == {
            "method": "GET",
            "path": "/ctrl/1.0/RemoteCommand/far/MultiCluster/VolumesList",
            "json": None,
        }

    def test_has_the_body_of_a_get_in_the_path(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = in_process(monkeypatch, capsys)
        path = _request(run, "AllPeersActiveRequests", "--json", '{"msecsTimeout": 5}')["path"]
        assert path.startswith("/ctrl/1.0/AllPeersActiveRequests?json=%7B")

    def test_still_checks_what_would_be_sent(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = in_process(monkeypatch, capsys)
        assert run("-N", "-o", "json", "Volume", "a b").error["name"] == "cliInvalidArgument"


def test_a_preview_on_a_terminal_is_the_request(sim: Any) -> None:
    seen = shown(sim, "-N", "-P", "VolumeUpdate", "db", "sizeAdd=1G")
    assert seen.lines == ["POST /ctrl/1.0/VolumeUpdate/db", "{", f'  "sizeAdd": {GiB}', "}"]


class TestConnection:
    def test_host_and_port_can_be_given(self, sim: Any, tmp_path: Path) -> None:
        address = ("--host", sim.env["SP_API_HTTP_HOST"], "--port", sim.env["SP_API_HTTP_PORT"])
        wrong = {"SP_API_HTTP_HOST": "192.0.2.1", "SP_API_HTTP_PORT": "nonsense"}
        assert piped(sim, *address, "VolumesList", **wrong).status == 0

    def test_with_a_token_they_need_no_file(
        self, sim: Any, no_config: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = in_process(monkeypatch, capsys, {"SP_AUTH_TOKEN": sim.env["SP_AUTH_TOKEN"]})
        host, port = sim.env["SP_API_HTTP_HOST"], sim.env["SP_API_HTTP_PORT"]
        assert isinstance(run("--host", host, "--port", port, "VolumesList").result, list)

    @pytest.mark.parametrize(("argv", "env"), [(["--timeout", "0.2"], {}), ([], {"SP_REQ_TIMEOUT": "0.2"})])
    def test_a_request_has_a_time_limit(self, sim: Any, argv: List[str], env: Dict[str, str]) -> None:
        sim.faults.add("latency", seconds=300, on="VolumesList")
        try:
            done = piped(sim, *argv, "VolumesList", **env)
        finally:
            sim.faults.clear()
        assert done.status == 1 and done.error["name"] == "cliRequestFailed"

    @pytest.mark.parametrize(("argv", "env"), [(["--retries", "1"], {}), ([], {"SP_REQ_RETRIES": "1"})])
    def test_retries_are_counted(self, sim: Any, argv: List[str], env: Dict[str, str]) -> None:
        requests = len(sim.requests)
        sim.faults.add("transient", on="VolumesList")
        try:
            assert piped(sim, *argv, "VolumesList", **env).status == 2
        finally:
            sim.faults.clear()
        assert len(sim.requests) == requests + 2

    @pytest.mark.parametrize(("argv", "env"), [(["--debug"], {}), ([], {"SP_REQ_DEBUG": "1"})])
    def test_each_request_can_be_printed_but_never_the_token(
        self, sim: Any, argv: List[str], env: Dict[str, str]
    ) -> None:
        done = piped(sim, *argv, "VolumesList", **env)
        assert done.status == 0 and isinstance(json.loads(done.out), list)
        (line,) = done.err.splitlines()
        assert line.startswith("debug: ") and "GET /ctrl/1.0/VolumesList" in line and "200" in line and " ms" in line
        assert sim.env["SP_AUTH_TOKEN"] not in done.err

    @pytest.mark.parametrize(
        ("argv", "env", "complaint"),
        [
            (["--timeout", "x"], None, "'x' is not a number of seconds"),
            (["--timeout", "0"], None, "'0' is not a number of seconds"),
            (["--retries", "-1"], None, "'-1' is not a number"),
            ([], {"SP_REQ_TIMEOUT": "soon"}, "environment variable SP_REQ_TIMEOUT: 'soon' is not"),
            ([], {"SP_REQ_RETRIES": "many"}, "environment variable SP_REQ_RETRIES: 'many' is not"),
        ],
    )
    def test_limits_that_are_no_numbers_are_refused(
        self, sim: Any, argv: List[str], env: Optional[Dict[str, str]], complaint: str
    ) -> None:
        error = piped(sim, *argv, "VolumesList", **(env or {})).error
        assert error["name"] == "cliParseArgs" and complaint in error["parser_errors"]
