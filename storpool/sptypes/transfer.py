"""Volumes and snapshots on their way between clusters: exports, backups, copies and moves."""

from __future__ import annotations

from typing import Annotated, Dict, List, Optional

from ..sptype import Example, Internal, JsonObjectImpl, Since
from ..sputils import GB
from .scalars import (
    ClusterId,
    ClusterName,
    GlobalVolumeId,
    OnAttached,
    PlacementGroupName,
    RemoteLocationName,
    SnapshotNameOrGlobalId,
    VolumeName,
    VolumeNameOrGlobalId,
    VolumeReplication,
    VolumeSize,
    VolumeTagName,
    VolumeTagValue,
    VolumeTemplateName,
)

__all__ = [
    "Export",
    "RemoteSnapshot",
    "SnapshotExportDesc",
    "SnapshotFromRemoteDesc",
    "SnapshotMoveToRemoteDesc",
    "SnapshotRemoteUnexportDesc",
    "SnapshotUnexportDesc",
    "SnapshotsRemoteUnexport",
    "VolumeAcquireDesc",
    "VolumeBackupDesc",
    "VolumeExportDesc",
    "VolumeFromRemoteDesc",
    "VolumeMoveToRemoteBase",
    "VolumeMoveToRemoteDesc",
    "VolumesGroupBackupDesc",
    "VolumesGroupBackupSingle",
]


class SnapshotFromRemoteDesc(JsonObjectImpl, since="4.0.0"):
    """A request to copy a snapshot over from a remote location."""

    remoteLocation: RemoteLocationName
    """The location to fetch from."""

    remoteId: Annotated[GlobalVolumeId, Example("q3m9.a.5x1")]
    """The global id of the snapshot there."""

    name: Annotated[Optional[VolumeName], Example("db-1-copy")] = None
    """The name for the new snapshot."""

    placeAll: Optional[PlacementGroupName] = None
    """The placement group whose disks take every replica but the last."""

    placeTail: Optional[PlacementGroupName] = None
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Optional[PlacementGroupName] = None
    """The placement group whose disks take the first replica."""

    replication: Optional[VolumeReplication] = None
    """How many replicas of the data are stored."""

    template: Optional[VolumeTemplateName] = None
    """The template that supplies the settings."""

    export: Optional[bool] = None
    """True exports the copy automatically once it is made, for a backup for instance."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short strings of free form, by name, kept with the snapshot."""


class VolumeFromRemoteDesc(JsonObjectImpl, since="5.5.0"):
    """A request to make a volume out of a remote snapshot."""

    remoteLocation: RemoteLocationName
    """The location to fetch from."""

    remoteId: Annotated[GlobalVolumeId, Example("q3m9.a.5x1")]
    """The global id of the snapshot there."""

    name: Annotated[VolumeName, Example("db-1-copy")]
    """The name for the new volume, which is required here."""

    placeAll: Optional[PlacementGroupName] = None
    """The placement group whose disks take every replica but the last."""

    placeTail: Optional[PlacementGroupName] = None
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Optional[PlacementGroupName] = None
    """The placement group whose disks take the first replica."""

    replication: Optional[VolumeReplication] = None
    """How many replicas of the data are stored."""

    template: Optional[VolumeTemplateName] = None
    """The template that supplies the settings."""

    export: Optional[bool] = None
    """True exports the volume automatically once it is made, for a backup for instance."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short strings of free form, by name, kept with the volume."""


class SnapshotExportDesc(JsonObjectImpl, since="4.0.0"):
    """A request to export a snapshot."""

    snapshot: SnapshotNameOrGlobalId
    """The snapshot concerned."""

    location: RemoteLocationName
    """The location that gains access."""


class SnapshotUnexportDesc(JsonObjectImpl, since="4.0.0"):
    """A request to end the export of a snapshot."""

    snapshot: SnapshotNameOrGlobalId
    """The snapshot concerned."""

    location: Optional[RemoteLocationName] = None
    """The location that loses access."""

    all: Optional[bool] = None
    """True takes access away from every location."""

    force: Optional[bool] = None
    """True skips the check whether the location is still copying the snapshot."""


class VolumeBackupDesc(JsonObjectImpl, since="4.0.0"):
    """A request to back up one volume."""

    volume: VolumeNameOrGlobalId
    """The volume to back up."""

    location: RemoteLocationName
    """The remote location that takes the backup."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short strings of free form, by name, kept with the volume."""


class VolumesGroupBackupSingle(JsonObjectImpl, since="4.0.0"):
    """What came of the backup of one volume in a group."""

    remoteId: Annotated[GlobalVolumeId, Example("q3m9.a.5x1")]
    """The global id of the backup."""

    snapshotGlobalId: Annotated[GlobalVolumeId, Since("5.5.0"), Example("d8f1.b.7k3")]
    """Presumably the global id of the local snapshot made for the backup."""


