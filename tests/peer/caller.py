"""Runs under the original's interpreter: makes the calls that it is told to, and prints what they gave as JSON.

Of the original nothing is looked at but what its public calls return. A call that it does not have gives null; one that
fails gives the error's text.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from typing import Any

from storpool import spapi

ORIGINAL = "7.3.0"


def plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        value = value.to_json()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, set)):
        return [plain(item) for item in (sorted(value) if isinstance(value, set) else value)]
    return value


def main() -> None:
    version = importlib.metadata.version("storpool")
    if version != ORIGINAL:
        sys.exit(f"this interpreter has storpool {version}, not {ORIGINAL}")
    where = json.loads(sys.stdin.readline())
    apis = {multi: spapi.Api(**where, multiCluster=multi) for multi in (False, True)}
    for line in sys.stdin:
        step = json.loads(line)
        call = getattr(apis[step["multi"]], step["call"], None)
        answer: Any = None
        if call is not None:
            try:
                answer = {"result": plain(call(*step["args"], **step["kwargs"]))}
            except Exception as exc:
                answer = {"error": f"{type(exc).__name__}: {exc}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
