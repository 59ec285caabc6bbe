"""A simulated cluster: its state, what happens to it, and what it does by itself.

Nothing here, or in what it is made of, knows of HTTP or of the bindings:

| part | what is there |
|---|---|
| `state.State` | things by their names and ids, and where their data lies |
| `incidents.Incidents` | what tests do to it: disks fail, clients stop, disks fill |
| `events.Events` | what happens as time goes by |

The calls (`storpool_sim.calls`) change the state and describe it; a test may do so too, as long as it holds
`Cluster.lock`.
"""

from __future__ import annotations

from typing import Optional

from . import defaults, invariants
from .clock import Clock
from .events import EJECT_RATE, RECLAIM_DELAY, RECOVER_RATE, SCRUB_RATE, Events

__all__ = ["EJECT_RATE", "RECLAIM_DELAY", "RECOVER_RATE", "SCRUB_RATE", "Cluster"]


class Cluster(Events):
    """One StorPool cluster, as it is at the moment of its clock.

    :ivar lock: to be held while the state is changed, or looked at more than once.
    """

    def __init__(
        self,
        clock: Optional[Clock] = None,
        name: str = defaults.CLUSTER_NAME,
        clusterId: str = defaults.CLUSTER_ID,
    ) -> None:
        super().__init__(clock, name, clusterId)

    def check(self) -> None:
        """Look whether all that must hold does.

        :raises invariants.BrokenInvariant: something does not, and what.
        """
        with self.lock:
            invariants.check(self)
