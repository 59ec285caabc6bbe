"""The command line for scripts: finding calls, output, errors and exit statuses, against a real HTTP server."""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple
from unittest import mock

import pytest
from terminal import Outcome, Run, in_process

from storpool import spapi, spconfig, spreq
from storpool.spapi.call import CALLS

TOKEN = "4315061871"


class Cluster(http.server.ThreadingHTTPServer):
    """Answers each request with the reply that the test has set, and keeps the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: List[Tuple[str, str, str]] = []
        self.reply: Tuple[int, bytes] = (200, b"")
        self.data({"ok": True, "generation": 1})

    def data(self, data: Any) -> None:
        self.reply = (200, json.dumps({"data": data, "generation": 1}).encode())

    def error(self, status: int, **error: Any) -> None:
        self.reply = (status, json.dumps({"error": error}).encode())


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        assert self.headers["Authorization"] == f"Storpool v1:{TOKEN}"
        self.server.requests.append((self.command, self.path, body))
        status, payload = self.server.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a configuration file with a token only, and empty the environment."""
    path = tmp_path / "storpool.conf"
    path.write_text(f"SP_AUTH_TOKEN={TOKEN}\n")
    monkeypatch.setattr(spconfig.SPConfig, "PATH_CONFIG", str(path))
    monkeypatch.setattr(spconfig.SPConfig, "PATH_CONFIG_DIR", f"{path}.d")
    for name in spconfig.ENV_OVERRIDE:
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def run(cluster: Cluster, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command line in this process, and exits as the interpreter does."""
    with config.open("a") as stream:
        stream.write(f"SP_API_HTTP_HOST=127.0.0.1\nSP_API_HTTP_PORT={cluster.server_port}\n")

    return in_process(monkeypatch, capsys)


def _program(tmp_path: Path, config: Optional[Path] = None) -> str:
    """Write a script like the installed one that reads another configuration."""
    paths = (
        "" if config is None else f"SPConfig.PATH_CONFIG = {str(config)!r}; SPConfig.PATH_CONFIG_DIR = '/nonexistent'\n"
    )
    script = tmp_path / "storpool_req"
    script.write_text(
        f"#!{sys.executable}\nfrom storpool.spconfig import SPConfig\n{paths}from storpool.spreq import main\nmain()\n"
    )
    script.chmod(stat.S_IRWXU)
    return str(script)


class TestResult:
    def test_a_list_is_printed_as_indented_json(self, run: Run, cluster: Cluster) -> None:
        cluster.data([{"name": "v", "size": 1024}])
        outcome = run("VolumesList")
        (volume,) = outcome.result
        assert (volume["name"], volume["size"], volume["tags"]) == ("v", 1024, None)
        assert outcome.out == json.dumps([volume], indent=2) + "\n"
        assert cluster.requests == [("GET", "/ctrl/1.0/VolumesList", "")]

    def test_objects_within_mappings_are_printed(self, run: Run, cluster: Cluster) -> None:
        cluster.data({"1": {"networks": {}}})
        assert run("NetworkPeersList").result["1"]["networks"] == {}

    def test_sets_are_printed_as_lists(self, run: Run, cluster: Cluster) -> None:
        cluster.data({"ssd": {"id": 1, "name": "ssd", "disks": [3, 1, 2]}})
        assert sorted(run("PlacementGroupsList").result["ssd"]["disks"]) == [1, 2, 3]

    def test_arguments_go_into_the_path_and_json_into_the_body(self, run: Run, cluster: Cluster) -> None:
        assert run("-P", "VolumeUpdate", "v", "--json", '{"size": 1024}').result["ok"] is True
        assert cluster.requests == [("POST", "/ctrl/1.0/VolumeUpdate/v", '{"size":1024}')]

    def test_json_of_a_get_goes_into_the_query(self, run: Run, cluster: Cluster) -> None:
        cluster.data({"requests": []})
        assert run("AllPeersActiveRequests", "--json", "{}").status == 0
        assert cluster.requests == [("GET", "/ctrl/1.0/AllPeersActiveRequests?json=%7B%7D", "")]

    @pytest.mark.parametrize(
        ("options", "path"),
        [
            (["-C", "there"], "RemoteCommand/there/VolumesList"),
            (["--clustername=there"], "RemoteCommand/there/VolumesList"),
            (["-M"], "MultiCluster/VolumesList"),
            (["--multicluster", "-Cthere"], "RemoteCommand/there/MultiCluster/VolumesList"),
        ],
    )
    def test_clusters_are_named_in_the_path(self, run: Run, cluster: Cluster, options: List[str], path: str) -> None:
        cluster.data([])
        assert run(*options, "VolumesList").result == []
        assert cluster.requests == [("GET", f"/ctrl/1.0/{path}", "")]

    def test_a_call_that_cannot_span_clusters_does_not(self, run: Run, cluster: Cluster) -> None:
        cluster.data({})
        assert run("-M", "DisksList").result == {}
        assert cluster.requests == [("GET", "/ctrl/1.0/DisksList", "")]

    def test_a_misspelt_field_is_reported(self, run: Run) -> None:
        outcome = run("-P", "VolumeCreate", "--json", '{"name": "v", "siz": 1024}')
        assert outcome.status == 0
        assert "siz" in outcome.err
        assert json.loads(outcome.out)["ok"] is True

    def test_a_misspelt_field_does_not_spoil_the_json_of_an_error(self, run: Run, cluster: Cluster) -> None:
        cluster.error(400, name="invalidParam", descr="no size", transient=False)
        assert run("-P", "VolumeCreate", "--json", '{"siz": 1}').error["name"] == "invalidParam"


class TestFindingTheCall:
    @pytest.mark.parametrize("name", sorted(CALLS))
    def test_each_call_is_found_by_its_query(self, run: Run, name: str) -> None:
        call = CALLS[name]
        argv = ["-N", call.query.partition("/{")[0], *(argument._name for argument in call.args)]
        if call.method == "POST":
            argv.insert(0, "-P")
        if call.json is not None:
            argv += ["--json", "{}"]
        # Two calls have this query; for the cluster they are the same.
        found = "snapshotAbandonDisk" if name == "volumeAbandonDisk" else name
        arguments = [argument._name for argument in CALLS[found].args]
        if name == "volumeAbandonDisk":
            argv = ["snapshotName" if word == "volumeName" else word for word in argv]
        parameters = [*arguments, {}] if call.json is not None else arguments
        assert run(*argv) == Outcome(0, f"About to invoke {found} with {parameters}, {{'clusterName': None}}\n", "")

    def test_the_first_word_alone_finds_the_first_call_by_name(self, run: Run, cluster: Cluster) -> None:
        assert "invoke kvsBuckets " in run("-N", "KV").out
        assert "invoke kvsCreate " in run("-N", "-P", "KV", "bucket").out

    @pytest.mark.parametrize("query", ["Nope", "", "Volume/v", "/VolumesList", "KV/List/b", "VolumeCreate"])
    def test_an_unknown_query(self, run: Run, query: str) -> None:
        assert run(query).error == {
            "status": 1,
            "transient": False,
            "name": "cliUnknownQuery",
            "descr": "Unknown API query",
            "method": "GET",
            "query": query,
        }

    def test_a_query_of_the_other_method_is_unknown(self, run: Run) -> None:
        error = run("-P", "VolumesList").error
        assert (error["name"], error["method"]) == ("cliUnknownQuery", "POST")


class TestRefusedCommandLines:
    @pytest.mark.parametrize("argv", [[], ["--bogus", "VolumesList"], ["-C"], ["VolumesList", "--json"]])
    def test_options_that_cannot_be_parsed(self, run: Run, argv: List[str]) -> None:
        error = run(*argv).error
        assert (error["status"], error["name"]) == (1, "cliParseArgs")
        assert error["parser_errors"].startswith("usage: storpool_req ")
        assert "\nstorpool_req: error: " in error["parser_errors"]

    @pytest.mark.parametrize(
        ("argv", "supplied", "names"),
        [
            (["VolumesList", "v"], 1, []),
            (["Volume"], 0, ["volumeName"]),
            (["Volume", "v", "w"], 2, ["volumeName"]),
            (["ServerDiskDescribe", "1"], 1, ["serverId", "diskId"]),
            (["-P", "VolumeUpdate", "--json", "{}"], 0, ["volumeName"]),
        ],
    )
    def test_the_number_of_arguments(self, run: Run, argv: List[str], supplied: int, names: List[str]) -> None:
        assert run(*argv).error == {
            "status": 1,
            "transient": False,
            "name": "cliInvalidNumberOfArguments",
            "descr": "Invalid number of arguments supplied",
            "supplied_count": supplied,
            "required_count": len(names),
            "required_names": names,
        }

    @pytest.mark.parametrize(
        ("argv", "name"),
        [
            (["-P", "VolumeCreate"], "cliJSONRequired"),
            (["-P", "VolumeFreeze", "v"], "cliJSONRequired"),
            (["VolumesList", "--json", "{}"], "cliNoJSONRequired"),
            (["VolumesList", "--json", ""], "cliNoJSONRequired"),
            (["-P", "VolumeCreate", "--json", "{"], "cliInvalidJSON"),
            (["-P", "VolumeCreate", "--json", "[" * 100000], "cliInvalidJSON"),
            (["-P", "VolumeCreate", "--json", '{"name": "a b"}'], "cliInvalidArgument"),
            (["-P", "VolumeCreate", "--json", "3"], "cliInvalidArgument"),
            (["Volume", "a b"], "cliInvalidArgument"),
            (["Volume", "\udcff"], "cliInvalidArgument"),
            (["-C", "a b", "VolumesList"], "cliInvalidArgument"),
        ],
    )
    def test_nothing_is_sent_when_arguments_or_json_are_bad(
        self, run: Run, cluster: Cluster, argv: List[str], name: str
    ) -> None:
        error = run(*argv).error
        assert (error["status"], error["name"], error["transient"]) == (1, name, False)
        assert error["descr"]
        assert cluster.requests == []


class TestNoop:
    def test_says_what_would_be_called_and_sends_nothing(self, run: Run, cluster: Cluster) -> None:
        outcome = run("-N", "-P", "-Cthere", "VolumeUpdate", "v\u00e9", "--json", '{"size": 512}')
        assert outcome == Outcome(
            0, "About to invoke volumeUpdate with ['v\\xe9', {'size': 512}], {'clusterName': 'there'}\n", ""
        )
        assert cluster.requests == []

    def test_still_checks_the_command_line(self, run: Run) -> None:
        assert run("-N", "Volume").error["name"] == "cliInvalidNumberOfArguments"
        assert run("-N", "-P", "VolumeCreate", "--json", "{").error["name"] == "cliInvalidJSON"


class TestErrorsOfTheCluster:
    @pytest.mark.parametrize(("name", "status"), [("objectDoesNotExist", 3), ("busy", 2)])
    def test_the_clusters_own_json_is_printed(self, run: Run, cluster: Cluster, name: str, status: int) -> None:
        reply = {"error": {"name": name, "descr": "d\u00e9", "transient": False, "extra": 5}, "more": [1]}
        cluster.reply = (200, json.dumps(reply).encode())
        assert run("Volume", "v") == Outcome(status, "", json.dumps(reply, indent=2) + "\n")

    @pytest.mark.parametrize(
        "reply", [b'{"error": "a word"}', b'{"error": null}', b"<html>", b"{}", b"[]", b'{"data": 5}', b"", b"\xff"]
    )
    def test_a_useless_reply_is_an_error_in_the_same_form(self, run: Run, cluster: Cluster, reply: bytes) -> None:
        cluster.reply = (200, reply)
        error = run("ServicesList").error
        assert error["status"] == 2
        assert set(error) == {"status", "transient", "name", "descr"}

    def test_a_transient_error_that_stays_is_printed_alone(
        self, run: Run, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(time, "sleep", lambda _: None)
        cluster.error(503, name="inTransition", descr="wait", transient=True)
        assert run("Volume", "v").error == {"status": 2, "name": "inTransition", "descr": "wait", "transient": True}
        assert len(cluster.requests) == 6

    def test_a_refused_connection(self, run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "sleep", lambda _: None)
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            monkeypatch.setenv("SP_API_HTTP_PORT", str(held.getsockname()[1]))
            error = run("Volume", "v").error
        assert (error["status"], error["name"], error["transient"]) == (1, "cliRequestFailed", True)
        assert "ConnectionRefusedError" in error["descr"]

    def test_an_unknown_host(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SP_API_HTTP_HOST", "host.invalid")
        error = run("Volume", "v").error
        assert (error["status"], error["name"], error["transient"]) == (1, "cliRequestFailed", False)

    def test_an_internal_error_is_no_traceback(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spapi.Api, "volumesList", mock.Mock(side_effect=ZeroDivisionError("ours")))
        error = run("VolumesList").error
        assert (error["status"], error["name"]) == (1, "cliInternalError")
        assert error["descr"] == "ZeroDivisionError: ours"

    def test_an_interrupt_is_no_traceback(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spapi.Api, "volumesList", mock.Mock(side_effect=KeyboardInterrupt))
        assert run("VolumesList") == Outcome(130, "", "")


class TestConfiguration:
    @pytest.mark.parametrize("query", [["VolumesList"], ["Nope"]])
    def test_a_missing_variable_is_named_before_all_else(self, run: Run, config: Path, query: List[str]) -> None:
        config.write_text("SP_API_HTTP_PORT=81\n")
        assert run(*query).error == {
            "status": 1,
            "transient": False,
            "name": "cliMissingConfigVariable",
            "descr": "Missing CLI configuration variable",
            "missing": "SP_AUTH_TOKEN",
        }

    @pytest.mark.parametrize("port", ["xyz", "", "0", "65536"])
    def test_a_bad_port(self, run: Run, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        monkeypatch.setenv("SP_API_HTTP_PORT", port)
        error = run("VolumesList").error
        assert (error["status"], error["name"]) == (1, "cliInitAPI")
        assert port in error["descr"]

    @pytest.mark.parametrize("content", [None, f"SP_AUTH_TOKEN {TOKEN}\n"])
    def test_a_bad_file_is_named_and_its_token_is_not_shown(
        self, run: Run, config: Path, content: Optional[str]
    ) -> None:
        config.unlink()
        if content is not None:
            config.write_text(content)
        error = run("VolumesList").error
        assert (error["status"], error["name"]) == (1, "cliInitAPI")
        assert str(config) in error["descr"]
        assert TOKEN not in error["descr"]

    def test_variables_of_the_environment_take_precedence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = {"SP_API_HTTP_HOST": "there", "SP_API_HTTP_PORT": "8000", "SP_AUTH_TOKEN": "from-file"}
        api = mock.Mock()
        monkeypatch.setattr(spconfig, "SPConfig", lambda: values)
        monkeypatch.setattr(spapi, "Api", api)
        with mock.patch.object(os, "environ") as environ:
            environ.get.side_effect = {"SP_AUTH_TOKEN": ""}.get
            assert spreq.from_config_with_overrides(multiCluster=True) is api.return_value
        api.assert_called_once_with(host="there", port=8000, auth="", multiCluster=True)
        assert environ.get.mock_calls == [mock.call(name, None) for name in values]


class TestFunctions:
    @staticmethod
    def _args(**given: Any) -> argparse.Namespace:
        return argparse.Namespace(**{"args": [], "json": None, "multicluster": False, "post": False, **given})

    def test_get_api_method_gives_a_bound_method(self, run: Run, cluster: Cluster) -> None:
        cluster.data([])
        method = spreq.get_api_method(self._args(query="VolumesList", multicluster=True))
        assert method.__name__ == "volumesList"
        assert method() == []
        assert cluster.requests == [("GET", "/ctrl/1.0/MultiCluster/VolumesList", "")]

    def test_get_api_method_exits_with_the_error_as_json(self, run: Run) -> None:
        with pytest.raises(SystemExit) as caught:
            spreq.get_api_method(self._args(query="VolumesList", post=True))
        assert json.loads(str(caught.value))["error"]["name"] == "cliUnknownQuery"

    def test_calls_of_an_api_put_in_place_of_ours_are_found_by_their_documents(self, config: Path) -> None:
        class OtherApi:
            def __init__(self, **_: Any) -> None:
                self.other = lambda: None
                self.other.spDoc = argparse.Namespace(  # type: ignore[attr-defined]
                    query="Other", method="POST", args={"name": None}, json=None
                )

        with mock.patch.object(spapi, "Api", OtherApi):
            method = spreq.get_api_method(self._args(query="Other", post=True, args=["x"]))
            assert method.spDoc.query == "Other"  # type: ignore[attr-defined]
            with pytest.raises(SystemExit, match="cliInvalidNumberOfArguments"):
                spreq.get_api_method(self._args(query="Other", post=True))
            with pytest.raises(SystemExit, match="cliUnknownQuery"):
                spreq.get_api_method(self._args(query="Other"))

    def test_deep_to_json_opens_objects_in_lists_and_dictionaries(self) -> None:
        class Thing:
            def to_json(self) -> Dict[str, Any]:
                return {"inner": [Thing.inner]}

            inner: Any = 5

        inner = {"inner": [5]}
        assert spreq.deep_to_json([Thing(), {"a": Thing()}, 1, "x", None]) == [inner, {"a": inner}, 1, "x", None]


class TestProgram:
    def test_runs_as_a_module(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "storpool.spreq", "--version"], capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == (f"storpool_req {spapi.VERSION}\n", "")

    def test_help_names_the_options(self, run: Run) -> None:
        outcome = run("--help")
        assert (outcome.status, outcome.err) == (0, "")
        for option in ("--noop", "--json", "--clustername", "--multicluster", "--post", "--features", "--version"):
            assert option in outcome.out

    def test_features_are_one_line_however_narrow_the_terminal(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "20")
        outcome = run("--features")
        assert outcome.out.startswith(f"Features: storpool_req={spapi.VERSION} ")
        assert outcome.out.count("\n") == 1

    def test_feature_check_reads_the_features(self, tmp_path: Path) -> None:
        feature_check = pytest.importorskip("feature_check")
        features = feature_check.obtain_features(_program(tmp_path))
        assert features["storpool_req"].value == spapi.VERSION
        assert features["multicluster"].value == "1.0"

    def test_an_error_goes_to_standard_error_with_its_status(self, tmp_path: Path) -> None:
        config = tmp_path / "storpool.conf"
        config.write_text("SP_API_HTTP_HOST=127.0.0.1\n")
        env = {name: value for name, value in os.environ.items() if name not in spconfig.ENV_OVERRIDE}
        done = subprocess.run(
            [_program(tmp_path, config), "VolumesList"], capture_output=True, text=True, check=False, env=env
        )
        assert Outcome(done.returncode, done.stdout, done.stderr).error["missing"] == "SP_AUTH_TOKEN"

    @pytest.mark.parametrize("argv", [["VolumesList"], ["-N", "VolumesList"], ["--help"], ["--features"]])
    def test_a_closed_pipe_is_no_error(self, run: Run, cluster: Cluster, config: Path, argv: List[str]) -> None:
        cluster.data([{"name": "v" * 100} for _ in range(1000)])
        reader, writer = os.pipe()
        os.close(reader)
        with contextlib.closing(os.fdopen(writer, "w")) as output:
            done = subprocess.run(
                [_program(config.parent, config), *argv], stdout=output, stderr=subprocess.PIPE, check=False
            )
        assert (done.returncode, done.stderr) == (0, b"")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
    def test_a_result_that_cannot_be_written_is_an_error(self, run: Run, cluster: Cluster, config: Path) -> None:
        cluster.data([{"name": "v"}])
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [_program(config.parent, config), "VolumesList"], stdout=full, stderr=subprocess.PIPE, check=False
            )
        error = Outcome(done.returncode, "", done.stderr.decode()).error
        assert (error["status"], error["name"]) == (1, "cliOutputFailed")
