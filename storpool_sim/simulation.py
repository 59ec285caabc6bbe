"""The parts of a simulation, however its requests come: clusters, faults, devices, the state file."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Callable, Dict, Optional, Union

from .cluster import Cluster
from .cluster.clock import Clock
from .cluster.defaults import CLIENTS
from .cluster.devices import Devices
from .scenario import Scenario
from .service.control import Control
from .service.dispatch import Dispatcher
from .service.faults import Faults
from .service.messages import CONTROL, Exchange, Reply, Request
from .service.pending import PendingReply
from .service.statefile import StateFile

if TYPE_CHECKING:
    from .service.server import Server


def environment(host: str, port: int, token: str) -> Dict[str, str]:
    """Return the variables by which programs find a cluster."""
    return {
        "SP_API_HTTP_HOST": host,
        "SP_API_HTTP_PORT": str(port),
        "SP_AUTH_TOKEN": token,
        "SP_OURID": str(CLIENTS[0]),
    }


class Simulation:
    """What a server answers for: made of what exists at the start, or of what a state file holds.

    :ivar restored: how many requests of the state file's journal were handled again; None when nothing was in it.
    """

    def __init__(
        self,
        stack: ExitStack,
        *,
        token: str,
        scenario: Optional[Scenario] = None,
        cluster: Optional[Cluster] = None,
        clock: Optional[Clock] = None,
        error_statuses: bool = True,
        check_replies: bool = False,
        dev_dir: Optional[str] = None,
        dev_delay: float = 0.0,
        seed: Optional[int] = None,
        state: Optional[str] = None,
    ) -> None:
        """Open everything; `stack` closes it."""
        scenario = scenario or Scenario([cluster or Cluster(clock)])
        clusters = scenario.clusters
        if cluster is not None:
            clusters = [cluster, *cluster.peers]
        self.restored: Optional[int] = None
        self.state: Optional[StateFile] = None
        if state is not None:
            self.state = StateFile(state)
            stack.callback(self.state.close)
            if not self.state.fresh:
                clusters = self.state.restore(clock)
        self.faults = Faults(scenario.seed if seed is None else seed)
        for fault in scenario.faults:
            self.faults.take(fault)
        self.control = Control(clusters, self.faults)
        self.dispatcher = Dispatcher(clusters[0], token, error_statuses, check_replies)
        if self.state is not None:
            if self.state.fresh:
                self.state.begin(clusters)
            else:
                self.restored = self.state.replay(self._answer)
        if dev_dir is not None:
            # The devices of the others are those of other hosts; their contents must be somewhere.
            for index, member in enumerate(clusters):
                if isinstance(member.data, Devices):
                    continue  # A test has made some of its own.
                directory = dev_dir if index == 0 else f"{dev_dir}.{member.name}"
                Devices(member, directory, dev_delay, keep=self.state is not None)
        for member in clusters:
            stack.callback(_close_devices, member)

    def _answer(self, request: Request) -> Union[Reply, PendingReply]:
        if request.target.startswith(CONTROL):
            return self.control.answer(request)
        return self.dispatcher.begin(request._replace(authorization=f"Storpool v1:{self.dispatcher.token}"))

    def save(self) -> None:
        """Keep what was changed without requests, if there is a state file."""
        if self.state is not None:
            self.state.save()

    def server(self, seen: Optional[Callable[[Exchange], None]] = None, old_http: bool = False) -> Server:
        """Return a server of it; this needs aiohttp."""
        from .service.server import Server

        return Server(self.dispatcher, self.control, seen, old_http, self.state)


def _close_devices(cluster: Cluster) -> None:
    # Those that are there by then: a test may have added some.
    cluster.data.close()
