"""The documentation's table of calls is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from storpool.spapi.call import CALLS
from storpool_sim.calls.table import state, table
from storpool_sim.cli import main

GUIDE = Path(__file__).parents[2] / "docs" / "simulator.md"


def test_the_guide_has_the_table_of_the_code():
    text = GUIDE.read_text(encoding="utf-8")
    assert text.endswith("\n" + table()), "put the output of `python -m storpool_sim calls` at the end of the guide"


def test_every_call_is_in_the_table():
    lines = table().splitlines()
    assert all(any(line.startswith(f"| `{name}` |") for line in lines) for name in CALLS)


@pytest.mark.parametrize(("name", "start"), [("volumeCreate", "yes"), ("iSCSISessionsInfo", "in part: ")])
def test_a_call_is_simulated_wholly_or_in_part(name, start):
    assert state(name).startswith(start)


def test_no_call_is_left_out():
    assert [name for name in CALLS if state(name) == "no"] == []


def test_the_command_prints_it(capsys):
    assert main(["calls"]) == 0
    assert capsys.readouterr().out == table()
