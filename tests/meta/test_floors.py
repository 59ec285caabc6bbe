"""Imports go down: who reads a module needs to know only what stands below it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def _floors() -> Any:
    spec = importlib.util.spec_from_file_location("floors", ROOT / "docs" / "floors.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


floors = _floors()


def test_no_module_imports_one_that_imports_it() -> None:
    # Not inside functions either, nor for type checkers: such a circle is one to whoever reads, and it can hang a fork.
    assert floors.circles(floors.graph()) == []
    assert floors.circles(floors.rooms()) == []


def test_every_seam_is_there_and_has_its_reason() -> None:
    files = floors.modules()
    for (name, other), reason in floors.SEAMS.items():
        assert other in floors.imports(name, files[name], set(files))
        assert len(reason) > 40


def test_a_circle_would_be_found() -> None:
    assert floors.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert floors.circles({"a": {"b"}, "b": set()}) == []


def test_the_drawing_is_that_of_the_imports() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    drawn = re.search(r"<!-- not run: docs/floors\.py draws it -->\n\n```text\n(.*?)```\n", page, re.DOTALL)
    assert drawn is not None
    assert drawn[1] == floors.drawing(), "print it anew: python docs/floors.py"
