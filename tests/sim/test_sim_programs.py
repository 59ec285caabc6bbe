"""The simulated cluster as a program of its own, and programs that use it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storpool import spapi

ROOT = Path(__file__).resolve().parents[2]
ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("SP_")},
    "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
}


class Served:
    """A cluster served by another process, from the moment its file appears."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.file = directory / "sp env"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "storpool_sim", "serve", "--env-file", str(self.file), *arguments],
            env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self.file.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def sourced(self, command):
        """Run a shell command after sourcing the file."""
        return subprocess.run(
            ["sh", "-ec", f'. "$0"; {command}', str(self.file)],
            env=ENV, check=True, stdout=subprocess.PIPE, text=True, timeout=60,
        ).stdout  # fmt: skip

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(*arguments):
        started.append(Served(tmp_path, *arguments))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.stop(signal.SIGKILL)


def test_the_file_appears_when_connections_are_accepted(serve):
    served = serve()
    host, port, token, ours = served.sourced(
        'printf "%s\\n" "$SP_API_HTTP_HOST" "$SP_API_HTTP_PORT" "$SP_AUTH_TOKEN" "$SP_OURID"'
    ).splitlines()
    assert ours == "1"
    assert spapi.Api(host, port, token, transientRetries=0).servicesList().clusterStatus == "running"
    assert os.stat(served.file).st_mode & 0o077 == 0


def test_the_token_survives_the_shell(serve):
    token = 'it\'s $HOME `x` "y"'
    assert serve("--token", token).sourced('printf %s "$SP_AUTH_TOKEN"') == token


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(serve, number):
    served = serve()
    code = "from storpool.spapi import Api; import os; Api.fromConfig(os.environ).volumesList()"
    served.sourced(f'"{sys.executable}" -c "{code}"')
    status, out, err = served.stop(number)
    assert status == 0
    assert len(out.splitlines()) == 1 and "http://127.0.0.1:" in out
    assert "GET  /ctrl/1.0/VolumesList -> 200" in err
    assert "Traceback" not in err


def test_an_address_that_cannot_be_listened_on_is_said_plainly(serve, tmp_path):
    served = serve()
    port = served.sourced('printf %s "$SP_API_HTTP_PORT"')
    other = tmp_path / "other"
    done = subprocess.run(
        [sys.executable, "-m", "storpool_sim", "serve", "--port", port, "--env-file", str(other)],
        env=ENV, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("storpool_sim: ") and "Traceback" not in done.stderr
    assert not other.exists()


def test_a_first_volume(serve):
    out = serve().sourced(f'"{sys.executable}" "{ROOT / "examples" / "first_volume.py"}"')
    assert "attached first-volume to client 1, rw" in out
    assert "not deleted: busy" in out
    assert out.endswith("cleaned up\n")


@pytest.mark.parametrize(("code", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15)])
def test_a_program_runs_with_a_cluster_of_its_own(code, status):
    ask = f'storpool_req VolumesList || "{sys.executable}" -m storpool.spreq VolumesList; {code}'
    done = subprocess.run(
        [sys.executable, "-m", "storpool_sim", "run", "sh", "-c", ask],
        env=ENV, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (status, "[]\n")


@pytest.mark.parametrize(("program", "status"), [([], 2), (["/no/such/program"], 127)])
def test_a_program_that_cannot_be_run_is_said_plainly(program, status):
    done = subprocess.run(
        [sys.executable, "-m", "storpool_sim", "run", *program],
        env=ENV, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == status
    assert done.stderr.startswith("storpool_sim: ") and "Traceback" not in done.stderr


def test_the_demonstration_runs_and_fits_the_terminal():
    done = subprocess.run(
        [sys.executable, "-m", "storpool_sim", "demo"],
        env=ENV, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    for expected in ("POST /ctrl/1.0/VolumeCreate", "busy: Volume 'db' is attached", "What to try next"):
        assert expected in done.stdout
