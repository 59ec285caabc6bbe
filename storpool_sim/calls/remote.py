"""The register of other locations, clusters and bridges. Ours: what others are registered in is `busy`."""

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
    """List the locations."""
    return {
        "locations": [
            RemoteLocation(
                id=location.id,
                name=location.name,
                sendBufferSize=location.sendBufferSize,
                recvBufferSize=location.recvBufferSize,
            )
            for location in cluster.remote.locations.values()
        ]
    }


@handles
def locationAdd(cluster: Cluster, json: RemoteLocationBase) -> OkJson:
    """Register a location."""
    for location in cluster.remote.locations.values():
        if json.name == location.name or json.id == location.id:
            raise ObjectExists(f"Location '{location.name}' with the id {location.id} already exists.")
    cluster.remote.locations[json.name] = Location(json.id, json.name)
    return ok(cluster)


@handles
def locationRemove(cluster: Cluster, json: Mapping[str, str]) -> OkJson:
    """Remove a location in which nothing is registered."""
    if "location" not in json:
        raise InvalidParam("location: missing")
    location = cluster.remote.location(json["location"])
    used = [other.location for other in cluster.remote.clusters.values()]
    used += [bridge.location for bridge in cluster.remote.bridges.values()]
    if any(place is location for place in used):
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
    """List the other clusters."""
    return {
        "clusters": [
            sptypes.RemoteCluster(id=other.id, name=other.name, location=other.location.name)
            for other in cluster.remote.clusters.values()
        ]
    }


@handles
def clusterAdd(cluster: Cluster, json: RemoteClusterAddDesc) -> OkJson:
    """Register a cluster; without a name, it is named after its ids (ours)."""
    location = cluster.remote.location(json.location)
    name = json.name or f"{location.name}-{json.id}"
    for other in cluster.remote.clusters.values():
        if name == other.name or (json.id == other.id and location is other.location):
            raise ObjectExists(f"Cluster '{other.name}' already exists.")
    cluster.remote.clusters[name] = RemoteCluster(json.id, name, location)
    return ok(cluster)


@handles
def clusterRemove(cluster: Cluster, json: RemoteClusterRemoveDesc) -> OkJson:
    """Remove a cluster, by its name or by its location and id."""
    if json.name is not None:
        known: Optional[RemoteCluster] = cluster.remote.cluster(json.name)
    elif json.location is not None and json.id is not None:
        location = cluster.remote.location(json.location)
        clusters = cluster.remote.clusters.values()
        known = next((other for other in clusters if other.location is location and other.id == json.id), None)
    else:
        raise InvalidParam("Give the cluster's name, or its location and id.")
    if known is None:
        raise ObjectDoesNotExist(f"There is no cluster {json.id} at location '{json.location}'.")
    if any(bridge.cluster is known for bridge in cluster.remote.bridges.values()):
        raise Busy(f"Cluster '{known.name}' has bridges.")
    del cluster.remote.clusters[known.name]
    return ok(cluster)


@handles
def clusterRename(cluster: Cluster, json: RemoteClusterRenameDesc) -> OkJson:
    """Give a cluster another name."""
    known = cluster.remote.cluster(json.cluster)
    if cluster.remote.clusters.get(json.name, known) is not known:
        raise ObjectExists(f"Cluster '{json.name}' already exists.")
    del cluster.remote.clusters[known.name]
    known.name = json.name
    cluster.remote.clusters[json.name] = known
    return ok(cluster)


@handles
def remoteBridgesList(cluster: Cluster) -> Dict[str, List[sptypes.RemoteBridge]]:
    """List the bridges."""
    return {
        "remoteBridges": [
            sptypes.RemoteBridge(
                ip=bridge.ip,
                publicKey=bridge.publicKey,
                minimumDeleteDelay=bridge.minimumDeleteDelay,
                noCrypto=bridge.noCrypto,
                location=bridge.location.name,
                cluster=bridge.cluster.name if bridge.cluster is not None else None,
                remote=(bridge.cluster or bridge.location).name,
            )
            for bridge in cluster.remote.bridges.values()
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
    """Remove a bridge."""
    if json.ip not in cluster.remote.bridges:
        raise ObjectDoesNotExist(f"Bridge {json.ip} does not exist.")
    del cluster.remote.bridges[json.ip]
    return ok(cluster)
