"""Nodes under planned maintenance for a limited time."""

from __future__ import annotations

from typing import Annotated, List, Optional

from ..sptype import Example, JsonObjectImpl

__all__ = ["MaintenanceCompleteDesc", "MaintenanceNodeDesc", "MaintenanceNodesList", "MaintenanceSetDesc"]


class MaintenanceNodeDesc(JsonObjectImpl, since="5.5.0"):
    """One node in maintenance."""

    nodeId: Annotated[int, Example(1)]
    """The node."""

    started: int
    """When its maintenance began, as a Unix timestamp."""

    duration: Annotated[int, Example(7200)]
    """The planned length, in seconds."""

    description: Annotated[str, Example("new memory")]
    """A note for people."""

    overrun: bool
    """True once the planned length is over."""

    remaining: Annotated[Optional[int], Example(5400)] = None
    """What is left of the planned length, in seconds."""


class MaintenanceNodesList(JsonObjectImpl, since="5.5.0"):
    """The nodes in maintenance."""

    nodes: List[MaintenanceNodeDesc] = []
    """One record for each node."""


class MaintenanceSetDesc(JsonObjectImpl, since="5.5.0"):
    """A request to put a node in maintenance."""

    nodeId: Annotated[int, Example(1)]
    """The node."""

    duration: Annotated[int, Example(7200)]
    """The length in seconds, after which maintenance ends by itself."""

    description: Annotated[str, Example("new memory")]
    """A note for people."""

    minOkReplicas: Annotated[Optional[int], Example(2)] = None
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

    nodeId: Annotated[int, Example(1)]
    """The node."""
