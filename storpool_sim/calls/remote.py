"""Other locations, clusters and bridges, as they are registered. Ours: what others are registered in is `busy`."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Union

from storpool import sptypes
from storpool.sptypes import (
    RemoteBridgeAddClusterDesc,
    RemoteBridgeAddLocationDesc,
    RemoteBridgeRemoveDesc,
    RemoteClusterAddDesc,
    RemoteClusterRemoveDesc,
    RemoteClusterRenameDesc,
    RemoteLocation,
    RemoteLocationBase,
    RemoteLocationRenameDesc,
    RemoteLocationUpdateDesc,
)

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..cluster.model_remote import Location, RemoteBridge, RemoteCluster
from .registry import handles
from .results import OkJson, ok


@handles
def locationsList(cluster: Cluster) -> Dict[str, List[RemoteLocation]]:
    """Every location."""
    return {
        "locations": [
            RemoteLocation(
                id=one.id, name=one.name, sendBufferSize=one.sendBufferSize, recvBufferSize=one.recvBufferSize
            )
            for one in cluster.remote.locations.values()
        ]
    }


@handles
def locationAdd(cluster: Cluster, json: RemoteLocationBase) -> OkJson:
    """Register a location."""
    for one in cluster.remote.locations.values():
        if json.name == one.name or json.id == one.id:
            raise ObjectExists(f"Location '{one.name}' with the id {one.id} already exists.")
    cluster.remote.locations[json.name] = Location(json.id, json.name)
    return ok(cluster)


@handles
def locationRemove(cluster: Cluster, json: Mapping[str, str]) -> OkJson:
    """Drop a location in which nothing is registered."""
    if "location" not in json:
        raise InvalidParam("location: missing")
    location = cluster.remote.location(json["location"])
    used = [one.location for one in cluster.remote.clusters.values()]
    used += [one.location for one in cluster.remote.bridges.values()]
    if any(one is location for one in used):
        raise Busy(f"Location '{location.name}' has clusters or bridges.")
    del cluster.remote.locations[location.name]
    return ok(cluster)


@handles
def locationUpdate(cluster: Cluster, json: RemoteLocationUpdateDesc) -> OkJson:
    """Set the sizes of buffers."""
    location = cluster.remote.location(json.location)
    if json.sendBufferSize is not None:
        location.sendBufferSize = json.sendBufferSize
    if json.recvBufferSize is not None:
        location.recvBufferSize = json.recvBufferSize
    return ok(cluster)


@handles
def locationRename(cluster: Cluster, json: RemoteLocationRenameDesc) -> OkJson:
    """Give a location another name."""
    location = cluster.remote.location(json.location)
    if cluster.remote.locations.get(json.name, location) is not location:
        raise ObjectExists(f"Location '{json.name}' already exists.")
    del cluster.remote.locations[location.name]
    location.name = json.name
    cluster.remote.locations[json.name] = location
    return ok(cluster)


@handles
def clustersList(cluster: Cluster) -> Dict[str, List[sptypes.RemoteCluster]]:
    """Every other cluster."""
    return {
        "clusters": [
            sptypes.RemoteCluster(id=one.id, name=one.name, location=one.location.name)
            for one in cluster.remote.clusters.values()
        ]
    }


@handles
def clusterAdd(cluster: Cluster, json: RemoteClusterAddDesc) -> OkJson:
    """Register a cluster; one without a name is called after its ids (ours)."""
    location = cluster.remote.location(json.location)
    name = json.name or f"{location.name}-{json.id}"
    for one in cluster.remote.clusters.values():
        if name == one.name or (json.id == one.id and location is one.location):
            raise ObjectExists(f"Cluster '{one.name}' already exists.")
    cluster.remote.clusters[name] = RemoteCluster(json.id, name, location)
    return ok(cluster)


@handles
def clusterRemove(cluster: Cluster, json: RemoteClusterRemoveDesc) -> OkJson:
    """Drop a cluster, by its name or by its location and id."""
    if json.name is not None:
        found: Optional[RemoteCluster] = cluster.remote.cluster(json.name)
    elif json.location is not None and json.id is not None:
        location = cluster.remote.location(json.location)
        clusters = cluster.remote.clusters.values()
        found = next((one for one in clusters if one.location is location and one.id == json.id), None)
    else:
        raise InvalidParam("Give the cluster's name, or its location and id.")
    if found is None:
        raise ObjectDoesNotExist(f"There is no cluster {json.id} at location '{json.location}'.")
    if any(one.cluster is found for one in cluster.remote.bridges.values()):
        raise Busy(f"Cluster '{found.name}' has bridges.")
    del cluster.remote.clusters[found.name]
    return ok(cluster)


@handles
def clusterRename(cluster: Cluster, json: RemoteClusterRenameDesc) -> OkJson:
    """Give a cluster another name."""
    found = cluster.remote.cluster(json.cluster)
    if cluster.remote.clusters.get(json.name, found) is not found:
        raise ObjectExists(f"Cluster '{json.name}' already exists.")
    del cluster.remote.clusters[found.name]
    found.name = json.name
    cluster.remote.clusters[json.name] = found
    return ok(cluster)


@handles
def remoteBridgesList(cluster: Cluster) -> Dict[str, List[sptypes.RemoteBridge]]:
    """Every bridge."""
    return {
        "remoteBridges": [
            sptypes.RemoteBridge(
                ip=one.ip,
                publicKey=one.publicKey,
                minimumDeleteDelay=one.minimumDeleteDelay,
                noCrypto=one.noCrypto,
                location=one.location.name,
                cluster=one.cluster.name if one.cluster is not None else None,
                remote=(one.cluster or one.location).name,
            )
            for one in cluster.remote.bridges.values()
        ]
    }


@handles
def remoteBridgeAdd(cluster: Cluster, json: Union[RemoteBridgeAddLocationDesc, RemoteBridgeAddClusterDesc]) -> OkJson:
    """Register a bridge."""
    if json.ip in cluster.remote.bridges:
        raise ObjectExists(f"Bridge {json.ip} already exists.")
    leads = cluster.remote.cluster(json.remote) if isinstance(json, RemoteBridgeAddClusterDesc) else None
    if isinstance(json, RemoteBridgeAddLocationDesc):
        location = cluster.remote.location(json.location)
    else:
        location = cluster.remote.cluster(json.remote).location
    cluster.remote.bridges[json.ip] = RemoteBridge(
        json.ip, json.publicKey, location, leads, json.minimumDeleteDelay, json.noCrypto
    )
    return ok(cluster)


@handles
def remoteBridgeRemove(cluster: Cluster, json: RemoteBridgeRemoveDesc) -> OkJson:
    """Drop a bridge."""
    if json.ip not in cluster.remote.bridges:
        raise ObjectDoesNotExist(f"Bridge {json.ip} does not exist.")
    del cluster.remote.bridges[json.ip]
    return ok(cluster)
