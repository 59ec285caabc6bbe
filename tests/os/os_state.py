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

# Adds keys for ever, replacing, growing and shrinking the state, and says so after each write that returned.
WRITER = """
import os, sys
from storpool.spopenstack.splocked import SPLockedJSONDB
fname, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = SPLockedJSONDB(fname)
number = int(sys.argv[4]) if len(sys.argv) > 4 else 0
while count:
    db.add(name, {"number": number, "padding": "x" * (number * 1237 % 9001)})
    os.write(1, b"%d\\n" % number)
    number += 1
    count -= 1
"""

# Adds as many keys of its own; shared with the original helper, which knows the same two lines.
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
    """A file as an operator makes it."""
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
    """End a process as a lack of memory does; returns what it had said."""
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    return said or ""
