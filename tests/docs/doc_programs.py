"""The examples, and how to run them with a simulated cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Mapping

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

GiB = 2**30
DAY = 24 * 60 * 60

#: Runs an example by its name, with arguments, and returns its text.
Run = Callable[..., str]


def environment(cluster: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment of this process, with the variables of the cluster as the only ones of StorPool."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SP_")}
    # Programs run in other directories.
    paths = [os.path.abspath(path) for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**env, **cluster, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


def run(cluster: Mapping[str, str], name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example; fail if it prints a traceback."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *arguments],
        env=environment(cluster), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done
