"""What the terminal can do, and text that is safe to show on it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

__all__ = ["bold", "is_terminal", "printable", "width"]


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal; it may be None."""
    return stream is not None and stream.isatty()


def width() -> int:
    """Return the number of columns."""
    return shutil.get_terminal_size().columns


def printable(text: str) -> str:
    """Return a text with control characters escaped: text from a cluster must not move the cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def bold(text: str) -> str:
    """Return a text in bold where standard output can show that."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_terminal(sys.stdout)
    return text if plain else f"\033[1m{text}\033[0m"
