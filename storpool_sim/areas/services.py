"""Services, peers, clients: who is there. And what they are busy with, which in a simulation is nothing."""

from __future__ import annotations

from typing import Dict, List, Optional

from storpool.sptypes import (
    AllPeersActiveRequests,
    AllPeersActiveRequestsQuery,
    Bridge,
    Client,
    ClientActiveRequests,
    ClientConfigStatus,
    ClusterStatus,
    Mgmt,
    NetDesc,
    PeerDesc,
    Server,
    iscsiTarget,
)

from ..cluster import Cluster
from ..defaults import VERSION
from ..handlers import handles
from ..model import Daemon


@handles
def servicesList(cluster: Cluster) -> ClusterStatus:
    """Everyone."""
    status = serversList(cluster)
    status.clients = {
        number: Client(
            id=number,
            nodeId=one.nodeId,
            version=VERSION,
            startTime=_start(one),
            status="running" if one.running else "down",
        )
        for number, one in cluster.clients.items()
    }
    return status


@handles
def serversList(cluster: Cluster) -> ClusterStatus:
    """Everyone but the clients."""
    return ClusterStatus(
        clusterStatus="running" if any(one.running for one in cluster.servers.values()) else "down",
        mgmt={
            number: Mgmt(
                id=number,
                nodeId=one.nodeId,
                version=VERSION,
                startTime=_start(one),
                status="running" if one.running else "down",
                prio=number,
                active=number == min(cluster.mgmt),
            )
            for number, one in cluster.mgmt.items()
        },
        clients={},
        servers={
            number: Server(
                id=number,
                nodeId=one.nodeId,
                version=VERSION,
                startTime=_start(one),
                status="running" if one.running else "down",
                missingDisks=[],
                pendingDisks=[],
            )
            for number, one in cluster.servers.items()
        },
        bridges={
            number: Bridge(
                id=number,
                nodeId=one.nodeId,
                version=VERSION,
                startTime=_start(one),
                status="running" if one.running else "down",
            )
            for number, one in cluster.bridges.items()
        },
        iscsiTargets={
            number: iscsiTarget(
                id=number,
                nodeId=one.nodeId,
                version=VERSION,
                startTime=_start(one),
                status="running" if one.running else "down",
            )
            for number, one in cluster.controllers.items()
        },
    )


@handles(lacks="servers never wait for disks")
def serversListBlocked(cluster: Cluster) -> ClusterStatus:
    """The same: this cluster never waits for disks."""
    return serversList(cluster)


def _start(daemon: Daemon) -> Optional[int]:
    return None if daemon.started is None else int(daemon.started)


@handles
def peersList(cluster: Cluster) -> Dict[int, PeerDesc]:
    """A node for each server, with two networks."""
    voting = {one.nodeId for one in cluster.servers.values()}
    return {
        node: PeerDesc(
            beaconStatus="NODE_UP",
            clusterStatus="CNODE_UP",
            joined=True,
            networks={net: NetDesc(mac=f"02:00:00:00:{node:02x}:{net:02x}") for net in (0, 1)},
            rdma={},
            nonVoting=node not in voting,
        )
        for node in sorted(cluster.nodes())
    }


@handles
def clientsConfigDump(cluster: Cluster) -> List[ClientConfigStatus]:
    """Every client has caught up, always."""
    return [_config(cluster, number) for number in cluster.clients]


@handles(lacks="clients have always caught up")
def clientConfigWait(cluster: Cluster, clientId: int) -> List[ClientConfigStatus]:
    """There is nothing to wait for."""
    cluster.check_client(clientId)
    return [_config(cluster, clientId)]


def _config(cluster: Cluster, number: int) -> ClientConfigStatus:
    return ClientConfigStatus(
        id=number,
        generation=cluster.generation,
        clientGeneration=cluster.generation,
        configStatus="ok" if cluster.clients[number].running else "down",
        delay=0,
    )


@handles(lacks="the list is empty: no data passes")
def clientActiveRequests(cluster: Cluster, clientId: int) -> ClientActiveRequests:
    """No data passes through this cluster."""
    cluster.check_client(clientId)
    return ClientActiveRequests(clientId=clientId, requests=[])


@handles(lacks="the list is empty: no data passes")
def allPeersActiveRequests(
    cluster: Cluster, json: Optional[AllPeersActiveRequestsQuery] = None
) -> AllPeersActiveRequests:
    """No data passes through this cluster."""
    return AllPeersActiveRequests(requests=[])
