"""Snapshots, and the requests about them."""

from __future__ import annotations

from typing import Annotated, Dict, List, Literal, Optional, Union

from ..sptype import Internal, JsonObjectImpl, Since, ToldApart
from .scalars import (
    DeleteBlocked,
    DematerializationStatus,
    DiskId,
    GlobalVolumeId,
    MultiClusterState,
    SnapshotName,
    SnapshotNameOrGlobalId,
    VolumeName,
    VolumeNameOrGlobalId,
    VolumeTagName,
    VolumeTagValue,
    VolumeTemplateName,
)
from .told_apart import snapshot_or_volume
from .volumes import (
    VolumeChainStat,
    VolumeCurrentStatus,
    VolumePolicyDesc,
    VolumeStatus,
    VolumeStatusQuick,
    VolumeSummary,
    VolumeSummaryBase,
)

__all__ = [
    "GroupSnapshotResult",
    "GroupSnapshotSpec",
    "GroupSnapshotsResult",
    "GroupSnapshotsSpec",
    "Snapshot",
    "SnapshotInfo",
    "SnapshotSpace",
    "SnapshotStatus",
    "SnapshotStatusQuick",
    "SnapshotSummary",
    "SnapshotUpdateDesc",
    "VolumeSnapshotDesc",
    "VolumesAndSnapshots",
]


class SnapshotSummary(VolumeSummaryBase, since="4.0.0"):
    """A snapshot."""

    name: SnapshotNameOrGlobalId
    """The name of the snapshot."""

    snapshot: Annotated[Optional[bool], Since("7.4.0")] = None
    """True, as in every record of a snapshot. Null when the reply does not tell."""

    onVolume: VolumeNameOrGlobalId
    """The volume that the snapshot is the parent of; '-' when there is none."""

    autoName: bool
    """True for an anonymous snapshot."""

    bound: bool
    """True for a bound snapshot: one that is collected by itself when it has neither children nor attachments."""

    deleted: bool
    """True while the snapshot is being deleted."""

    transient: bool
    """True for a helper that is made while a volume is cloned. It cannot be attached, and may be collected at any
    moment.
    """

    targetDeleteDate: Optional[int] = None
    """When the snapshot is to be deleted by itself, as a unix timestamp. Null when the reply does not tell."""

    recoveringFromRemote: Annotated[bool, Since("4.1.0")]
    """True while data of the snapshot is still arriving from a remote location."""

    backup: Annotated[Optional[bool], Since("5.2.0")] = None
    """True when the snapshot is the backup of a remote one. Null when the reply does not tell."""

    backupOfVisibleVolumeId: Annotated[Optional[int], Since("5.3.0")] = None
    """The numeric id of the snapshot that this one is a backup of. Null when the reply does not tell."""

    backupOfGlobalId: Annotated[Optional[GlobalVolumeId], Since("5.3.0")] = None
    """The global id of the volume that this one is a backup of. Null when the reply does not tell."""

    createdFromVisibleVolumeId: Annotated[Optional[Internal[int]], Since("5.2.0")] = None
    """The visible numeric id of the volume that the snapshot was taken from; internal."""

    createdFromGlobalId: Annotated[Optional[Internal[GlobalVolumeId]], Since("5.2.0")] = None
    """The global id of the volume that the snapshot was taken from; internal."""

    dematerializationStatus: Annotated[Optional[Internal[DematerializationStatus]], Since("5.2.0")] = None
    """How far the dematerialisation of the snapshot is, or what blocks it; presumably the dropping of objects that it
    need not store. Internal.
    """

    deleteBlocked: Annotated[Optional[Internal[DeleteBlocked]], Since("5.2.0")] = None
    """Why the deletion cannot go on; 'not blocked' when nothing stops it. Internal."""

    destroyed: Annotated[Optional[Internal[bool]], Since("7.2.0")] = None
    """True while the snapshot is being destroyed; internal."""

    volumeMoveSource: Annotated[Optional[Internal[bool]], Since("5.2.0")] = None
    """True for the snapshot that serves the move of a volume to another cluster; internal."""

    mcState: Annotated[Optional[Internal[MultiClusterState]], Since("5.2.0")] = None
    """The state of ownership or export within a multicluster; internal."""

    mcStateVal: Annotated[Optional[Internal[int]], Since("5.2.0")] = None
    """The number behind `mcState`; internal."""


