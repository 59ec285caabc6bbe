"""Attachments: which client sees which volume or snapshot, and with what access."""

from __future__ import annotations

from typing import Annotated, Dict, List, Optional, Union

from ..sptype import Example, JsonObjectImpl, Since
from .scalars import (
    AttachmentPos,
    AttachmentRights,
    ClientId,
    ClusterId,
    DetachClientsList,
    GlobalVolumeId,
    OnAttached,
    RemoteLocationName,
    SnapshotNameOrGlobalId,
    VolumeNameOrGlobalId,
    VolumeTagName,
    VolumeTagValue,
)
from .scalars import mcMode as McMode

__all__ = ["AttachmentDesc", "SnapshotReassignDesc", "VolumeReassignDesc", "VolumesReassignWaitDesc"]


class VolumeReassignDesc(JsonObjectImpl):
    """An attachment change for one volume: where it is attached, with what rights, and where it is detached."""

    volume: VolumeNameOrGlobalId
    """The volume concerned."""

    detach: Optional[DetachClientsList] = None
    """The clients to detach it from, or 'all'. Null detaches it from none."""

    ro: Optional[List[ClientId]] = None
    """The clients to attach it to for reading only. Null attaches it to none this way."""

    rw: Optional[List[ClientId]] = None
    """The clients to attach it to for reading and writing. Null attaches it to none this way."""

    force: bool = False
    """True detaches it even where it is open."""

    allowRemoteExported: Annotated[Optional[bool], Since("5.2.0")] = None
    """True lets a volume that a remote cluster exports be attached."""

    onRemoteAttached: Annotated[Optional[OnAttached], Since("5.2.0")] = None
    """In multicluster calls: how to treat a volume that the remote cluster has attached. Null is 'export'."""

    mcMode: Annotated[Optional[McMode], Since("7.3.0")] = None
    """In multicluster calls: 'move' brings a remote volume here, 'export' leaves it there and exports it. Null is
    'move'.
    """


class SnapshotReassignDesc(JsonObjectImpl):
    """An attachment change for one snapshot. Snapshots are attached for reading only."""

    snapshot: SnapshotNameOrGlobalId
    """The snapshot concerned."""

    detach: Optional[DetachClientsList] = None
    """The clients to detach it from, or 'all'. Null detaches it from none."""

    ro: Optional[List[ClientId]] = None
    """The clients to attach it to. Null attaches it to none."""

    force: bool = False
    """True detaches it even where it is open."""


Reassign = Union[VolumeReassignDesc, SnapshotReassignDesc]
"""Attaches or detaches one volume or snapshot."""


class VolumesReassignWaitDesc(JsonObjectImpl, since="3.0.0"):
    """Attachment changes made together, with a wait for the clients to carry them out."""

    reassign: List[Reassign] = []
    """One entry for each volume or snapshot."""

    attachTimeout: Annotated[Optional[int], Example(30)] = None
    """How long to wait for absent clients, in seconds. Null waits without limit; 0 succeeds at once even when clients
    are absent.
    """


class AttachmentDesc(JsonObjectImpl, since="2.0.0"):
    """One volume or snapshot attached to one client."""

    volume: VolumeNameOrGlobalId
    """The name of what is attached."""

    snapshot: bool
    """True for a snapshot, false for a volume."""

    client: ClientId
    """The client it is attached to."""

    rights: AttachmentRights
    """The access, 'rw' or 'ro'; snapshots are always 'ro'."""

    pos: Annotated[AttachmentPos, Example(0)]
    """The slot on the client, 0 to 1023: the N in the internal device node `/dev/spN`."""

    globalId: Annotated[Optional[GlobalVolumeId], Since("7.0.0")] = None
    """The identifier that is unique across all clusters. Null from older API versions."""

    tags: Annotated[Optional[Dict[VolumeTagName, VolumeTagValue]], Since("7.4.0")] = None
    """The tags of the volume or snapshot. Null when the reply has none."""

    cluster: Annotated[Optional[RemoteLocationName], Since("5.2.0")] = None
    """In multicluster calls: the local name of the cluster that the attachment is in. Otherwise null."""

    clusterId: Annotated[Optional[ClusterId], Since("5.2.0")] = None
    """In multicluster calls: the id of the cluster that the attachment is in. Otherwise null."""
