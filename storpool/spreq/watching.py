"""Repeats a call and shows its result anew: ``--watch``."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import time
from typing import Any, Callable, NoReturn

from ..spcli import is_terminal
from .errors import EXIT_REFUSED, Failure

__all__ = ["watch"]

_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


def watch(call_and_write: Callable[[], Any], seconds: float, people: bool) -> NoReturn:
    """Make a call and print its result again and again, until the program is interrupted.

    On a terminal each result replaces the one before. An error is shown in place of a result.

    :param seconds: the pause between calls.
    """
    redraw = is_terminal(sys.stdout) and os.environ.get("TERM", "dumb") != "dumb"
    first = True
    while True:
        text = _output_of(call_and_write, people) if redraw else ""
        if redraw:
            _redraw(text, seconds, first)
        else:
            if not first:
                print()
            try:
                call_and_write()
            except Failure as failure:
                _raise_lasting(failure)
                failure.report(people)
            sys.stdout.flush()
        first = False
        time.sleep(seconds)


def _raise_lasting(failure: Failure) -> None:
    """Raise a failure that lies in the command line, so that repeating the call cannot help."""
    if failure.status == EXIT_REFUSED and failure.reply["error"]["name"] != "cliRequestFailed":
        raise failure


class _Screen(io.StringIO):
    """Collects output for a terminal."""

    encoding: Any = "utf-8"

    def isatty(self) -> bool:
        return True


def _output_of(call_and_write: Callable[[], Any], people: bool) -> str:
    screen = _Screen()
    screen.encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        with contextlib.redirect_stdout(screen):
            call_and_write()
    except Failure as failure:
        _raise_lasting(failure)
        screen.write(failure.for_people() if people else failure.as_json())
    return screen.getvalue()


def _redraw(text: str, seconds: float, first: bool) -> None:
    """Replace what is on the terminal, line by line, so that it does not flicker."""
    columns, rows = shutil.get_terminal_size()
    title = f"{time.strftime('%H:%M:%S')}, every {seconds:g} s; Ctrl-C ends it"
    lines = [title[:columns], "", *text.rstrip("\n").split("\n")]
    if len(lines) > rows - 1:
        lines = [*lines[: rows - 2], f"{len(lines) - rows + 2} more lines"]
    start = f"{_HOME}{_CLEAR_BELOW}" if first else _HOME
    sys.stdout.write(start + "".join(f"{line}{_CLEAR_LINE}\n" for line in lines) + _CLEAR_BELOW)
    sys.stdout.flush()
