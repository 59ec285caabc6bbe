"""Runs under the original's interpreter: cases in on standard input, the same cases with their `expect` out.

Nothing of the original is read but what its public calls return; of an exception, only its type and `.partial`.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any, Dict, Optional

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

import peer_cases

ORIGINAL = "7.3.0"
# What the original raises for bad input, where ours always raises InvalidArgumentError.
REFUSALS = (
    "InvalidArgumentError",
    "TypeError",
    "ValueError",
    "AttributeError",
    "KeyError",
    "OverflowError",
    "IndexError",
)


def expectation(case: peer_cases.Case, server: peer_cases.CaseServer) -> Optional[Dict[str, Any]]:
    """What to expect of ours, or None where the two need not agree."""
    try:
        got = peer_cases.run(case, server)
    except Exception:
        # A spelled-out input object that the original does not build.
        return None
    got.pop("surprises", None)
    if "error" in got:
        # Others come from below the bindings, for requests that HTTP cannot carry.
        if got["error"] not in REFUSALS:
            return None
        got["error"] = "InvalidArgumentError"
        got.pop("sent", None)
    return got


def main() -> None:
    version = importlib.metadata.version("storpool")
    ours = Path(peer_cases.spapi.__file__).is_relative_to(Path(__file__).parents[2] / "storpool")
    if version != ORIGINAL or ours:
        sys.exit(f"this interpreter has no original {ORIGINAL} to record: storpool {version}, ours={ours}")
    server = peer_cases.CaseServer()
    for line in sys.stdin:
        case = json.loads(line)
        expect = expectation(case, server)
        if expect is not None:
            print(json.dumps({**case, "expect": expect}))
    server.stop()


if __name__ == "__main__":
    main()
