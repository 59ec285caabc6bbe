"""Requests in flight."""

from __future__ import annotations

from typing import Annotated, List, Literal, Optional, Union

from ..sptype import Example, Internal, JsonObjectImpl, OneOf
from .scalars import ClientId, DiskId, DiskIdOrNoDiskId, DiskState, PeerId, SnapshotNameOrGlobalId, VolumeNameOrGlobalId

__all__ = [
    "ActiveRequestDesc",
    "AllPeersActiveRequests",
    "AllPeersActiveRequestsDiskExpected",
    "AllPeersActiveRequestsDiskStatus",
    "AllPeersActiveRequestsPeerDesc",
    "AllPeersActiveRequestsQuery",
    "AllPeersActiveRequestsRequest",
    "AllPeersActiveRequestsRequestPeer",
    "AllPeersActiveRequestsServiceDesc",
    "AllPeersActiveRequestsSimpleStats",
    "ClientActiveRequests",
    "DiskActiveRequests",
]

RequestOp = Annotated[
    Literal[
        "read",
        "write",
        "merge",
        "system",
        "entries flush",
        "#bad_state",
        "#bad_drOp",
        "idle",
        "error recovery",
        "transaction",
        "data recovery",
    ],
    OneOf("RequestOp"),
]
"""What a request does."""


class ActiveRequestDesc(JsonObjectImpl, since="1.0.4"):
    """A request in flight on a client or on a disk."""

    requestId: Annotated[str, Example("9223936579889289248:184159")]
    """The unique id of the request, by which the client's side of it and the disks' side can be matched."""

    requestIdx: Annotated[int, Example(12)]
    """The number of the request on that client or disk; short-lived and local to it."""

    volume: Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]
    """The volume or snapshot that the request is for, by name or global id."""

    address: Annotated[int, Example(1835008)]
    """Where in the volume the request begins, in bytes."""

    size: Annotated[int, Example(4096)]
    """The length of the request in bytes."""

    op: RequestOp
    """What the request does: 'read' and 'write' are input and output, the others are work of the system itself.
    '#bad_state' and '#bad_drOp' flag an invalid internal state.
    """

    state: Internal[str] = None
    """Internal, for debugging only. Presumably the stage that the request is in."""

    prevState: Internal[str] = None
    """Internal, for debugging only. Presumably the stage that the request was in before."""

    drOp: Internal[str] = None
    """Internal, for debugging only. Presumably a part of the operation."""

    msecActive: int
    """The age of the request. Despite the name, it is in microseconds."""


class ClientActiveRequests(JsonObjectImpl):
    """The requests in flight on a client."""

    clientId: ClientId
    """The id of the client."""

    requests: List[ActiveRequestDesc] = []
    """The requests that are tied to the client."""


class DiskActiveRequests(JsonObjectImpl):
    """The requests in flight on a disk."""

    diskId: DiskId
    """The id of the disk."""

    requests: List[ActiveRequestDesc] = []
    """The requests that are tied to the disk."""


class AllPeersActiveRequestsServiceDesc(JsonObjectImpl, since="5.5.0"):
    """Which service a peer is."""

    type: Annotated[Literal["bridge", "server", "iSCSI", "client", "unknown"], OneOf("Id")]
    """The kind of the service."""

    id: Annotated[str, Example("1")]
    """The id of the service within its kind; a string."""


class AllPeersActiveRequestsPeerDesc(JsonObjectImpl, since="5.5.0"):
    """What all entries about a peer have in common."""

    peerId: PeerId
    """The id of the peer."""

    service: AllPeersActiveRequestsServiceDesc
    """Which service the peer is."""


class AllPeersActiveRequestsSimpleStats(AllPeersActiveRequestsPeerDesc, since="5.5.0"):
    """How asking a peer went."""

    status: Annotated[
        Literal["peer_down", "peerDone", "timeout", "streamNotConnected", "streamOverfilled", "invalidResponse"],
        OneOf("Status"),
    ]
    """'peerDone' when everything was received; 'peer_down', 'timeout', 'streamNotConnected', 'streamOverfilled' or
    'invalidResponse' when it failed.
    """


