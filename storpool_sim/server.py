"""The cluster's API over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Callable, List, Optional

try:
    from aiohttp import web
except ImportError as exc:
    raise ImportError("storpool_sim needs aiohttp: install storpool[sim]") from exc

from .dispatch import Dispatcher, Reply, Request
from .encode import dumps
from .errors import BodyTooLarge, SimError
from .faults import Fault, Faults, TransientFault

LOG = logging.getLogger("storpool_sim")

#: Ours: longer bodies are refused.
MAX_BODY = 16 << 20

#: What a proxy may say in the cluster's stead.
GARBAGE = b"<html><body><h1>It works!</h1>"


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

    def line(self) -> str:
        """One line for a log."""
        outcome = f"{self.status} {self.error}".rstrip()
        return f"{self.method:4} {self.target} -> {outcome} ({self.seconds * 1000:.1f} ms)"


class Server:
    """Listens, hands each request to the dispatcher, and tells of each exchange."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        seen: Optional[Callable[[Exchange], None]] = None,
        faults: Optional[Faults] = None,
        oldHTTP: bool = False,
    ) -> None:
        self._dispatcher = dispatcher
        self._seen = seen
        self._oldHTTP = oldHTTP
        self.faults = faults or Faults()
        self._site: Optional[web.TCPSite] = None
        self._returning: Optional[asyncio.Task[None]] = None
        self._runner: Optional[web.ServerRunner] = None
        self.host = ""
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; `port` 0 takes a free one. On return connections are accepted."""
        # Clients keep connections open, idle, without end; stopping waits for requests under way only this long.
        runner = self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1.0)
        await runner.setup()
        site = self._site = web.TCPSite(runner, host, port)
        await site.start()
        self.host, self.port = runner.addresses[0][:2]

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        if self._returning is not None:
            self._returning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._returning
        if self._runner is not None:
            await self._runner.cleanup()

    async def refuse(self, seconds: float) -> None:
        """Accept no connections for a while."""
        if self._returning is not None or self._site is None or self._runner is None:
            return
        await self._site.stop()
        self._returning = asyncio.ensure_future(self._return(self._runner, seconds))

    async def _return(self, runner: web.ServerRunner, seconds: float) -> None:
        await asyncio.sleep(seconds)
        site = self._site = web.TCPSite(runner, self.host, self.port)
        await site.start()
        self._returning = None

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        begun = time.perf_counter()
        # `raw_path` is the request's target untouched; `path` has lost what follows a "#".
        target, body = http.raw_path, b""
        delay, fault = self.faults.met(target)
        try:
            body = await _body(http)
            if delay:
                await asyncio.sleep(delay)
            if fault is not None and fault.kind == "transient":
                raise TransientFault("A fault that was asked for.")
            if fault is not None or self._returning is not None:
                early = await self._break(http, fault)
                if early is not None:
                    return early
            request = Request(http.method, target, http.headers.get("Authorization", ""), body)
            reply = self._dispatcher.answer(request)
        except SimError as exc:
            reply = Reply(exc.status, dumps(exc.reply()), "", exc.name)
        seconds = time.perf_counter() - begun
        exchange = Exchange(http.method, target, body, reply.status, reply.body, reply.call, reply.error, seconds)
        LOG.info("%s", exchange.line())
        if self._seen is not None:
            self._seen(exchange)
        if fault is not None or self._oldHTTP:
            late = self._answer_badly(http, reply, fault)
            if late is not None:
                return late
        return web.Response(
            status=reply.status,
            body=reply.body,
            content_type="application/json",
            headers={"Cache-Control": "private"},
        )

    async def _break(self, http: web.BaseRequest, fault: Optional[Fault]) -> Optional[web.StreamResponse]:
        """Play a fault that comes before anything is done; None when it is of another kind."""
        kind = fault.kind if fault is not None else "refused"
        if fault is not None and kind == "refused":
            await self.refuse(fault.seconds)
        if kind in ("reset", "refused"):
            return _reset(http)
        if fault is not None and kind == "half-closed" and http.transport is not None:
            http.transport.write_eof()
            await asyncio.sleep(fault.seconds)
            http.transport.abort()
            return _Sent()
        return None

    def _answer_badly(
        self, http: web.BaseRequest, reply: Reply, fault: Optional[Fault]
    ) -> Optional[web.StreamResponse]:
        """Send what is no good answer, or an old one; None when an ordinary one is to be sent."""
        kind = fault.kind if fault is not None else ""
        if kind == "lost":
            return _reset(http)
        body = GARBAGE if kind == "garbage" else reply.body
        sent = body[: len(body) // 2] if kind == "truncated" else body
        if kind not in ("garbage", "truncated") and not self._oldHTTP:
            return None
        head = (
            f"HTTP/1.{0 if self._oldHTTP else 1} {reply.status} {_reason(reply.status)}\r\n"
            f"Content-Type: application/json\r\nCache-control: private\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        if http.transport is not None:
            http.transport.write(head.encode() + sent)
            http.transport.close()
        return _Sent()


def _reason(status: int) -> str:
    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase
    return "Unknown"


class _Sent(web.StreamResponse):
    """Stands for an answer that went, or did not go, past the HTTP library."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing."""


def _reset(http: web.BaseRequest) -> web.StreamResponse:
    if http.transport is not None:
        # To linger for no time makes the kernel send a reset instead of an end.
        sock = http.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        http.transport.abort()
    return _Sent()


async def _body(http: web.BaseRequest) -> bytes:
    """The body, as far as it is not too long."""
    pieces: List[bytes] = []
    size = http.content_length or 0
    chunks: Any = http.content.iter_any()
    while size <= MAX_BODY:
        try:
            pieces.append(await chunks.__anext__())
        except StopAsyncIteration:
            return b"".join(pieces)
        size = max(size, sum(map(len, pieces)))
    raise BodyTooLarge(f"The body is longer than {MAX_BODY} bytes.")
