"""Builds the reference, apidoc.html, and the man pages from the declarations. The rest is in pyproject.toml.

SP_NO_DOC_BUILD=1 in the environment skips both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
PAGE = "apidoc.html"


def run_docbuild(*argv: str) -> bytes:
    """Run `storpool.spdocbuild` of these sources, and return what it prints."""
    # A process of its own imports these sources, not an installed version. The build's requirements may be on the path
    # only through PYTHONPATH.
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "storpool.spdocbuild", *argv], env=env, stdout=subprocess.PIPE)
    if done.returncode:
        # The program has reported on standard error what is missing.
        raise SystemExit("The documentation could not be built; SP_NO_DOC_BUILD=1 builds without it.")
    return done.stdout


def write_reference(path: Path) -> None:
    """Write the page."""
    text = run_docbuild()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def with_documentation() -> bool:
    """Return whether to build the documentation."""
    return os.environ.get("SP_NO_DOC_BUILD") != "1"


class BuildWithReference(build_py):
    """Adds the reference to the package, and the man pages to the distribution."""

    def run(self) -> None:
        super().run()
        # An editable install uses the source tree, which has no generated files.
        if not self.editable_mode and with_documentation():
            write_reference(Path(self.build_lib, "storpool", "spdoc", PAGE))
            pages = Path(self.get_finalized_command("build").build_base, "man")
            run_docbuild("--man", str(pages.resolve()))
            # Installers put them where `man` looks for the pages of the commands on the path.
            self.distribution.data_files = [("share/man/man1", sorted(map(str, pages.glob("*.1"))))]


class SdistWithReference(sdist):
    """Adds the reference to the top directory of the source distribution, for reading."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        if with_documentation():
            write_reference(Path(base_dir, PAGE))


setup(cmdclass={"build_py": BuildWithReference, "sdist": SdistWithReference})
