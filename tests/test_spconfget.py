"""`storpool_confget`, and how programs and shells use its output."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from storpool import spconfig

# Characters that are special in a shell.
NASTY = 'it\'s "a" $HOME `id` $(id) ; & | * \\ #x !y'

CONFIG = f"""\
SP_AUTH_TOKEN=4315061871
SP_API_HTTP_HOST=10.0.0.1
SP_NASTY={NASTY}
SP_EMPTY=
[one]
SP_OURID=1
[two]
SP_OURID=2
SP_API_HTTP_HOST=10.0.0.2
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "storpool.conf"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def program(config: Path) -> Path:
    """Write a script like the installed one that reads another configuration."""
    script = config.parent / "storpool_confget"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom storpool.spconfig import SPConfig\n"
        f"SPConfig.PATH_CONFIG, SPConfig.PATH_CONFIG_DIR = {str(config)!r}, {str(config) + '.d'!r}\n"
        "from storpool.spconfget import main\nsys.exit(main())\n"
    )
    script.chmod(stat.S_IRWXU)
    return script


def _env(**more: str) -> Dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("SP_")}, **more}


@pytest.fixture
def run(program: Path) -> Run:
    def run(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *argv], env=_env(**env), capture_output=True, text=True, check=False)

    return run


def _variables(text: str) -> Dict[str, str]:
    """Read the lines as the drivers of virtualization platforms do."""
    return dict(line.split("=", 1) for line in text.splitlines())


class TestLines:
    def test_are_the_configuration_sorted_by_name(self, run: Run) -> None:
        done = run("-s", "one")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == sorted(done.stdout.splitlines())
        given = {
            "SP_AUTH_TOKEN": "4315061871",
            "SP_API_HTTP_HOST": "10.0.0.1",
            "SP_NASTY": NASTY,
            "SP_EMPTY": "",
            "SP_OURID": "1",
        }
        assert _variables(done.stdout) == {**spconfig.DEFAULTS, **given}

    def test_are_those_of_the_section(self, run: Run) -> None:
        there = _variables(run("-s", "two").stdout)
        assert (there["SP_OURID"], there["SP_API_HTTP_HOST"]) == ("2", "10.0.0.2")
        assert "SP_OURID" not in _variables(run("-s", "no-such-host").stdout)

    def test_are_those_of_this_host_otherwise(self, run: Run, config: Path) -> None:
        with config.open("a") as stream:
            stream.write(f"[{os.uname().nodename}]\nSP_OURID=33\n")
        assert _variables(run().stdout)["SP_OURID"] == "33"

    def test_are_what_the_bindings_use(self, run: Run) -> None:
        assert _variables(run(SP_API_HTTP_HOST="there").stdout)["SP_API_HTTP_HOST"] == "there"

    def test_can_be_cut_and_searched(self, program: Path) -> None:
        pipeline = f"{program} -s two | grep SP_OURID | cut -d= -f2"
        done = subprocess.run(["sh", "-c", pipeline], env=_env(), stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout == "2\n"

    def test_with_a_line_break_are_no_lines(self, run: Run) -> None:
        done = run(SP_AUTH_TOKEN="a\nSP_OURID=66")
        assert (done.returncode, done.stdout) == (1, "")
        assert "SP_AUTH_TOKEN holds a line break" in done.stderr and "66" not in done.stderr


class TestShell:
    @pytest.mark.parametrize("shell", ["sh", "bash"])
    def test_gets_values_unchanged(self, program: Path, shell: str) -> None:
        script = f'eval "$({program} -S -s two)"; printf "%s|" "$SP_NASTY" "$SP_EMPTY" "$SP_OURID" "$SP_AUTH_TOKEN"'
        env = _env(SP_AUTH_TOKEN="two\nlines' $HOME")
        done = subprocess.run([shell, "-c", script], env=env, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (f"{NASTY}||2|two\nlines' $HOME|", "")

    def test_gets_the_defaults(self, program: Path) -> None:
        script = f'eval "$({program} -S)"; env'
        done = subprocess.run(["sh", "-ac", script], env=_env(), stdout=subprocess.PIPE, text=True, check=True)
        assert set(done.stdout.splitlines()) >= {f"{name}={value}" for name, value in spconfig.DEFAULTS.items()
                                                 if name != "SP_API_HTTP_HOST"}  # fmt: skip

    def test_is_not_given_a_command_for_a_name(self, run: Run, config: Path) -> None:
        config.write_text(CONFIG.replace("SP_EMPTY=", "weird-name=2\nSP_EMPTY="))
        done = run("-S")
        assert done.returncode == 0
        assert all(line.split("=")[0].isidentifier() for line in done.stdout.splitlines())
        assert done.stderr.count("Left out") == 1 and "'weird-name'" in done.stderr
        assert "weird-name=2" in run().stdout.splitlines()


class TestConfget:
    """The program whose letters these are agrees."""

    @pytest.mark.parametrize("options", [["-s", "two"], ["-S", "-s", "two"]])
    def test_prints_the_same_lines_for_what_the_file_sets(self, run: Run, config: Path, options: List[str]) -> None:
        pytest.importorskip("confget.__main__")
        theirs = subprocess.run(
            [sys.executable, "-m", "confget", "-f", config, "-O", "-l", *options],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        ours = run(*options).stdout.splitlines()
        assert [line for line in ours if line.split("=")[0] in _variables(theirs)] == theirs.splitlines()


class TestFailures:
    def test_a_missing_file(self, run: Run, config: Path) -> None:
        config.unlink()
        done = run()
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("storpool_confget: ") and str(config) in line

    def test_a_missing_file_does_not_matter_where_the_environment_is_enough(self, run: Run, config: Path) -> None:
        config.unlink()
        done = run(SP_API_HTTP_HOST="there", SP_API_HTTP_PORT="81", SP_AUTH_TOKEN="1")
        assert done.returncode == 0 and _variables(done.stdout)["SP_API_HTTP_HOST"] == "there"

    def test_a_bad_file(self, run: Run, config: Path) -> None:
        config.write_text("SP_AUTH_TOKEN 4315061871\n")
        done = run()
        assert (done.returncode, done.stdout) == (1, "")
        assert str(config) in done.stderr and "4315061871" not in done.stderr

    def test_bad_options(self, run: Run) -> None:
        assert run("--bogus").returncode == 2
        assert run("SP_OURID").returncode == 2

    def test_nobody_reading_is_no_error(self, program: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done: Any = subprocess.run([program], env=_env(), stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, b"")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
    def test_what_cannot_be_written_is_an_error(self, program: Path) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run([program], env=_env(), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and done.stderr.startswith("storpool_confget: Could not write: ")

    def test_bytes_come_through_as_they_are(self, program: Path, config: Path) -> None:
        config.write_bytes(CONFIG.encode().replace(b"SP_EMPTY=", b"SP_EMPTY=h\xc3\xa9"))
        env = {**os.environb, b"PYTHONUTF8": b"1", b"SP_AUTH_TOKEN": b"\xff"}
        done = subprocess.run([program], env=env, stdout=subprocess.PIPE, check=True)
        assert {b"SP_EMPTY=h\xc3\xa9", b"SP_AUTH_TOKEN=\xff"} <= set(done.stdout.splitlines())
