"""Volumes, and the requests about them."""

from __future__ import annotations

from typing import Annotated, Dict, List, Literal, Optional, Union

from ..sptype import Example, Internal, JsonObjectImpl, OneOf, Since
from ..sputils import GB
from .scalars import (
    IOPS,
    Bandwidth,
    ClusterId,
    ClusterName,
    DiskId,
    GlobalVolumeId,
    LimitType,
    OnAttached,
    PlacementGroupName,
    SnapshotNameOrGlobalId,
    VolumeName,
    VolumeNameOrGlobalId,
    VolumeReplication,
    VolumeResize,
    VolumeSize,
    VolumeTagName,
    VolumeTagValue,
    VolumeTemplateName,
)

__all__ = [
    "AbandonDiskDesc",
    "Volume",
    "VolumeChainStat",
    "VolumeCreateDesc",
    "VolumeDeleteDesc",
    "VolumeFreezeDesc",
    "VolumeInfo",
    "VolumeLimits",
    "VolumePolicyDesc",
    "VolumeRebaseDesc",
    "VolumeRevertDesc",
    "VolumeSpace",
    "VolumeStatus",
    "VolumeStatusQuick",
    "VolumeSummary",
    "VolumeSummaryBase",
    "VolumeUpdateDesc",
]

VolumeCurrentStatus = Annotated[Literal["up", "up soon", "data lost", "down"], OneOf("VolumeCurrentStatus")]
"""The state of a volume or snapshot."""


class VolumeLimits(JsonObjectImpl):
    """Limits of performance."""

    bw: Annotated[Bandwidth, Example("-")]
    """The limit of the bandwidth in KB per second; '-' for none."""

    iops: Annotated[IOPS, Example(5000)]
    """The limit of the I/O operations per second; '-' for none."""

    limitType: Annotated[Optional[LimitType], Since("7.1.0")] = None
    """What `bw` and `iops` refer to: 'total' the whole device, 'perGiB' each GiB of its size. Null when the reply does
    not tell.
    """


class VolumeSummaryBase(VolumeLimits, since="1.3.0"):
    """What the records of volumes and of snapshots have in common."""

    id: Internal[int] = None
    """The numeric id; internal."""

    parentName: Annotated[Union[Literal[""], SnapshotNameOrGlobalId], Example("debian-12")]
    """The parent snapshot; an empty string when there is none."""

    templateName: Union[Literal[""], VolumeTemplateName]
    """The template that the settings are inherited from; an empty string when there is none."""

    size: Annotated[VolumeSize, Example(10 * GB)]
    """The size of the volume or snapshot in bytes."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    globalId: Annotated[GlobalVolumeId, Since("5.5.0")]
    """The id that is unique across all clusters."""

    placeAll: PlacementGroupName
    """The placement group whose disks take all replicas but the last one."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, which reads are served from."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    parentVolumeId: Internal[int] = None
    """The numeric id of the parent snapshot; internal."""

    originalParentVolumeId: Internal[int] = None
    """The numeric id of the first parent; internal."""

    visibleVolumeId: Annotated[int, Example(1187)]
    """The numeric id that it was created under."""

    templateId: Internal[int] = None
    """The numeric id of the template; internal."""

    objectsCount: Annotated[int, Example(320)]
    """How many objects make up the volume or snapshot."""

    creationTimestamp: int
    """When it was created, as a unix timestamp."""

    flags: Internal[int] = None
    """Flag bits; internal."""

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Example({"app": "postgres"})] = None
    """Short name=value strings kept with the volume or snapshot. Null when the reply has none."""

    clusterName: Annotated[Optional[ClusterName], Since("5.2.0")] = None
    """The name of the cluster that holds it now. Only multicluster replies tell, it is null in others."""

    clusterId: Annotated[Optional[ClusterId], Since("5.2.0")] = None
    """The id of the cluster that holds it now. Only multicluster replies tell, it is null in others."""

    reuseServer: Annotated[Optional[bool], Since("5.2.0")] = None
    """True permits several replicas on one server. Null when the reply does not tell."""

    firstNotParentObjectId: Annotated[Internal[int], Since("5.2.0")] = None
    """Its meaning is not known. Internal."""


