"""A StorPool cluster in one process, for tests, demonstrations and curiosity.

    with storpool_sim.running() as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": 2**30, "replication": 3})

or, for programs of any language, `python -m storpool_sim serve --env-file F`.

Volumes have names, sizes and places, and contents only with a directory for their devices (`devices`). It needs
`aiohttp` (the extra `sim`) to be reached over HTTP.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from .cluster import Cluster
    from .cluster.clock import Clock, ManualClock
    from .cluster.errors import SimError
    from .cluster.federation import connect
    from .inprocess import InProcess, InProcessTransport, in_process
    from .runner import Running, running
    from .scenario import Scenario, ScenarioError, load_scenario
    from .service.statefile import StateError

__all__ = [
    "Clock",
    "Cluster",
    "InProcess",
    "InProcessTransport",
    "ManualClock",
    "Running",
    "Scenario",
    "ScenarioError",
    "SimError",
    "StateError",
    "connect",
    "in_process",
    "load_scenario",
    "running",
]

_HOMES = {
    "Clock": "cluster.clock",
    "Cluster": "cluster",
    "InProcess": "inprocess",
    "InProcessTransport": "inprocess",
    "ManualClock": "cluster.clock",
    "Running": "runner",
    "Scenario": "scenario",
    "ScenarioError": "scenario",
    "SimError": "cluster.errors",
    "StateError": "service.statefile",
    "connect": "cluster.federation",
    "in_process": "inprocess",
    "load_scenario": "scenario",
    "running": "runner",
}


def __getattr__(name: str) -> Any:
    # When first asked for: pytest imports this package in every run of everyone who has installed it, for its plugin.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(import_module("." + _HOMES[name], __name__), name)
    return found


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
