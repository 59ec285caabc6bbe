"""Results in forms other than JSON."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Callable, Optional

from ..spapi.call import Call
from .errors import dumps

__all__ = ["writer"]

EXTRA = "pip install 'storpool[cli]'"


def writer(form: str) -> Callable[[Any, Optional[Call]], None]:
    """Give what prints a result in this form, or exit because its library is not there."""
    write: Callable[[Any, Optional[Call]], None]
    try:
        if form == "table":
            from .table import print_table

            write = print_table
        else:
            import yaml  # noqa: F401 - it must not be found missing after the call

            write = _print_yaml
    except ImportError:
        library = {"table": "rich", "yaml": "PyYAML"}[form]
        descr = f"-o {form} needs {library}: {EXTRA}"
        # In one line: it is for people, and JSON all the same.
        sys.exit(json.dumps({"error": {"transient": False, "name": "cliMissingLibrary", "descr": descr}}))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the locale does not have is no reason to fail after the call was made.
        sys.stdout.reconfigure(errors="backslashreplace")

    def print_result(data: Any, call: Optional[Call]) -> None:
        # Exactly what the JSON has: sets are lists, and keys are strings.
        write(json.loads(dumps(data)), call)

    return print_result


def _print_yaml(data: Any, _call: Optional[Call]) -> None:
    import yaml

    # In C where it is to be had: it is ten times as fast.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    encoding = getattr(sys.stdout, "encoding", None) or ""
    unicode = encoding.lower().replace("-", "").startswith("utf")
    yaml.dump(data, sys.stdout, Dumper=dumper, sort_keys=False, allow_unicode=unicode, width=1000)
