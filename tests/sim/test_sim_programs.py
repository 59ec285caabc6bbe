"""The simulated cluster as a program of its own, and programs that use it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
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


def run_program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "storpool_sim", *map(str, arguments)],
        **{"env": ENV, "capture_output": True, "text": True, "timeout": 120, "check": False, **options},
    )


def test_a_program_finds_the_interpreter_that_runs_the_cluster():
    bare = {**ENV, "PATH": os.defpath}
    done = run_program("run", "sh", "-c", "command -v python; command -v storpool_req; python -V >/dev/null", env=bare)
    directory = Path(sys.executable).parent
    assert Path(done.stdout.splitlines()[0]) == directory / "python"
    if (directory / "storpool_req").exists():
        assert Path(done.stdout.splitlines()[1]) == directory / "storpool_req"


def test_a_cluster_of_its_own_is_described_as_one_that_is_served(tmp_path):
    scenario = tmp_path / "start.toml"
    scenario.write_text('[[clusters]]\n[[clusters.volumes]]\nname = "v"\nsize = "1 GiB"\nreplication = 3\n')
    code = (
        "from storpool.spapi import Api, ApiError\n"
        "api = Api.fromConfig()\n"
        "try: api.volumeDelete('v')\n"
        "except ApiError as exc: print(exc.name)\n"
        "print([volume.name for volume in api.volumesList()], api.disksList()[101].up)\n"
        "api.volumeCreate({'name': 'w', 'size': 512, 'replication': 1})\n"
    )
    options = ("--scenario", scenario, "--state", tmp_path / "state", "--seed", 3, "--down", "disk:101")
    fault = ("--fault", "error=busy:calls=volumeDelete")
    done = run_program("run", *options, *fault, "--", sys.executable, "-c", code)
    assert (done.stdout, done.stderr) == ("busy\n['v'] False\n", "")
    done = run_program("run", "--state", tmp_path / "state", sys.executable, "-c", code)
    assert (done.stdout.splitlines()[0], done.returncode) == ("['w'] False", 1)  # deleted, and made before


def test_options_of_the_program_stay_its_own():
    done = run_program("run", "--", "echo", "--state", "--", "-x")
    assert done.stdout == "--state -- -x\n"
    done = run_program("run", "echo", "--seed", "x")
    assert done.stdout == "--seed x\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_a_shell_shows_that_one_is_inside(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    for name in (".bashrc", ".zshrc"):
        (tmp_path / name).write_text("PS1='mine> '\nPATH=/usr/bin:/bin\nalias greet='echo hel''lo'\n")
    env = {**ENV, "HOME": str(tmp_path), "TERM": "dumb", "SHELL": "/bin/sh"}
    for name in ("ZDOTDIR", "PS1", "PROMPT", "ENV", "BASH_ENV"):
        env.pop(name, None)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "storpool_sim", "run", shell],
        env=env,
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 200),
    )
    try:
        child.expect_exact("(storpool_sim) " + ("" if shell == "sh" else "mine> "))
        child.sendline("python -c 'import sys; print(sys.pre''fix)'; echo $SP_API_HTTP_HOST")
        child.expect_exact(sys.prefix)
        child.expect_exact("127.0.0.1")
        if shell != "sh":
            child.sendline("greet")
            child.expect_exact("hello")
        child.sendline("exit 3")
        child.expect(pexpect.EOF)
    finally:
        child.close()
    assert child.exitstatus == 3


def test_the_version_is_told():
    done = run_program("--version")
    assert (done.stdout, done.returncode) == (f"storpool_sim {spapi.VERSION}\n", 0)


@pytest.mark.parametrize("command", [["serve"], ["run", "true"], ["demo"]])
def test_without_an_http_library_it_says_what_is_needed(command):
    code = (
        f"import sys; sys.modules['aiohttp'] = None\nfrom storpool_sim.cli import main\nsys.exit(main({command!r}))\n"
    )
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, env=ENV, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "storpool_sim: aiohttp is needed: install storpool[sim]\n"


def serving(command):
    """Run a shell command in which `serve` is told to serve; gives the process, whose output nobody reads."""
    return subprocess.Popen(["bash", "-c", command], env={**ENV, "PYTHON": sys.executable}, start_new_session=True)


@pytest.mark.parametrize("behind", ["2>&1 | head -1 >/dev/null", "2> >(true)", "2>/dev/full", "2>&- >&-", ">/dev/full"])
def test_a_log_that_cannot_be_written_ends_nothing(behind, tmp_path):
    file, status = tmp_path / "env", tmp_path / "status"
    command = f'("$PYTHON" -m storpool_sim serve --env-file {file} & echo $! > {file}.pid; wait $!; echo $? > {status})'
    process = serving(f"{command} {behind}")
    try:
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        found = dict(line[len("export ") :].split("=") for line in file.read_text().splitlines())
        api = spapi.Api(found["SP_API_HTTP_HOST"], found["SP_API_HTTP_PORT"], found["SP_AUTH_TOKEN"])
        for _ in range(20):
            assert api.volumesList() == []
            with pytest.raises(spapi.ApiError):
                api.volumeDelete("nope")
        time.sleep(0.1)  # lines are written together, a moment later
        assert api.volumesList() == []
        os.kill(int(Path(f"{file}.pid").read_text()), signal.SIGTERM)
        process.wait(timeout=60)
        assert status.read_text() == "0\n"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)
