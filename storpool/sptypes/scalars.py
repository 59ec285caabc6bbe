"""The scalar types: names, numbers, sizes and states."""

from __future__ import annotations

import string
from typing import Annotated, List, Literal, Union

from ..sptype import IntRange, Name, NamedEnum, OneOf, Regex, Size, String, UnlimitedInt
from .constants import (
    CLUSTER_NAME_REGEX,
    CLUSTER_NAME_SIZE,
    DISK_DESC_REGEX,
    KVS_KEY_SIZE,
    KVS_NAME_REGEX,
    KVS_NAME_SIZE,
    MAX_BRIDGE_ID,
    MAX_CLIENT_DISK,
    MAX_CLIENT_ID,
    MAX_CLIENT_ISCSI_ID,
    MAX_DISK_ID,
    MAX_MGMT_ID,
    MAX_NET_ID,
    MAX_NODE_ID,
    MAX_PEER_ID,
    MAX_SERVER_ID,
    PLACEMENT_GROUP_NAME_REGEX,
    PLACEMENT_GROUP_NAME_SIZE,
    REMOTE_CLUSTER_NAME_REGEX,
    REMOTE_CLUSTER_NAME_SIZE,
    REMOTE_LOCATION_NAME_REGEX,
    REMOTE_LOCATION_NAME_SIZE,
    SECTOR_SIZE,
    SNAPSHOT_NAME_OR_GLOBAL_ID_REGEX,
    SNAPSHOT_NAME_REGEX,
    VOLUME_NAME_OR_GLOBAL_ID_REGEX,
    VOLUME_NAME_REGEX,
    VOLUME_NAME_SIZE,
    VOLUME_TAG_NAME_REGEX,
    VOLUME_TAG_VALUE_REGEX,
    VOLUME_TEMPLATE_NAME_REGEX,
)

__all__ = [
    "GUID",
    "IOPS",
    "AttachmentPos",
    "AttachmentRights",
    "Bandwidth",
    "BeaconClusterStatus",
    "BeaconNodeStatus",
    "BridgeId",
    "BridgeStatus",
    "ClientId",
    "ClientStatus",
    "ClusterId",
    "ClusterName",
    "DeleteBlocked",
    "DematerializationStatus",
    "DetachClientsList",
    "DiskDescription",
    "DiskId",
    "DiskIdOrNoDiskId",
    "DiskState",
    "FaultSetName",
    "GlobalVolumeId",
    "KvsKeyName",
    "KvsName",
    "LimitType",
    "LocationId",
    "MacAddr",
    "MgmtId",
    "MultiClusterState",
    "NetId",
    "NodeId",
    "ObjectState",
    "OnAttached",
    "OverrideId",
    "PeerId",
    "PeerStatus",
    "PlacementGroupName",
    "RdmaState",
    "RemoteClusterName",
    "RemoteLocationName",
    "ServerId",
    "ServerStatus",
    "SnapshotName",
    "SnapshotNameOrGlobalId",
    "SubClusterId",
    "TargetsCount",
    "VagId",
    "VolumeName",
    "VolumeNameOrGlobalId",
    "VolumeReplication",
    "VolumeResize",
    "VolumeSize",
    "VolumeTagName",
    "VolumeTagValue",
    "VolumeTemplateName",
    "iSCSIId",
    "iSCSIName",
    "iSCSIPGName",
    "iscsiTargetId",
    "iscsiTargetStatus",
    "mcMode",
]

# Of these characters, any string is good as a name of most kinds.
_ALPHABET = string.ascii_letters + string.digits + "_-.:"

# Peers.

MacAddr = Annotated[str, Regex("MAC Address", r"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$")]
"""A MAC address: six pairs of hexadecimal digits joined by colons."""

BeaconNodeStatus = Annotated[Literal["NODE_DOWN", "NODE_UP"], OneOf("BeaconNodeStatus")]
"""Whether a beacon runs on a node."""