class AllPeersActiveRequestsDiskExpected(AllPeersActiveRequestsPeerDesc, since="5.5.0"):
    """A disk that a server expects."""

    status: Literal["diskExpected"] = "diskExpected"
    """Always 'diskExpected'."""

    diskId: DiskId
    """The id of the disk."""

    lastState: Annotated[Literal["up", "down"], OneOf("LastState")]
    """The last known state of the disk."""


class AllPeersActiveRequestsDiskStatus(AllPeersActiveRequestsPeerDesc, since="5.5.0"):
    """The state of a disk on a server."""

    status: Literal["diskState"] = "diskState"
    """Always 'diskState'."""

    diskId: DiskId
    """The id of the disk."""

    diskState: DiskState
    """The state of the disk."""

    objectsWaitingForVersion: Internal[int] = None
    """Internal, for debugging only. Presumably how many objects have a version that is not known yet."""

    objectsOutdated: Internal[int] = None
    """Internal, for debugging only. Presumably how many objects are out of date."""

    objectsOutdatedRemote: Internal[int] = None
    """Internal, for debugging only. Presumably how many objects are out of date on a remote side."""


class AllPeersActiveRequestsRequestPeer(JsonObjectImpl, since="5.5.0"):
    """A peer that a request involves."""

    diskId: DiskIdOrNoDiskId
    """The id of the disk; 4294967294 when no disk is meant."""

    peerId: PeerId
    """The id of the peer."""

    service: Optional[AllPeersActiveRequestsServiceDesc] = None
    """Which service the peer is. Null when the reply does not tell."""


class AllPeersActiveRequestsRequest(AllPeersActiveRequestsPeerDesc, since="5.5.0"):
    """A request in flight."""

    status: Literal["request"] = "request"
    """Always 'request'."""

    diskId: DiskIdOrNoDiskId
    """The id of the disk; 4294967294 when no disk is meant."""

    requestIdx: Annotated[int, Example(12)]
    """The number of the request on that client or disk; short-lived and local to it."""

    requestId: Annotated[str, Example("9223936579889289248:184159")]
    """The unique id of the request, by which the client's side of it and the disks' side can be matched."""

    volumeId: Annotated[int, Example(1187)]
    """The numeric id of the volume that the request is for."""

    volume: Optional[Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]] = None
    """The name or the global id of the volume that the request is for. Null when the reply does not tell."""

    address: Annotated[int, Example(1835008)]
    """Where in the volume the request begins, in bytes."""

    size: Annotated[int, Example(4096)]
    """The length of the request in bytes."""

    op: RequestOp
    """What the request does: 'read' and 'write' are input and output, the others are work of the system itself.
    '#bad_state' and '#bad_drOp' flag an invalid internal state.
    """

    usecActive: int
    """The age of the request in microseconds."""

    peers: List[AllPeersActiveRequestsRequestPeer] = []
    """The other peers that the request involves."""

    state: Internal[str] = None
    """Internal, for debugging only. Presumably the stage that the request is in."""

    prevState: Internal[str] = None
    """Internal, for debugging only. Presumably the stage that the request was in before."""

    drOp: Internal[Optional[str]] = None
    """Internal, for debugging only. Presumably a part of the operation."""


class AllPeersActiveRequests(JsonObjectImpl, since="5.5.0"):
    """What all peers answered about their state and their requests in flight."""

    requests: List[
        Union[
            AllPeersActiveRequestsDiskExpected,
            AllPeersActiveRequestsDiskStatus,
            AllPeersActiveRequestsRequest,
            AllPeersActiveRequestsSimpleStats,
        ]
    ] = []
    """A mixed list of states and of requests in flight; `status` tells of which kind an entry is."""


class AllPeersActiveRequestsQuery(JsonObjectImpl, since="5.5.0"):
    """Options of the query to all peers."""

    msecsTimeout: Optional[int] = None
    """How long to wait, in milliseconds; 0 is without limit. It may be left out."""
