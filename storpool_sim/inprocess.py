"""A cluster without sockets: a transport for the bindings that hands each request straight to the simulated cluster.

    api = spapi.Api(transport=storpool_sim.InProcessTransport(storpool_sim.Cluster()))

    with storpool_sim.in_process() as sim:      # what `running()` gives, without a server
        api = sim.api()

Requests and replies are the bytes that HTTP would carry. Nothing here needs `aiohttp`.
"""

from __future__ import annotations

import http.client
import logging
import time
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from storpool.spapi import Api

from .cluster import Cluster
from .cluster.clock import Clock
from .cluster.defaults import TOKEN
from .cluster.errors import BodyTooLarge, SimError
from .scenario import Scenario, load_scenario
from .service.dispatch import Dispatcher
from .service.encoding import dumps
from .service.faults import Fault, Faults, TransientFault
from .service.messages import MAX_BODY, Exchange, Reply, Request
from .simulation import Simulation, environment

LOG = logging.getLogger("storpool_sim")


class InProcessTransport:
    """What an Api sends by, instead of HTTP. Threads may share it.

    Faults show as they do over HTTP, by the exceptions that `http.client` raises; there are no connections, so
    `half-closed` breaks at once.

    :param token: what requests must carry; by default what an Api without `auth` sends.
    :param faults: what is to go wrong.
    :param seen: called with each exchange.
    """

    def __init__(
        self,
        cluster: Cluster,
        token: str = "",
        errorStatuses: bool = True,
        faults: Optional[Faults] = None,
        seen: Optional[Callable[[Exchange], None]] = None,
    ) -> None:
        self.cluster = cluster
        self.faults = faults or Faults()
        self._dispatcher = Dispatcher(cluster, token, errorStatuses, checkReplies=True)
        self._seen = seen
        self._refusedUntil = 0.0

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request; see `storpool.spapi.Transport.send`."""
        if time.monotonic() < self._refusedUntil:
            raise ConnectionRefusedError("a fault that was asked for")
        begun = time.perf_counter()
        data = (body or "").encode("latin-1")  # as http.client encodes text
        delay, fault = self.faults.met(path)
        kind = fault.kind if fault is not None else ""
        try:
            if len(data) > MAX_BODY:
                raise BodyTooLarge(f"The body is longer than {MAX_BODY} bytes.")
            time.sleep(delay)
            if kind == "transient":
                raise TransientFault("A fault that was asked for.")
            self._break(kind, fault)
            reply = self._dispatcher.answer(Request(method, path, headers.get("Authorization", ""), data))
        except SimError as exc:
            reply = Reply(exc.status, dumps(exc.reply()), "", exc.name)
        seconds = time.perf_counter() - begun
        exchange = Exchange(method, path, data, reply.status, reply.body, reply.call, reply.error, seconds)
        LOG.info("%s", exchange.line())
        if self._seen is not None:
            self._seen(exchange)
        return self._answered(fault, reply)

    def _break(self, kind: str, fault: Optional[Fault]) -> None:
        """Apply a fault that comes before anything is done."""
        if fault is not None and kind == "refused":
            self._refusedUntil = time.monotonic() + fault.seconds
        if kind in ("reset", "refused"):
            raise ConnectionResetError("a fault that was asked for")
        if kind == "half-closed":
            raise http.client.RemoteDisconnected("a fault that was asked for")

    def _answered(self, fault: Optional[Fault], reply: Reply) -> Tuple[int, bytes]:
        """Give the reply, or what a fault makes of it."""
        if fault is None:
            return reply.status, reply.body
        if fault.kind == "lost":
            raise ConnectionResetError("a fault that was asked for")
        if fault.kind == "truncated":
            half = len(reply.body) // 2
            raise http.client.IncompleteRead(reply.body[:half], len(reply.body) - half)
        return reply.status, self.faults.corrupted(fault, reply)


class InProcess:
    """A cluster that answers in process: what `Running` is, but for the address.

    :ivar cluster: its state; hold `cluster.lock` while changing it.
    :ivar clusters: it and those that it is connected to.
    :ivar requests: what it was asked, in order; without what failed on the way.
    :ivar faults: what is to go wrong.
    :ivar transport: by which its requests come.
    """

    def __init__(
        self, clusters: List[Cluster], token: str, transport: InProcessTransport, requests: List[Exchange]
    ) -> None:
        self.clusters = clusters
        self.cluster = transport.cluster
        self.token = token
        self.transport = transport
        self.requests = requests
        self.faults = transport.faults

    @property
    def config(self) -> Dict[str, str]:
        """A configuration for `Api.fromConfig(sim.config, transport=sim.transport)`; nothing listens at its address."""
        return environment("127.0.0.1", 81, self.token)

    def api(self, **kwargs: Any) -> Api:
        """An Api for it."""
        return Api(**{"auth": self.token, "transport": self.transport, **kwargs})


@contextmanager
def in_process(
    *,
    token: str = TOKEN,
    cluster: Optional[Cluster] = None,
    clock: Optional[Clock] = None,
    errorStatuses: bool = True,
    devDir: Optional[str] = None,
    devDelay: float = 0.0,
    seed: Optional[int] = None,
    scenario: Union[Scenario, str, None] = None,
) -> Iterator[InProcess]:
    """Simulate a cluster for the length of a `with` block, without sockets; the arguments are those of `running`.

    :raises storpool_sim.ScenarioError: the scenario cannot be built.
    """
    requests: List[Exchange] = []
    with ExitStack() as stack:
        simulation = Simulation(
            stack,
            token=token,
            scenario=load_scenario(scenario, clock) if isinstance(scenario, str) else scenario,
            cluster=cluster,
            clock=clock,
            errorStatuses=errorStatuses,
            devDir=devDir,
            devDelay=devDelay,
            seed=seed,
        )
        clusters = simulation.control.clusters
        transport = InProcessTransport(clusters[0], token, errorStatuses, simulation.faults, requests.append)
        yield InProcess(clusters, token, transport, requests)
