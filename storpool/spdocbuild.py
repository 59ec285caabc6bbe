"""Writes the reference of the API, one self-contained HTML page: ``python -m storpool.spdocbuild > apidoc.html``.

An installation has the page that its build made of the same declarations. A source tree makes it anew, which needs
Jinja2, the extra ``apidoc``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import spapi, spdoc
from .spdoc import page

__all__ = ["build", "main"]

BUILT = Path(spdoc.__file__).with_name("apidoc.html")


def build() -> str:
    """Give the page.

    :raises RuntimeError: it cannot be made here; the text says what is missing.
    """
    if BUILT.exists():
        return BUILT.read_text(encoding="utf-8")
    if not page.TEMPLATES.is_dir():
        raise RuntimeError("this installation was built without the reference (SP_NO_DOC_BUILD)")
    try:
        return page.render(spdoc.reference(), spapi.VERSION)
    except ImportError as exc:
        raise RuntimeError(f"{exc}: the reference is rendered with it; install storpool[apidoc]") from exc


def main() -> int:
    """Write the page to standard output."""
    try:
        text = build()
    except RuntimeError as exc:
        print(f"spdocbuild: {exc}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