class SnapshotSpace(SnapshotSummary):
    """A snapshot with estimates of its space."""

    storedSize: int
    """The data that clients have stored, in bytes, without replicas and overhead; at most the size of the snapshot."""

    spaceUsed: int
    """The data of clients that the deletion of the snapshot would free, in bytes."""


class SnapshotInfo(SnapshotSummary):
    """A snapshot with figures of how it is spread over the disks."""

    disksCount: int
    """How many disks hold its data."""

    objectsPerDisk: Dict[DiskId, int] = {}
    """How many objects are on each disk, by the id of the disk."""

    objectsPerChain: List[VolumeChainStat] = []
    """How many objects are on each chain of disks."""

    objectsPerDiskSet: List[VolumeChainStat] = []
    """How many objects are on each set of disks."""


class SnapshotStatusQuick(SnapshotSummary, since="7.1.0"):
    """A snapshot with its health, without figures of its size."""

    objectsCount: int
    """How many objects make up the snapshot."""

    status: VolumeCurrentStatus
    """'up' is in service; 'up soon' synchronises the versions of its objects after a disk came back; 'data lost' has no
    replica left of a part of its data; 'down' misses objects, so that it cannot be read.
    """

    # Narrower than in the base class: every version of a status has it.
    snapshot: bool  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]
    """True when the record is that of a snapshot, false when it is that of a volume."""

    migrating: bool
    """True while there are tasks that relocate it."""

    decreasedRedundancy: bool
    """True while at least one replica is missing."""

    balancerBlocked: bool
    """True when it cannot be rebalanced under the present placement policy, as when drives are missing or are being
    ejected softly.
    """

    syncingDataBytes: int
    """Bytes in the objects that are being synchronised now: those that are degraded or of a version still unknown."""

    syncingMetaObjects: int
    """How many objects are being synchronised now: those that are degraded or of a version still unknown."""

    downBytes: int
    """Bytes that are out of reach at present."""

    upSoonChainsCount: int
    """How much is still to be transferred: a count of objects, or of chains as the name has it."""

    downDrives: List[DiskId] = []
    """The drives out of reach that the data cannot do without; `status` stays 'down' until some of them or all
    return.
    """

    missingDrives: List[DiskId] = []
    """The drives out of reach whose data is elsewhere too, so that input and output go on with less redundancy."""

    missingTargetDrives: List[DiskId] = []
    """The drives that the data should be placed on, but which are absent."""

    softEjectingDrives: List[DiskId] = []
    """The drives that it uses and that are being ejected softly."""


class SnapshotStatus(SnapshotStatusQuick, since="7.1.0"):
    """A snapshot with its health and figures of its size."""

    storedSize: int
    """The data that clients have stored, in bytes, without replicas and overhead; at most the size of the snapshot."""

    onDiskSize: int
    """The space that its objects really take on the disks, in bytes."""


class Snapshot(SnapshotSummary):
    """A snapshot with the place of each of its objects."""

    targetDiskSets: List[List[DiskId]] = []
    """The sets of disks that the data should be on."""

    objects: List[List[DiskId]] = []
    """The disks that really hold each object."""


class VolumeSnapshotDesc(JsonObjectImpl, since="4.0.0"):
    """A request to take a snapshot of a volume."""

    name: Optional[Union[Literal[""], VolumeName]] = None
    """The name of the snapshot. Left out, the management service makes one up from the volume's name; empty, which
    bindings before 7.4.0 refuse, the snapshot is `~` and its global id.
    """

    bind: Optional[bool] = None
    """True ties the life of the snapshot to its children: it is collected when none remain. It may be left out."""

    targetDeleteDate: Optional[int] = None
    """When the snapshot is to be deleted, as a unix timestamp; 0 for never. A time in the past is refused. It may be
    left out.
    """

    deleteAfter: Optional[int] = None
    """The same, in seconds from the present time of the management node; 0 for never. It may be left out."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short name=value strings kept with the snapshot. They may be left out."""


