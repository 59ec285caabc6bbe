"""The nodes on the storage network."""

from __future__ import annotations

from typing import Annotated, Dict, Optional

from ..sptype import Example, JsonObjectImpl, Since
from .scalars import GUID, BeaconClusterStatus, BeaconNodeStatus, MacAddr, NetId, RdmaState

__all__ = ["NetDesc", "PeerDesc", "RdmaDesc"]


class NetDesc(JsonObjectImpl):
    """One Ethernet network of a node."""

    mac: MacAddr
    """The MAC address of the node's interface on that network."""


class RdmaDesc(JsonObjectImpl, since="4.0.0"):
    """One RDMA network of a node."""

    guid: GUID
    """The GUID of the RDMA port."""

    state: RdmaState
    """The state of the RDMA connection: Idle, GidReceived, Connecting and Connected are steps of coming up,
    pendingError and Error are failures.
    """


class PeerDesc(JsonObjectImpl, since="3.0.0"):
    """One node as the beacon service sees it."""

    beaconStatus: BeaconNodeStatus
    """NODE_UP when a beacon runs on the node, NODE_DOWN otherwise."""

    clusterStatus: BeaconClusterStatus
    """Whether the side that reports counts the node into the quorum of the cluster; CNODE_DAMPING lies between down and
    up.
    """

    joined: Annotated[bool, Example(True)]
    """Whether the node counts itself into the quorum of the cluster."""

    networks: Annotated[Optional[Dict[NetId, NetDesc]], Since("4.0.0")] = None
    """The Ethernet networks that StorPool uses on the node, by the number of the network. Null when the reply has
    none.
    """

    rdma: Annotated[Dict[NetId, RdmaDesc], Since("4.0.0")] = {}
    """The RDMA networks that StorPool uses on the node, by the number of the network. Empty when there are none."""

    nonVoting: bool
    """True for a node that has no vote in the quorum, such as one that is only a client."""
