"""The code blocks of a Markdown page, and a reader who types them in, one after the other.

A block is known by the language it names: `python`, `sh`, `json`, `ini`; `text` after one of these is what it prints,
where `...` stands for anything. A comment before a block says what else there is to know of it:

    <!-- file: PATH -->          it is a file, which the blocks after it find, below the reader's directory
    <!-- pytest -->              it holds tests, which pytest runs
    <!-- excerpt: PATH ... -->   its lines stand in these files of the project
    <!-- not run: REASON -->     it only has to be well-formed
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from doc_programs import ROOT
from markdown_it import MarkdownIt

from storpool.spconfig import SPConfig

LANGUAGES = ("python", "sh", "json", "ini", "text")
#: Seconds that a block of the shell may take.
PATIENCE = 120.0

_COMMENT = re.compile(r"<!--\s*(file|pytest|excerpt|not run)(?::\s*(.*?))?\s*-->\s*", re.DOTALL)
_END = "-- end of block --"


class Block(NamedTuple):
    """A code block; `mark` and `value` are of the comment before it."""

    page: Path
    line: int
    language: str
    code: str
    mark: str
    value: str

    @property
    def where(self) -> str:
        """The page and line."""
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> List[Block]:
    """The blocks of a page; one that is indented and not fenced has no language."""
    found, mark, value = [], "", ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            words = token.info.split()
            line = token.map[0] + 1 if token.map else 0
            if not token.info.startswith("{"):  # a directive for Sphinx
                found.append(Block(page, line, words[0] if words else "", token.content, mark, value))
        comment = _COMMENT.fullmatch(token.content) if token.type == "html_block" else None
        mark, value = (comment[1], comment[2] or "") if comment else ("", "")
    return found


def check(block: Block) -> None:
    """Check that a block is well-formed, whether or not it is run."""
    assert block.language in LANGUAGES, f"{block.where}: no such language: {block.language!r}"
    assert block.mark in ("", "pytest") or block.value, f"{block.where}: `{block.mark}` without what it is"
    if block.language == "python":
        compile(block.code, block.where, "exec", dont_inherit=True)
    elif block.language == "sh":
        done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)
        assert not done.stderr, f"{block.where}: {done.stderr}"
    elif block.language == "json":
        json.loads(block.code)
    elif block.language == "ini":
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(block.code)
            file.flush()
            type("Config", (SPConfig,), {"PATH_CONFIG": file.name, "PATH_CONFIG_DIR": os.devnull}).get_all_sections()


class Reader:
    """Types the blocks of a page into one Python and one shell, in a directory of its own.

    :param env: the environment of the shell, and of the programs that it starts.
    """

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._names: Dict[str, Any] = {"__name__": "__main__"}
        self._printed: Optional[str] = None
        self._errors = directory / ".stderr"
        with self._errors.open("w") as errors:
            # A group of its own: what the page leaves running in the background ends with it.
            self._shell = subprocess.Popen(
                ["bash", "-e"], env=env, cwd=directory, start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        # What runs in the background may keep the output open; the end of the shell has to be told.
        self._type(f"trap 'status=$?; echo; echo {_END} $status' EXIT")

    def close(self) -> None:
        """End the shell and what it has started; leave the contexts that the page has entered."""
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.communicate()
        for value in self._names.values():
            # A page that fails before it closes its clusters would keep the interpreter from exiting.
            if isinstance(value, contextlib.ExitStack):
                value.close()

    def read_all(self, blocks: List[Block]) -> None:
        """Do what the blocks say; raises AssertionError where they do not do what the page says."""
        for block in blocks:
            self._read(block)
        # One file for all tests of a page: they may use what stands in the blocks before them.
        tests = [block for block in blocks if block.mark == "pytest"]
        if tests:
            self._file("test_page.py").write_text("\n\n".join(block.code for block in tests), encoding="utf-8")
            self._sh(tests[0], "pytest -q -p no:cacheprovider test_page.py")

    def _read(self, block: Block) -> None:
        check(block)
        if block.mark in ("not run", "pytest"):
            self._printed = None
        elif block.mark == "excerpt":
            _is_excerpt(block)
        elif block.mark == "file":
            self._file(block.value).write_text(block.code, encoding="utf-8")
        elif block.language == "text":
            self._compare(block)
        elif block.language == "python":
            self._python(block)
        elif block.language == "sh":
            self._sh(block, block.code)

    def _file(self, name: str) -> Path:
        path = self._directory / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _python(self, block: Block) -> None:
        # As many lines before it as on the page: tracebacks name the right one.
        code = compile("\n" * block.line + block.code, str(block.page), "exec", dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), _working_in(self._directory):
            exec(code, self._names)  # noqa: S102 - that is what it is for
        self._printed = printed.getvalue()

    def _sh(self, block: Block, code: str) -> None:
        # In braces it is read whole before it runs, and cannot eat what is typed next.
        self._type("{\n" + code + "\n} < /dev/null")
        printed: List[str] = []
        watchdog = threading.Timer(PATIENCE, os.killpg, (self._shell.pid, signal.SIGKILL))
        watchdog.start()
        try:
            self._type(f"echo; echo {_END}")
            assert self._shell.stdout is not None
            for line in self._shell.stdout:
                if line.startswith(_END):
                    break
                printed.append(line)
        finally:
            watchdog.cancel()
        self._printed = "".join(printed)
        failed = line.strip() != _END
        assert not failed, f"{block.where}: {line}{self._printed}{self._errors.read_text(encoding='utf-8')[-3000:]}"

    def _type(self, code: str) -> None:
        assert self._shell.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.write(code + "\n")
            self._shell.stdin.flush()

    def _compare(self, block: Block) -> None:
        assert self._printed is not None, f"{block.where}: nothing before it prints"
        printed, wanted = (
            # What is below the reader's directory stands on the page as if there were no other.
            "\n".join(line.rstrip() for line in text.replace(str(self._directory), "").strip().splitlines())
            for text in (self._printed, block.code)
        )
        pattern = ".*?".join(re.escape(part) for part in wanted.split("..."))
        assert re.fullmatch(pattern, printed, re.DOTALL), f"{block.where}: printed is\n{printed}"


def _is_excerpt(block: Block) -> None:
    lines = {line.strip() for name in block.value.split() for line in (ROOT / name).read_text("utf-8").splitlines()}
    for line in block.code.splitlines():
        assert line.strip() in lines, f"{block.where}: {line.strip()!r} is not in {block.value}"


@contextlib.contextmanager
def _working_in(directory: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
