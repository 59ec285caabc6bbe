"""Writes the reference of the API, one self-contained HTML page: ``python -m storpool.spdocbuild > apidoc.html``."""

from __future__ import annotations

import sys

from . import spapi, spdoc
from .spdoc.page import Page

__all__ = ["build", "main"]


def build() -> str:
    """Give the page."""
    return str(Page(spdoc.reference(), spapi.VERSION))


def main() -> int:
    """Write the page to standard output."""
    sys.stdout.buffer.write(build().encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
