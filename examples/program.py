"""Helpers that the examples share: connecting to the cluster, failing with a message, printing a table."""

from __future__ import annotations

import argparse
import os
import sys
from http.client import HTTPException
from typing import Any, Callable, Dict, Iterable, NoReturn, Optional, Sequence, Tuple

from storpool import spapi
from storpool.spconfig import SPConfig, SPConfigException
from storpool.sputils import GB, KB, MB, TB

FAILURES = (spapi.ApiError, spapi.InvalidArgumentError, SPConfigException, HTTPException, OSError)
"""Every exception that a call can raise; see the guide on errors."""

UNITS = {"K": KB, "M": MB, "G": GB, "T": TB}


class Failure(Exception):
    """A failure that ends the program; its text is one line."""


def run(main: Callable[[], Optional[int]]) -> NoReturn:
    """Run a program and exit. An error becomes a line on standard error and the status 1."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; the interpreter must not flush into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except (Failure, *FAILURES) as exc:
        status = fail(str(exc) or type(exc).__name__)
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def fail(reason: str) -> int:
    """Print the reason to standard error; return the exit status."""
    print(f"{os.path.basename(sys.argv[0])}: {reason}", file=sys.stderr)
    return 1


def parser(doc: Optional[str]) -> argparse.ArgumentParser:
    """Return a parser whose help starts with the program's docstring."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def connect(**kwargs: Any) -> spapi.Api:
    """Return an Api configured by /etc/storpool.conf and the environment."""
    try:
        return spapi.Api.fromConfig(**kwargs)
    except KeyError as exc:
        raise Failure(str(exc)) from exc


def our_client() -> int:
    """Return the number of this host's client, from StorPool's configuration."""
    number = os.environ.get("SP_OURID") or SPConfig(missing_ok=True).get("SP_OURID")
    if number is None:
        raise Failure("this host's configuration has no SP_OURID; give the client with --client")
    return int(number)


def size(text: str) -> int:
    """Read a size such as `10G`."""
    number, unit = (text[:-1], UNITS[text[-1:].upper()]) if text[-1:].upper() in UNITS else (text, 1)
    if not number.isdigit() or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 10G")
    return int(number) * unit


def tag(text: str) -> Tuple[str, str]:
    """Read a tag, `name=value`."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tag like name=value")
    return name, value


def has_tag(record: Any, wanted: Tuple[str, str]) -> bool:
    """Return whether a volume or snapshot has a tag with this value."""
    tags: Dict[str, str] = record.tags or {}
    return tags.get(wanted[0]) == wanted[1]


def human(count: float) -> str:
    """Format a number of bytes, such as `3.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < KB:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= KB
    return f"{count:.1f} TiB"


def print_table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns; numbers are aligned to the right."""
    columns = []
    for title, *cells in zip(heading, *rows):
        texts = [title, *map(str, cells)]
        width = max(map(len, texts))
        # 12, 3.5 GiB, 40%
        numbers = bool(cells) and all(
            text.split(" ")[0].rstrip("%").replace(".", "", 1).isdigit() for text in texts[1:]
        )
        columns.append([text.rjust(width) if numbers else text.ljust(width) for text in texts])
    for line in zip(*columns):
        print("  ".join(line).rstrip())
