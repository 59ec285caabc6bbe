"""The width of the terminal, and bold text."""

from __future__ import annotations

import os
import shutil
import sys

from ..spcli import is_terminal

__all__ = ["bold", "width"]


def width() -> int:
    """Return the number of columns."""
    return shutil.get_terminal_size().columns


def bold(text: str) -> str:
    """Return a text in bold where standard output can show that."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(sys.stdout)
    return text if plain else f"\033[1m{text}\033[0m"
