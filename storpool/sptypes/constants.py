"""Limits, patterns and reserved numbers of the API."""

from __future__ import annotations

__all__ = [
    "CLUSTER_NAME_REGEX",
    "CLUSTER_NAME_SIZE",
    "DISK_DESC_REGEX",
    "GENERATION_NONE",
    "KVS_KEY_SIZE",
    "KVS_NAME_REGEX",
    "KVS_NAME_SIZE",
    "MAX_BRIDGE_ID",
    "MAX_CHAIN_LENGTH",
    "MAX_CLIENT_DISK",
    "MAX_CLIENT_DISKS",
    "MAX_CLIENT_ID",
    "MAX_CLIENT_ISCSI_ID",
    "MAX_CLUSTER_DISKS",
    "MAX_DISK_ID",
    "MAX_MGMT_ID",
    "MAX_NET_ID",
    "MAX_NODE_ID",
    "MAX_PEERS_PER_SUBTYPE",
    "MAX_PEER_ID",
    "MAX_SERVER_ID",
    "NO_DISK_ID",
    "OBJECT_DATA_LOST",
    "OBJECT_DATA_NOT_PRESENT",
    "OBJECT_IN_RECOVERY",
    "OBJECT_OK",
    "OBJECT_OUTDATED",
    "OBJECT_UNDEF",
    "OBJECT_WAINING_FOR_CHAIN",
    "OBJECT_WAITING_FOR_DISK",
    "OBJECT_WAITING_FOR_VERSION",
    "OBJECT_WAIT_IDLE",
    "PEER_SUBTYPE_BRIDGE",
    "PEER_SUBTYPE_MGMT",
    "PEER_TYPE_CLIENT",
    "PLACEMENT_GROUP_NAME_REGEX",
    "PLACEMENT_GROUP_NAME_SIZE",
    "REMOTE_CLUSTER_NAME_REGEX",
    "REMOTE_CLUSTER_NAME_SIZE",
    "REMOTE_LOCATION_NAME_REGEX",
    "REMOTE_LOCATION_NAME_SIZE",
    "SECTOR_SIZE",
    "SNAPSHOT_NAME_OR_GLOBAL_ID_REGEX",
    "SNAPSHOT_NAME_REGEX",
    "VOLUME_NAME_OR_GLOBAL_ID_REGEX",
    "VOLUME_NAME_REGEX",
    "VOLUME_NAME_SIZE",
    "VOLUME_TAG_NAME_REGEX",
    "VOLUME_TAG_VALUE_REGEX",
    "VOLUME_TEMPLATE_NAME_REGEX",
]

# Names: a SIZE is the length that a name must stay under.

VOLUME_NAME_SIZE = 200
"""Names of volumes, snapshots, templates and tags are shorter than this."""

PLACEMENT_GROUP_NAME_SIZE = 128
"""Names of placement groups and fault sets are shorter than this."""

VOLUME_NAME_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$"
"""A volume's name; a leading `#` marks a system volume."""

