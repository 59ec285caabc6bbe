"""The distribution: what is in it, and that it installs and works away from the source tree."""

from __future__ import annotations

import configparser
import email.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any, List, Set

import pytest

from storpool import spapi

ROOT = Path(__file__).parents[1]
COMMANDS = {"storpool_confget", "storpool_confshow", "storpool_os", "storpool_req", "storpool_sim"}
# What tools leave in a tree that someone works in.
LEFTOVERS = shutil.ignore_patterns(
    ".git", ".venv", ".tox", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info", "apidoc.html"
)


def _run(command: List[Any], **kwargs: Any) -> str:
    """Run a program away from the tree, and give what it prints; its complaints go into the failure."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SP_NO_DOC_BUILD")}
    env.update(kwargs.pop("env", {}))
    done = subprocess.run(
        [str(each) for each in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _build(what: str, tree: Path, into: Path, **env: str) -> Path:
    """Build without isolation: the build's only need is setuptools, which the test extra has."""
    code = f"import sys, setuptools.build_meta as backend; backend.build_{what}(sys.argv[1])"
    _run([sys.executable, "-c", code, into], cwd=tree, env=env)
    (built,) = (path for path in into.iterdir() if path.suffix in (".whl", ".gz"))
    return built


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree") / "storpool"
    shutil.copytree(ROOT, tree, ignore=LEFTOVERS)
    return _build("sdist", tree, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        # Python 3.12 wants to be told; older ones may not know the word.
        archive.extractall(target, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]  # noqa: S202 - our own archive
    (tree,) = target.iterdir()
    return tree


@pytest.fixture(scope="session")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it comes of the sdist, so that what the sdist lacks is missed."""
    return _build("wheel", unpacked, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of an environment that has the wheel, and from here only what it depends on."""
    target = tmp_path_factory.mktemp("installed")
    venv.create(target, with_pip=False, symlinks=True)
    interpreter = target / "bin" / "python"
    _run([sys.executable, "-m", "pip", "--python", interpreter, "install", "-q", "--no-index", "--no-deps", wheel])
    paths = json.loads(_run([sys.executable, "-c", "import json, sys; print(json.dumps(sys.path))"], cwd=target))
    site = _run([interpreter, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]).strip()
    # Later on the path than the installed wheel, so that an installation of the tree is not found first.
    Path(site, "dependencies.pth").write_text("\n".join(each for each in paths if "site-packages" in each))
    return interpreter


def _names(wheel: Path) -> Set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _sources() -> Set[str]:
    packages = [ROOT / name for name in ("storpool", "storpool_os", "storpool_sim")]
    return {str(path.relative_to(ROOT)) for package in packages for path in package.rglob("*.py")}


def test_the_wheel_has_every_module_and_nothing_else(wheel: Path) -> None:
    names = {name for name in _names(wheel) if ".dist-info/" not in name}
    manuals = {name for name in names if "/share/man/man1/" in name}
    assert {Path(name).name for name in manuals} == {f"{command}.1" for command in COMMANDS}
    extra = names - _sources() - manuals
    assert not _sources() - names
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "storpool_sim" / "service" / "page").iterdir()}
    scripts = {f"storpool/spreq/completion.{shell}" for shell in ("bash", "zsh")}
    assert {name for name in extra if Path(name).name != "py.typed"} == {"storpool/spdoc/apidoc.html", *pages, *scripts}
    assert {"storpool/py.typed", "storpool_sim/py.typed"} <= extra


def test_the_wheel_leaves_the_namespace_to_others(wheel: Path) -> None:
    assert "storpool/__init__.py" not in _names(wheel)


def test_metadata_says_who_we_are_and_what_we_need(wheel: Path) -> None:
    directory = f"storpool-{spapi.VERSION}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.parser.Parser().parsestr(archive.read(f"{directory}/METADATA").decode())
        scripts = configparser.ConfigParser()
        scripts.read_string(archive.read(f"{directory}/entry_points.txt").decode())
        assert b"Apache License" in archive.read(f"{directory}/licenses/LICENSE")
    assert (metadata["Name"], metadata["Version"]) == ("storpool", spapi.VERSION)
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.9"
    needed = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert [re.split(r"[!<>=]", each)[0] for each in needed] == ["confget", "msgspec"]
    assert {"sim", "test"} <= set(metadata.get_all("Provides-Extra", []))
    assert set(scripts["console_scripts"]) == COMMANDS


