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
from .cluster.errors import SimError
from .keywords import accept_old_keywords
from .scenario import Scenario, load_scenario
from .service.dispatch import Dispatcher
from .service.encounters import Break
from .service.faults import Faults
from .service.messages import Exchange, Reply, Request
from .simulation import Simulation, environment

LOG = logging.getLogger("storpool_sim")

ASKED_FOR = "a fault that was asked for"


class InProcessTransport:
    """What an Api sends by, instead of HTTP. Threads may share it.

    Faults show as they do over HTTP, by the exceptions that `http.client` raises; there are no connections, so
    `half-closed` breaks at once.

    :param token: what requests must carry; by default what an Api without `auth` sends.
    :param faults: what goes wrong.
    :param seen: called with each exchange.
    """

    @accept_old_keywords
    def __init__(
        self,
        cluster: Cluster,
        token: str = "",
        error_statuses: bool = True,
        faults: Optional[Faults] = None,
        seen: Optional[Callable[[Exchange], None]] = None,
    ) -> None:
        self.cluster = cluster
        self.faults = faults or Faults()
        self._dispatcher = Dispatcher(cluster, token, error_statuses, check_replies=True)
        self._seen = seen
        self._refused_until = 0.0

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Make one request; see `storpool.spapi.Transport.send`."""
        if time.monotonic() < self._refused_until:
            raise ConnectionRefusedError(ASKED_FOR)
        begun = time.perf_counter()
        data = (body or "").encode("latin-1")  # as http.client encodes text
        request = Request(method, path, headers.get("Authorization", ""), data)
        encounter = self.faults.meet(method, path)
        try:
            time.sleep(encounter.delay)
            self._break(encounter.before())
            reply = self._dispatcher.answer(request)
        except SimError as exc:
            reply = self._dispatcher.refuse(exc, request)
        exchange = Exchange.of(request, reply, time.perf_counter() - begun)
        LOG.info("%s", exchange.line())
        if self._seen is not None:
            self._seen(exchange)
        reply, broken = encounter.after(reply)
        self._break(broken, reply)
        return reply.status, reply.body

    def _break(self, broken: Optional[Break], reply: Optional[Reply] = None) -> None:
        """Raise what a client sees when its connection breaks, if it does."""
        if broken is None:
            return
        if broken.kind == "half-close":
            raise http.client.RemoteDisconnected(ASKED_FOR)
        if broken.kind == "truncate" and reply is not None:
            half = len(reply.body) // 2
            raise http.client.IncompleteRead(reply.body[:half], len(reply.body) - half)
        if broken.kind == "refuse":
            self._refused_until = time.monotonic() + broken.seconds
        raise ConnectionResetError(ASKED_FOR)


class InProcess:
    """A cluster that answers in process: what `Running` is, but for the address.

    :ivar cluster: its state; hold `cluster.lock` while changing it.
    :ivar clusters: it and those that it is connected to.
    :ivar requests: the requests that it has answered, in order.
    :ivar faults: what goes wrong.
    :ivar transport: what its Apis send by.
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
        """Return a configuration, for `Api.fromConfig(sim.config, transport=sim.transport)`: nothing listens there."""
        return environment("127.0.0.1", 81, self.token)

    def api(self, **kwargs: Any) -> Api:
        """Make an Api for it."""
        return Api(**{"auth": self.token, "transport": self.transport, **kwargs})


@accept_old_keywords
@contextmanager
def in_process(
    *,
    token: str = TOKEN,
    cluster: Optional[Cluster] = None,
    clock: Optional[Clock] = None,
    error_statuses: bool = True,
    dev_dir: Optional[str] = None,
    dev_delay: float = 0.0,
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
            error_statuses=error_statuses,
            dev_dir=dev_dir,
            dev_delay=dev_delay,
            seed=seed,
        )
        clusters = simulation.control.clusters
        transport = InProcessTransport(clusters[0], token, error_statuses, simulation.faults, requests.append)
        yield InProcess(clusters, token, transport, requests)
