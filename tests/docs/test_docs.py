"""Whatever stands as code in the guides and in the README does what they say, against a simulated cluster."""

from __future__ import annotations

import logging
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Dict

import doc_blocks
import doc_programs
import pytest

import storpool_sim
from storpool import spapi
from storpool.spconfig import SPConfig
from storpool_os import AttachDB

PAGES = [doc_programs.ROOT / "README.md", *sorted(doc_programs.ROOT.glob("docs/**/*.md"))]
PLUGIN = "storpool_sim.pytest_plugin"


def _plugin_is_installed() -> bool:
    try:
        return any(one.value == PLUGIN for one in distribution("storpool").entry_points)
    except PackageNotFoundError:
        return False


def _shell_environment(directory: Path, cluster: Dict[str, str]) -> Dict[str, str]:
    """The programs of this environment come first; those that are not installed run from the source."""
    bin = directory / ".venv" / "bin"
    bin.mkdir(parents=True)
    for name, command in (
        ("python", ""),
        ("storpool_confget", "-m storpool.spconfget"),
        ("storpool_confshow", "-m storpool.spconfshow"),
        ("storpool_req", "-m storpool.spreq"),
        ("storpool_sim", "-m storpool_sim"),
        ("pytest", "-m pytest"),
    ):
        installed = Path(sys.executable).with_name(name)
        code = (
            f'exec "{installed}" "$@"' if command and installed.exists() else f'exec "{sys.executable}" {command} "$@"'
        )
        (bin / name).write_text(f"#!/bin/sh\n{code}\n")
        (bin / name).chmod(0o755)
    env = doc_programs.environment(cluster)
    if not _plugin_is_installed():
        env["PYTEST_ADDOPTS"] = f"-p {PLUGIN}"
    return {**env, "PATH": f"{bin}{os.pathsep}{env['PATH']}", "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_do_what_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(doc_programs.EXAMPLES)
    # What a page sets for good is not for the other tests.
    for name in [name for name in vars(AttachDB) if name.endswith("_tries")]:
        monkeypatch.setattr(AttachDB, name, getattr(AttachDB, name))
    with storpool_sim.running(devDir=str(tmp_path / "dev/storpool")) as sim:
        for name, value in sim.env.items():
            monkeypatch.setenv(name, value)
        # What a page says of /etc and /dev holds below the reader's directory.
        monkeypatch.setattr(SPConfig, "PATH_CONFIG", str(tmp_path / "etc/storpool.conf"))
        monkeypatch.setattr(SPConfig, "PATH_CONFIG_DIR", str(tmp_path / "etc/storpool.conf.d"))
        monkeypatch.setattr(spapi, "SP_DEV_PATH", f"{tmp_path}/dev/storpool/")
        reader = doc_blocks.Reader(tmp_path, _shell_environment(tmp_path, sim.env))
        try:
            reader.read_all(doc_blocks.blocks(page))
        finally:
            reader.close()
            logging.getLogger("storpool.spapi").setLevel(logging.NOTSET)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    found = [block for page in PAGES for block in doc_blocks.blocks(page)]
    idle = [block for block in found if block.mark == "not run"]
    assert len(idle) < len(found) / 5, [block.where for block in idle]


@pytest.fixture
def reads(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Reads a page of a test's own."""

    def read(text: str) -> None:
        page = tmp_path / "page.md"
        page.write_text(text)
        reader = doc_blocks.Reader(tmp_path, _shell_environment(tmp_path, {}))
        try:
            reader.read_all(doc_blocks.blocks(page))
        finally:
            reader.close()

    return read


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```python\nopen('no-such-file')\n```\n", "no-such-file"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "page.md:5: printed is\n1"),
        ("```python\nx = (\n```\n", "never closed|unexpected EOF"),
        ("<!-- not run: it is long -->\n\n```sh\nif\n```\n", "page.md:3: .*syntax error"),
        ("<!-- not run -->\n\n```sh\ntrue\n```\n", "page.md:3: `not run` without"),
        ("```sh\nls /no-such-file\ntrue\n```\n", "page.md:1: (?s:.*)No such file"),
        ("```sh\nsleep 1000 & exit 3\n```\n", "page.md:1: -- end of block -- 3"),
        ("```sh\necho a b\n```\n\n```text\na c\n```\n", "page.md:5: printed is\na b"),
        ("<!-- not run: it prints -->\n\n```sh\necho a\n```\n\n```text\na\n```\n", "page.md:7: nothing before"),
        ("<!-- excerpt: README.md -->\n\n```python\nno_such_line()\n```\n", "'no_such_line.*' is not in README.md"),
        ("<!-- pytest -->\n\n```python\ndef test_it():\n    assert False\n```\n", "1 failed"),
        ("```json\n{1}\n```\n", "Expecting property name"),
        ("```ini\n[section\n```\n", "not in INI format"),
        ("    indented\n", "page.md:1: no such language: ''"),
        ("- in a list:\n\n  ```sh\n  false\n  ```\n", "page.md:3: "),
    ],
)
def test_a_block_that_does_not_do_what_the_page_says_is_found(text: str, reason: str, reads) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Exception, match=reason):
        reads(text)


def test_a_page_that_fails_leaves_what_it_has_entered(reads, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    left = tmp_path / "left"
    with pytest.raises(ZeroDivisionError):
        reads(
            "```python\nimport contextlib, pathlib\ncontexts = contextlib.ExitStack()\n"
            f"contexts.callback(pathlib.Path({str(left)!r}).touch)\n1 / 0\n```\n"
        )
    assert left.exists()


def test_blocks_of_a_page_know_what_came_before(reads, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    reads(
        "```python\nx = 1\n```\n\n```python\nprint(x + 1)\n```\n\n```text\n2\n```\n\n"
        "<!-- file: dir/a.txt -->\n\n```text\nhello\n```\n\n"
        "```sh\ny=3; cd dir\n```\n\n```sh\necho $y a; cat a.txt; cat\n```\n\n```text\n3 ...\nhello\n```\n"
    )


def test_the_commands_of_the_readme_need_no_activated_environment(tmp_path: Path) -> None:
    readme = doc_blocks.blocks(doc_programs.ROOT / "README.md")
    (command,) = (block.code for block in readme if block.code.startswith(".venv/bin/python -m storpool_sim run"))
    (tmp_path / "examples").symlink_to(doc_programs.EXAMPLES)
    _shell_environment(tmp_path, {})  # makes .venv, which is not on the path here
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho 'this Python has no storpool' >&2; exit 1\n")
    python.chmod(0o755)
    env = {**doc_programs.environment({}), "PATH": f"{python.parent}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["cleaned up"]), done.stderr


def test_commands_never_install_another_storpool() -> None:
    # Without a version, or a path, pip takes the original 7.3.0 from PyPI, and succeeds.
    commands = [
        (block.where, line.strip())
        for page in PAGES
        for block in doc_blocks.blocks(page)
        for line in block.code.splitlines()
        if block.language == "sh" and "pip install" in line
    ]
    assert len(commands) > 5
    wrong = []
    for where, line in commands:
        for word in shlex.split(line.split("pip install")[1].split("&&")[0]):
            requirement = re.fullmatch(r"storpool(\[[\w,]+\])?(.*)", word)
            if requirement and requirement[2] != ">=7.4":
                wrong.append(f"{where}: {line}")
    assert wrong == []
