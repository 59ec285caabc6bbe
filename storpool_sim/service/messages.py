"""Requests, replies and their limits, whatever carries them: HTTP, or a call in process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

#: Ours: longer bodies are refused.
MAX_BODY = 16 << 20

_ORIGIN = re.compile(r"https?://[^/?]*", re.IGNORECASE)

#: Longer targets are cut in logs.
MAX_SHOWN = 300

#: What a proxy may say in the cluster's stead.
GARBAGE = b"<html><body><h1>It works!</h1>"


class Request(NamedTuple):
    """What a client sends."""

    method: str
    #: The path and query as they stood in the request line: names may hold a raw "#", which URL parsers would take
    #: for the end of it.
    target: str
    authorization: str = ""
    body: bytes = b""


class Reply(NamedTuple):
    """What it gets."""

    status: int
    body: bytes
    #: The Python name of the call, if there was one.
    call: str = ""
    #: The name of the error, if there was one.
    error: str = ""


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

    def line(self) -> str:
        """One line for a log."""
        outcome = f"{self.status} {self.error}".rstrip()
        line = f"{self.client} {self.method:4} {shown(self.target)} -> {outcome} ({self.seconds * 1000:.1f} ms)"
        return line.lstrip()


def origin_form(target: str) -> str:
    """Return a request's target without scheme and host, which clients that think of a proxy put before the path."""
    match = _ORIGIN.match(target)
    path = target[match.end() :] if match is not None else target
    return path if match is None or path.startswith("/") else "/" + path


def shown(target: str) -> str:
    """A request's target as it may stand in a log: in one line, not too long, and without what moves terminals."""
    text = target if len(target) <= MAX_SHOWN else target[: MAX_SHOWN - 3] + "..."
    return text if text.isprintable() else ascii(text)[1:-1]
