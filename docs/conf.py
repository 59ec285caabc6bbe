"""Builds the guides into a site: `tox -e docs`, or `sphinx-build -W -n docs OUTPUT`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, List

from docutils import nodes

from storpool import spapi, sptypes

project = "storpool"
version = release = spapi.VERSION

extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"storpool {release}"
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]
# The output of a command is not to be copied.
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"

REFERENCE = "apidoc.html"
#: What the reference has under its own name.
NAMED = {*spapi.CALLS, *(name for name in sptypes.__all__ if isinstance(getattr(sptypes, name), type))}


def _add_contents(_app: Any, docname: str, source: List[str]) -> None:
    """Add the table of contents to the start page: its lists of links, which also work where nobody knows Sphinx."""
    if docname != "index":
        return
    for title, links in re.findall(r"^## (.*)\n\n((?:- .*\n)+)", source[0], re.MULTILINE):
        pages = "\n".join(re.findall(r"^- \[.*?\]\((.*?)\.md\)", links, re.MULTILINE))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n:maxdepth: 1\n\n{pages}\n```\n"


def _link_calls(_app: Any, doctree: Any, _docname: str) -> None:
    """Link the names of calls and classes in the text to the reference."""
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
    """Register what happens during the build."""
    app.connect("source-read", _add_contents)
    app.connect("doctree-resolved", _link_calls)
    app.connect("build-finished", _write_reference)
