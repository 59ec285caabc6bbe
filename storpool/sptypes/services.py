"""The services of a cluster, and its state."""

from __future__ import annotations

import time
from typing import Annotated, Dict, List, Literal, Optional

from ..sptype import Example, Internal, JsonObjectImpl, OneOf, Since
from .scalars import (
    BridgeId,
    BridgeStatus,
    ClientId,
    ClientStatus,
    DiskId,
    MgmtId,
    NodeId,
    ServerId,
    ServerStatus,
    iscsiTargetId,
    iscsiTargetStatus,
)

__all__ = ["Bridge", "Client", "ClientConfigStatus", "ClusterStatus", "Mgmt", "Server", "Service", "iscsiTarget"]


class Service(JsonObjectImpl, since="3.0.0"):
    """What the records of all services have in common."""

    nodeId: Annotated[Optional[NodeId], Example(1)] = None
    """The node that the service runs on. It may be null for a service that is down."""

    version: Annotated[str, Example("21.0.1234.6ef3a1b")]
    """The version of StorPool that the running daemon is of."""

    startTime: Optional[int]
    """When the service was started, as a unix timestamp; null when it is down."""

    @property
    def running(self) -> bool:
        """Whether the service runs, going by its `status`."""
        return bool(getattr(self, "status", None) == "running")

    @property
    def uptime(self) -> Optional[int]:
        """Seconds since `startTime`, at least 0; None without one."""
        return None if self.startTime is None else max(0, int(time.time()) - self.startTime)


class Server(Service):
    """A storage server, the daemon that serves disks."""

    id: ServerId
    """The id of the service. It is usually that of the node, but several servers may run on one node."""

    status: ServerStatus
    """'running' in service; 'waiting' is up but held until certain disks show up, so that the cluster does not split;
    'booting' misses nothing and joins the cluster; 'down' has no daemon, or still recovers its drives after a crash.
    """

    missingDisks: Annotated[List[DiskId], Example([])] = []
    """The disks that must be seen again before the cluster comes up. Servers remember where the newest configuration
    and data are, so this is typical when the whole cluster failed at once, as in a power loss. Empty when there are
    none.
    """

    pendingDisks: Annotated[List[DiskId], Example([])] = []
    """The disks that are present, but held up by the missing ones. Empty when there are none."""


class Client(Service):
    """A client, the daemon for block devices."""

    id: ClientId
    """The id of the service. It is usually that of the node."""

    status: ClientStatus
    """'running' or 'down'."""


class Mgmt(Service):
    """An instance of the management service, which serves the API."""

    id: MgmtId
    """The id of the service."""

    status: ClientStatus
    """'running' or 'down'."""

    prio: Internal[int] = None
    """The priority of the instance among the others; internal."""

    active: Annotated[bool, Example(True)]
    """True for the instance in charge. There is exactly one in a cluster at a time."""


class Bridge(Service, since="4.0.0"):
    """A bridge, the daemon that links the cluster to remote ones."""

    id: BridgeId
    """The id of the service."""

    status: BridgeStatus
    """'running', 'joining' or 'down'."""


class iscsiTarget(Service, since="7.1.0"):
    """An iSCSI target service, or controller."""

    id: iscsiTargetId
    """The id of the service."""

    status: iscsiTargetStatus
    """'running', 'joining' or 'down'."""


class ClusterStatus(JsonObjectImpl, since="1.0.4"):
    """The state of the cluster, and its services."""

    clusterStatus: Annotated[Literal["running", "waiting", "down"], OneOf("ClusterStatus")]
    """'running' when the cluster is formed and at least one server runs; 'waiting' when there is a quorum and the
    servers still negotiate; 'down' when there is no quorum, as a rule because too few beacons run.
    """

    mgmt: Dict[MgmtId, Mgmt] = {}
    """The management instances by id."""

    clients: Dict[ClientId, Client] = {}
    """The clients by id. The call `serversList` leaves them out."""

    servers: Dict[ServerId, Server] = {}
    """The servers by id."""

    bridges: Dict[BridgeId, Bridge] = {}
    """The bridges by id."""

    iscsiTargets: Annotated[Dict[iscsiTargetId, iscsiTarget], Since("7.1.0")] = {}
    """The iSCSI target services by id."""


class ClientConfigStatus(JsonObjectImpl):
    """How far a client has followed the configuration of the cluster."""

    id: ClientId
    """The id of the client."""

    generation: Annotated[int, Example(8571)]
    """The generation of the cluster: how many changes its configuration has had since it was created."""

    clientGeneration: Annotated[int, Example(8571)]
    """The generation that the client has reached."""

    configStatus: Annotated[Literal["ok", "updating", "down"], OneOf("client status")]
    """'updating' while an update of the configuration is under way, 'ok' when none is, 'down' when the client does not
    run.
    """

    delay: Annotated[int, Example(0)]
    """How long the client took to catch up, which only `clientConfigWait` tells; `clientsConfigDump` always answers 0.
    Its unit is not known.
    """
