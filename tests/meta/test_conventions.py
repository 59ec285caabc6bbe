"""What a reader may rely on anywhere in the project, each with its reason."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from storpool import spapi, sptypes
from storpool.spdoc import docstrings
from storpool.spdoc.build import object_classes

ROOT = Path(__file__).parents[2]
PACKAGES = [name for name in ("storpool", "storpool_os", "storpool_sim") if (ROOT / name).is_dir()]
LONGEST = 500


def _sources(*directories: str) -> Iterator[Path]:
    for directory in directories:
        yield from sorted((ROOT / directory).rglob("*.py"))


def _fresh(code: str) -> Dict[str, List[str]]:
    """What a new interpreter prints as JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found: Dict[str, List[str]] = json.loads(done.stdout)
    return found


def test_storpool_stays_a_namespace() -> None:
    # Other distributions put modules into it; an __init__.py of ours would hide theirs.
    assert not (ROOT / "storpool" / "__init__.py").exists()


def test_no_file_grows_beyond_what_one_reads_at_a_sitting() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _sources(*PACKAGES, "tests", "examples")
    }
    assert not {path: length for path, length in lengths.items() if length > LONGEST}


def test_importing_loads_the_standard_library_only_and_prints_nothing() -> None:
    # Drivers import the bindings in every worker; what is not needed for a call waits until it is asked for.
    loaded = _fresh(
        "import json, sys; before = set(sys.modules); from storpool import spapi, sptypes\n"
        "print(json.dumps({'new': sorted(set(sys.modules) - before)}))"
    )["new"]
    top = {name.split(".")[0] for name in loaded} - {"storpool"}
    known = set(getattr(sys, "stdlib_module_names", top))  # Python 3.9 has no such list
    assert not top - known - {"_missing_stdlib_info"}  # it is there in Python 3.15, and the list lacks it
    assert not {"confget", "aiohttp"} & top
    assert not [name for name in loaded if name.startswith("storpool.spdoc")]


@pytest.mark.parametrize("name", spapi.CALLS)
def test_a_call_says_what_it_does(name: str) -> None:
    call = spapi.CALLS[name]
    lines = inspect.getdoc(call.function).splitlines()  # type: ignore[union-attr]
    # The first line is the title in the reference and in the command line's lists.
    assert lines[0][:1].isupper() and lines[0].endswith(".") and len(lines[0]) <= 100
    assert len(lines) == 1 or lines[1] == ""


@pytest.mark.parametrize("name", object_classes())
def test_a_class_and_its_fields_say_what_they_mean(name: str) -> None:
    cls = object_classes()[name]
    assert "__doc__" in vars(cls) and inspect.cleandoc(cls.__doc__ or "")
    texts = docstrings.of_class(cls)
    assert not [field for field in vars(cls)["__spown__"] if not texts.get(field)]


def test_scalar_types_and_constants_say_what_they_mean() -> None:
    for module in ("scalars", "constants"):
        texts = docstrings.of_module(f"{sptypes.__name__}.{module}")
        assert not set(sys.modules[f"{sptypes.__name__}.{module}"].__all__) - set(texts)


def _public(path: Path) -> Iterator[Tuple[str, ast.AST]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield str(path.relative_to(ROOT)), tree
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if not any(isinstance(decorator, ast.Name) and decorator.id == "overload" for decorator in node.decorator_list):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_every_module_and_what_is_public_in_it_says_what_it_is() -> None:
    undocumented = [
        place
        for path in _sources(*PACKAGES)
        for place, node in _public(path)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
    ]
    # The class takes over the client's text.
    assert not [place for place in undocumented if not place.endswith(" Api")]


def test_every_module_can_be_imported_by_itself() -> None:
    # A cycle of imports shows only when one starts at the wrong module.
    modules = [path.relative_to(ROOT).with_suffix("") for path in _sources("storpool")]
    names = [".".join(path.parts).replace(".__init__", "") for path in modules if path.stem != "__main__"]
    code = (
        "import importlib, json, sys\n"
        f"for name in {names!r}:\n"
        "    for loaded in [name for name in sys.modules if name.split('.')[0] == 'storpool']:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
        "print(json.dumps({}))"
    )
    assert _fresh(code) == {}
