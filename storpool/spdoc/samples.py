"""Sample values for the examples of the reference, all from one small cluster.

It has three servers with disks 101 to 312, a volume `db-1` with a snapshot taken on Monday and a second location called
`plovdiv`. Addresses are from the ranges reserved for documentation; ids belong to no real cluster. Most samples are in
the declarations of the fields (`Example`); this file has those by type and by unit.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Tuple

__all__ = ["BY_INHERITED_FIELD", "BY_TYPE", "BY_UNIT", "KEY", "LIKELY", "OMITTED_IN_REPLIES", "SHOWN_IN_REQUESTS"]

_GiB = 2**30

BY_TYPE: Dict[str, Any] = {
    "MAC Address": "52:54:00:12:34:56",
    "GUID": "0x0002c9030045f1b1",
    "NodeID": 1,
    "DiskID": 101,
    "DiskDescritpion": "rack-2-bay-4",
    "SnapshotName": "db-1-monday",
    "SnapshotNameOrGlobalId": "db-1-monday",
    "VolumeName": "db-1",
    "VolumeNameOrGlobalId": "db-1",
    "VolumeTemplateName": "hybrid",
    "PlacementGroupName": "hdd",
    "Size": 10 * _GiB,
    "SizeAdd": 5 * _GiB,
    "Replication": 3,
    "Global Volume Id": "d8f1.b.7k2",
    "ClusterName": "sofia-2",
    "RemoteLocationName": "plovdiv",
    "RemoteClusterName": "plovdiv-1",
    "KvsName": "backups",
    "KvsKeyName": "db-1",
    "iSCSIName": "iqn.2024-05.com.example:db-1",
    "iSCSIPGName": "tenants",
    "VagId": 12,
    "TargetsCount": 64,
}
"""By the name of the type, as in error messages."""

LIKELY: FrozenSet[Any] = frozenset(
    (
        *("up", "running", "ok", "on", "rw", "total", "fail", "move", "server", "start", "read", "peerDone", "owner"),
        *("NODE_UP", "CNODE_UP", "Connected", "DISK_DATA", "not blocked", "complete", "clusterLocal"),
    )
)
"""The values of enumerations that a healthy cluster has."""

BY_UNIT: Dict[str, Any] = {
    "Unix time in seconds": 1767225600,
    "bytes": 4 * _GiB,
    "milliseconds": 5000,
    "microseconds": 840,
    "bytes per second": 104857600,
}

KEY = 1
"""The key of a mapping whose keys are mere numbers."""

BY_INHERITED_FIELD: Dict[str, Any] = {
    "DownDiskSummary.id": 204,
}
"""By ``Class.field``, where the declaration in the base class has no example that suits this class."""

OMITTED_IN_REPLIES: FrozenSet[str] = frozenset(
    (
        *("info", "clusterName", "clusterId", "AttachmentDesc.cluster"),  # only in multicluster replies
        *("backup", "backupOfGlobalId", "backupOfVisibleVolumeId", "targetDeleteDate"),
        *("ApiOkVolumeCreate.autoName", "ApiOkVolumeCreate.name", "ApiOkSnapshotCreate.autoName"),
        *("ApiOkVolumeBackup.autoName", "ApiOkVolumeBackup.name", "reuseServer"),
    )
)
"""Optional fields that most replies do not have."""

SHOWN_IN_REQUESTS: Dict[str, Tuple[str, ...]] = {
    "VolumeCreateDesc": ("name size template tags",),
    "VolumeUpdateDesc": ("sizeAdd iops",),
    "VolumeDeleteDesc": ("onAttached",),
    "VolumeFreezeDesc": ("deleteAfter",),
    "VolumeRebaseDesc": ("parentName",),
    "VolumeRevertDesc": ("revertSize",),
    "VolumeReassignDesc": ("rw",),
    "SnapshotReassignDesc": ("ro",),
    "VolumesReassignWaitDesc": ("reassign attachTimeout",),
    "VolumeMoveToRemoteDesc": ("cluster onAttached",),
    "SnapshotMoveToRemoteDesc": ("cluster",),
    "VolumeExportDesc": ("cluster",),
    "VolumeAcquireDesc": ("onRemoteAttached",),
    "VolumeFromRemoteDesc": ("template",),
    "VolumesGroupBackupDesc": ("volumes",),
    "VolumeSnapshotDesc": ("name tags",),
    "SnapshotUpdateDesc": ("deleteAfter tags",),
    "GroupSnapshotSpec": ("name",),
    "GroupSnapshotsSpec": ("volumes tags",),
    "SnapshotFromRemoteDesc": ("name template",),
    "SnapshotUnexportDesc": ("location",),
    "SnapshotRemoteUnexportDesc": ("deleteAfter",),
    "SnapshotsRemoteUnexport": ("remoteSnapshots",),
    "PlacementGroupUpdateDesc": ("addDisks",),
    "VolumeTemplateCreateDesc": ("placeAll placeTail replication size",),
    "VolumeTemplateUpdateDesc": ("iops propagate",),
    "RemoteLocationUpdateDesc": ("sendBufferSize recvBufferSize",),
    "RemoteClusterAddDesc": ("name",),
    "RemoteClusterRemoveDesc": ("name",),
    "KeyValueBucketSetDesc": ("runIfVersionIs set",),
    "MaintenanceSetDesc": ("minOkReplicas",),
    "AllPeersActiveRequestsQuery": ("msecsTimeout",),
    "iSCSIControllersQuery": ("msecsTimeout",),
    "iSCSIConfigChange": ("commands",),
    "iSCSIConfigCommand": ("createTarget", "export"),
}
"""The optional fields that the example of a request has; for some classes, those of several examples in a row."""
