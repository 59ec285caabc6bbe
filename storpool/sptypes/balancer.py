"""The relocator, which moves data when disks come and go, and the balancer, which decides when it should be moved."""

from __future__ import annotations

from typing import Annotated, List, Literal, Optional, Union

from ..sptype import Discriminator, Example, JsonObjectImpl, OneOf, Since
from ..sputils import GB
from .discriminators import up_or_down
from .scalars import (
    DiskId,
    PlacementGroupName,
    ServerId,
    SnapshotNameOrGlobalId,
    VolumeNameOrGlobalId,
    VolumeReplication,
)

__all__ = [
    "DiskTarget",
    "DownDiskTarget",
    "TargetDesc",
    "UpDiskTarget",
    "VolumeBalancerAllocationGroup",
    "VolumeBalancerCommand",
    "VolumeBalancerSlot",
    "VolumeBalancerStatus",
    "VolumeBalancerVolumeDiskSets",
    "VolumeBalancerVolumeStatus",
    "VolumeRelocatorStatus",
]


class VolumeRelocatorStatus(JsonObjectImpl, since="3.0.0"):
    """The state of the relocator."""

    status: Annotated[Literal["on", "off", "blocked"], OneOf("RelocatorStatus")]
    """Either 'on', or 'off' when switched off, or 'blocked' when it cannot move data, usually because drives are
    missing.
    """

    volumesToRelocate: Annotated[int, Example(0)]
    """How many volumes are being relocated now."""

    recoveringFromRemote: Annotated[Optional[int], Since("7.1.0"), Example(0)] = None
    """How many volumes are being fetched from a remote location now."""


class VolumeBalancerStatus(JsonObjectImpl):
    """The state of the balancer."""

    status: Annotated[
        Literal["nothing to do", "blocked", "waiting", "working", "ready", "commiting"], OneOf("BalancerStatus")
    ]
    """The present state: 'nothing to do', 'blocked' (it cannot run), 'waiting' for its turn, 'working' (it computes),
    'ready' (its result awaits a commit), or 'commiting', spelt so (the result is being applied).
    """

    auto: bool
    """True in automatic mode."""


class VolumeBalancerCommand(JsonObjectImpl):
    """A command for the balancer."""

    cmd: Annotated[Literal["start", "stop", "commit"], OneOf("BalancerCommand")]
    """What to do: 'start' begins a run, 'stop' aborts the one in progress, 'commit' puts the computed allocation into
    effect.
    """


class VolumeBalancerVolumeStatus(JsonObjectImpl, since="3.0.1"):
    """What the balancer intends for one volume or snapshot."""

    name: Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]
    """The name of the volume or snapshot."""

    placeAll: PlacementGroupName
    """The placement group whose disks take every replica but the last."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    size: Annotated[int, Example(10 * GB)]
    """The size of the volume, in bytes."""

    objectsCount: Annotated[int, Example(320)]
    """How many objects make up the volume or snapshot."""

    snapshot: bool
    """True when the record is about a snapshot, false for a volume."""

    reallocated: bool
    """True when balancing is going to move it."""

    blocked: bool
    """True when it cannot be rebalanced under the present placement policy, for instance because drives are missing or
    being soft-ejected.
    """


class VolumeBalancerVolumeDiskSets(VolumeBalancerVolumeStatus):
    """What the balancer intends for one volume or snapshot, with the disk sets before and after."""

    currentDiskSets: Annotated[List[List[DiskId]], Example([[101, 201, 301]])] = []
    """The disk sets that the data ought to be on as of now."""

    balancerDiskSets: Annotated[List[List[DiskId]], Example([[102, 203, 311]])] = []
    """The disk sets that the balancer proposes for the data."""


class TargetDesc(JsonObjectImpl):
    """The figures of one quantity before and after a move of data."""

    current: Annotated[int, Example(320)]
    """The value now."""

    target: Annotated[int, Example(280)]
    """The value aimed at."""

    delta: Annotated[int, Example(-40)]
    """The target minus the current value."""

    toRecover: Annotated[int, Example(0)]
    """The amount to be recovered on the way from the current value to the target."""


class DownDiskTarget(JsonObjectImpl):
    """What relocation or balancing means for a disk that is down."""

    id: Annotated[DiskId, Example(204)]
    """The disk."""

    serverId: ServerId
    """The server that it was last on."""

    generationLeft: Annotated[int, Example(8412)]
    """The cluster's generation at which a running server last had the disk active."""


class UpDiskTarget(JsonObjectImpl, since="2.0.0"):
    """What relocation or balancing is going to change on a disk that is up."""

    id: DiskId
    """The disk."""

    serverId: ServerId
    """The server that the disk is on."""

    generationLeft: Literal[-1] = -1
    """Always -1, since the disk is up."""

    objectsAllocated: TargetDesc
    """The number of objects on the disk, before and after."""

    objectsCount: Annotated[int, Example(1880000)]
    """The most objects that the disk can have."""

    storedSize: Annotated[TargetDesc, Example({"current": 9 * GB, "target": 8 * GB, "delta": -GB, "toRecover": 0})]
    """The client data on the disk in bytes, before and after."""

    onDiskSize: Annotated[TargetDesc, Example({"current": 10 * GB, "target": 9 * GB, "delta": -GB, "toRecover": 0})]
    """The space that objects take on the disk in bytes, before and after."""


class VolumeBalancerSlot(JsonObjectImpl, since="2.0.0", until="7.0.0"):
    """The figures for one disk set of an allocation group. Bindings up to 7.0 only."""

    storedSize: int
    """The client data on that disk set, in bytes."""

    objectsCount: Annotated[int, Example(320)]
    """How many objects are on that disk set."""


class VolumeBalancerAllocationGroup(JsonObjectImpl, since="2.0.0", until="7.0.0"):
    """Volumes and snapshots that the balancer allocates as one. Bindings up to 7.0 only."""

    placeAll: PlacementGroupName
    """The placement group whose disks take every replica but the last."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    feasible: Annotated[bool, Example(True)]
    """True when new volumes can be allocated under the present placement policy and limits on redundancy."""

    blocked: bool
    """True when it cannot be rebalanced under the present placement policy, for instance because drives are missing or
    being soft-ejected.
    """

    size: Annotated[int, Example(10 * GB)]
    """The sizes of all members added up, in bytes."""

    storedSize: int
    """The client data of all members added up, in bytes."""

    objectsCount: Annotated[int, Example(320)]
    """The objects of all members added up."""

    root: Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]
    """The volume or snapshot at the root of the group."""

    volumes: List[Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]] = []
    """The names of all member volumes and snapshots."""

    targetDiskSets: Annotated[List[List[DiskId]], Example([[101, 201, 301], [102, 203, 311]])] = []
    """The disk sets that the data ought to be on as of now."""

    slots: List[VolumeBalancerSlot] = []
    """The figures for each disk set."""

    reuseServer: Annotated[Optional[bool], Since("4.0.0")] = None
    """True permits several replicas on one server."""


DiskTarget = Annotated[
    Union[UpDiskTarget, DownDiskTarget],
    Discriminator(
        "generationLeft",
        up_or_down("objectsAllocated", "objectsCount", "storedSize", "onDiskSize"),
        first=(-1,),
        own="objectsAllocated",
    ),
]
"""What relocation or balancing means for one disk, up or down; `generationLeft` tells which."""