def test_the_wheel_has_the_reference(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        page = archive.read("storpool/spdoc/apidoc.html").decode()
    assert page.startswith("<!DOCTYPE html>") and 'id="VolumesList"' in page


def test_an_installed_wheel_prints_the_reference_that_it_was_built_with(
    wheel: Path, python: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        page = archive.read("storpool/spdoc/apidoc.html").decode()
    assert _run([python, "-I", "-m", "storpool.spdocbuild"], cwd=tmp_path) == page


def test_the_reference_can_be_left_out(unpacked: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(unpacked, tree, ignore=LEFTOVERS)
    built = _build("wheel", tree, tmp_path, SP_NO_DOC_BUILD="1")
    assert not [name for name in _names(built) if name.endswith(("apidoc.html", ".1"))]


def test_the_sdist_has_what_its_tests_need(unpacked: Path) -> None:
    for name in ("README.md", "CHANGES.md", "LICENSE", "tox.ini", "tests/data/peer-7.3.0.jsonl", "examples", "docs"):
        assert (unpacked / name).exists(), name
    assert not list(unpacked.rglob("*.pyc"))


def test_an_installed_wheel_works(python: Path, tmp_path: Path) -> None:
    code = "from storpool import spapi, spconfig, sptypes, spdoc; print(spapi.__file__, spapi.VERSION)"
    where, version = _run([python, "-c", code], cwd=tmp_path).split()
    assert Path(where).is_relative_to(python.parents[1])
    assert version == spapi.VERSION
    assert "usage" in _run([python.with_name("storpool_req"), "--help"], cwd=tmp_path).lower()
    assert "serve" in _run([python.with_name("storpool_sim"), "--help"], cwd=tmp_path)


def test_man_finds_the_pages_of_the_installed_commands(python: Path, tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("there is no man on this machine")
    env = {
        "MANPATH": str(python.parents[1] / "share" / "man"),
        "MANPAGER": "cat",
        "MANWIDTH": "80",
        "LC_ALL": "C.UTF-8",
    }
    for command in COMMANDS:
        text = _run(["man", "--warnings", command], env=env, cwd=tmp_path)
        assert f"{command} - " in text and "EXAMPLES" in text and "warning" not in text
    text = _run(["man", "storpool_req"], env=env, cwd=tmp_path)
    assert "--columns FIELD,..." in text and "SP_REQ_TIMEOUT" in text


def test_an_installed_wheel_brings_its_fixtures_to_pytest(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_user.py").write_text(
        "import storpool_sim\n"
        "def test_it(storpool_api):\n"
        "    storpool_api.kvsCreate('b')\n"
        f"    assert storpool_sim.__file__.startswith({str(python.parents[1])!r})\n"
    )
    assert "1 passed" in _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path)


def test_an_installed_wheel_shares_its_namespace(python: Path, tmp_path: Path) -> None:
    (tmp_path / "storpool").mkdir()
    (tmp_path / "storpool" / "charms.py").write_text("ours = False\n")
    code = "from storpool import charms, spapi; print(charms.ours, bool(spapi.Api))"
    assert _run([python, "-c", code], cwd=tmp_path) == "False True\n"


def test_checkers_find_the_types_of_an_installed_wheel(python: Path, tmp_path: Path) -> None:
    mypy = Path(sys.executable).with_name("mypy")
    if not mypy.exists():
        pytest.skip("mypy is not installed")
    (tmp_path / "user.py").write_text(
        "from storpool import spapi\nsize: int = spapi.Api().volumesList()[0].size\nspapi.Api().volumesList()[0].sise\n"
    )
    done = subprocess.run(
        [mypy, "--strict", "--python-executable", python, "user.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1 and errors[0].startswith("user.py:3: error:") and "sise" in errors[0], done.stdout
