"""Other locations, other clusters, and the bridges that link to them."""

from __future__ import annotations

from typing import Annotated, Mapping, Optional, Union

from ..sptype import Example, JsonObjectImpl, Key, Since
from .scalars import LocationId, RemoteClusterName, RemoteLocationName, SubClusterId

__all__ = [
    "RemoteBridge",
    "RemoteBridgeAddClusterDesc",
    "RemoteBridgeAddDesc",
    "RemoteBridgeAddLocationDesc",
    "RemoteBridgeBase",
    "RemoteBridgeRemoveDesc",
    "RemoteCluster",
    "RemoteClusterAddDesc",
    "RemoteClusterBase",
    "RemoteClusterRemoveDesc",
    "RemoteClusterRenameDesc",
    "RemoteLocation",
    "RemoteLocationBase",
    "RemoteLocationRenameDesc",
    "RemoteLocationUpdateDesc",
]


class RemoteLocationBase(JsonObjectImpl, since="5.5.0"):
    """The id and the name of a remote location."""

    id: Annotated[LocationId, Example("q3m9")]
    """The location's id, which is unique and issued by StorPool."""

    name: RemoteLocationName
    """The name that people use for the location."""


class RemoteLocation(RemoteLocationBase, since="4.0.0"):
    """One registered remote location."""

    sendBufferSize: Annotated[int, Since("5.5.0"), Example(1048576)]
    """The size of the TCP send buffer towards the location, in bytes."""

    recvBufferSize: Annotated[int, Since("5.5.0"), Example(1048576)]
    """The size of the TCP receive buffer towards the location, in bytes."""


class RemoteLocationUpdateDesc(JsonObjectImpl, since="5.5.0"):
    """A request to change a remote location."""

    location: RemoteLocationName
    """The name that people use for the location."""

    sendBufferSize: Annotated[Optional[int], Example(1048576)] = None
    """The size of the TCP send buffer towards the location, in bytes."""

    recvBufferSize: Annotated[Optional[int], Example(1048576)] = None
    """The size of the TCP receive buffer towards the location, in bytes."""


class RemoteLocationRenameDesc(JsonObjectImpl, since="5.5.0"):
    """A request to rename a remote location."""

    location: RemoteLocationName
    """The present name."""

    name: Annotated[RemoteLocationName, Example("varna")]
    """The new name."""


class RemoteClusterBase(JsonObjectImpl, since="5.5.0"):
    """The id of a remote cluster and the location that it is in."""

    id: SubClusterId
    """The cluster's sub-id within its location, which is unique and issued by StorPool."""

    location: RemoteLocationName
    """The name of the location that the cluster is in."""


class RemoteClusterAddDesc(RemoteClusterBase, since="5.5.0"):
    """A request to register a remote cluster."""

    name: Optional[RemoteClusterName] = None
    """The name that people use for the cluster, which may be left out."""


class RemoteCluster(RemoteClusterBase, since="5.5.0"):
    """One registered remote cluster."""

    name: RemoteClusterName
    """The name that people use for the cluster."""


class RemoteClusterRemoveDesc(JsonObjectImpl, since="5.5.0"):
    """A request to drop a remote cluster."""

    name: Optional[RemoteClusterName] = None
    """The name that people use for the cluster."""

    location: Optional[RemoteLocationName] = None
    """The name of the location that the cluster is in."""

    id: Optional[SubClusterId] = None
    """The cluster's sub-id, which is unique and issued by StorPool."""

    clusterWillNotBeComingBack: Optional[bool] = None
    """True when the cluster is never to be registered again. Null is false."""


class RemoteClusterRenameDesc(JsonObjectImpl, since="5.5.0"):
    """A request to rename a remote cluster."""

    cluster: RemoteClusterName
    """The present name."""

    name: Annotated[RemoteClusterName, Example("varna-1")]
    """The new name."""


class RemoteBridgeBase(JsonObjectImpl, since="5.5.0"):
    """What all records of remote bridges share."""

    ip: Annotated[str, Example("192.0.2.20")]
    """The IP address of the bridge."""

    publicKey: Annotated[str, Example("bqzs5y0ojd3k.9e2v71ytg8wma.4n6c0x5h2r1qp")]
    """The public key of the bridge."""

    minimumDeleteDelay: Annotated[Optional[int], Example(86400)] = None
    """The least delay, in seconds, for deferred deletions that the remote side asks for; shorter requests are raised to
    it.
    """

    noCrypto: Optional[bool] = None
    """True leaves the connection unencrypted."""


class RemoteBridgeAddLocationDesc(RemoteBridgeBase, since="5.5.0"):
    """A request to register a bridge of a location."""

    location: RemoteLocationName
    """The location that the bridge belongs to."""


class RemoteBridgeAddClusterDesc(RemoteBridgeBase, since="5.5.0"):
    """A request to register a bridge of a cluster."""

    remote: RemoteClusterName
    """The cluster that the bridge belongs to."""


class RemoteBridgeRemoveDesc(JsonObjectImpl, since="5.5.0"):
    """A request to drop a bridge."""

    ip: Annotated[str, Example("192.0.2.20")]
    """The IP address of the bridge."""


class RemoteBridge(RemoteBridgeBase, since="5.5.0"):
    """One registered remote bridge."""

    location: RemoteLocationName
    """The location that the bridge belongs to."""

    cluster: Optional[RemoteClusterName] = None
    """The cluster that the bridge belongs to. Null when there is none."""

    remote: Union[RemoteClusterName, RemoteLocationName]
    """The cluster or location that the bridge belongs to."""


RemoteBridgeAddDesc = Union[RemoteBridgeAddLocationDesc, RemoteBridgeAddClusterDesc]
"""A request to register a bridge, by location or by cluster."""

LocationRef = Annotated[Mapping[str, RemoteLocationName], Key("location")]
"""A remote location by its name."""
