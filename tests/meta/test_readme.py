"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

import storpool_sim

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(heading: str) -> List[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [block.strip() for block in re.findall(r"^```\w*\n(.*?)^```", section, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_the_first_thing_to_do_is_one_line(heading: str) -> None:
    # People paste it, and .ci/run runs it.
    block = _blocks(heading)[0]
    assert "\n" not in block and block.startswith("python3 -m venv ")


def test_ci_runs_the_line_of_the_readme(tmp_path: Path) -> None:
    for name in ("README.md", ".ci/run"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    # Nothing is installed here; and what cannot be is no reason to stop.
    (tmp_path / ".ci" / "pythons").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / ".ci" / "pythons").chmod(0o755)
    # The first program of the line stands in for all of it.
    (tmp_path / "python3").write_text('#!/bin/sh\necho "ran: $*"\nexit 1\n')
    (tmp_path / "python3").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", tmp_path / ".ci" / "run"], env=env, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"+ {_blocks('Test it')[0]}", "ran: -m venv .venv"]


def test_the_python_of_the_readme_runs() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 5
    with storpool_sim.running() as sim:
        env = {**os.environ, **sim.env}
        # There is no /etc/storpool.conf here; the variables are the whole configuration.
        code = code.replace("fromConfig()", "fromConfig(__import__('os').environ)")
        done = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert done.stdout == f"{10 * 2**30}\n"


def test_files_that_the_readme_links_to_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert not [link for link in links if not (ROOT / link.split("#")[0]).exists()]
