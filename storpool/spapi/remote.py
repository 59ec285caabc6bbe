"""Calls for remote locations, clusters and bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Dict, List, Optional

from ..sptype import Json, Key
from .call import GET, POST, Section

if TYPE_CHECKING:
    from ..sptypes.remote import (
        LocationRef,
        RemoteBridge,
        RemoteBridgeAddDesc,
        RemoteBridgeRemoveDesc,
        RemoteCluster,
        RemoteClusterAddDesc,
        RemoteClusterRemoveDesc,
        RemoteClusterRenameDesc,
        RemoteLocation,
        RemoteLocationBase,
        RemoteLocationRenameDesc,
        RemoteLocationUpdateDesc,
    )
    from ..sptypes.replies import ApiOk


class Remote(Section, title="Remote"):
    """Other locations, other clusters, and the bridges that lead to them."""

    @GET("LocationsList", since="4.0.0")
    def locationsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[RemoteLocation]], Key("locations")]:
        """List the remote locations.

        The registered locations, in a list under the key `locations`.
        """
        ...

    @POST("LocationAdd", since="5.5.0")
    def locationAdd(
        self, json: Json[RemoteLocationBase], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Register a remote location.

        The location's ID is unique and issued by StorPool; the name is for people.
        """
        ...

    @POST("LocationRemove", since="5.5.0")
    def locationRemove(
        self, json: LocationRef, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Remove a remote location.

        The body has one key, `location`: the name of the location.
        """
        ...

    @POST("LocationUpdate", since="5.5.0")
    def locationUpdate(
        self, json: Json[RemoteLocationUpdateDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Change a remote location.

        Sets the sizes of the TCP buffers for sending to the location and receiving from it, in bytes.
        """
        ...

    @POST("LocationRename", since="5.5.0")
    def locationRename(
        self, json: Json[RemoteLocationRenameDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Rename a remote location.

        `location` is its present name, `name` the new one.
        """
        ...

    @GET("ClustersList", allClusters=True, since="5.5.0")
    def clustersList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[RemoteCluster]], Key("clusters")]:
        """List the remote clusters.

        The registered clusters, in a list under the key `clusters`. `allClusters` asks every cluster of a multicluster
        for its own, since 7.4.0.
        """
        ...

    @POST("ClusterAdd", since="5.5.0")
    def clusterAdd(
        self, json: Json[RemoteClusterAddDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Register a remote cluster.

        The cluster's ID is unique within its location and issued by StorPool; the name is for people and may be left
        out.
        """
        ...

    @POST("ClusterRemove", since="5.5.0")
    def clusterRemove(
        self, json: Json[RemoteClusterRemoveDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Remove a remote cluster.

        `clusterWillNotBeComingBack` tells that the cluster is never to be registered again; by default it may be.
        """
        ...

    @POST("ClusterRename", since="5.5.0")
    def clusterRename(
        self, json: Json[RemoteClusterRenameDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Rename a remote cluster.

        `cluster` is its present name, `name` the new one.
        """
        ...

    @GET("RemoteBridgesList", since="5.5.0")
    def remoteBridgesList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[RemoteBridge]], Key("remoteBridges")]:
        """List the remote bridges.

        The registered bridges, in a list under the key `remoteBridges`.
        """
        ...

    @POST("RemoteBridgeAdd", since="5.5.0")
    def remoteBridgeAdd(
        self, json: Json[RemoteBridgeAddDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Register a remote bridge.

        The bridge belongs either to a location (`location`) or to a cluster (`remote`).
        """
        ...

    @POST("RemoteBridgeRemove", since="5.5.0")
    def remoteBridgeRemove(
        self, json: Json[RemoteBridgeRemoveDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Remove a remote bridge.

        The bridge is chosen by its IP address.
        """
        ...
