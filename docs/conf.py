"""How the guides become a site: `tox -e docs`, or `sphinx-build -W -n docs OUTPUT`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

from storpool import spapi, sptypes

project = "storpool"
version = release = spapi.VERSION

extensions = ["myst_parser"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"storpool {release}"
html_copy_source = False

REFERENCE = "apidoc.html"
#: What the reference has under its own name.
NAMED = {*spapi.CALLS, *(name for name in sptypes.__all__ if isinstance(getattr(sptypes, name), type))}


def _link_calls(_app: Any, doctree: Any, _docname: str) -> None:
    """Let the names of calls and classes in the text lead to the reference."""
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext()
        if name in NAMED and isinstance(literal.parent, (nodes.paragraph, nodes.entry)):
            literal.replace_self(
                nodes.reference("", "", literal.deepcopy(), refuri=f"{REFERENCE}#{name}", internal=True)
            )


def _write_reference(app: Any, exception: Any) -> None:
    """Put the reference beside the guides."""
    if exception is None and app.builder.format == "html":
        with Path(app.outdir, REFERENCE).open("wb") as page:
            subprocess.run([sys.executable, "-m", "storpool.spdocbuild"], stdout=page, check=True)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("doctree-resolved", _link_calls)
    app.connect("build-finished", _write_reference)
