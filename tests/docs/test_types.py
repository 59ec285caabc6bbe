"""Type checkers accept all Python of the guides, except where a page shows what a checker reports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import doc_blocks
import doc_programs
import pytest
from doc_blocks import Block

pytest.importorskip("mypy", reason="the checkers run in `tox -e typing`")
pytest.importorskip("pyright", reason="the checkers run in `tox -e typing`")

PAGES = [doc_programs.ROOT / "README.md", *sorted(doc_programs.ROOT.glob("docs/**/*.md"))]


class Sources(NamedTuple):
    """The Python of the pages, written to files; lines of a file are those of its page."""

    directory: Path
    pages: Dict[Path, Path]

    def describe(self, file: str, line: int, text: str) -> str:
        """Return an error of a checker as `page:line: text`."""
        return f"{self.pages[Path(file)].name}:{line}: {text}"


def _file_name(block: Block) -> str:
    """Return the file that a block belongs to; blocks that a reader types into one Python are one file."""
    if block.mark == "file":
        return block.value
    return "test_page.py" if block.mark == "pytest" else "page.py"


def _write(pages: List[Path], directory: Path) -> Sources:
    written = {}
    for page in pages:
        files: Dict[str, List[Block]] = {}
        for block in doc_blocks.blocks(page):
            if block.language == "python" and block.mark != "excerpt":
                files.setdefault(_file_name(block), []).append(block)
        for name, blocks in files.items():
            # Tests need no annotations of their own; what they call is checked all the same.
            text = "" if blocks[0].mark == "" else "# mypy: allow-untyped-defs, check-untyped-defs"
            for block in blocks:
                # As many lines before it as on the page, so that errors have the page's line.
                text += "\n" * (block.line - text.count("\n")) + block.code
            # A package of its own for each page: several may have a `mine.py`.
            path = directory / page.stem.replace("-", "_") / Path(name).name.replace("-", "_")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written[path] = page
    return Sources(directory, written)


def _shown(pages: List[Path]) -> List[Tuple[str, str]]:
    """Return the errors that pages show on purpose, in the output of a command `mypy FILE`, as (page:line, text)."""
    shown = []
    for page in pages:
        blocks = doc_blocks.blocks(page)
        files = {block.value: block for block in blocks if block.mark == "file"}
        for command, output in zip(blocks, blocks[1:]):
            if command.language == "sh" and command.code.startswith("mypy "):
                for name, line, text in re.findall(
                    r"^(\S+):(\d+): error: (.*?)  \[[\w-]+\]$", output.code, re.MULTILINE
                ):
                    shown.append((f"{page.name}:{files[name].line + int(line)}", text))
    return shown


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return _write(PAGES, tmp_path)


def _run(command: List[str], directory: Path) -> str:
    # The packages of this tree, whether or not they are installed as well.
    env = {**os.environ, "MYPYPATH": f"{directory}:{doc_programs.ROOT}", "PYTHONPATH": str(doc_programs.ROOT)}
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=directory, env=env)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def _mypy(sources: Sources) -> List[str]:
    options = [
        *("--config-file=", "--strict", "--namespace-packages", "--explicit-package-bases", "--no-error-summary"),
        *("--output", "json", "--cache-dir", str(sources.directory / ".mypy_cache")),
    ]
    output = _run(["mypy", *options, *map(str, sources.pages)], sources.directory)
    reports = [json.loads(line) for line in output.splitlines() if line]
    return [
        sources.describe(os.path.join(sources.directory, report["file"]), report["line"], report["message"])
        for report in reports
        if report["severity"] == "error"
    ]


def _pyright(sources: Sources) -> List[str]:
    output = _run(
        ["pyright", "--outputjson", "--pythonpath", sys.executable, str(sources.directory)], sources.directory
    )
    return [
        sources.describe(report["file"], report["range"]["start"]["line"] + 1, report["message"])
        for report in json.loads(output)["generalDiagnostics"]
        if report["severity"] == "error"
    ]


def test_mypy_accepts_the_python_of_the_guides(sources: Sources) -> None:
    assert sorted(_mypy(sources)) == sorted(f"{where}: {text}" for where, text in _shown(PAGES))


def test_pyright_accepts_the_python_of_the_guides(sources: Sources) -> None:
    # Its texts are others than mypy's, and have several lines.
    shown = tuple(f"{where}: " for where, _ in _shown(PAGES))
    found = _pyright(sources)
    assert [error for error in found if not error.startswith(shown)] == [] and len(found) == len(shown)


def test_an_error_on_a_page_is_found_at_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Text.\n\n```python\nfrom storpool import spapi\n\napi = spapi.Api.fromConfig()\n```\n\n"
        "```python\nfor volume in api.volumesList():\n    print(volume.sise)\n```\n"
    )
    (tmp_path / "sources").mkdir()
    sources = _write([page], tmp_path / "sources")
    (mypy,) = _mypy(sources)
    (pyright,) = _pyright(sources)
    assert mypy == 'page.md:11: "VolumeSummary" has no attribute "sise"' and pyright.startswith("page.md:11: ")
