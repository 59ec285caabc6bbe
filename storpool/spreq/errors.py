"""What goes wrong, and how it is told: as JSON on standard error, with an exit status, and never as a traceback."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import sys
from typing import Any, Iterator, List, NoReturn

from .. import spapi
from ..spcatch import InvalidArgumentError
from ..spjson import JsonEncoder

__all__ = ["complain", "dumps", "failures_told", "output_may_fail", "refuse", "warnings_after_success"]

EXIT_API_ERROR = 2
EXIT_NO_SUCH_OBJECT = 3
EXIT_INTERRUPTED = 130

# What trying again may mend; the bindings have tried a few times by themselves.
_TRANSIENT = (ConnectionRefusedError, ConnectionResetError, http.client.HTTPException)


def dumps(obj: Any) -> str:
    """Give JSON as the command prints it."""
    return json.dumps(obj, indent=2, cls=JsonEncoder)


def refuse(name: str, descr: str, transient: bool = False, hint: str = "", **more: Any) -> NoReturn:
    """Exit with status 1 and an error of our own in the form of the API's.

    :param hint: what else helps a person; told on terminals only, so that programs read nothing but JSON.
    """
    text = dumps({"error": {"transient": transient, "name": name, "descr": descr, **more}})
    if hint and sys.stderr is not None and sys.stderr.isatty():
        text += f"\n{hint}"
    sys.exit(text)


def complain(text: str) -> None:
    """Print a text on standard error."""
    # Nobody may read that; the exit status must still be right.
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def failures_told() -> Iterator[None]:
    """Tell what keeps a call from its result, and exit."""
    try:
        yield
    except spapi.ApiError as exc:
        reply = exc.json
        if not (isinstance(reply, dict) and isinstance(reply.get("error"), dict)):
            reply = {"error": {"transient": exc.transient, "name": exc.name, "descr": exc.desc}}
        complain(dumps(reply))
        sys.exit(EXIT_NO_SUCH_OBJECT if exc.name == "objectDoesNotExist" else EXIT_API_ERROR)
    except InvalidArgumentError as exc:
        refuse("cliInvalidArgument", str(exc))
    except (OSError, http.client.HTTPException) as exc:
        refuse("cliRequestFailed", f"{type(exc).__name__}: {exc}", transient=isinstance(exc, _TRANSIENT))


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def warnings_after_success() -> Iterator[None]:
    """Keep the bindings' warnings off standard error until it is sure that no JSON goes there."""
    logger = logging.getLogger("storpool")
    collector = _Collector()
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    for line in collector.lines:
        complain(line)


@contextlib.contextmanager
def output_may_fail() -> Iterator[None]:
    """Report what keeps standard output from being written; but ``| head`` closes it early, and that is no error."""
    output = sys.stdout  # None when it was closed from the start; print() knows
    try:
        try:
            yield
        finally:
            if output:
                output.flush()
    except OSError as exc:
        # The interpreter flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        if not isinstance(exc, BrokenPipeError):
            refuse("cliOutputFailed", f"Could not write the result: {exc}")
