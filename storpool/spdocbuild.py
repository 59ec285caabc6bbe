"""Writes the reference of the API, one self-contained HTML page: ``python -m storpool.spdocbuild > apidoc.html``.

``python -m storpool.spdocbuild --man DIRECTORY`` writes the man pages of the commands.

An installation has the page that its build made. A source tree makes the page anew, which needs Jinja2, the extra
``apidoc``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional

from . import spapi, spdoc

__all__ = ["TEMPLATES", "build", "main", "write_man_pages"]

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


def write_man_pages(directory: Path) -> None:
    """Write the man page of each command.

    :raises RuntimeError: a library that a command needs is not installed.
    """
    from .spdoc import manual

    # The width that usage lines are wrapped to, whatever terminal the build has.
    os.environ["COLUMNS"] = "80"
    try:
        pages = manual.pages(spapi.VERSION)
    except ImportError as exc:
        raise RuntimeError(f"{exc}: the man pages need it; install storpool[sim]") from exc
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")


def main(argv: Optional[List[str]] = None) -> int:
    """Write the page to standard output or the man pages to a directory, and return the exit status."""
    parser = argparse.ArgumentParser(prog="spdocbuild", description="Write the reference of the API, an HTML page.")
    parser.add_argument("--man", metavar="DIRECTORY", type=Path, help="write the man pages of the commands instead")
    args = parser.parse_args(argv)
    try:
        if args.man is not None:
            write_man_pages(args.man)
            return 0
        text = build()
    except RuntimeError as exc:
        print(f"spdocbuild: {exc}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
