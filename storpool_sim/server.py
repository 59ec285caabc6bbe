"""The cluster's API over HTTP."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any, Callable, List, Optional

try:
    from aiohttp import web
except ImportError as exc:
    raise ImportError("storpool_sim needs aiohttp: install storpool[sim]") from exc

from .dispatch import Dispatcher, Reply, Request
from .encode import dumps
from .errors import BodyTooLarge, SimError

LOG = logging.getLogger("storpool_sim")

#: Ours: longer bodies are refused.
MAX_BODY = 16 << 20


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

    def __init__(self, dispatcher: Dispatcher, seen: Optional[Callable[[Exchange], None]] = None) -> None:
        self._dispatcher = dispatcher
        self._seen = seen
        self._runner: Optional[web.ServerRunner] = None
        self.host = ""
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; `port` 0 takes a free one. On return connections are accepted."""
        # Clients keep connections open, idle, without end; stopping waits for requests under way only this long.
        runner = self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self.host, self.port = runner.addresses[0][:2]

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, http: web.BaseRequest) -> web.Response:
        begun = time.perf_counter()
        # `raw_path` is the request's target untouched; `path` has lost what follows a "#".
        target, body = http.raw_path, b""
        try:
            body = await _body(http)
            request = Request(http.method, target, http.headers.get("Authorization", ""), body)
            reply = self._dispatcher.answer(request)
        except SimError as exc:
            reply = Reply(exc.status, dumps(exc.reply()), "", exc.name)
        seconds = time.perf_counter() - begun
        exchange = Exchange(http.method, target, body, reply.status, reply.body, reply.call, reply.error, seconds)
        LOG.info("%s", exchange.line())
        if self._seen is not None:
            self._seen(exchange)
        return web.Response(
            status=reply.status,
            body=reply.body,
            content_type="application/json",
            headers={"Cache-Control": "private"},
        )


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
