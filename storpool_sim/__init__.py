"""A StorPool cluster in one process, for tests, demonstrations and curiosity.

    with storpool_sim.running() as sim:
        api = sim.api()
        api.volumeCreate({"name": "v", "size": 2**30, "replication": 3})

or, for programs of any language, `python -m storpool_sim serve --env-file F`.

Volumes have names, sizes and places, and contents only with a directory for their devices (`devices`). It needs
`aiohttp` (the extra `sim`).
"""

from .clock import Clock, ManualClock
from .cluster import Cluster
from .errors import SimError
from .federation import connect
from .runner import Running, running

__all__ = ["Clock", "Cluster", "ManualClock", "Running", "SimError", "connect", "running"]
