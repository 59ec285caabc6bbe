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
from .control import CONTROL, Control
from .dispatch import Dispatcher
from .encoding import dumps
from .faults import Fault, Faults, TransientFault
from .messages import MAX_BODY, Exchange, Reply, Request, origin_form, shown
from .pending import PendingReply
from .statefile import Answer, StateError, StateFile

LOG = logging.getLogger("storpool_sim")

METHODS = ("GET", "POST")


class UnknownMethod(SimError):
    """The method of a request is none that the API has."""

    name = "unknownMethod"
    status = 405


class Server:
    """Listens, hands each request to the dispatcher, and tells of each exchange.

    :param control: what answers beside the API.
    :param seen: called with each exchange.
    :param state: where changes are written before they are answered.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        control: Control,
        seen: Optional[Callable[[Exchange], None]] = None,
        oldHTTP: bool = False,
        state: Optional[StateFile] = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._control = control
        self._seen = seen
        self._oldHTTP = oldHTTP
        self._state = state
        self.faults: Faults = control.faults
        # Who hangs up does not wait any longer.
        self._web = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(self._web, shutdown_timeout=1.0)
        self._site: Optional[web.TCPSite] = None
        self._returning: Optional[asyncio.Task[None]] = None
        self.host = ""
        self.port = 0

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
        for one in self._web.connections:
            raw_http.reset(one.transport)

    # Requests

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        # `raw_path` is the request's target untouched; `path` has lost what follows a "#".
        target = origin_form(http.raw_path)
        if target.partition("?")[0] in status.FILES and http.method in ("GET", "HEAD"):
            return _page(target.partition("?")[0])
        begun, at = time.perf_counter(), time.time()
        aside = target.startswith(CONTROL)
        delay, fault = (0.0, None) if aside else self.faults.met(target)
        body = b""
        try:
            body = await _body(http)
            if delay:
                await asyncio.sleep(delay)
            if fault is not None and await self._break(http, fault):
                LOG.info("%s %-4s %s -> %s (a fault)", http.remote, http.method, shown(target), fault.kind)
                return raw_http.Sent()
            reply = await self._answer(http, Request(http.method, target, http.headers.get("Authorization", ""), body))
        except SimError as exc:
            code = exc.status if self._dispatcher.errorStatuses else 200
            reply = Reply(code, dumps(exc.reply()), "", exc.name)
        seconds = time.perf_counter() - begun
        about = (reply.status, reply.body, reply.call, reply.error)
        exchange = Exchange(http.method, target, body, *about, seconds, http.remote or "", at)
        if not aside:
            self._tell(exchange)
        elif http.method != "GET":  # the status page asks every second
            LOG.info("%s", exchange.line())
        return self._response(http, reply, fault)

    async def _answer(self, http: web.BaseRequest, request: Request) -> Reply:
        """Answer a request, when what it has changed is on the disk."""
        answer: Answer
        if request.target.startswith(CONTROL):
            answer = self._control.answer
            if not (request.method == "GET" and _is_here(http.remote)):
                self._dispatcher.authorize(request)
        else:
            answer = self._dispatcher.begin
            if request.method not in METHODS:
                raise UnknownMethod(f"The API has GET and POST, not {request.method}.")
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

    async def _break(self, http: web.BaseRequest, fault: Fault) -> bool:
        """Apply a fault that comes before anything is done; whether it leaves no answer."""
        if fault.kind == "transient":
            raise TransientFault("A fault that was asked for.")
        if fault.kind == "refused":
            await self.refuse(fault.seconds)
        elif fault.kind == "reset" and fault.resets:
            self._reset_all()
        elif fault.kind == "reset":
            raw_http.reset(http.transport)
        elif fault.kind == "half-closed":
            await raw_http.half_close(http.transport, fault.seconds)
        return fault.kind in ("refused", "reset", "half-closed")

    def _tell(self, exchange: Exchange) -> None:
        LOG.info("%s", exchange.line())
        self._control.recent.append(exchange)
        if self._seen is not None:
            self._seen(exchange)

    def _response(self, http: web.BaseRequest, reply: Reply, fault: Optional[Fault]) -> web.StreamResponse:
        """What goes out: the reply, or what a fault makes of it."""
        kind = fault.kind if fault is not None else ""
        if kind == "lost":
            raw_http.reset(http.transport)
            return raw_http.Sent()
        body = self.faults.corrupted(fault, reply) if fault is not None else reply.body
        if self._oldHTTP or kind in ("garbage", "truncated"):
            raw_http.send_raw(http, reply, body, self._oldHTTP, fault)
            return raw_http.Sent()
        response = web.Response(
            status=reply.status, body=body, content_type="application/json", headers={"Cache-Control": "private"}
        )
        if reply.error == UnknownMethod.name:
            response.headers["Allow"] = ", ".join(METHODS)
        return response


def _page(path: str) -> web.Response:
    kind, body = status.FILES[path]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=status.HEADERS)


def _is_here(address: Optional[str]) -> bool:
    """Whether a request comes from this machine."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


async def _body(http: web.BaseRequest) -> bytes:
    """The body, as far as it is not too long."""
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
    while size <= MAX_BODY:
        try:
            pieces.append(await chunks.__anext__())
        except StopAsyncIteration:
            return b"".join(pieces)
        size = max(size, sum(map(len, pieces)))
    raise BodyTooLarge(f"The body is longer than {MAX_BODY} bytes.")
