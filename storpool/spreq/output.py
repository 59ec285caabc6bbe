"""Prints results: as JSON, as a table, as YAML, as CSV, or as names only."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from typing import Any, Callable, List, Optional, Sequence

from ..spapi.call import Call
from ..spcli import is_terminal, printable
from .errors import Failure, dumps
from .selection import fields_of, records_in, selection

__all__ = ["writer"]

EXTRA = "pip install 'storpool[cli]'"

Write = Callable[[Any, Optional[Call]], None]

# The fields that identify a record, the best first.
_NAMES = ("name", "volume", "snapshot", "id", "diskId", "nodeId", "client", "globalId", "remoteId")


def writer(args: argparse.Namespace) -> Write:
    """Return what prints a result in the form that the options ask for.

    :raises Failure: its library is missing, or an option makes no sense.
    """
    form = args.output or "json"
    chosen = selection(args.columns, args.sort, args.filter)
    _check_library(form)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The call has been made: a character that the locale does not have must not be an error now.
        sys.stdout.reconfigure(errors="backslashreplace")

    def write(result: Any, call: Optional[Call]) -> None:
        # From JSON: there sets are lists, and keys are strings.
        data = json.loads(dumps(result))
        if chosen is not None:
            data = chosen.apply(data)
        columns = chosen.chosen() if chosen is not None else None
        if form == "table":
            from .table import print_table

            print_table(data, call, columns)
        elif form == "yaml":
            _print_yaml(data)
        elif form == "csv":
            _print_csv(data, columns)
        elif form == "name":
            _print_names(data)
        else:
            print(dumps(data))

    return write


def _check_library(form: str) -> None:
    """Refuse a form whose library is missing before the call is made."""
    try:
        if form == "table":
            import rich  # noqa: F401
        elif form == "yaml":
            import yaml  # noqa: F401
    except ImportError:
        library = {"table": "rich", "yaml": "PyYAML"}[form]
        # In one line, because in a pipe, too, it is mostly people who read this.
        raise Failure("cliMissingLibrary", f"-o {form} needs {library}: {EXTRA}", indent=None) from None


def _print_yaml(data: Any) -> None:
    import yaml

    # The dumper in C, where it is installed, is ten times as fast.
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    encoding = getattr(sys.stdout, "encoding", None) or ""
    unicode = encoding.lower().replace("-", "").startswith("utf")
    yaml.dump(data, sys.stdout, Dumper=dumper, sort_keys=False, allow_unicode=unicode, width=1000)


def _records(data: Any) -> List[Any]:
    """Return the records of a result, or the result itself as the only one."""
    records = records_in(data)
    if records is not None:
        return records
    return data if isinstance(data, list) else [data]


def _print_csv(data: Any, columns: Optional[Sequence[str]]) -> None:
    records = [record if isinstance(record, dict) else {"value": record} for record in _records(data)]
    names = list(columns) if columns is not None else fields_of(records)
    output = io.StringIO()
    rows = csv.writer(output, lineterminator="\n")
    if names:
        rows.writerow(names)
    for record in records:
        rows.writerow([_csv_value(record.get(name)) for name in names])
    text = output.getvalue()
    if is_terminal(sys.stdout):
        text = "".join(f"{printable(line)}\n" for line in text.splitlines())
    sys.stdout.write(text)


def _csv_value(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":")) if value else ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _print_names(data: Any) -> None:
    for record in _records(data):
        name = record
        if isinstance(record, dict):
            name = next((record[key] for key in _NAMES if record.get(key) not in (None, "")), None)
        if name is not None:
            print(printable(str(name)) if is_terminal(sys.stdout) else name)
