"""Services, peers, clients: who is there, and how far clients are."""

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
    """Everyone."""
    status = serversList(cluster)
    status.clients = {number: Client(**_service(one)) for number, one in cluster.clients.items()}
    return status


@handles
def serversList(cluster: Cluster) -> ClusterStatus:
    """Everyone but the clients."""
    status = serversListBlocked(cluster)
    if status.clusterStatus == "down":
        raise ClusterDown("The cluster is down.")
    return status


@handles
def serversListBlocked(cluster: Cluster) -> ClusterStatus:
    """The same, though the cluster be down; servers that wait tell what is missing, and what waits for that."""
    missing = sorted(missing_disks(cluster))
    active = min((number for number, one in cluster.mgmt.items() if one.running), default=None)
    return ClusterStatus(
        clusterStatus=_cluster_status(cluster),
        mgmt={
            number: Mgmt(**_service(one), prio=number, active=number == active) for number, one in cluster.mgmt.items()
        },
        clients={},
        servers={
            number: Server(
                **_service(one),
                missingDisks=missing if one.waiting else [],
                pendingDisks=_pending(cluster, number) if one.waiting else [],
            )
            for number, one in cluster.servers.items()
        },
        bridges={number: Bridge(**_service(one)) for number, one in cluster.bridges.items()},
        iscsiTargets={number: iscsiTarget(**_service(one)) for number, one in cluster.controllers.items()},
    )


def _cluster_status(cluster: Cluster) -> Literal["running", "waiting", "down"]:
    voting = {one.nodeId for one in cluster.servers.values()}
    if len(voting - cluster.downNodes) * 2 <= len(voting):
        return "down"
    if any(one.running for one in cluster.servers.values()):
        return "running"
    return "waiting" if any(one.waiting for one in cluster.servers.values()) else "down"


def _service(one: Daemon) -> Dict[str, Any]:
    return {
        "id": one.id,
        "nodeId": one.nodeId,
        "version": VERSION,
        "startTime": None if one.started is None else int(one.started),
        "status": one.status,
    }


def _pending(cluster: Cluster, server: int) -> List[int]:
    return sorted(disk.id for disk in cluster.disks.values() if disk.serverId == server and not disk.failed)


@handles
def peersList(cluster: Cluster) -> Dict[int, PeerDesc]:
    """Every node, with two networks."""
    voting = {one.nodeId for one in cluster.servers.values()}
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
    """How far each client is."""
    return [_config(cluster, one) for one in cluster.clients.values()]


@handles
def clientConfigWait(cluster: Cluster, clientId: int) -> Deferred:
    """The same of one client, when it is as far as the cluster is now."""
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
