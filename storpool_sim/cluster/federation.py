"""Several clusters in one process that know of each other.

    west, east = Cluster(name="west", clusterId="wwww.a"), Cluster(name="east", clusterId="eeee.a")
    connect(west, east)
    with running(cluster=west) as sim: ...      # `RemoteCommand/east/...` and backups work

Clusters whose ids begin with the same location form a multicluster. A location is named by its id, until it is renamed.
"""

from __future__ import annotations

from typing import Dict, List

from . import Cluster
from .errors import ObjectDoesNotExist
from .model_remote import Location, RemoteCluster

#: Ours: each of the clusters that are connected has so many bits of numbers for its things.
NUMBER_BITS = 40


def connect(*clusters: Cluster) -> None:
    """Let each of the clusters reach each other one; before any of them serves."""
    if len({one.clusterId for one in clusters}) < len(clusters) or len({one.name for one in clusters}) < len(clusters):
        raise ValueError("clusters that are connected need names and ids of their own")
    for index, one in enumerate(clusters):
        # What goes from one to another keeps its number.
        one.number_from(index << NUMBER_BITS)
        # One lock for all: a request may look into several clusters, and two locks could be taken in two orders.
        one.lock = clusters[0].lock
        one.peers = [other for other in clusters if other is not one]
        for other in one.peers:
            place, _, number = other.clusterId.partition(".")
            location = one.remote.locations.setdefault(place, Location(place, place))
            one.remote.clusters[other.name] = RemoteCluster(number, other.name, location)


def multicluster(cluster: Cluster) -> List[Cluster]:
    """The cluster and the others in its location."""
    return [cluster, *(one for one in cluster.peers if one.locationId == cluster.locationId)]


def reach(cluster: Cluster, name: str) -> Cluster:
    """The cluster of a name or a `~clusterId`, as seen from a cluster: itself, or one that it is connected to."""
    for one in (cluster, *cluster.peers):
        if name == "~" + one.clusterId:
            return one
    if name == cluster.name:
        return cluster
    known = cluster.remote.clusters.get(name)
    ids: Dict[str, Cluster] = {one.clusterId: one for one in cluster.peers}
    found = ids.get(f"{known.location.id}.{known.id}") if known is not None else None
    if found is None:
        raise ObjectDoesNotExist(f"Cluster '{name}' is not connected to this one.")
    return found


def at_location(cluster: Cluster, name: str) -> Cluster:
    """The cluster to which backups for a location go: the first one there."""
    location = cluster.remote.location(name)
    found = next((one for one in cluster.peers if one.locationId == location.id), None)
    if found is None:
        raise ObjectDoesNotExist(f"No cluster at location '{name}' can be reached.")
    return found
