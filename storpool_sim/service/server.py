"""The cluster's API over HTTP, and beside it the control URL and the status page."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import time
from typing import Any, Callable, List, Optional

try:
    from aiohttp import web
except ImportError as exc:
    raise ImportError("storpool_sim needs aiohttp: install storpool[sim]") from exc

from ..cluster.errors import BodyTooLarge, SimError
from . import raw_http, status
from .control import Control
from .dispatch import METHODS, Dispatcher, UnknownMethod
from .encounters import Break
from .messages import CONTROL, MAX_BODY, Exchange, Reply, Request, error_reply, shown
from .pending import PendingReply
from .statefile import Answer, StateError, StateFile

LOG = logging.getLogger("storpool_sim")


class Server:
    """Listens, hands each request to what answers it, and tells of each exchange.

    :param control: what answers beside the API.
    :param seen: called with each exchange of the API.
    :param old_http: whether to speak HTTP/1.0, one request a connection.
    :param state: where changes are written before they are answered.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        control: Control,
        seen: Optional[Callable[[Exchange], None]] = None,
        old_http: bool = False,
        state: Optional[StateFile] = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._control = control
        self._seen = seen
        self._old_http = old_http
        self._state = state
        # Who hangs up does not wait any longer.
        self._web = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(self._web, shutdown_timeout=1.0)
        self._site: Optional[web.TCPSite] = None
        self._returning: Optional[asyncio.Task[None]] = None
        self.host = ""
        self.port = 0

    # Connections

    async def start(self, host: str, port: int) -> None:
        """Begin to listen; `port` 0 takes a free one. On return connections are accepted."""
        # Clients keep connections open, idle, without end; stopping waits for requests under way only this long.
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        await self._site.start()
        self.host, self.port = self._runner.addresses[0][:2]

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        if self._returning is not None:
            self._returning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._returning
        await self._runner.cleanup()

    async def refuse(self, seconds: float) -> None:
        """Accept no connections for a while, and reset those that there are."""
        if self._returning is None and self._site is not None:
            await self._site.stop()
            self._returning = asyncio.ensure_future(self._return(seconds))
        self._reset_all()

    async def _return(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._site = web.TCPSite(self._runner, self.host, self.port)
        await self._site.start()
        self._returning = None

    def _reset_all(self) -> None:
        for connection in self._web.connections:
            raw_http.reset(connection.transport)

    async def _break(self, http: web.BaseRequest, broken: Break) -> None:
        """Do to connections what a fault says."""
        if broken.kind == "refuse":
            await self.refuse(broken.seconds)
        elif broken.kind == "reset all":
            self._reset_all()
        elif broken.kind == "half-close":
            await raw_http.half_close(http.transport, broken.seconds)
        else:
            raw_http.reset(http.transport)

    # Requests

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        # `raw_path` is the request's target untouched; `path` has lost what follows a "#".
        request = Request(http.method, http.raw_path, http.headers.get("Authorization", ""))
        if request.target.partition("?")[0] in status.FILES and http.method in ("GET", "HEAD"):
            return _page(request.target.partition("?")[0])
        if request.target.startswith(CONTROL):
            return await self._handle_control(http, request)
        return await self._handle_call(http, request)

    async def _handle_call(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        begun, at = time.perf_counter(), time.time()
        encounter = self._control.faults.meet(request.method, request.target)
        try:
            request = request._replace(body=await _body(http))
            if encounter.delay:
                await asyncio.sleep(encounter.delay)
            broken = encounter.before()
            if broken is not None:
                await self._break(http, broken)
                LOG.info("%s %-4s %s -> %s (a fault)", http.remote, http.method, shown(request.target), encounter.kind)
                return raw_http.Sent()
            reply = await self._answer(request, self._dispatcher.begin)
        except SimError as exc:
            reply = self._dispatcher.refuse(exc, request)
        exchange = Exchange.of(request, reply, time.perf_counter() - begun, http.remote or "", at)
        LOG.info("%s", exchange.line())
        self._control.note(exchange)
        if self._seen is not None:
            self._seen(exchange)
        reply, broken = encounter.after(reply)
        if broken is not None and broken.kind != "truncate":
            await self._break(http, broken)
            return raw_http.Sent()
        return self._response(http, reply, truncated=broken is not None)

    async def _handle_control(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        begun = time.perf_counter()
        try:
            if not (request.method == "GET" and _is_here(http.remote)):
                self._dispatcher.authorize(request)
            request = request._replace(body=await _body(http))
            reply = await self._answer(request, self._control.answer)
        except SimError as exc:
            reply = error_reply(exc, request)
        if request.method != "GET":  # the status page asks every second
            LOG.info("%s", Exchange.of(request, reply, time.perf_counter() - begun, http.remote or "").line())
        return self._response(http, reply)

    async def _answer(self, request: Request, answer: Answer) -> Reply:
        """Answer a request, when what it has changed is on the disk."""
        if self._state is None or self._control.is_about_faults(request):
            reply = answer(request)
            return await reply.arrive() if isinstance(reply, PendingReply) else reply
        reply, written = self._state.run(request, answer)
        try:
            await self._state.durable(written)
            if isinstance(reply, PendingReply):
                reply = await reply.arrive()
                await self._state.durable()
            return reply
        except StateError as exc:
            LOG.error("%s", exc)
            raise SimError(str(exc)) from exc

    def _response(self, http: web.BaseRequest, reply: Reply, truncated: bool = False) -> web.StreamResponse:
        if self._old_http or truncated:
            raw_http.send_raw(http, reply, self._old_http, truncated)
            return raw_http.Sent()
        response = web.Response(
            status=reply.status, body=reply.body, content_type="application/json", headers={"Cache-Control": "private"}
        )
        if reply.error == UnknownMethod.name:
            response.headers["Allow"] = ", ".join(METHODS)
        return response


def _page(path: str) -> web.Response:
    kind, body = status.FILES[path]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=status.HEADERS)


def _is_here(address: Optional[str]) -> bool:
    """Return whether a request comes from this machine."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


async def _body(http: web.BaseRequest) -> bytes:
    """Return the body.

    :raises BodyTooLarge: it is longer than the limit, and was not read.
    """
    if not http.body_exists:
        return b""
    pieces: List[bytes] = []
    size = http.content_length or 0
    if size <= MAX_BODY and http.headers.get("Expect", "").lower() == "100-continue":
        await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http.writer.output_size = 0
    if size <= MAX_BODY and http.content.is_eof():
        # It came with the head, as short ones do.
        return http.content.read_nowait(-1)
    chunks: Any = http.content.iter_any()
    received = 0
    while max(size, received) <= MAX_BODY:
        try:
            pieces.append(await chunks.__anext__())
        except StopAsyncIteration:
            return b"".join(pieces)
        received += len(pieces[-1])
    raise BodyTooLarge(f"The body is longer than {MAX_BODY} bytes.")
