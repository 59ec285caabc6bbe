"""A simulated cluster: its state, what happens to it, and what it does by itself.

Nothing here, or in what it is made of, knows of HTTP or of the bindings:

| module | what it has |
|---|---|
| `state` | `State`: the parts of a cluster, and the changes that concern several of them |
| `records` | `Records`: volumes and snapshots by number, name and global id |
| `space` | `Space`: disks, what lies on them, and where new data may go |
| `incidents` | what tests and scenarios do to a cluster: disks fail, clients stop, disks fill |
| `events` | what a cluster does as time goes by |
| `invariants` | what must hold at any moment |
| `federation` | clusters that know each other |

The calls (`storpool_sim.calls`) read and change the state; a test may do so too, as long as it holds `Cluster.lock`.
"""

from __future__ import annotations

from .events import EJECT_RATE, RECLAIM_DELAY, RECOVER_RATE, SCRUB_RATE, TRANSIENT_TIME, settle
from .incidents import (
    begin_request,
    client_delay,
    client_down,
    client_stuck,
    client_up,
    close_volume,
    disk_down,
    disk_up,
    end_request,
    fill,
    node_down,
    node_up,
    open_volume,
    server_down,
    server_up,
    write,
)
from .invariants import check
from .state import State

__all__ = ["EJECT_RATE", "RECLAIM_DELAY", "RECOVER_RATE", "SCRUB_RATE", "TRANSIENT_TIME", "Cluster"]


class Cluster(State):
    """One StorPool cluster, as it is at the moment of its clock.

    These methods take the lock themselves.
    """

    disk_down = disk_down
    disk_up = disk_up
    fill = fill
    server_down = server_down
    server_up = server_up
    node_down = node_down
    node_up = node_up
    client_down = client_down
    client_up = client_up
    client_stuck = client_stuck
    client_delay = client_delay
    write = write
    open = open_volume
    close = close_volume
    begin_request = begin_request
    end_request = end_request
    check = check
    #: The exception: dispatch holds the lock already.
    settle = settle