VOLUME_NAME_OR_GLOBAL_ID_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$|^~[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+$"
"""A volume's name, or `~` and its global id."""

SNAPSHOT_NAME_REGEX = r"^\*?[A-Za-z0-9_\-.:@]+$"
"""A snapshot's name; a leading `*` marks one that is being deleted."""

SNAPSHOT_NAME_OR_GLOBAL_ID_REGEX = r"^\*?[A-Za-z0-9_\-.:@]+$|^~[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+$"
"""A snapshot's name, or `~` and its global id."""

PLACEMENT_GROUP_NAME_REGEX = r"^[A-Za-z0-9_\-]+$"
"""The name of a placement group or of a fault set."""

VOLUME_TEMPLATE_NAME_REGEX = r"^[A-Za-z0-9_\-]+$"
"""A template's name."""

DISK_DESC_REGEX = r"^[A-Za-z0-9_\- ]{,30}$"
"""The label that a user gives to a disk; it may be empty."""

REMOTE_LOCATION_NAME_SIZE = 64
"""Names of remote locations are shorter than this."""

REMOTE_LOCATION_NAME_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$"
"""The name of a remote location."""

CLUSTER_NAME_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$"
"""The name of a cluster in multicluster requests and replies."""

CLUSTER_NAME_SIZE = 64
"""Names of clusters are shorter than this."""

REMOTE_CLUSTER_NAME_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$"
"""The name of a remote cluster."""

REMOTE_CLUSTER_NAME_SIZE = 64
"""Names of remote clusters are shorter than this."""

VOLUME_TAG_NAME_REGEX = r"^[A-Za-z0-9_\-.:]+$"
"""The name of a tag."""

VOLUME_TAG_VALUE_REGEX = r"^[A-Za-z0-9_\-.:]*$"
"""The value of a tag; it may be empty."""

KVS_NAME_REGEX = r"^\#?[A-Za-z0-9_\-.:]+$"
"""The name of a bucket in the key-value store."""

KVS_NAME_SIZE = 1023
"""Names of buckets are shorter than this."""

KVS_KEY_SIZE = 1023
"""Keys in a bucket are shorter than this."""

# Sizes and counts.

SECTOR_SIZE = 512
"""Bytes in a sector; sizes of volumes are multiples of it."""

MAX_CHAIN_LENGTH = 6
"""The greatest length of a chain."""

MAX_CLIENT_DISKS = 1024
"""The most volumes and snapshots that can be attached to one client."""

MAX_CLIENT_DISK = 1023
"""The last slot of an attachment on a client; the first one is 0."""

MAX_CLUSTER_DISKS = 4096
"""The most disks in a cluster."""

# Identifiers.

MAX_DISK_ID = 4095
"""The greatest number of a disk."""

MAX_NET_ID = 3
"""The greatest number of a network."""

MAX_NODE_ID = 63
"""The greatest number of a node."""

MAX_PEER_ID = 65535
"""The greatest number of a peer on the storage network."""

PEER_SUBTYPE_BRIDGE = 28672
"""Where the peer numbers of bridges begin."""

PEER_TYPE_CLIENT = 32768
"""Where the peer numbers of clients begin."""

PEER_SUBTYPE_MGMT = 61440
"""Where the peer numbers of management services begin."""

MAX_PEERS_PER_SUBTYPE = 4096
"""The most peers of one subtype."""

MAX_SERVER_ID = 32767
"""The greatest number of a server."""

MAX_BRIDGE_ID = 4095
"""The greatest number of a bridge."""

MAX_CLIENT_ID = 4095
"""The greatest number of a client."""

MAX_CLIENT_ISCSI_ID = 4095
"""The greatest number of an iSCSI controller or initiator."""

MAX_MGMT_ID = 4095
"""The greatest number of a management instance."""

# Numbers that stand for the lack of one.

NO_DISK_ID = 4294967294
"""Stands where no disk is meant."""

GENERATION_NONE = -1
"""Stands where there is no generation, as in the `generationLeft` of a disk that is up."""

# States of an object on a disk, each its own name.

OBJECT_OK = "OBJECT_OK"
"""The object is whole."""

OBJECT_UNDEF = "OBJECT_UNDEF"
"""The state of the object is not known yet."""

OBJECT_OUTDATED = "OBJECT_OUTDATED"
"""The object misses changes."""

OBJECT_IN_RECOVERY = "OBJECT_IN_RECOVERY"
"""The object is being copied from another disk."""

OBJECT_WAITING_FOR_VERSION = "OBJECT_WAITING_FOR_VERSION"
"""The object waits until the version that it must have is known."""

OBJECT_WAITING_FOR_DISK = "OBJECT_WAITING_FOR_DISK"
"""The object waits for a disk to copy from."""

OBJECT_DATA_NOT_PRESENT = "OBJECT_DATA_NOT_PRESENT"
"""The data of the object are not on any disk that is there."""

OBJECT_DATA_LOST = "OBJECT_DATA_LOST"
"""The data of the object are lost."""

OBJECT_WAINING_FOR_CHAIN = "OBJECT_WAINING_FOR_CHAIN"
"""The object waits for its chain. The API spells it so."""

OBJECT_WAIT_IDLE = "OBJECT_WAIT_IDLE"
"""The object waits until the disk has less to do."""
