"""Several clusters in one process that know of each other.

    west, east = Cluster(name="west", clusterId="wwww.a"), Cluster(name="east", clusterId="eeee.a")
    connect(west, east)
    with running(cluster=west) as sim: ...      # `RemoteCommand/east/...` and backups work

Clusters whose ids begin with the same location form a multicluster. A location has its id as its name, until it is
renamed.
"""

from __future__ import annotations

from typing import List

from . import Cluster
from .errors import ObjectDoesNotExist
from .model_remote import Location, RemoteCluster

#: Ours: each connected cluster has so many bits for the numbers of its things.
NUMBER_BITS = 40


def connect(*clusters: Cluster) -> None:
    """Let each of the clusters reach all others; to be called before any of them serves.

    :raises ValueError: two of them have the same name or id.
    """
    if any(len({getattr(cluster, key) for cluster in clusters}) < len(clusters) for key in ("name", "clusterId")):
        raise ValueError("clusters that are connected need names and ids of their own")
    for index, cluster in enumerate(clusters):
        # A volume that moves to another cluster keeps its number.
        cluster.number_from(index << NUMBER_BITS)
        # One lock for all: a request may look into several clusters, and two locks could be taken in two orders.
        cluster.lock = clusters[0].lock
        cluster.peers = [peer for peer in clusters if peer is not cluster]
        for peer in cluster.peers:
            location_id, _, number = peer.clusterId.partition(".")
            location = cluster.remote.locations.setdefault(location_id, Location(location_id, location_id))
            cluster.remote.clusters[peer.name] = RemoteCluster(number, peer.name, location)


def multicluster(cluster: Cluster) -> List[Cluster]:
    """Return a cluster and its peers in the same location."""
    return [cluster, *(peer for peer in cluster.peers if peer.locationId == cluster.locationId)]


def reach(cluster: Cluster, name: str) -> Cluster:
    """Return the cluster that a cluster knows by a name or a `~clusterId`: itself, or one that it is connected to.

    :raises ObjectDoesNotExist: there is no such cluster.
    """
    for candidate in (cluster, *cluster.peers):
        if name == "~" + candidate.clusterId:
            return candidate
    if name == cluster.name:
        return cluster
    known = cluster.remote.clusters.get(name)
    peers = {peer.clusterId: peer for peer in cluster.peers}
    found = peers.get(f"{known.location.id}.{known.id}") if known is not None else None
    if found is None:
        raise ObjectDoesNotExist(f"Cluster '{name}' is not connected to this one.")
    return found


def at_location(cluster: Cluster, name: str) -> Cluster:
    """Return the cluster that takes the backups for a location: the first one there.

    :raises ObjectDoesNotExist: there is no such location, or no cluster there.
    """
    location = cluster.remote.location(name)
    found = next((peer for peer in cluster.peers if peer.locationId == location.id), None)
    if found is None:
        raise ObjectDoesNotExist(f"No cluster at location '{name}' can be reached.")
    return found