class VolumesGroupBackupDesc(JsonObjectImpl, since="4.0.0"):
    """A request to back up several volumes."""

    location: RemoteLocationName
    """The remote location that takes the backups."""

    volumes: List[VolumeNameOrGlobalId] = []
    """The volumes to back up."""

    tags: Optional[Dict[VolumeTagName, VolumeTagValue]] = None
    """Short strings of free form, by name, kept with the volume."""


class VolumeMoveToRemoteBase(JsonObjectImpl, since="7.1.0"):
    """What the requests to move volumes and snapshots to another cluster share."""

    cluster: Optional[ClusterName] = None
    """The name of the target cluster; either this or `clusterId` is given."""

    clusterId: Optional[ClusterId] = None
    """The id of the target cluster; either this or `cluster` is given."""

    onAttached: Annotated[Optional[OnAttached], Example("detach")] = None
    """How to treat an attached volume. Null is 'fail'."""


class VolumeMoveToRemoteDesc(VolumeMoveToRemoteBase, since="5.2.0"):
    """A request to move a volume to another cluster."""


class VolumeExportDesc(JsonObjectImpl, since="5.2.0"):
    """A request to offer a volume to another cluster."""

    cluster: Optional[ClusterName] = None
    """The name of the target cluster; either this or `clusterId` is given."""

    clusterId: Optional[ClusterId] = None
    """The id of the target cluster; either this or `cluster` is given."""


class VolumeAcquireDesc(JsonObjectImpl, since="5.2.0"):
    """A request to bring a volume into this cluster."""

    onRemoteAttached: Optional[OnAttached] = None
    """How to treat an attached volume. Null is 'fail', unlike 'export' when volumes are reassigned."""


class RemoteSnapshot(JsonObjectImpl, since="4.0.0"):
    """A snapshot, or in `volumesRemoteList` a volume, that a remote location makes available."""

    name: VolumeNameOrGlobalId
    """Its name."""

    location: RemoteLocationName
    """The location that holds it."""

    creationTimestamp: int
    """When it was created, as a Unix timestamp."""

    size: Annotated[VolumeSize, Example(10 * GB)]
    """Its size in bytes."""

    remoteId: Annotated[GlobalVolumeId, Example("q3m9.a.5x1")]
    """Its global id."""

    onVolume: Optional[VolumeNameOrGlobalId] = None
    """The local volume that it was taken of. Null when there is none."""

    localSnapshot: Optional[SnapshotNameOrGlobalId] = None
    """The local snapshot that is a copy of it. Null when there is none."""

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Since("5.2.0"), Example({"app": "postgres"})] = None
    """Short strings of free form, by name, kept with the snapshot."""

    createdFromGlobalId: Annotated[Internal[GlobalVolumeId], Since("5.5.0")] = None
    """The global id of the volume that it was taken from."""

    createdFromVisibleVolumeId: Annotated[Internal[int], Since("5.5.0")] = None
    """The visible numeric id of the volume that it was taken from."""


class Export(JsonObjectImpl, since="4.0.0"):
    """One export of a snapshot or volume to a remote location."""

    snapshot: SnapshotNameOrGlobalId
    """The name of what is exported."""

    location: RemoteLocationName
    """The location that it is exported to."""

    globalId: GlobalVolumeId
    """Its global id."""

    backingUp: Optional[bool] = None
    """True for a backup that is not finished yet."""

    volumeId: Internal[int] = None
    """The numeric id."""

    visibleVolumeId: Internal[int] = None
    """The visible numeric id."""


class SnapshotRemoteUnexportDesc(JsonObjectImpl, since="4.0.0"):
    """A remote snapshot to give up."""

    location: RemoteLocationName
    """The location that exports it."""

    globalSnapshotId: Annotated[GlobalVolumeId, Example("q3m9.a.5x1")]
    """Its global id."""

    targetDeleteDate: Optional[int] = None
    """When the remote side is asked to delete it, as a Unix timestamp; 0 does not ask. The other side may refuse
    because of its configuration or the snapshot's use.
    """

    deleteAfter: Annotated[Optional[int], Example(604800)] = None
    """The same as a number of seconds, counted from the management node's present time."""


class SnapshotsRemoteUnexport(JsonObjectImpl, since="4.0.0"):
    """A request to give up remote snapshots."""

    remoteSnapshots: List[SnapshotRemoteUnexportDesc] = []
    """One entry for each remote snapshot."""


class SnapshotMoveToRemoteDesc(VolumeMoveToRemoteBase, since="7.1.0"):
    """A request to move a snapshot to another cluster."""
