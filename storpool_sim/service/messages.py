"""Requests, replies and their limits, whatever carries them: HTTP, or a call in process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

from ..cluster.errors import SimError
from .encoding import dumps

LOG = logging.getLogger("storpool_sim")

#: Where the control URL begins.
CONTROL = "/sim/1.0/"

#: Longer bodies are refused; the limit is the simulator's own.
MAX_BODY = 16 << 20

#: Longer targets are cut in logs.
MAX_SHOWN = 300


class Request(NamedTuple):
    """What a client sends."""

    method: str
    #: The path and query as they stood in the request line: names may hold a raw "#", which URL parsers would take
    #: for the end of it.
    target: str
    authorization: str = ""
    body: bytes = b""


class Reply(NamedTuple):
    """What a client gets."""

    status: int
    body: bytes
    #: The Python name of the call, if there was one.
    call: str = ""
    #: The name of the error, if there was one.
    error: str = ""


def error_reply(exc: Exception, request: Request, call: str = "", error_statuses: bool = True) -> Reply:
    """Return the reply to a request that failed; log what is no refusal but a mistake of the simulator.

    :param error_statuses: whether errors have statuses of their own, or come with 200.
    """
    if not isinstance(exc, SimError):
        LOG.error("%s %s failed", request.method, shown(request.target), exc_info=exc)
        exc = SimError(f"{type(exc).__name__}: {exc}")
    return Reply(exc.status if error_statuses else 200, dumps(exc.reply()), call, exc.name)


@dataclass(frozen=True)
class Exchange:
    """A request that was answered."""

    method: str
    target: str
    body: bytes
    status: int
    reply: bytes
    #: The Python name of the call, and the error's name; empty when there was none.
    call: str
    error: str
    #: From the request's head being read to the reply being ready.
    seconds: float
    #: The client's address, where there is one; when the request came, in seconds since the epoch.
    client: str = ""
    at: float = 0.0

    @classmethod
    def of(cls, request: Request, reply: Reply, seconds: float, client: str = "", at: float = 0.0) -> Exchange:
        """Make one of a request and its reply."""
        asked = (request.method, request.target, request.body)
        return cls(*asked, reply.status, reply.body, reply.call, reply.error, seconds, client, at)

    def line(self) -> str:
        """Return one line for a log."""
        outcome = f"{self.status} {self.error}".rstrip()
        line = f"{self.client} {self.method:4} {shown(self.target)} -> {outcome} ({self.seconds * 1000:.1f} ms)"
        return line.lstrip()


def shown(target: str) -> str:
    """Return a request's target as a log may show it: in one line, not too long, without what moves terminals."""
    text = target if len(target) <= MAX_SHOWN else target[: MAX_SHOWN - 3] + "..."
    return text if text.isprintable() else ascii(text)[1:-1]
