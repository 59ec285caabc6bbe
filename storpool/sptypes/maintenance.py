"""Nodes under planned maintenance for a limited time."""

from __future__ import annotations

from typing import List, Optional

from ..sptype import JsonObjectImpl

__all__ = ["MaintenanceCompleteDesc", "MaintenanceNodeDesc", "MaintenanceNodesList", "MaintenanceSetDesc"]


class MaintenanceNodeDesc(JsonObjectImpl, since="5.5.0"):
    """One node in maintenance."""

    nodeId: int
    """The node."""

    started: int
    """When its maintenance began, as a Unix timestamp."""

    duration: int
    """The planned length, in seconds."""

    description: str
    """A note for people."""

    overrun: bool
    """True once the planned length is over."""

    remaining: Optional[int] = None
    """What is left of the planned length, in seconds."""


class MaintenanceNodesList(JsonObjectImpl, since="5.5.0"):
    """The nodes in maintenance."""

    nodes: List[MaintenanceNodeDesc] = []
    """One record for each node."""


class MaintenanceSetDesc(JsonObjectImpl, since="5.5.0"):
    """A request to put a node in maintenance."""

    nodeId: int
    """The node."""

    duration: int
    """The length in seconds, after which maintenance ends by itself."""

    description: str
    """A note for people."""

    minOkReplicas: Optional[int] = None
    """How many healthy copies must be left, with the node down, of all data that it has a copy of. A safety condition.
    """

    maxReplicationDecrease: Optional[int] = None
    """The same condition for each volume: as many copies must be left as its replication minus this number."""

    votingSafetyMargin: Optional[int] = None
    """How many voting nodes must be alive beyond the bare majority."""

    maxNodesInMaintenance: Optional[int] = None
    """The most nodes that may be in maintenance at a time."""


class MaintenanceCompleteDesc(JsonObjectImpl, since="5.5.0"):
    """A request to end a node's maintenance."""

    nodeId: int
    """The node."""
