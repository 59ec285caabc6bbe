"""Writes the reference of the API, one self-contained HTML page: ``python -m storpool.spdocbuild > apidoc.html``.

An installation has the page that its build made. A source tree makes the page anew, which needs Jinja2, the extra
``apidoc``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import spapi, spdoc

__all__ = ["TEMPLATES", "build", "main"]

TEMPLATES = Path(__file__).resolve().parents[1] / "apidoc"
"""The directory of the page's templates in a source tree; an installation has the finished page instead."""

BUILT = Path(spdoc.__file__).with_name("apidoc.html")


def build() -> str:
    """Return the page.

    :raises RuntimeError: the page cannot be made here; the text says what is missing.
    """
    if BUILT.exists():
        return BUILT.read_text(encoding="utf-8")
    if not TEMPLATES.is_dir():
        raise RuntimeError("this installation was built without the reference (SP_NO_DOC_BUILD)")
    try:
        # Imported here, because an installation has the finished page and does not need Jinja2.
        from .spdoc import page
    except ImportError as exc:
        raise RuntimeError(f"{exc}: rendering the reference needs it; install storpool[apidoc]") from exc
    return page.render(spdoc.reference(), spapi.VERSION, TEMPLATES)


def main() -> int:
    """Write the page to standard output, and return the exit status."""
    try:
        text = build()
    except RuntimeError as exc:
        print(f"spdocbuild: {exc}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
