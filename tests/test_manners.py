"""What all commands of the project have in common: their help, their version, their errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
from terminal import ended, environment, spawned_command

import storpool_sim
from storpool import spapi

COMMANDS = {
    "storpool_confget": ["-m", "storpool.spconfget"],
    "storpool_confshow": ["-m", "storpool.spconfshow"],
    "storpool_os": ["-m", "storpool_os"],
    "storpool_req": ["-m", "storpool.spreq"],
    "storpool_sim": ["-m", "storpool_sim"],
}


def _run(name: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *COMMANDS[name], *argv], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_version_is_a_line(name: str) -> None:
    done = _run(name, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name} {spapi.VERSION}\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_has_examples_and_exit_statuses_and_fits(name: str) -> None:
    done = _run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {name} ")
    examples = done.stdout[done.stdout.index("\nexamples:\n") :]
    assert f"  {name} " in examples and "\nexit status:\n" in examples
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("argv", [["--bogus"], ["-\x1b[2J"]])
def test_a_wrong_option_is_one_line_on_a_terminal(name: str, argv: List[str]) -> None:
    with storpool_sim.running() as sim:
        seen = ended(spawned_command([*COMMANDS[name], *argv], environment(sim)))
    assert seen.status in (1, 2)
    assert seen.lines[0].startswith(f"{name}: ") and "\x1b" not in seen.raw
    if name != "storpool_req":  # which adds its usage
        assert len(seen.lines) == 1 and f"{name} --help" in seen.lines[0]


def test_requests_of_openstack_do_not_control_the_terminal(tmp_path: Path) -> None:
    state = tmp_path / "state"
    entry = {"volume": "os--v\x1b[2J", "type": "t", "id": "i", "rights": 2}
    state.write_text(json.dumps({"r\x1b]0;title\x07": entry}))
    code = (
        "import json, sys; from storpool_os.__main__ import main\n"
        "sys.exit(main(['list', '--file', sys.argv[1]], json.loads(sys.argv[2])))"
    )
    with storpool_sim.running() as sim:
        seen = ended(spawned_command(["-c", code, str(state), json.dumps(sim.env)], environment(sim), 120))
    assert seen.status == 0 and "os--v\\x1b[2J" in seen.raw and "\x1b" not in seen.raw and "\x07" not in seen.raw
