"""Errors of the command, and how they are reported: as JSON on standard error, never as a traceback."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import sys
from typing import Any, Dict, Iterator, List, Optional

from .. import spapi
from ..spcatch import InvalidArgumentError
from ..spjson import JsonEncoder

__all__ = ["Failure", "dumps", "output_may_fail", "reported_failures", "warn", "warnings_after_success"]

EXIT_REFUSED = 1
EXIT_API_ERROR = 2
EXIT_NO_SUCH_OBJECT = 3
EXIT_INTERRUPTED = 130

# Errors that a retry may help against; the bindings have retried already.
_TRANSIENT = (ConnectionRefusedError, ConnectionResetError, http.client.HTTPException)


def dumps(obj: Any) -> str:
    """Return JSON as the command prints it."""
    return json.dumps(obj, indent=2, cls=JsonEncoder)


class Failure(SystemExit):
    """An error that ends the command.

    Its code is the JSON of the error, in the form of the API's errors: that is what callers of `get_api_method` catch.

    :ivar reply: the error as JSON has it.
    :ivar status: the exit status.
    :ivar hint: advice for people, shown on terminals only; programs read nothing but JSON.
    """

    def __init__(
        self,
        name: str,
        descr: str,
        transient: bool = False,
        hint: str = "",
        details: Optional[Dict[str, Any]] = None,
        reply: Optional[Dict[str, Any]] = None,
        status: int = EXIT_REFUSED,
    ) -> None:
        self.reply = reply or {"error": {"transient": transient, "name": name, "descr": descr, **(details or {})}}
        self.status = status
        self.hint = hint
        super().__init__(dumps(self.reply))

    def report(self) -> None:
        """Print the error on standard error."""
        text = dumps(self.reply)
        if self.hint and sys.stderr is not None and sys.stderr.isatty():
            text += f"\n{self.hint}"
        warn(text)


def warn(text: str) -> None:
    """Print a text on standard error."""
    # Standard error may be closed or broken; the exit status must be right all the same.
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def reported_failures() -> Iterator[None]:
    """Turn what prevents a call from succeeding into a Failure."""
    try:
        yield
    except spapi.ApiError as exc:
        reply = exc.json
        if not (isinstance(reply, dict) and isinstance(reply.get("error"), dict)):
            reply = None
        status = EXIT_NO_SUCH_OBJECT if exc.name == "objectDoesNotExist" else EXIT_API_ERROR
        raise Failure(exc.name, exc.desc, exc.transient, reply=reply, status=status) from None
    except InvalidArgumentError as exc:
        raise Failure("cliInvalidArgument", str(exc)) from None
    except (OSError, http.client.HTTPException) as exc:
        text = f"{type(exc).__name__}: {exc}"
        raise Failure("cliRequestFailed", text, transient=isinstance(exc, _TRANSIENT)) from None


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def warnings_after_success() -> Iterator[None]:
    """Print the bindings' warnings only if the call succeeds: an error's JSON must be alone on standard error."""
    logger = logging.getLogger("storpool")
    collector = _Collector()
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    for line in collector.lines:
        warn(line)


@contextlib.contextmanager
def output_may_fail() -> Iterator[None]:
    """Report errors of writing to standard output; that ``| head`` closes it early is not an error."""
    output = sys.stdout  # None if it was closed when the program started; print() copes with that
    try:
        try:
            yield
        finally:
            if output:
                output.flush()
    except OSError as exc:
        # The interpreter flushes once more when it exits, and would print another error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        if not isinstance(exc, BrokenPipeError):
            raise Failure("cliOutputFailed", f"Could not write the result: {exc}") from None
