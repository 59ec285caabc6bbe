"""What of the build needs code: the reference, apidoc.html, made from the declarations.

Everything else is in pyproject.toml. SP_NO_DOC_BUILD=1 in the environment leaves the reference out.
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
    # In a process of its own, and from these sources, whatever version of the bindings may be installed. What the build
    # needs may be on the path only by this variable.
    paths = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    made = subprocess.run([sys.executable, "-m", "storpool.spdocbuild"], env=env, stdout=subprocess.PIPE)
    if made.returncode:
        # It has said on standard error what is missing.
        raise SystemExit("The reference could not be made; SP_NO_DOC_BUILD=1 builds without it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.stdout)


class BuildWithReference(build_py):
    """Adds the reference to the package that makes it."""

    def run(self) -> None:
        super().run()
        # An editable install runs from the source tree, where nothing generated is kept.
        if not self.editable_mode:
            write_reference(Path(self.build_lib, "storpool", "spdoc", PAGE))


class SdistWithReference(sdist):
    """Puts the reference on top of the source distribution, for people who only want to read."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        write_reference(Path(base_dir, PAGE))


setup(cmdclass={"build_py": BuildWithReference, "sdist": SdistWithReference})
