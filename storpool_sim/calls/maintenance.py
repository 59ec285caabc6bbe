"""Nodes in maintenance.

Ours: a refusal is `busy`, since the request may succeed later, and `objectExists` for a node in maintenance.
The node's services go on, for someone to stop them; with `Cluster.maintenanceStops` they stop and start with the
maintenance.
"""

from __future__ import annotations

from typing import Set

from storpool.sptypes import (
    MaintenanceCompleteDesc,
    MaintenanceNodeDesc,
    MaintenanceNodesList,
    MaintenanceSetDesc,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..cluster.events import end_maintenance
from ..cluster.model import Maintenance
from .registry import handles
from .results import OkJson, ok

#: How many copies of everything must be left, when the request does not say.
MIN_OK_REPLICAS = 2


@handles
def maintenanceList(cluster: Cluster) -> MaintenanceNodesList:
    """List the nodes in maintenance."""
    now = cluster.clock.now()
    return MaintenanceNodesList(
        nodes=[
            MaintenanceNodeDesc(
                nodeId=node,
                started=int(maintenance.started),
                duration=maintenance.duration,
                description=maintenance.description,
                overrun=False,  # a maintenance ends when its time is over
                remaining=int(maintenance.ends - now),
            )
            for node, maintenance in sorted(cluster.maintenance.items())
        ]
    )


@handles
def maintenanceSet(cluster: Cluster, json: MaintenanceSetDesc) -> OkJson:
    """Put a node in maintenance, if enough is left without it."""
    node = json.nodeId
    if node not in cluster.nodes():
        raise ObjectDoesNotExist(f"Node {node} does not exist.")
    if node in cluster.maintenance:
        raise ObjectExists(f"Node {node} is in maintenance already.")
    if json.duration <= 0:
        raise InvalidParam(f"duration is not positive: {json.duration}")
    away = {node, *cluster.maintenance}
    if json.maxNodesInMaintenance is not None and len(away) > json.maxNodesInMaintenance:
        raise Busy(f"{len(away) - 1} nodes are in maintenance, and {json.maxNodesInMaintenance} may be.")
    _check_votes(cluster, away, json.votingSafetyMargin or 0)
    _check_copies(cluster, node, away, json)
    stops = cluster.maintenanceStops and node not in cluster.downNodes
    cluster.maintenance[node] = Maintenance(cluster.clock.now(), json.duration, json.description, stops)
    if stops:
        cluster.node_down(node)
    return ok(cluster)


@handles
def maintenanceComplete(cluster: Cluster, json: MaintenanceCompleteDesc) -> OkJson:
    """End a node's maintenance before its time."""
    if json.nodeId not in cluster.maintenance:
        raise ObjectDoesNotExist(f"Node {json.nodeId} is not in maintenance.")
    end_maintenance(cluster, json.nodeId)
    return ok(cluster)


def _check_votes(cluster: Cluster, away: Set[int], margin: int) -> None:
    voting = {server.nodeId for server in cluster.servers.values()}
    alive = {server.nodeId for server in cluster.servers.values() if server.running} - away
    needed = len(voting) // 2 + 1 + margin
    if voting & away and len(alive) < needed:
        raise Busy(f"{len(alive)} voting nodes of {len(voting)} would be left, and {needed} are needed.")


def _check_copies(cluster: Cluster, node: int, away: Set[int], json: MaintenanceSetDesc) -> None:
    servers = {
        number: server for number, server in cluster.servers.items() if server.running and server.nodeId not in away
    }
    healthy = {disk.id for disk in cluster.disks.values() if disk.up and disk.serverId in servers}
    on_node = {
        disk.id
        for disk in cluster.disks.values()
        if disk.serverId in cluster.servers and cluster.servers[disk.serverId].nodeId == node
    }
    for record in cluster.records.values():
        needed = MIN_OK_REPLICAS if json.minOkReplicas is None else json.minOkReplicas
        if json.maxReplicationDecrease is not None:
            needed = max(needed, record.policy.replication - json.maxReplicationDecrease)
        # Only data that the node has a copy of: the rest loses nothing.
        left = [len(healthy.intersection(disks)) for disks in record.diskSets if on_node.intersection(disks)]
        if left and min(left) < needed:
            kind = "snapshot" if record.snapshot else "volume"
            raise Busy(f"The {kind} '{record.name}' would have {min(left)} copies left, and {needed} are needed.")