class VolumesAndSnapshots(JsonObjectImpl, since="7.4.0"):
    """The volumes and the snapshots of a cluster."""

    volumes: List[VolumeSummary] = []
    """The volumes."""

    snapshots: List[SnapshotSummary] = []
    """The snapshots."""


class SnapshotUpdateDesc(VolumePolicyDesc, since="1.0.5"):
    """A request to change a snapshot."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short name=value strings kept with the snapshot. They may be left out."""

    rename: Optional[Union[Literal[""], VolumeName]] = None
    """The new name; empty to take the name away, which bindings before 7.4.0 refuse: the snapshot is then `~` and its
    global id. It may be left out.
    """

    template: Annotated[Optional[VolumeTemplateName], Since("7.1.0")] = None
    """The template to follow from now on. It may be left out."""

    bind: Optional[bool] = None
    """True binds the snapshot, false unbinds it; left out, it stays as it is."""

    targetDeleteDate: Annotated[Optional[int], Since("4.0.0")] = None
    """When the snapshot is to be deleted, as a unix timestamp; 0 switches that off. A time in the past is refused. It
    may be left out.
    """

    deleteAfter: Annotated[Optional[int], Since("4.0.0")] = None
    """The same, in seconds from the present time of the management node; 0 clears a date set before. It may be left
    out.
    """


class GroupSnapshotSpec(JsonObjectImpl, since="4.0.0"):
    """One of the volumes to take snapshots of as a group."""

    volume: VolumeNameOrGlobalId
    """The volume to take a snapshot of."""

    name: Optional[Union[Literal[""], SnapshotName]] = None
    """The name of its snapshot, as in a request for one snapshot. It may be left out or empty, which bindings before
    7.4.0 refuse.
    """

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Since("5.5.0")] = None
    """Short name=value strings kept with the snapshot. They may be left out."""


class GroupSnapshotsSpec(JsonObjectImpl, since="4.0.0"):
    """A request to take snapshots of several volumes as a group."""

    volumes: List[GroupSnapshotSpec] = []
    """The volumes, each with what is wanted of its snapshot."""

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Since("5.1.0")] = None
    """Tags for all snapshots of the group. They may be left out."""


class GroupSnapshotResult(JsonObjectImpl, since="4.0.0"):
    """One of the snapshots taken as a group."""

    volume: VolumeNameOrGlobalId
    """The volume that the snapshot was taken of."""

    volumeGlobalId: Annotated[GlobalVolumeId, Since("5.5.0")]
    """The global id of that volume."""

    snapshot: Optional[SnapshotNameOrGlobalId] = None
    """The name of the snapshot. Null when the reply does not tell."""

    remoteId: GlobalVolumeId
    """The global id of the snapshot."""

    snapshotGlobalId: Annotated[GlobalVolumeId, Since("5.5.0")]
    """The global id of the snapshot; the same as `remoteId`."""


class GroupSnapshotsResult(JsonObjectImpl, since="4.0.0"):
    """The snapshots taken as a group."""

    ok: Annotated[Optional[Literal[True]], Since("7.4.0")] = None
    """True, as in other replies to requests that succeeded. Null when the reply does not tell."""

    snapshots: Annotated[List[GroupSnapshotResult], Since("5.5.0")] = []
    """The snapshots, one for each volume."""


SnapshotOrVolumeName = Union[SnapshotNameOrGlobalId, VolumeNameOrGlobalId]
"""The name or the global ID of a snapshot or of a volume."""

_BY_SNAPSHOT = ToldApart("snapshot", snapshot_or_volume, own="onVolume")
SnapshotOrVolumeStatus = Annotated[Union[SnapshotStatus, VolumeStatus], _BY_SNAPSHOT]
"""The status of a snapshot or of a volume."""

SnapshotOrVolumeStatusQuick = Annotated[Union[SnapshotStatusQuick, VolumeStatusQuick], _BY_SNAPSHOT]
"""The same without the sizes that are costly to find out."""