BeaconClusterStatus = Annotated[Literal["CNODE_DOWN", "CNODE_DAMPING", "CNODE_UP"], OneOf("BeaconClusterStatus")]
"""Whether a node counts into the quorum; CNODE_DAMPING is a state in transition."""

PeerStatus = Annotated[Literal["up", "down"], OneOf("PeerStatus")]
"""Whether a peer is up or down."""

GUID = Annotated[str, Regex("GUID", r"^0x[0-9a-fA-F]{2,16}$", since="4.0.0")]
"""The GUID of an RDMA port: `0x` and 2 to 16 hexadecimal digits."""

RdmaState = Annotated[
    Literal["Idle", "GidReceived", "Connecting", "Connected", "pendingError", "Error"],
    OneOf("RdmaState", since="4.0.0"),
]
"""The state of an RDMA connection: Idle at rest, GidReceived and Connecting on the way up, Connected; pendingError or
Error when it fails."""

NetId = Annotated[int, IntRange("NetID", 0, MAX_NET_ID)]
"""The number of a network on a node."""

NodeId = Annotated[int, IntRange("NodeID", 0, MAX_NODE_ID)]
"""The number of a node."""

PeerId = Annotated[int, IntRange("PeerID", 0, MAX_PEER_ID)]
"""The number of a peer on the storage network. Ranges of it tell the kinds of services apart: bridges begin at 0x7000,
clients at 0x8000, management services at 0xf000."""

# Services.

ClientStatus = Annotated[Literal["running", "down"], OneOf("ClientStatus")]
"""The state of a client or of a management service."""

ServerStatus = Annotated[Literal["running", "waiting", "booting", "down"], OneOf("ServerStatus")]
"""The state of a server: running, waiting for disks, booting (it joins the cluster) or down."""

BridgeStatus = Annotated[Literal["running", "joining", "down"], OneOf("BridgeStatus", since="4.0.0")]
"""The state of a bridge."""

iscsiTargetStatus = Annotated[Literal["running", "joining", "down"], OneOf("iscsiTargetStatus", since="7.1.0")]
"""The state of an iSCSI target service."""

ClientId = Annotated[int, IntRange("ClientID", 1, MAX_CLIENT_ID)]
"""The number of a client."""

ServerId = Annotated[int, IntRange("ServerID", 1, MAX_SERVER_ID)]
"""The number of a server."""

MgmtId = Annotated[int, IntRange("MgmtID", 1, MAX_MGMT_ID)]
"""The number of a management instance."""

BridgeId = Annotated[int, IntRange("BridgeId", 1, MAX_BRIDGE_ID, since="4.0.0")]
"""The number of a bridge."""

iscsiTargetId = Annotated[int, IntRange("iscsiTargetId", 1, 4095, since="7.1.0")]
"""The number of an iSCSI target service."""

# Disks.

DiskId = Annotated[int, IntRange("DiskID", 0, MAX_DISK_ID)]
"""The number of a disk in the cluster."""

# The API spells the label so.
DiskDescription = Annotated[str, Regex("DiskDescritpion", DISK_DESC_REGEX)]
"""The label of a disk: up to 30 letters, digits, `_`, `-` and spaces. It may be empty."""

DiskIdOrNoDiskId = Union[Literal[4294967294], DiskId]
"""The number of a disk, or 4294967294 where no disk is meant."""

DiskState = Annotated[
    Literal[
        "DISK_NONE",
        "DISK_UNKNOWN",
        "DISK_DATA_INITIALIZING",
        "DISK_DATA_PENDING_INSERT",
        "DISK_DATA",
        "DISK_DATA_STOPPING",
        "DISK_DATA_FLUSH_WBC",
        "DISK_DATA_STOPPED",
        "DISK_STOPPING",
        "DISK_EJECTED",
        "DISK_JOURNAL",
        "DISK_JOURNAL_PENDING",
    ],
    OneOf("DiskState", since="5.5.0"),
]
"""The state of a disk inside a server.

DISK_DATA is a disk in service; DISK_DATA_INITIALIZING and DISK_DATA_PENDING_INSERT come before it. DISK_DATA_STOPPING,
DISK_DATA_FLUSH_WBC (its cache is flushed), DISK_DATA_STOPPED and DISK_STOPPING are steps of going out of service, and
DISK_EJECTED is out of it. DISK_JOURNAL is a journal device in service, DISK_JOURNAL_PENDING one that is about to be.
"""

