"""What the tests of the attach state share: a file, and processes that write to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

ROOT = Path(__file__).parents[2]

# Adds as many keys of its own, with what the original helper has too.
ADDER = """
import sys
from storpool.spopenstack.splocked import SPLockedJSONDB
db = SPLockedJSONDB(sys.argv[1])
for number in range(int(sys.argv[3])):
    db.add("%s-%d" % (sys.argv[2], number), {"volume": "os--volume-1", "rights": 2})
    if number % 3 == 2:
        db.remove("%s-%d" % (sys.argv[2], number - 1))
"""


def state_file(directory: Path, content: Optional[Dict[str, Any]] = None) -> Path:
    """Make a file as an operator does."""
    path = directory / "openstack-attach.json"
    path.write_text(json.dumps(content or {}))
    return path


def start(
    code: str, *args: object, python: str = sys.executable, stdout: Any = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    """Run a program in a process of its own; the original helper's, where another interpreter is given."""
    env = dict(os.environ)
    env.pop("PYTHONPATH", None)
    if python == sys.executable:
        env["PYTHONPATH"] = str(ROOT)
    command: List[str] = [python, "-W", "error", "-c", code] if python == sys.executable else [python, "-c", code]
    return subprocess.Popen([*command, *map(str, args)], env=env, cwd="/", stdout=stdout, text=True)


def kill(process: subprocess.Popen[str]) -> str:
    """End a process as a lack of memory does; return what it had printed."""
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    return said or ""