class VolumeSummary(VolumeSummaryBase):
    """A volume."""

    name: VolumeNameOrGlobalId
    """The name of the volume; `~` and its global id for one that has no name."""


class VolumeSpace(VolumeSummary, since="3.0.0"):
    """A volume with estimates of its space."""

    storedSize: int
    """The data that clients have stored, in bytes, without replicas and overhead; at most the size of the volume."""

    spaceUsed: Annotated[int, Example(5 * GB)]
    """The data of clients in the volume and in all its parents together, in bytes."""


class VolumeChainStat(JsonObjectImpl):
    """How many objects are on a set or on a chain of disks."""

    disks: Annotated[List[DiskId], Example([101, 201, 301])] = []
    """The ids of the disks."""

    count: Annotated[int, Example(107)]
    """How many objects are on these disks."""


class VolumeInfo(VolumeSummary):
    """A volume with figures of how it is spread over the disks."""

    disksCount: Annotated[int, Example(3)]
    """How many disks hold its data."""

    objectsPerDisk: Annotated[Dict[DiskId, int], Example({"101": 107, "201": 106, "301": 107})] = {}
    """How many objects are on each disk, by the id of the disk."""

    objectsPerChain: List[VolumeChainStat] = []
    """How many objects are on each chain of disks."""

    objectsPerDiskSet: List[VolumeChainStat] = []
    """How many objects are on each set of disks."""


class VolumeStatusQuick(VolumeSummary, since="7.1.0"):
    """A volume with its health, without figures of its size."""

    objectsCount: Annotated[int, Example(320)]
    """How many objects make up the volume."""

    status: VolumeCurrentStatus
    """'up' is in service; 'up soon' synchronises the versions of its objects after a disk came back; 'data lost' has no
    replica left of a part of its data; 'down' misses objects, so that it cannot be read and written.
    """

    snapshot: bool
    """True when the record is that of a snapshot, false when it is that of a volume."""

    migrating: bool
    """True while there are tasks that relocate it."""

    decreasedRedundancy: bool
    """True while at least one replica is missing."""

    balancerBlocked: bool
    """True when it cannot be rebalanced under the present placement policy, as when drives are missing or are being
    ejected softly.
    """

    syncingDataBytes: Annotated[int, Example(0)]
    """Bytes in the objects that are being synchronised now: those that are degraded or of a version still unknown."""

    syncingMetaObjects: Annotated[int, Example(0)]
    """How many objects are being synchronised now: those that are degraded or of a version still unknown."""

    downBytes: Annotated[int, Example(0)]
    """Bytes that are out of reach at present."""

    upSoonChainsCount: Annotated[int, Example(0)]
    """How much is still to be transferred: a count of objects, or of chains as the name has it."""

    downDrives: Annotated[List[DiskId], Example([])] = []
    """The drives out of reach that the data cannot do without; `status` stays 'down' until some of them or all
    return.
    """

    missingDrives: Annotated[List[DiskId], Example([])] = []
    """The drives out of reach whose data is elsewhere too, so that input and output go on with less redundancy."""

    missingTargetDrives: Annotated[List[DiskId], Example([])] = []
    """The drives that the data should be placed on, but which are absent."""

    softEjectingDrives: Annotated[List[DiskId], Example([])] = []
    """The drives that it uses and that are being ejected softly."""


class VolumeStatus(VolumeStatusQuick):
    """A volume with its health and figures of its size."""

    storedSize: int
    """The data that clients have stored, in bytes, without replicas and overhead; at most the size of the volume."""

    onDiskSize: Annotated[int, Example(12 * GB)]
    """The space that its objects really take on the disks, in bytes."""


class Volume(VolumeSummary):
    """A volume with the place of each of its objects."""

    targetDiskSets: Annotated[List[List[DiskId]], Example([[101, 201, 301], [102, 203, 311]])] = []
    """The sets of disks that the data should be on."""

    objects: Annotated[List[List[DiskId]], Example([[101, 201, 301], [102, 203, 311]])] = []
    """The disks that really hold each object."""


