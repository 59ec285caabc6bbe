"""What the cluster answers to requests that change something."""

from __future__ import annotations

from typing import Annotated, Dict, Literal, Optional

from ..sptype import Example, JsonObjectImpl, Since
from .scalars import GlobalVolumeId, SnapshotName, VolumeName, VolumeNameOrGlobalId
from .transfer import VolumesGroupBackupSingle

__all__ = [
    "ApiOk",
    "ApiOkSnapshotCreate",
    "ApiOkVolumeBackup",
    "ApiOkVolumeCreate",
    "ApiOkVolumeRevert",
    "ApiOkVolumesGroupBackup",
]


class ApiOk(JsonObjectImpl, since="1.2.0"):
    """The reply to a request that succeeded."""

    ok: Literal[True] = True
    """Always true; failures come as an `ApiError`."""

    generation: Annotated[int, Example(8571)]
    """The cluster's generation: how many times its configuration has changed since it was created."""

    info: Optional[str] = None
    """May hold more about the request."""


class ApiOkVolumeCreate(ApiOk, since="1.2.0"):
    """The reply to a successful creation of a volume."""

    autoName: Optional[SnapshotName] = None
    """The transient snapshot that helped to make the volume."""

    name: Annotated[Optional[VolumeNameOrGlobalId], Since("7.1.0")] = None
    """The volume's name, when the request gave none."""

    globalId: Annotated[Optional[GlobalVolumeId], Since("7.1.0")] = None
    """The volume's global id."""


class ApiOkVolumeRevert(ApiOk, since="7.4.0"):
    """The reply to a successful revert of a volume."""

    globalId: Optional[GlobalVolumeId] = None
    """The volume's global id, which the revert may have changed. Null when the reply does not tell."""


class ApiOkVolumeBackup(ApiOkVolumeCreate, since="4.0.0"):
    """The reply to a successful backup."""

    remoteId: Annotated[Optional[GlobalVolumeId], Example("q3m9.a.5x1")] = None
    """The global id of the backup."""


class ApiOkVolumesGroupBackup(ApiOk, since="4.0.0"):
    """The reply to a successful backup of several volumes."""

    backups: Dict[VolumeName, VolumesGroupBackupSingle] = {}
    """What came of each backup, by the volume's name."""


class ApiOkSnapshotCreate(ApiOk, since="5.5.0"):
    """The reply to a successful creation of a snapshot."""

    autoName: Optional[SnapshotName] = None
    """Presumably the name that the snapshot got automatically."""

    snapshotGlobalId: Annotated[Optional[GlobalVolumeId], Example("d8f1.b.7k3")] = None
    """The global id of the snapshot."""

    snapshotVisibleVolumeId: Annotated[Optional[int], Example(1188)] = None
    """The id under which the snapshot was created."""
