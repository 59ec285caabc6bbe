"""Errors of the command and their reports: JSON on standard error, or for people a line and a hint."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import re
import sys
from typing import Any, Dict, Iterator, List, Optional, Sequence

from .. import spapi
from ..spcatch import InvalidArgumentError
from ..spcli import is_terminal, printable
from ..spjson import JsonEncoder

__all__ = ["Failure", "dumps", "for_people", "making_a_call", "output_may_fail", "warn"]

PROGRAM = "storpool_req"

EXIT_REFUSED = 1
EXIT_API_ERROR = 2
EXIT_NO_SUCH_OBJECT = 3
EXIT_INTERRUPTED = 130

# Errors that a retry may help against; the bindings have retried already.
_TRANSIENT = (ConnectionRefusedError, ConnectionResetError, http.client.HTTPException)
# What the client logs before it retries.
_RETRY = r"(?s)(?:\S+:\d+: )?(?:GET|POST) \S+: (?P<error>.*); trying again in (?P<pause>\S+) s"


def dumps(obj: Any) -> str:
    """Return JSON as the command prints it."""
    return json.dumps(obj, indent=2, cls=JsonEncoder)


def for_people(argv: Sequence[str]) -> bool:
    """Return whether errors are for people: they go to a terminal, and the command line does not ask for JSON."""
    if not is_terminal(sys.stderr):
        return False
    return re.search(r"(^| )(-\w*o ?|--output[ =])json( |$)", " ".join(argv)) is None


class Failure(SystemExit):
    """An error that ends the command.

    Its code is the JSON of the error, in the form of the API's errors: that is what callers of `get_api_method` catch.

    :ivar reply: the error as JSON has it.
    :ivar status: the exit status.
    :ivar summary: the error in a line, for people; ``descr`` where it is empty.
    :ivar hint: advice for people; programs read nothing but JSON.
    """

    def __init__(
        self,
        name: str,
        descr: str,
        transient: bool = False,
        summary: str = "",
        hint: str = "",
        details: Optional[Dict[str, Any]] = None,
        reply: Optional[Dict[str, Any]] = None,
        status: int = EXIT_REFUSED,
        indent: Optional[int] = 2,
    ) -> None:
        self.reply = reply or {"error": {"transient": transient, "name": name, "descr": descr, **(details or {})}}
        self.status = status
        self.summary = summary or descr
        self.hint = hint
        self._indent = indent
        super().__init__(self.as_json())

    def as_json(self) -> str:
        """Return the error for programs."""
        return json.dumps(self.reply, indent=self._indent)

    def for_people(self) -> str:
        """Return the error for people."""
        line = f"{PROGRAM}: {printable(' '.join(self.summary.split()))}"
        return f"{line}\n{self.hint}" if self.hint else line

    def report(self, people: bool) -> None:
        """Print the error on standard error."""
        warn(self.for_people() if people else self.as_json())

    def add_dropped(self, dropped: Sequence[str]) -> None:
        """Add to the error which keys of the body were dropped."""
        if dropped:
            self.reply = {**self.reply, "error": {**self.reply["error"], "dropped": list(dropped)}}
            self.code = self.as_json()


def warn(text: str) -> None:
    """Print a text on standard error."""
    # Standard error may be closed or broken; the exit status must be right all the same.
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


class _Log(logging.Handler):
    """What the bindings log during a call.

    :ivar warnings: warnings to print after success; an error's JSON must be alone on standard error.
    """

    def __init__(self, people: bool, debug: bool, address: str, retries: Any) -> None:
        super().__init__(logging.DEBUG if debug else logging.WARNING)
        self.warnings: List[str] = []
        self._people = people
        self._debug = debug
        self._address = address
        self._retries = retries
        self._attempts = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno < logging.WARNING:
            warn(f"debug: {printable(text)}")
            return
        retry = re.fullmatch(_RETRY, text)
        if retry and self._people:
            self._attempts += 1
            reason = printable(_reason(retry["error"], self._address))
            pause = f"{float(retry['pause']):.2g}"
            count = f" ({self._attempts} of {self._retries})" if self._retries else ""
            warn(f"{self._address}: {reason}; trying again in {pause} s{count}")
        elif not self._people:
            self.warnings.append(f"{record.levelname.lower()}: {text}")
        elif record.name != "storpool.sptype":  # dropped keys were reported before the call
            warn(f"{PROGRAM}: {printable(text)}")


def _reason(error: str, address: str) -> str:
    """Return the text of a connection's error without its class, number and address."""
    text = re.sub(r"^\w+(Error|Exception|Disconnected)?: ", "", error)
    text = re.sub(r"\[Errno -?\d+\] ", "", text)
    text = text.replace(f"{address}: ", "").strip() or error
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def address_of(api: Any) -> str:
    """Return host and port of an Api, or an empty string."""
    host, port = getattr(api, "_host", None), getattr(api, "_port", None)
    return f"{host}:{port}" if isinstance(host, str) else ""


@contextlib.contextmanager
def making_a_call(
    api: Any = None, people: bool = False, debug: bool = False, dropped: Sequence[str] = (), retries: Any = None
) -> Iterator[None]:
    """Turn what prevents a call from succeeding into a Failure, and handle what the bindings log meanwhile.

    :param api: the Api that the call is made with.
    :param people: report retries on standard error at once; otherwise warnings are printed after success only.
    :param debug: print each request with its status and duration.
    :param dropped: the keys of the body that no declaration has.
    """
    address = address_of(api)
    logger = logging.getLogger("storpool")
    log = _Log(people, debug, address, retries)
    level = logger.level
    logger.addHandler(log)
    if debug:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    except Failure as failure:
        failure.add_dropped(dropped)
        raise
    except spapi.ApiError as exc:
        error = _of_api_error(exc)
        error.add_dropped(dropped)
        raise error from None
    except InvalidArgumentError as exc:
        raise Failure("cliInvalidArgument", str(exc)) from None
    except (OSError, http.client.HTTPException) as exc:
        transient = isinstance(exc, _TRANSIENT)
        error = Failure(
            "cliRequestFailed",
            f"{type(exc).__name__}: {exc}",
            transient,
            summary=f"{address}: {_reason(f'{type(exc).__name__}: {exc}', address)}",
            hint="Is this the address of the management service? --debug shows each request." if address else "",
        )
        error.add_dropped(dropped)
        raise error from None
    finally:
        logger.removeHandler(log)
        logger.setLevel(level)
    for line in log.warnings:
        warn(line)


def _of_api_error(error: spapi.ApiError) -> Failure:
    reply = error.json
    if not (isinstance(reply, dict) and isinstance(reply.get("error"), dict)):
        reply = None
    return Failure(
        error.name,
        error.desc,
        error.transient,
        summary=f"{error.name}: {error.desc}",
        hint="The error may be temporary: try again later." if error.transient else "",
        reply=reply,
        status=EXIT_NO_SUCH_OBJECT if error.name == "objectDoesNotExist" else EXIT_API_ERROR,
    )


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
