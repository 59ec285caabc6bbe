"""A simulated cluster in a thread of its own, for tests and demonstrations."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, contextmanager
from typing import Any, Coroutine, Dict, Iterator, List, Optional, TypeVar, Union

from storpool.spapi import Api

from .cluster import Cluster
from .cluster.clock import Clock
from .cluster.defaults import TOKEN
from .keywords import accept_old_keywords
from .scenario import Scenario, load_scenario
from .service.control import Control
from .service.messages import Exchange
from .service.server import Server
from .simulation import Simulation, environment

_Result = TypeVar("_Result")


class Running:
    """A cluster that answers on a socket.

    :ivar cluster: its state; hold `cluster.lock` while changing it.
    :ivar clusters: it and those that it is connected to.
    :ivar requests: the requests that it has answered, in order.
    :ivar faults: what goes wrong.
    """

    def __init__(self, control: Control, token: str, server: Server, requests: List[Exchange]) -> None:
        self.clusters = control.clusters
        self.cluster = self.clusters[0]
        self.token = token
        self.host = server.host
        self.port = server.port
        self.requests = requests
        self.faults = control.faults

    @property
    def env(self) -> Dict[str, str]:
        """Return the variables by which programs find the cluster."""
        return environment(self.host, self.port, self.token)

    @property
    def config(self) -> Dict[str, str]:
        """Return the same as a configuration: for `Api.fromConfig`, `SPConfig(override_config=...)`, and others."""
        return self.env

    def api(self, **kwargs: Any) -> Api:
        """Make an Api for it."""
        return Api(**{"host": self.host, "port": self.port, "auth": self.token, **kwargs})


@accept_old_keywords
@contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = TOKEN,
    cluster: Optional[Cluster] = None,
    clock: Optional[Clock] = None,
    error_statuses: bool = True,
    dev_dir: Optional[str] = None,
    dev_delay: float = 0.0,
    seed: Optional[int] = None,
    old_http: bool = False,
    scenario: Union[Scenario, str, None] = None,
    state: Optional[str] = None,
) -> Iterator[Running]:
    """Run a simulated cluster for the length of a `with` block.

    Every reply is read back as the bindings would, so that one they could not read is an error in the test.
    Keywords are also taken by the names they had before: `devDir`, `devDelay`, `errorStatuses`, `oldHTTP`.

    :param cluster: the state to begin with; else a fresh cluster with that `clock`.
    :param dev_dir: where links to the devices of attached volumes appear, after `dev_delay` seconds.
    :param seed: from which the chances of faults come; by default the scenario's.
    :param old_http: whether it speaks HTTP/1.0, one request a connection, as older clusters do.
    :param scenario: what exists at the start, and what goes wrong: read already, or the path of its file.
    :param state: the file that keeps the state; what it holds is used instead of `cluster` and the clusters of
        `scenario`. What a test changes directly, and not by requests, is kept when the block ends.
    :raises OSError: the address cannot be listened on.
    :raises storpool_sim.ScenarioError: the scenario cannot be built.
    :raises storpool_sim.StateError: the state file cannot be used.
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
            check_replies=True,
            dev_dir=dev_dir,
            dev_delay=dev_delay,
            seed=seed,
            state=state,
        )
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        thread = threading.Thread(target=loop.run_forever, name="storpool_sim", daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(loop.call_soon_threadsafe, loop.stop)
        # It is made where it runs: its parts may look for their loop.
        server = _in_loop(loop, _served(simulation, requests, old_http))
        stack.callback(lambda: _in_loop(loop, server.stop()))
        _in_loop(loop, server.start(host, port))
        yield Running(simulation.control, token, server, requests)


async def _served(simulation: Simulation, requests: List[Exchange], old_http: bool) -> Server:
    return simulation.server(requests.append, old_http)


def _in_loop(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run_coroutine_threadsafe(work, loop).result()
