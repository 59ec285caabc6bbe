"""What HTTP libraries do not do: send answers that are old or broken, or none at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from http import HTTPStatus
from typing import Any, Optional

from aiohttp import web

from .messages import Reply


class Sent(web.StreamResponse):
    """Stands for an answer that went, or did not go, past the HTTP library."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing."""


def reset(transport: Optional[asyncio.Transport]) -> None:
    """Reset a connection, if it is still there."""
    sock: Any = transport.get_extra_info("socket") if transport is not None else None
    if transport is not None and sock is not None:
        # To linger for no time makes the kernel send a reset instead of an end.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


async def half_close(transport: Optional[asyncio.Transport], seconds: float) -> None:
    """End our side of a connection now, and all of it later."""
    if transport is not None:
        transport.write_eof()
        await asyncio.sleep(seconds)
        transport.abort()


def send_raw(http: web.BaseRequest, reply: Reply, old: bool, truncated: bool) -> None:
    """Send an answer as older clusters do, or half of it, and end the connection."""
    body = reply.body[: len(reply.body) // 2] if truncated else reply.body
    head = (
        f"HTTP/1.{0 if old else 1} {reply.status} {_reason(reply.status)}\r\n"
        f"Content-Type: application/json\r\nCache-control: private\r\n"
        f"Content-Length: {len(reply.body)}\r\nConnection: close\r\n\r\n"
    )
    if http.transport is not None:
        http.transport.write(head.encode() + (b"" if http.method == "HEAD" else body))
        http.transport.close()


def _reason(status: int) -> str:
    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase
    return "Unknown"
