"""Services, nodes and clients, and which generation the clients have reached."""

from __future__ import annotations

from typing import Any, Dict, List, Literal

from storpool.sptypes import (
    Bridge,
    Client,
    ClientConfigStatus,
    ClusterStatus,
    Mgmt,
    NetDesc,
    PeerDesc,
    Server,
    iscsiTarget,
)

from ..cluster import Cluster, model
from ..cluster.defaults import VERSION
from ..cluster.errors import ClusterDown
from ..cluster.incidents import missing_disks
from ..cluster.model import Daemon
from .registry import handles
from .results import Deferred


@handles
def servicesList(cluster: Cluster) -> ClusterStatus:
    """List all services."""
    status = serversList(cluster)
    status.clients = {number: Client(**_service(client)) for number, client in cluster.clients.items()}
    return status


@handles
def serversList(cluster: Cluster) -> ClusterStatus:
    """List all services except the clients."""
    status = serversListBlocked(cluster)
    if status.clusterStatus == "down":
        raise ClusterDown("The cluster is down.")
    return status


@handles
def serversListBlocked(cluster: Cluster) -> ClusterStatus:
    """List them even while the cluster is down; servers that wait say for which disks, and which of theirs wait."""
    missing = sorted(missing_disks(cluster))
    active = min((number for number, daemon in cluster.mgmt.items() if daemon.running), default=None)
    return ClusterStatus(
        clusterStatus=_cluster_status(cluster),
        mgmt={
            number: Mgmt(**_service(daemon), prio=number, active=number == active)
            for number, daemon in cluster.mgmt.items()
        },
        clients={},
        servers={
            number: Server(
                **_service(server),
                missingDisks=missing if server.waiting else [],
                pendingDisks=_pending(cluster, number) if server.waiting else [],
            )
            for number, server in cluster.servers.items()
        },
        bridges={number: Bridge(**_service(bridge)) for number, bridge in cluster.bridges.items()},
        iscsiTargets={
            number: iscsiTarget(**_service(controller)) for number, controller in cluster.controllers.items()
        },
    )


def _cluster_status(cluster: Cluster) -> Literal["running", "waiting", "down"]:
    voting = {server.nodeId for server in cluster.servers.values()}
    if len(voting - cluster.downNodes) * 2 <= len(voting):
        return "down"
    if any(server.running for server in cluster.servers.values()):
        return "running"
    return "waiting" if any(server.waiting for server in cluster.servers.values()) else "down"


def _service(daemon: Daemon) -> Dict[str, Any]:
    return {
        "id": daemon.id,
        "nodeId": daemon.nodeId,
        "version": VERSION,
        "startTime": None if daemon.started is None else int(daemon.started),
        "status": daemon.status,
    }


def _pending(cluster: Cluster, server: int) -> List[int]:
    return sorted(disk.id for disk in cluster.disks.values() if disk.serverId == server and not disk.failed)


@handles
def peersList(cluster: Cluster) -> Dict[int, PeerDesc]:
    """List the nodes, with two networks each."""
    voting = {server.nodeId for server in cluster.servers.values()}
    return {
        node: PeerDesc(
            beaconStatus="NODE_DOWN" if node in cluster.downNodes else "NODE_UP",
            clusterStatus="CNODE_DOWN" if node in cluster.downNodes else "CNODE_UP",
            joined=node not in cluster.downNodes,
            networks={net: NetDesc(mac=f"02:00:00:00:{node:02x}:{net:02x}") for net in (0, 1)},
            rdma={},
            nonVoting=node not in voting,
        )
        for node in sorted(cluster.nodes())
    }


@handles
def clientsConfigDump(cluster: Cluster) -> List[ClientConfigStatus]:
    """List which generation each client has reached."""
    return [_config(cluster, client) for client in cluster.clients.values()]


@handles
def clientConfigWait(cluster: Cluster, clientId: int) -> Deferred:
    """Return that of one client, once it has reached the generation that the cluster has now."""
    cluster.check_client(clientId)
    client, generation, begun = cluster.clients[clientId], cluster.generation, cluster.clock.now()

    def answer() -> List[ClientConfigStatus]:
        status = _config(cluster, client)
        status.delay = int((cluster.clock.now() - begun) * 1000)  # ours: in milliseconds
        return [status]

    return Deferred(lambda: client.reached >= generation, answer)


def _config(cluster: Cluster, client: model.Client) -> ClientConfigStatus:
    behind = client.reached < cluster.generation
    return ClientConfigStatus(
        id=client.id,
        generation=cluster.generation,
        clientGeneration=client.reached,
        configStatus="down" if not client.running else "updating" if behind else "ok",
        delay=0,
    )
