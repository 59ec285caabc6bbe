"""`storpool_confshow`, as programs and shells take its output."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict

import pytest

from storpool import spconfig

NASTY = 'it\'s "a" $HOME `id` $(id) ; & | * \\ #x !y'
CONFIG = f"""\
SP_AUTH_TOKEN=4315061871
SP_NASTY={NASTY}
SP_EMPTY=
OTHER=o
SP_OTHER=so
[one]
SP_OURID=1
[two]
SP_OURID=2
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Make a script like the installed one, with a configuration of its own."""
    config = tmp_path / "storpool.conf"
    config.write_text(CONFIG)
    script = tmp_path / "storpool_confshow"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom storpool.spconfig import SPConfig\n"
        f"SPConfig.PATH_CONFIG, SPConfig.PATH_CONFIG_DIR = {str(config)!r}, {str(config) + '.d'!r}\n"
        "from storpool.spconfshow import main\nsys.exit(main())\n"
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


def test_named_variables_are_printed_in_the_order_of_their_names(run: Run) -> None:
    done = run("-s", "two", "OURID", "SP_AUTH_TOKEN", "SP_NASTY")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["SP_OURID=2", "SP_AUTH_TOKEN=4315061871", f"SP_NASTY={NASTY}"]


def test_all_are_printed_without_names(run: Run) -> None:
    lines = run("-s", "one").stdout.splitlines()
    assert lines == sorted(lines)
    found = dict(line.split("=", 1) for line in lines)
    own = {"SP_AUTH_TOKEN": "4315061871", "SP_NASTY": NASTY, "SP_EMPTY": "", "OTHER": "o", "SP_OTHER": "so"}
    assert found == {**spconfig.DEFAULTS, **own, "SP_OURID": "1"}


def test_values_only(run: Run) -> None:
    assert run("-n", "AUTH_TOKEN").stdout == "4315061871\n"
    assert run("-n", "SP_EMPTY", "OTHER").stdout == "\no\n"


def test_a_name_that_is_there_as_it_is_gets_no_prefix(run: Run) -> None:
    assert run("OTHER", "SP_OTHER").stdout == "OTHER=o\nSP_OTHER=so\n"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_evaluates_what_is_quoted(program: Path, shell: str) -> None:
    script = f'eval "$({program} -e -s two NASTY EMPTY OURID SP_AUTH_TOKEN)"'
    script += '; printf "%s|" "$SP_NASTY" "$SP_EMPTY" "$SP_OURID" "$SP_AUTH_TOKEN"'
    env = _env(SP_AUTH_TOKEN="two\nlines' $HOME")
    done = subprocess.run([shell, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{NASTY}||2|two\nlines' $HOME|", "")


def test_quoted_values_always_have_quotes(run: Run) -> None:
    assert run("-e", "OTHER").stdout == "OTHER='o'\n"


@pytest.mark.parametrize("option", ["-e", "-n", "-s"])
def test_a_variable_that_is_not_set_is_an_error(run: Run, option: str) -> None:
    done = run(*(["-s", "one"] if option == "-s" else [option]), "SP_AUTH_TOKEN", "NO_SUCH")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("storpool_confshow: SP_NO_SUCH is not set")


def test_a_line_break_is_an_error_without_quotes(run: Run) -> None:
    done = run("-n", "AUTH_TOKEN", SP_AUTH_TOKEN="a\nb")
    assert (done.returncode, done.stdout) == (1, "")
    assert "SP_AUTH_TOKEN holds a line break" in done.stderr


def test_a_bad_file_is_an_error_that_quotes_nothing(run: Run, program: Path) -> None:
    program.with_name("storpool.conf").write_text("SP_AUTH_TOKEN 4315061871\n")
    done = run("SP_AUTH_TOKEN")
    assert (done.returncode, done.stdout) == (1, "")
    assert "storpool.conf" in done.stderr and "4315061871" not in done.stderr


def test_bad_options(run: Run) -> None:
    assert run("--bogus").returncode == 2
    assert run("-e", "-n").returncode == 2


def test_nobody_reading_is_no_error(program: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([program], env=_env(), stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
