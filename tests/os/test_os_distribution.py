"""The distribution `storpool.spopenstack`: in which orders it installs beside the bindings, and what is logged."""

from __future__ import annotations

import contextlib
import email.parser
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any, Tuple

import os_state
import pytest

OURS = os_state.ROOT / "distributions" / "storpool.spopenstack"
# What the original's distribution of that name has, as far as it matters: files of the same names.
OLDER = """\
[project]
name = "storpool.spopenstack"
version = "3.2.0"
[tool.setuptools]
packages = ["storpool.spopenstack"]
"""
IMPORT = "from storpool import spopenstack; print(spopenstack.AttachDB.__module__)"


def _run(*command: Any, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def _wheel(tree: Path, into: Path) -> Path:
    """Build without isolation: setuptools is all that is needed, and the test extra has it."""
    code = "import os, sys, setuptools.build_meta as backend; print(backend.build_wheel(sys.argv[1]))"
    done = _run("env", "SP_NO_DOC_BUILD=1", sys.executable, "-c", code, into, cwd=tree)
    return into / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path, Path]:
    """Build the bindings, their distribution of the helper's name, and an older one of that name."""
    directory = tmp_path_factory.mktemp("wheels")
    trees = tmp_path_factory.mktemp("trees")
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests", "docs", "bench")
    shutil.copytree(os_state.ROOT, trees / "bindings", ignore=ignored)
    shutil.copytree(OURS, trees / "ours", ignore=ignored)
    package = trees / "older" / "storpool" / "spopenstack"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("class AttachDB:\n    pass\n")
    (trees / "older" / "pyproject.toml").write_text(OLDER)
    bindings, ours, older = (_wheel(trees / name, directory) for name in ("bindings", "ours", "older"))
    return bindings, ours, older


class Environment:
    """A virtual environment with what the bindings depend on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        venv.create(directory, with_pip=False, symlinks=True)
        self.python = directory / "bin" / "python"
        site = Path(self.run("import sysconfig; print(sysconfig.get_paths()['purelib'])").stdout.strip())
        # All that is installed where the tests run, but for the bindings themselves.
        dependencies = directory / "dependencies"
        dependencies.mkdir()
        for folder in (path for path in sys.path if "site-packages" in path):
            for entry in Path(folder).iterdir():
                if not entry.name.lower().startswith(("storpool", "__editable__")):
                    with contextlib.suppress(FileExistsError):
                        (dependencies / entry.name).symlink_to(entry)
        (site / "dependencies.pth").write_text(str(dependencies))

    def run(self, code: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return _run(self.python, "-c", code, cwd=self.directory, check=check)

    def pip(self, *arguments: object) -> None:
        pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "--python", self.python)
        _run(*pip, *arguments, cwd=self.directory)

    def install(self, *wheels: Path) -> None:
        self.pip("install", "--no-index", "--no-deps", *wheels)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


def test_it_is_empty_and_requires_the_bindings(wheels: Tuple[Path, Path, Path]) -> None:
    with zipfile.ZipFile(wheels[1]) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"storpool_spopenstack-3.3.0.dist-info"}
        metadata = email.parser.Parser().parsestr(
            archive.read("storpool_spopenstack-3.3.0.dist-info/METADATA").decode()
        )
    assert (metadata["Name"], metadata["Version"]) == ("storpool.spopenstack", "3.3.0")
    assert [need.replace(" ", "") for need in metadata.get_all("Requires-Dist", [])] == ["storpool<8,>=7.4"]


def test_both_install_beside_each_other(wheels: Tuple[Path, Path, Path], environment: Environment) -> None:
    bindings, ours, _ = wheels
    environment.install(bindings, ours)
    done = environment.run(IMPORT)
    assert (done.stdout, done.stderr) == ("storpool_os.spattachdb\n", "")
    environment.pip("uninstall", "-y", "storpool.spopenstack")
    assert environment.run(IMPORT).stdout == "storpool_os.spattachdb\n"


def test_an_older_one_that_replaced_the_helpers_files_is_logged(
    wheels: Tuple[Path, Path, Path], environment: Environment
) -> None:
    bindings, ours, older = wheels
    environment.install(bindings)
    environment.install(older)
    assert environment.run(IMPORT).stdout == "storpool.spopenstack\n"
    done = environment.run("import storpool_os")
    assert "storpool.spopenstack is not the one of these bindings" in done.stderr
    assert "pip uninstall storpool.spopenstack" in done.stderr
    # The order that docs/openstack.md tells.
    environment.pip("uninstall", "-y", "storpool.spopenstack")
    environment.pip("install", "--no-index", "--no-deps", "--force-reinstall", bindings)
    environment.install(ours)
    done = environment.run(f"import storpool_os; {IMPORT}")
    assert (done.stdout, done.stderr) == ("storpool_os.spattachdb\n", "")


def test_upgrading_an_older_one_removes_the_helpers_files_which_is_logged(
    wheels: Tuple[Path, Path, Path], environment: Environment
) -> None:
    bindings, ours, older = wheels
    environment.install(older)
    environment.install(bindings)
    assert environment.run(IMPORT).stdout == "storpool_os.spattachdb\n"
    environment.install(ours)
    assert environment.run(IMPORT, check=False).returncode != 0
    assert "storpool.spopenstack is not the one of these bindings" in environment.run("import storpool_os").stderr
    environment.pip("install", "--no-index", "--no-deps", "--force-reinstall", bindings)
    assert environment.run(IMPORT).stdout == "storpool_os.spattachdb\n"
