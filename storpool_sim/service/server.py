"""The cluster's API over HTTP, and beside it the control URL and the status page."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from typing import Any, Awaitable, Callable, Iterator, List, Mapping, Optional, Sequence, Set

try:
    from aiohttp import web
except ImportError as exc:
    raise ImportError("aiohttp is needed: install storpool[sim]", name="aiohttp") from exc

from ..cluster.errors import BodyTooLarge, SimError, Unauthorized
from . import raw_http, status
from .access import Access, is_loopback
from .control import Control
from .dispatch import METHODS, Dispatcher, UnknownMethod
from .encounters import Break
from .messages import CONTROL, MAX_BODY, Exchange, Reply, Request, error_reply, origin_form, shown
from .pending import PendingReply
from .statefile import Answer, StateError, StateFile

LOG = logging.getLogger("storpool_sim")

#: How long a connection may be idle, in seconds, and how long a client may stop in the middle of a body.
IDLE_SECONDS = 300.0
BODY_SECONDS = 60.0
#: Bodies that are longer are not left to the collector's own time.
LARGE = 1 << 20
#: Bodies of requests without the token are read up to this length.
MAX_UNAUTHORIZED = 64 << 10
_API_HEADERS = {"Cache-Control": "private"}
#: How often it looks whether a time without connections is over, in seconds.
REFUSING_STEP = 0.01


class RequestTimeout(SimError):
    """A client has stopped in the middle of a request."""

    name = "requestTimeout"
    status = 408


class Server:
    """Listens, hands each request to what answers it, and tells of each exchange.

    :param control: what answers beside the API.
    :param seen: called with each exchange of the API.
    :param old_http: whether to speak HTTP/1.0, one request a connection.
    :param state: where changes are written before they are answered.
    :param allow_hosts: names, besides its address and the loopback ones, under which browsers may look at it.
    :param max_connections: beyond these, those that have been idle for the longest time are closed.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        control: Control,
        seen: Optional[Callable[[Exchange], None]] = None,
        old_http: bool = False,
        state: Optional[StateFile] = None,
        allow_hosts: Sequence[str] = (),
        max_connections: int = 10_000,
    ) -> None:
        self._dispatcher = dispatcher
        self._control = control
        self._seen = seen
        self._old_http = old_http
        self._state = state
        self._allow_hosts = allow_hosts
        self._access = Access(allow_hosts)
        # Who hangs up does not wait any longer.
        self._web = _Connections(self._handle, max_connections)
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
        self._access = Access([host, *self._allow_hosts])
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
        faults = self._control.faults
        until = faults.now() + seconds
        while faults.now() < until:
            await asyncio.sleep(min(REFUSING_STEP, seconds))
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
        request = Request(http.method, origin_form(http.raw_path), http.headers.get("Authorization", ""))
        with self._web.busy(http.transport):
            if request.target.partition("?")[0] in status.FILES and http.method in ("GET", "HEAD"):
                return self._handle_page(http, request)
            if request.target.startswith(CONTROL):
                return await self._handle_control(http, request)
            return await self._handle_call(http, request)

    async def _handle_call(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        begun, at = time.perf_counter(), time.time()
        encounter = self._control.faults.meet(request.method, request.target)
        try:
            request = request._replace(body=await self._body(http, request))
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
        if reply.error and len(request.body) > LARGE:
            # An error of a validator and the frames that it came through know each other: this circle has the body.
            gc.collect(0)
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
            self._access.check(http.headers, _arrived_at(http))
            if not (request.method == "GET" and is_loopback(http.remote)):
                self._dispatcher.authorize(request)
            request = request._replace(body=await self._body(http, request))
            reply = await self._answer(request, self._control.answer)
        except SimError as exc:
            reply = error_reply(exc, request)
        if request.method != "GET":  # the status page asks every second
            LOG.info("%s", Exchange.of(request, reply, time.perf_counter() - begun, http.remote or "").line())
        return self._response(http, reply, headers=status.NOT_SHARED)

    def _handle_page(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        path = request.target.partition("?")[0]
        try:
            self._access.check(http.headers, _arrived_at(http), page=path == "/")
        except SimError as exc:
            return self._response(http, error_reply(exc, request))
        kind, body = status.FILES[path]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=status.HEADERS)

    async def _body(self, http: web.BaseRequest, request: Request) -> bytes:
        """Return the body of a request; without the token, only a short one is read.

        :raises BodyTooLarge: it is longer than the limit, and was not read to its end.
        """
        try:
            self._dispatcher.authorize(request)
        except Unauthorized as exc:
            return await _read_body(http, MAX_UNAUTHORIZED, exc)
        return await _read_body(http, MAX_BODY, BodyTooLarge(f"The body is longer than {MAX_BODY} bytes."))

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

    def _response(
        self, http: web.BaseRequest, reply: Reply, truncated: bool = False, headers: Mapping[str, str] = _API_HEADERS
    ) -> web.StreamResponse:
        raw_http.limit_sending(http.transport, len(reply.body))
        if self._old_http or truncated:
            raw_http.send_raw(http, reply, self._old_http, truncated)
            return raw_http.Sent()
        response = web.Response(status=reply.status, body=reply.body, content_type="application/json", headers=headers)
        if reply.error == UnknownMethod.name:
            response.headers["Allow"] = ", ".join(METHODS)
        return response


class _Connections(web.Server):
    """The connections of a server, of which there are never more than it can hold."""

    def __init__(self, handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], most: int) -> None:
        super().__init__(handle, access_log=None, handler_cancellation=True, keepalive_timeout=IDLE_SECONDS)
        self._most = most
        self._busy: Set[Optional[asyncio.Transport]] = set()

    @contextlib.contextmanager
    def busy(self, transport: Optional[asyncio.Transport]) -> Iterator[None]:
        """Let a connection not count as idle for the length of a request."""
        self._busy.add(transport)
        try:
            yield
        finally:
            self._busy.discard(transport)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection in, in place of an idle one when there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > self._most:
            for connection in self.connections:
                if connection is not handler and connection.transport not in self._busy:
                    raw_http.reset(connection.transport)
                    break


def _arrived_at(http: web.BaseRequest) -> Optional[str]:
    name = http.transport.get_extra_info("sockname") if http.transport is not None else None
    return str(name[0]) if name else None


async def _read_body(http: web.BaseRequest, most: int, too_long: SimError) -> bytes:
    """Return the body, or raise an error if it is longer than the limit."""
    if not http.body_exists:
        return b""
    pieces: List[bytes] = []
    size = http.content_length or 0
    if size <= most and http.headers.get("Expect", "").lower() == "100-continue":
        await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http.writer.output_size = 0
    if size <= most and http.content.is_eof():
        # It came with the head, as short ones do.
        return http.content.read_nowait(-1)
    chunks: Any = http.content.iter_any()
    received = 0
    while max(size, received) <= most:
        try:
            pieces.append(await asyncio.wait_for(chunks.__anext__(), BODY_SECONDS))
        except StopAsyncIteration:
            return b"".join(pieces)
        except asyncio.TimeoutError:
            raise RequestTimeout("The rest of the body did not come.") from None
        received += len(pieces[-1])
    raise too_long
