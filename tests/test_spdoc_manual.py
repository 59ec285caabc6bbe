"""The man pages: everything that the help of the commands has, in roff that `man` shows without a warning."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from storpool.spdoc import manual


def _shown(directory: Path, text: str) -> str:
    """Return what `man` shows of a page, in one line."""
    if shutil.which("man") is None:
        pytest.skip("there is no man on this machine")
    path = directory / "page.1"
    path.write_text(text, encoding="utf-8")
    env = {**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}
    done = subprocess.run(["man", "-l", "--warnings", path], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("command", manual.COMMANDS)
def test_a_page_has_every_option_and_its_meaning(command: str, tmp_path: Path) -> None:
    module, _, function = manual.COMMANDS[command].partition(":")
    parser = getattr(importlib.import_module(module), function)()
    shown = _shown(tmp_path, manual.pages("7.4.0")[f"{command}.1"])
    assert f"{command} - " in shown and "storpool 7.4.0" in shown
    for title in ("SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
        assert title in shown
    parsers = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parsers += action.choices.values()
    for inner in parsers:
        for action in inner._actions:
            if action.option_strings and (inner is parser or action.dest != "help"):
                assert all(option in shown for option in action.option_strings)
                assert " ".join((action.help or "").split()) % {"default": action.default} in shown


def test_text_that_roff_would_take_for_commands_is_shown_as_it_is(tmp_path: Path) -> None:
    description = "Do things.\n\n.SH is no heading, \\fB is no bold, 'quoted' and --dashes stay."
    parser = argparse.ArgumentParser(prog="x", description=description, epilog="examples:\n  .x 'a' \\b\n\nA note.")
    parser.add_argument("--full", type=float, default=0.5, metavar="PART", help="100%% is all (%(default)s)")
    shown = _shown(tmp_path, manual.page(parser, "1"))
    assert ".SH is no heading, \\fB is no bold, 'quoted' and --dashes stay." in shown
    assert ".x 'a' \\b" in shown and "NOTES A note." in shown
    assert "--full PART 100% is all (0.5)" in shown


def test_pages_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from storpool import spdocbuild

    pages = []
    for columns in ("40", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        assert spdocbuild.main(["--man", str(tmp_path / columns)]) == 0
        pages.append({path.name: path.read_text() for path in (tmp_path / columns).iterdir()})
    assert pages[0] == pages[1] and set(pages[0]) == {f"{command}.1" for command in manual.COMMANDS}
