"""Builds the reference, apidoc.html, from the declarations. Everything else is in pyproject.toml.

SP_NO_DOC_BUILD=1 in the environment skips it.
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


def write_reference(path: Path) -> None:
    """Write the page, unless the environment forbids it."""
    if os.environ.get("SP_NO_DOC_BUILD") == "1":
        return
    # A process of its own imports these sources, not an installed version. The build's requirements may be on the path
    # only through PYTHONPATH.
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    made = subprocess.run([sys.executable, "-m", "storpool.spdocbuild"], env=env, stdout=subprocess.PIPE)
    if made.returncode:
        # The program has reported on standard error what is missing.
        raise SystemExit("The reference could not be built; SP_NO_DOC_BUILD=1 builds without it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.stdout)


class BuildWithReference(build_py):
    """Adds the reference to the package."""

    def run(self) -> None:
        super().run()
        # An editable install uses the source tree, which has no generated files.
        if not self.editable_mode:
            write_reference(Path(self.build_lib, "storpool", "spdoc", PAGE))


class SdistWithReference(sdist):
    """Adds the reference to the top directory of the source distribution, for reading."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        write_reference(Path(base_dir, PAGE))


setup(cmdclass={"build_py": BuildWithReference, "sdist": SdistWithReference})
