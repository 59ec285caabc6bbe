"""Errors for people: on terminals a line and a hint, about connections and the configuration too."""

from __future__ import annotations

import http.server
import json
import re
import socket
import stat
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator

import pexpect
import pytest
from terminal import Seen, ended, environment, shown, spawned

import storpool_sim
from storpool import spconfig


@pytest.fixture(scope="module")
def sim() -> Iterator[Any]:
    with storpool_sim.running() as running:
        yield running


@pytest.fixture
def nobody() -> Iterator[str]:
    """Hold a port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield str(held.getsockname()[1])


class TestOfTheCluster:
    def test_are_a_line(self, sim: Any) -> None:
        seen = shown(sim, "Volume", "nope")
        assert seen.status == 3
        assert seen.lines == ["storpool_req: objectDoesNotExist: Volume 'nope' does not exist."]

    def test_are_json_if_that_is_asked_for(self, sim: Any) -> None:
        for argv in (["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]):
            seen = shown(sim, *argv, "Volume", "nope")
            assert (seen.status, json.loads(seen.text)["error"]["name"]) == (3, "objectDoesNotExist")


class TestOfTheConnection:
    def test_say_at_once_what_is_tried_and_end_with_the_address(self, sim: Any, nobody: str) -> None:
        seen = shown(sim, "--port", nobody, "--retries", "1", "VolumesList")
        assert seen.status == 1
        first, last, *_ = seen.lines
        assert re.fullmatch(rf"127.0.0.1:{nobody}: connection refused; trying again in [\d.]+ s \(1 of 1\)", first), (
            first
        )
        assert last == f"storpool_req: 127.0.0.1:{nobody}: connection refused"

    def test_end_quietly_with_an_interrupt(self, sim: Any, nobody: str) -> None:
        child = spawned(sim, "--port", nobody, "VolumesList")
        child.expect("trying again in")
        child.sendintr()
        seen = ended(child)
        assert seen.status == 130
        assert "Traceback" not in seen.text and "storpool_req:" not in seen.text

    def test_name_an_unknown_host(self, sim: Any) -> None:
        seen = shown(sim, "--host", "host.invalid", "--retries", "0", "VolumesList")
        assert seen.status == 1 and seen.lines[0].startswith("storpool_req: host.invalid:")


class TestOfTheConfiguration:
    @pytest.fixture
    def run(self, sim: Any, tmp_path: Path) -> Any:
        """Run the command on a terminal with a configuration of its own."""
        script = tmp_path / "storpool_req"
        script.write_text(
            f"#!{sys.executable}\nfrom storpool.spconfig import SPConfig\n"
            f"SPConfig.PATH_CONFIG = {str(tmp_path / 'storpool.conf')!r}; SPConfig.PATH_CONFIG_DIR = '/nonexistent'\n"
            "from storpool.spreq import main\nmain()\n"
        )
        script.chmod(stat.S_IRWXU)

        def run(*argv: str, **env: str) -> Seen:
            given = {name: value for name, value in environment(sim).items() if name not in spconfig.ENV_OVERRIDE}
            given.update(env)
            child = pexpect.spawn(
                str(script),
                list(argv),
                env=given,
                encoding="utf-8",
                dimensions=(50, 200),
                timeout=60,  # type: ignore[arg-type]
            )
            return ended(child)

        return run

    def test_without_any_name_what_is_missing_where_it_was_looked_for_and_what_to_do(
        self, run: Any, tmp_path: Path
    ) -> None:
        first, places, advice = run("VolumesList").lines
        assert first == "storpool_req: SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN are not set"
        assert "the environment" in places and f"{tmp_path}/storpool.conf (which does not exist)" in places
        assert "--host and --port" in advice

    def test_name_only_what_is_missing(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "storpool.conf").write_text("SP_API_HTTP_PORT=81\n")
        first, places, _ = run("VolumesList").lines
        assert first == "storpool_req: SP_AUTH_TOKEN is not set"
        assert f"{tmp_path}/storpool.conf" in places and "does not exist" not in places
        first, *_ = run("VolumesList", SP_API_HTTP_HOST="h", SP_API_HTTP_PORT="81").lines
        assert first == "storpool_req: SP_AUTH_TOKEN is not set"

    @pytest.mark.parametrize("port", ["xyz", "0", "65536", "8 1"])
    def test_say_that_a_port_is_none(self, run: Any, port: str) -> None:
        env: Dict[str, str] = {"SP_API_HTTP_HOST": "h", "SP_API_HTTP_PORT": port, "SP_AUTH_TOKEN": "1"}
        (line,) = run("VolumesList", **env).lines
        assert line == f"storpool_req: SP_API_HTTP_PORT is {port!r}, which is not a port, an integer from 1 to 65535"
        assert f"--port is {port!r}" in run("VolumesList", "--port", port, **env).lines[0]

    def test_name_a_file_that_cannot_be_parsed(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "storpool.conf").write_text("SP_AUTH_TOKEN 4315061871\n")
        (line,) = run("VolumesList").lines
        assert line.startswith("storpool_req: ") and str(tmp_path) in line and "4315061871" not in line


class _Hostile(http.server.BaseHTTPRequestHandler):
    """Answers with an error that would clear the screen."""

    def do_GET(self) -> None:
        payload = json.dumps({"error": {"name": "bad\x1b[2J", "descr": "line\nand\x1b]0;title\x07 \x9b2J"}}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_errors_of_a_cluster_do_not_control_the_terminal(sim: Any) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            seen = shown(sim, "--port", str(server.server_port), "VolumesList")
        finally:
            server.shutdown()
            thread.join()
    (line,) = seen.raw.splitlines()
    assert line == "storpool_req: bad\\x1b[2J: line and\\x1b]0;title\\x07 \\x9b2J"
