"""The two ways to a simulated cluster."""

from __future__ import annotations

from typing import Callable, ContextManager, Dict, Optional, Tuple, Union

import storpool_sim
from storpool import spapi
from storpool_sim import InProcess, Running

Sim = Union[InProcess, Running]
Way = Callable[..., ContextManager[Sim]]
Send = Callable[..., Tuple[int, bytes]]

WAYS: Dict[str, Way] = {"in process": storpool_sim.in_process, "over HTTP": storpool_sim.running}


def sender(sim: Sim) -> Send:
    """What sends a request as it is, and gives the status and the bytes of the reply."""
    way = spapi.HTTPTransport(sim.host, sim.port, 30, None) if isinstance(sim, Running) else sim.transport

    def send(method: str, path: str, body: Optional[str] = None, token: str = sim.token) -> Tuple[int, bytes]:
        return way.send(method, path, body, {"Authorization": f"Storpool v1:{token}"})

    return send
