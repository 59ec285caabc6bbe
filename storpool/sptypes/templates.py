"""Volume templates: rules for making many volumes alike, and what their volumes take."""

from __future__ import annotations

from typing import Annotated, Literal, Optional, Union

from ..sptype import Example, Internal, JsonObjectImpl, Since
from ..sputils import GB, TB
from .scalars import PlacementGroupName, SnapshotName, VolumeReplication, VolumeSize, VolumeTemplateName
from .volumes import VolumeLimits, VolumePolicyDesc

__all__ = [
    "VolumeTemplateCreateDesc",
    "VolumeTemplateDesc",
    "VolumeTemplateSpaceEst",
    "VolumeTemplateSpaceEstEntry",
    "VolumeTemplateSpaceEstInternal",
    "VolumeTemplateStatusDesc",
    "VolumeTemplateUpdateDesc",
]


class VolumeTemplateDesc(VolumeLimits, since="4.0.0"):
    """One volume template: a set of rules for making many volumes alike."""

    id: Internal[int] = None
    """The numeric id."""

    name: VolumeTemplateName
    """The template's name."""

    parentName: Annotated[Union[Literal[""], SnapshotName], Example("debian-12")]
    """The snapshot that new volumes are based on. Empty when there is none."""

    placeAll: PlacementGroupName
    """The placement group whose disks take every replica but the last."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: PlacementGroupName
    """The placement group whose disks take the first replica."""

    size: Annotated[Union[Literal["-"], VolumeSize], Example(10 * GB)]
    """The size that volumes have by default, in bytes. '-' when not set."""

    replication: Union[Literal["-"], VolumeReplication]
    """The number of replicas that volumes have by default. '-' when not set."""

    reuseServer: Optional[bool] = None
    """True permits several replicas on one server."""


class VolumeTemplateSpaceEstInternal(JsonObjectImpl, since="3.0.0"):
    """Internal inputs of a space estimate."""

    u1: int
    """Its meaning is not known."""

    u2: int
    """Its meaning is not known."""

    u3: int
    """Its meaning is not known."""


class VolumeTemplateSpaceEstEntry(JsonObjectImpl, since="3.0.0"):
    """One estimate of space."""

    free: Annotated[int, Example(3 * TB)]
    """The estimated space left, in bytes."""

    capacity: Annotated[int, Example(4 * TB)]
    """The estimated total room for client data, in bytes."""

    internal: Internal[VolumeTemplateSpaceEstInternal] = None
    """The internal inputs of the estimate."""


class VolumeTemplateSpaceEst(VolumeTemplateSpaceEstEntry, since="3.0.0"):
    """An estimate of space for a whole template, and for each of its placement groups."""

    placeAll: VolumeTemplateSpaceEstEntry
    """The estimate for the placeAll group."""

    placeTail: VolumeTemplateSpaceEstEntry
    """The estimate for the placeTail group."""

    placeHead: Annotated[VolumeTemplateSpaceEstEntry, Since("4.0.0")]
    """The estimate for the placeHead group."""


class VolumeTemplateStatusDesc(JsonObjectImpl, since="3.0.0"):
    """Usage and capacity of one template."""

    id: Internal[int] = None
    """The numeric id."""

    name: VolumeTemplateName
    """The template's name."""

    placeAll: PlacementGroupName
    """The placement group whose disks take every replica but the last."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, from which reads are served."""

    placeHead: Annotated[PlacementGroupName, Since("4.0.0")]
    """The placement group whose disks take the first replica."""

    replication: Union[Literal["-"], VolumeReplication]
    """The number of replicas that the template asks for. '-' when it leaves that open."""

    volumesCount: Annotated[int, Example(20)]
    """How many volumes follow the template."""

    snapshotsCount: Annotated[int, Example(5)]
    """How many snapshots follow the template, those under deletion included."""

    removingSnapshotsCount: Annotated[int, Example(1)]
    """How many snapshots under deletion follow the template."""

    size: Annotated[Union[Literal[0], VolumeSize], Example(200 * GB)]
    """The sum of the volumes' sizes in bytes, without the overhead of replication and checksums."""

    totalSize: Annotated[Union[Literal[0], VolumeSize], Example(600 * GB)]
    """The sum of the volumes' sizes in bytes, with the overhead of replication."""

    onDiskSize: Annotated[int, Example(96 * GB)]
    """The space that the volumes really take on disks, in bytes."""

    storedSize: Annotated[int, Example(30 * GB)]
    """The client data on the volumes in bytes, without replication and overhead; so at most the volumes' size."""

    volumesSize: Annotated[Optional[Union[Literal[0], VolumeSize]], Since("7.2.0"), Example(200 * GB)] = None
    """The provisioned size of all volumes, in bytes."""

    snapshotsWithoutChildrenSize: Annotated[
        Optional[Union[Literal[0], VolumeSize]], Since("7.2.0"), Example(10 * GB)
    ] = None
    """The provisioned size of the snapshots that have no children, in bytes."""

    snapshotsWithChildrenSize: Annotated[Optional[Union[Literal[0], VolumeSize]], Since("7.2.0"), Example(40 * GB)] = (
        None
    )
    """The provisioned size of the snapshots that have children, in bytes."""

    availablePlaceAll: Annotated[int, Example(7 * TB)]
    """The estimated free space over all disks of the placeAll group, in bytes."""

    availablePlaceTail: Annotated[int, Example(3 * TB)]
    """The estimated free space over all disks of the placeTail group, in bytes."""

    availablePlaceHead: Annotated[int, Since("4.0.0"), Example(7 * TB)]
    """The estimated free space over all disks of the placeHead group, in bytes."""

    capacityPlaceAll: Annotated[int, Example(8 * TB)]
    """The estimated physical space over all disks of the placeAll group, in bytes."""

    capacityPlaceTail: Annotated[int, Example(4 * TB)]
    """The estimated physical space over all disks of the placeTail group, in bytes."""

    capacityPlaceHead: Annotated[int, Since("4.0.0"), Example(8 * TB)]
    """The estimated physical space over all disks of the placeHead group, in bytes."""

    stored: VolumeTemplateSpaceEst
    """The room for client data and what is left of it, both estimated."""


class VolumeTemplateCreateDesc(VolumePolicyDesc):
    """A request to make a template."""

    name: VolumeTemplateName
    """The template's name."""

    parent: Optional[SnapshotName] = None
    """The snapshot that volumes made from the template are based on."""

    size: Annotated[Optional[VolumeSize], Example(10 * GB)] = None
    """The size that volumes have by default, in bytes."""


class VolumeTemplateUpdateDesc(VolumePolicyDesc):
    """A request to change a template."""

    rename: Optional[VolumeTemplateName] = None
    """The new name."""

    parent: Optional[SnapshotName] = None
    """The snapshot that volumes made from the template are based on."""

    size: Optional[VolumeSize] = None
    """The size that volumes have by default, in bytes."""

    propagate: Annotated[Optional[bool], Example(True)] = None
    """True applies the change also to volumes and snapshots that already follow the template."""