ObjectState = Annotated[
    Literal[
        "OBJECT_UNDEF",
        "OBJECT_OK",
        "OBJECT_OUTDATED",
        "OBJECT_IN_RECOVERY",
        "OBJECT_WAITING_FOR_VERSION",
        "OBJECT_WAITING_FOR_DISK",
        "OBJECT_DATA_NOT_PRESENT",
        "OBJECT_DATA_LOST",
        "OBJECT_WAINING_FOR_CHAIN",
        "OBJECT_WAIT_IDLE",
    ],
    NamedEnum("ObjectState", first=0),
]
"""The state of an object: the cluster sends a number from 0 to 9, and it is read as a name.

The states are 0 undefined, 1 fine, 2 outdated, 3 in recovery, 4 waiting for a version, 5 waiting for a disk, 6 data not
present, 7 data lost, 8 waiting for a chain (its name is misspelt by the API) and 9 idle wait.
"""

# Volumes and snapshots.

SnapshotName = Annotated[
    str,
    Name(
        "SnapshotName",
        SNAPSHOT_NAME_REGEX,
        shorter_than=VOLUME_NAME_SIZE,
        reserved=("list", "status"),
        since="1.3.0",
        alphabet=_ALPHABET,
        one_line=True,
    ),
]
"""The name of a snapshot: letters, digits, `_`, `-`, `.`, `:` and `@`. A leading `*` marks a snapshot that is being
deleted, and `@` comes in the names of anonymous snapshots."""

SnapshotNameOrGlobalId = Annotated[
    str,
    Name(
        "SnapshotNameOrGlobalId",
        SNAPSHOT_NAME_OR_GLOBAL_ID_REGEX,
        shorter_than=VOLUME_NAME_SIZE,
        reserved=("list", "status"),
        since="5.2.0",
        alphabet=_ALPHABET,
        one_line=True,
    ),
]
"""The name of a snapshot, or `~` followed by its global id."""

VolumeName = Annotated[
    str,
    Name(
        "VolumeName",
        VOLUME_NAME_REGEX,
        shorter_than=VOLUME_NAME_SIZE,
        reserved=("list", "status"),
        alphabet=_ALPHABET,
        one_line=True,
    ),
]
"""The name of a volume: letters, digits, `_`, `-`, `.` and `:`. A leading `#` marks a system volume."""

VolumeNameOrGlobalId = Annotated[
    str,
    Name(
        "VolumeNameOrGlobalId",
        VOLUME_NAME_OR_GLOBAL_ID_REGEX,
        shorter_than=VOLUME_NAME_SIZE,
        reserved=("list", "status"),
        since="5.2.0",
        alphabet=_ALPHABET,
        one_line=True,
    ),
]
"""The name of a volume, or `~` followed by its global id."""

VolumeReplication = Annotated[int, IntRange("Replication", 1, 3)]
"""The number of replicas."""

VolumeSize = Annotated[int, Size("Size", SECTOR_SIZE)]
"""A size in bytes; a positive multiple of 512."""

VolumeResize = Annotated[int, Size("SizeAdd", SECTOR_SIZE)]
"""An increase of size in bytes; a positive multiple of 512."""

VolumeTagName = Annotated[
    str, Name("VolumeTagName", VOLUME_TAG_NAME_REGEX, shorter_than=VOLUME_NAME_SIZE, interned=True)
]
"""The name of a tag: letters, digits, `_`, `-`, `.` and `:`."""

VolumeTagValue = Annotated[
    str,
    Name("VolumeTagValue", VOLUME_TAG_VALUE_REGEX, shorter_than=VOLUME_NAME_SIZE, alphabet=_ALPHABET, one_line=True),
]
"""The value of a tag: letters, digits, `_`, `-`, `.` and `:`. It may be empty."""

