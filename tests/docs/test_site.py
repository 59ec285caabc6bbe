"""The guides as a site: it builds without a warning, each of its links leads somewhere, and it needs no network."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple
from urllib.parse import unquote, urlsplit

import doc_programs
import pytest

pytest.importorskip("sphinx", reason="the site is built by `tox -e docs`")


class Page(HTMLParser):
    """What a page can be linked to by, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: Set[str] = set()
        self.links: List[str] = []
        self.loads: List[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors.update(found[name] for name in ("id", "name") if name in found)
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])
        elif tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wanted = os.environ.get("SP_TEST_SITE")  # to look at it afterwards
    directory = Path(wanted) if wanted else tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-qEWn", "--keep-going", str(doc_programs.ROOT / "docs"), str(directory)],
        env=doc_programs.environment({}), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return directory


@pytest.fixture(scope="module")
def pages(site: Path) -> Dict[Path, Page]:
    return {path: Page(path) for path in site.glob("**/*.html")}


def test_every_guide_is_on_the_site(site: Path) -> None:
    for path in (doc_programs.ROOT / "docs").glob("*.md"):
        assert (site / path.with_suffix(".html").name).exists()


def test_every_link_leads_somewhere(site: Path, pages: Dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment) or link.startswith("data:"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {unquote(parts.fragment)}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.name}: {link}")
    assert not broken


def test_it_needs_no_network(pages: Dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert not [load for load in page.loads if urlsplit(load).netloc], path


def test_the_reference_is_part_of_it(site: Path, pages: Dict[Path, Page]) -> None:
    assert "VolumesList" in pages[site / "apidoc.html"].anchors
    assert "apidoc.html" in pages[site / "reference.html"].links
    # A call's name, wherever it stands in a sentence.
    assert "apidoc.html#volumeMoveToRemote" in pages[site / "multicluster.html"].links