class VolumePolicyDesc(JsonObjectImpl, since="4.0.0"):
    """The settings that requests to create and to change have in common. Each may be left out."""

    placeAll: Optional[PlacementGroupName] = None
    """The placement group whose disks take all replicas but the last one."""

    placeTail: Annotated[Optional[PlacementGroupName], Example("ssd")] = None
    """The placement group whose disks take the last replica, which reads are served from."""

    placeHead: Optional[PlacementGroupName] = None
    """The placement group whose disks take the first replica."""

    replication: Optional[VolumeReplication] = None
    """How many replicas of the data are stored."""

    bw: Annotated[Optional[Bandwidth], Example("-")] = None
    """The limit of the bandwidth in KB per second; '-' for none."""

    iops: Annotated[Optional[IOPS], Example(5000)] = None
    """The limit of the I/O operations per second; '-' for none."""

    reuseServer: Optional[bool] = None
    """True permits several replicas on one server."""

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Example({"app": "postgres"})] = None
    """Name=value strings to keep. Tools that share a cluster keep to conventions: `qc` is the class of quality of
    service; `vc-policy`, `virt`, `nvm` and `nloc` tell which virtualization and which virtual machine a volume is for.
    """

    limitType: Annotated[Optional[LimitType], Since("7.4.0")] = None
    """What `bw` and `iops` refer to: 'total' the whole device, 'perGiB' each GiB of its size."""


class VolumeCreateDesc(VolumePolicyDesc):
    """A request to create a volume."""

    name: Optional[Union[Literal[""], VolumeName]] = None
    """The name of the volume. Left out or empty, the volume has none and is known by its global id. Bindings before
    7.4.0 refuse the empty one.
    """

    size: Annotated[Optional[VolumeSize], Example(10 * GB)] = None
    """The size in bytes. It may be left out when the template sets one."""

    parent: Optional[SnapshotNameOrGlobalId] = None
    """The snapshot to base the volume on. It may be left out."""

    template: Optional[VolumeTemplateName] = None
    """The template that gives the settings. It may be left out."""

    baseOn: Optional[VolumeNameOrGlobalId] = None
    """A volume to copy, by way of a transient snapshot. It may be left out."""


class VolumeUpdateDesc(VolumePolicyDesc):
    """A request to change a volume."""

    rename: Optional[Union[Literal[""], VolumeName]] = None
    """The new name; empty to take the name away, which bindings before 7.4.0 refuse: the volume is then `~` and its
    global id. It may be left out.
    """

    size: Optional[VolumeSize] = None
    """The new size in bytes. It may be left out."""

    sizeAdd: Optional[VolumeResize] = None
    """How much to grow by, in bytes. It may be left out."""

    template: Optional[VolumeTemplateName] = None
    """The template to follow from now on. It may be left out."""

    shrinkOk: Optional[bool] = None
    """Consent to a smaller size. It may be left out."""


class VolumeRebaseDesc(JsonObjectImpl):
    """A request to give a volume or snapshot another parent."""

    parentName: Annotated[Optional[SnapshotNameOrGlobalId], Example("debian-12")] = None
    """The ancestor that becomes the parent. Left out, there is no parent any more."""


class VolumeFreezeDesc(JsonObjectImpl, since="4.0.0"):
    """Options of turning a volume into a snapshot."""

    targetDeleteDate: Optional[int] = None
    """When the snapshot is to be deleted, as a unix timestamp; 0 for never. A time in the past is refused. It may be
    left out.
    """

    deleteAfter: Annotated[Optional[int], Example(604800)] = None
    """The same, in seconds from the present time of the management node; 0 for never. It may be left out."""


class VolumeRevertDesc(JsonObjectImpl, since="5.5.0"):
    """A request to revert a volume."""

    toSnapshot: SnapshotNameOrGlobalId
    """The snapshot to go back to."""

    revertSize: Annotated[Optional[bool], Since("7.4.0"), Example(True)] = None
    """True gives the volume the size of the snapshot as well. It may be left out: the volume then keeps its size."""


class VolumeDeleteDesc(JsonObjectImpl, since="7.4.0"):
    """Options of deleting a volume."""

    onAttached: Annotated[Optional[OnAttached], Example("detach")] = None
    """What to do when the volume is attached. Null fails."""


class AbandonDiskDesc(JsonObjectImpl):
    """A request to abandon a disk."""

    diskId: DiskId
    """The disk to give up."""