GlobalVolumeId = Annotated[
    str, Regex("Global Volume Id", r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+$", since="4.0.0", one_line=True)
]
"""An id that is unique across clusters: three groups of lowercase letters and digits, joined by dots. It has no leading
`~`."""

DematerializationStatus = Annotated[
    Literal[
        "pending",
        "allObjectsUsed",
        "complete",
        "blockedRelocate",
        "blockedParentRelocate",
        "blockedParentRemoving",
        "blockedParentDifferentVag",
        "destroyed",
    ],
    OneOf("DematerializationStatus", since="5.2.0"),
]
"""Internal: pending, complete or destroyed; allObjectsUsed when nothing can be dropped.

The rest say what blocks it: blockedRelocate the relocation of the snapshot, blockedParentRelocate the relocation of its
parent, blockedParentRemoving the removal of its parent, blockedParentDifferentVag a parent in another allocation group.
"""

DeleteBlocked = Annotated[
    Literal[
        "not blocked",
        "pending",
        "rebasing",
        "flushing",
        "volume not found",
        "generation mismatch",
        "disk down",
        "multiple children",
        "peer down",
        "write not completed",
        "recovering from remote",
        "parent recovering from remote",
        "moving to remote",
        "unknown",
    ],
    OneOf("DeleteBlocked", since="5.2.0"),
]
"""Internal: why the deletion of a snapshot is held up; 'not blocked' when it is not."""

MultiClusterState = Annotated[
    Literal[
        "owner",
        "ownerExported",
        "slaveCopy",
        "clusterLocal",
        "clusterLocalExported",
        "clusterLocalAutoReconcile",
        "clusterLocalAutoReconcileExported",
    ],
    OneOf("MultiClusterState", since="5.2.0"),
]
"""Internal: owner holds the master copy, slaveCopy a secondary one, and clusterLocal is outside multicluster ownership;
AutoReconcile is a local copy to be merged with the multicluster one, and Exported says that it is exported as well."""

# Limits.

Bandwidth = Annotated[Union[int, Literal["-"]], UnlimitedInt("Bandwidth", minimum=0, unlimited="-")]
"""A limit of the bandwidth in KB per second, or '-' for none."""

IOPS = Annotated[Union[int, Literal["-"]], UnlimitedInt("IOPS", minimum=0, unlimited="-")]
"""A limit of the operations per second, or '-' for none."""

LimitType = Annotated[Literal["total", "perGiB"], OneOf("LimitType", since="7.1.0")]
"""What limits refer to: 'total' the whole device; with 'perGiB' they are multiplied by its size in GiB."""

# Attachments.

AttachmentRights = Annotated[Literal["rw", "ro"], OneOf("AttachmentRights")]
"""What an attachment allows: 'rw' reading and writing, 'ro' reading only."""

AttachmentPos = Annotated[int, IntRange("AttachmentPos", 0, MAX_CLIENT_DISK)]
"""The slot of an attachment on a client."""

DetachClientsList = Union[Literal["all"], List[ClientId]]
"""The numbers of clients, or 'all'."""

OnAttached = Annotated[Literal["fail", "detach", "detachForce", "export"], OneOf("OnAttached", since="5.2.0")]
"""What to do with a volume that is attached: 'fail' refuses, 'detach' detaches it, 'detachForce' detaches it even when
it is open, and 'export' goes on and exports it back to where it is attached."""

mcMode = Annotated[Literal["move", "export"], OneOf("mcMode", since="7.3.0")]
"""How a volume of another cluster is attached: 'move' brings it here and is the default, 'export' leaves it remote and
exports it."""

# Placement.

PlacementGroupName = Annotated[
    str,
    Name(
        "PlacementGroupName",
        PLACEMENT_GROUP_NAME_REGEX,
        shorter_than=PLACEMENT_GROUP_NAME_SIZE,
        reserved=("list",),
        interned=True,
    ),
]
"""The name of a placement group: letters, digits, `_` and `-`."""

FaultSetName = PlacementGroupName
"""The name of a fault set: letters, digits, `_` and `-`."""

VolumeTemplateName = Annotated[
    str,
    Name(
        "VolumeTemplateName",
        VOLUME_TEMPLATE_NAME_REGEX,
        shorter_than=VOLUME_NAME_SIZE,
        reserved=("list",),
        interned=True,
    ),
]
"""The name of a template: letters, digits, `_` and `-`."""

VagId = Annotated[int, IntRange("VagId", 1, 2**64, since="7.1.0")]
"""The number of a volume allocation group."""

TargetsCount = Annotated[
    Literal[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
    OneOf("TargetsCount", since="7.1.0"),
]
"""The number of targets in an allocation group: a power of two."""

OverrideId = Annotated[Union[int, Literal["-"]], UnlimitedInt("OverrideId", minimum=0, unlimited="-", since="7.1.0")]
"""The key of an override of disk sets: a number from 0, or '-'."""

# Other locations and clusters.

RemoteLocationName = Annotated[
    str,
    Name(
        "RemoteLocationName",
        REMOTE_LOCATION_NAME_REGEX,
        shorter_than=REMOTE_LOCATION_NAME_SIZE,
        reserved=("list",),
        since="4.0.0",
        interned=True,
    ),
]
"""The name of a remote location: letters, digits, `_`, `-`, `.` and `:`, and possibly a leading `#`."""

RemoteClusterName = Annotated[
    str,
    Name(
        "RemoteClusterName",
        REMOTE_CLUSTER_NAME_REGEX,
        shorter_than=REMOTE_CLUSTER_NAME_SIZE,
        reserved=("list",),
        since="5.5.0",
        interned=True,
    ),
]
"""The name of a remote cluster: letters, digits, `_`, `-`, `.` and `:`, and possibly a leading `#`."""

ClusterName = Annotated[
    str, Name("ClusterName", CLUSTER_NAME_REGEX, shorter_than=CLUSTER_NAME_SIZE, since="5.2.0", interned=True)
]
"""The name of a cluster in multicluster requests and replies: letters, digits, `_`, `-`, `.` and `:`, and possibly a
leading `#`."""

LocationId = Annotated[str, Regex("Global Location Id", r"[a-z0-9]+$", since="4.0.0", interned=True)]
"""The id of a location: lowercase letters and digits."""

ClusterId = Annotated[str, Regex("Global Location Id", r"[a-z0-9]+\.[a-z0-9]+$", since="5.2.0", interned=True)]
"""The id of a cluster: those of the location and of the cluster within it, joined by a dot."""

SubClusterId = Annotated[str, Regex("Subcluster Id", r"[a-z0-9]+$", since="5.5.0", interned=True)]
"""The id of a cluster within its location: lowercase letters and digits."""

# iSCSI.

iSCSIId = Annotated[int, IntRange("iSCSIId", 0, MAX_CLIENT_ISCSI_ID)]
"""The number of an iSCSI controller or initiator."""

iSCSIName = Annotated[str, Regex("iSCSIName", r"^[a-z0-9\-.:]+$")]
"""An iSCSI name (IQN): lowercase letters, digits, `-`, `.` and `:`."""

iSCSIPGName = Annotated[str, Regex("iSCSIPGName", r"^[A-Za-z0-9_\-.:]+$", interned=True)]
"""The name of a portal group: letters, digits, `_`, `-`, `.` and `:`."""

# The key-value store.

KvsName = Annotated[str, Name("KvsName", KVS_NAME_REGEX, shorter_than=KVS_NAME_SIZE, since="7.2.0")]
"""The name of a bucket: letters, digits, `_`, `-`, `.` and `:`, and possibly a leading `#`."""

KvsKeyName = Annotated[str, String("KvsKeyName", shorter_than=KVS_KEY_SIZE, since="7.2.0")]
"""A key in a bucket: any string of fewer than 1023 characters."""
