"""The relocator, which moves data when disks come and go, and the balancer, which decides when it should be moved."""

from __future__ import annotations

from typing import Annotated, List, Literal, Optional, Union

from ..sptype import Discriminator, JsonObjectImpl, OneOf, Since
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

    volumesToRelocate: int
    """How many volumes are being relocated now."""

    recoveringFromRemote: Annotated[Optional[int], Since("7.1.0")] = None
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

    placeTail: PlacementGroupName
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    size: int
    """The size of the volume, in bytes."""

    objectsCount: int
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

    currentDiskSets: List[List[DiskId]] = []
    """The disk sets that the data ought to be on as of now."""

    balancerDiskSets: List[List[DiskId]] = []
    """The disk sets that the balancer proposes for the data."""


class TargetDesc(JsonObjectImpl):
    """The figures of one quantity before and after a move of data."""

    current: int
    """The value now."""

    target: int
    """The value aimed at."""

    delta: int
    """The target minus the current value."""

    toRecover: int
    """The amount to be recovered on the way from the current value to the target."""


class DownDiskTarget(JsonObjectImpl):
    """What relocation or balancing means for a disk that is down."""

    id: DiskId
    """The disk."""

    serverId: ServerId
    """The server that it was last on."""

    generationLeft: int
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

    objectsCount: int
    """The most objects that the disk can have."""

    storedSize: TargetDesc
    """The client data on the disk in bytes, before and after."""

    onDiskSize: TargetDesc
    """The space that objects take on the disk in bytes, before and after."""


class VolumeBalancerSlot(JsonObjectImpl, since="2.0.0", until="7.0.0"):
    """The figures for one disk set of an allocation group. Bindings up to 7.0 only."""

    storedSize: int
    """The client data on that disk set, in bytes."""

    objectsCount: int
    """How many objects are on that disk set."""


class VolumeBalancerAllocationGroup(JsonObjectImpl, since="2.0.0", until="7.0.0"):
    """Volumes and snapshots that the balancer allocates as one. Bindings up to 7.0 only."""

    placeAll: PlacementGroupName
    """The placement group whose disks take every replica but the last."""

    placeTail: PlacementGroupName
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    feasible: bool
    """True when new volumes can be allocated under the present placement policy and limits on redundancy."""

    blocked: bool
    """True when it cannot be rebalanced under the present placement policy, for instance because drives are missing or
    being soft-ejected.
    """

    size: int
    """The sizes of all members added up, in bytes."""

    storedSize: int
    """The client data of all members added up, in bytes."""

    objectsCount: int
    """The objects of all members added up."""

    root: Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]
    """The volume or snapshot at the root of the group."""

    volumes: List[Union[VolumeNameOrGlobalId, SnapshotNameOrGlobalId]] = []
    """The names of all member volumes and snapshots."""

    targetDiskSets: List[List[DiskId]] = []
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
