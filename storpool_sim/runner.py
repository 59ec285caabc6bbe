"""A simulated cluster in a thread of its own, for tests and demonstrations."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from storpool.spapi import Api

from .clock import Clock
from .cluster import Cluster
from .defaults import CLIENTS, TOKEN
from .devices import Devices
from .dispatch import Dispatcher
from .faults import Faults
from .server import Exchange, Server


class Running:
    """A cluster that answers on a socket.

    :ivar cluster: its state; hold `cluster.lock` while changing it.
    :ivar requests: what it was asked, in order; without what failed on the way.
    :ivar faults: what is to go wrong.
    """

    def __init__(self, cluster: Cluster, token: str, server: Server, requests: List[Exchange]) -> None:
        self.cluster = cluster
        self.token = token
        self.host = server.host
        self.port = server.port
        self.requests = requests
        self.faults = server.faults

    @property
    def env(self) -> Dict[str, str]:
        """The variables by which programs find the cluster."""
        return environment(self.host, self.port, self.token)

    def api(self, **kwargs: Any) -> Api:
        """An Api for it."""
        return Api(**{"host": self.host, "port": self.port, "auth": self.token, **kwargs})


def environment(host: str, port: int, token: str) -> Dict[str, str]:
    """The variables by which programs find a cluster."""
    return {
        "SP_API_HTTP_HOST": host,
        "SP_API_HTTP_PORT": str(port),
        "SP_AUTH_TOKEN": token,
        "SP_OURID": str(CLIENTS[0]),
    }


@contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str = TOKEN,
    cluster: Optional[Cluster] = None,
    clock: Optional[Clock] = None,
    errorStatuses: bool = True,
    devDir: Optional[str] = None,
    devDelay: float = 0.0,
    seed: int = 0,
    oldHTTP: bool = False,
) -> Iterator[Running]:
    """Run a simulated cluster for the length of a `with` block.

    Every reply is read back as the bindings would, so that one they could not read is an error in the test.

    :param cluster: the state to begin with; else a fresh cluster with that `clock`.
    :param devDir: where links to the devices of attached volumes appear, after `devDelay` seconds.
    :param seed: from which the chances of faults come.
    :param oldHTTP: whether it speaks HTTP/1.0, one request a connection, as older clusters do.
    :raises OSError: the address cannot be listened on.
    """
    if cluster is None:
        cluster = Cluster(clock)
    if devDir is not None:
        Devices(cluster, devDir, devDelay)
    requests: List[Exchange] = []
    server = Server(
        Dispatcher(cluster, token, errorStatuses, checkReplies=True), requests.append, Faults(seed), oldHTTP
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="storpool_sim", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(host, port), loop).result()
        yield Running(cluster, token, server, requests)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        cluster.data.close()
