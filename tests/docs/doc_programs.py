"""Programs that users run, against a simulated cluster: where they are, and what environment they get."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Mapping

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def environment(cluster: Mapping[str, str]) -> Dict[str, str]:
    """This process's environment, with nothing of StorPool in it but that cluster."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SP_")}
    # Programs run in other directories.
    paths = [os.path.abspath(path) for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**env, **cluster, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


def run(cluster: Mapping[str, str], name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example, and check what holds for all of them: its errors are lines, never a traceback."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *arguments],
        env=environment(cluster), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done
