"""The calls that are simulated, by area as in the bindings. Importing this registers them all."""

from . import (
    attachments,
    balancer,
    disks,
    iscsi,
    iscsi_sessions,
    kvs,
    maintenance,
    moves,
    placement_groups,
    relocator,
    remote,
    services,
    snapshots,
    templates,
    transfer,
    volumes,
)

__all__ = [
    "attachments",
    "balancer",
    "disks",
    "iscsi",
    "iscsi_sessions",
    "kvs",
    "maintenance",
    "moves",
    "placement_groups",
    "relocator",
    "remote",
    "services",
    "snapshots",
    "templates",
    "transfer",
    "volumes",
]
