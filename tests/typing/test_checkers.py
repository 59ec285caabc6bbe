"""The bindings as type checkers see them from a user's side.

`good.py` must pass; in `bad.py` exactly the lines with a comment `# error` must fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GOOD, BAD = HERE / "good.py", HERE / "bad.py"

Found = Dict[Path, Dict[int, List[str]]]


def _tool(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _run(command: List[str]) -> str:
    # The packages of this tree, whether or not they are installed as well.
    env = {**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert done.stdout, done.stderr
    return done.stdout


def _collect(errors: Iterator[Tuple[str, int, str]]) -> Found:
    found: Found = {GOOD: {}, BAD: {}}
    for file, line, text in errors:
        found.setdefault((ROOT / file).resolve(), {}).setdefault(line, []).append(text)
    return found


def _mypy(scratch: Path) -> Found:
    options = [
        *("--config-file=", "--strict", "--namespace-packages", "--explicit-package-bases", "--no-error-summary"),
        *("--python-executable", sys.executable, "--output", "json", "--cache-dir", str(scratch)),
    ]
    output = _run([_tool("mypy"), *options, str(GOOD), str(BAD)])
    reports = [json.loads(line) for line in output.splitlines() if line]
    return _collect(
        (report["file"], report["line"], report["message"]) for report in reports if report["severity"] == "error"
    )


def _pyright(_scratch: Path) -> Found:
    # Files on the command line: the project's own settings hold for them.
    output = _run([_tool("pyright"), "--outputjson", "--pythonpath", sys.executable, str(GOOD), str(BAD)])
    reports = json.loads(output)["generalDiagnostics"]
    return _collect(
        (report["file"], report["range"]["start"]["line"] + 1, report["message"])
        for report in reports
        if report["severity"] == "error"
    )


@pytest.fixture(scope="module", params=[_mypy, _pyright], ids=["mypy", "pyright"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    result: Found = request.param(tmp_path_factory.mktemp("checker"))
    return result


def _told(errors: Dict[int, List[str]], file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(f"{file.name}:{line}: {lines[line - 1].strip()}\n    {'; '.join(errors[line])}" for line in errors)


def test_checkers_accept_what_is_right(found: Found) -> None:
    assert not found[GOOD], "errors in right code:\n" + _told(found[GOOD], GOOD)


def test_checkers_find_what_is_wrong(found: Found) -> None:
    lines = BAD.read_text(encoding="utf-8").splitlines()
    marked: Set[int] = {number for number, line in enumerate(lines, 1) if "# error" in line}
    missed = "\n".join(f"bad.py:{number}: {lines[number - 1]}" for number in sorted(marked - set(found[BAD])))
    assert not missed, "errors not found:\n" + missed
    extra = {number: texts for number, texts in found[BAD].items() if number not in marked}
    assert not extra, "errors where there are none:\n" + _told(extra, BAD)


def test_checkers_find_nothing_wrong_with_the_bindings_that_users_import(found: Found) -> None:
    assert set(found) == {GOOD, BAD}, {str(file): errors for file, errors in found.items()}
