"""Where data is placed: placement groups, fault sets and volume allocation groups."""

from __future__ import annotations

from typing import Annotated, Dict, List, Literal, Optional, Set, Union

from ..sptype import Example, Internal, JsonObjectImpl
from .scalars import (
    DiskId,
    OverrideId,
    PlacementGroupName,
    ServerId,
    TargetsCount,
    VagId,
    VolumeReplication,
    VolumeTemplateName,
)

__all__ = [
    "FaultSet",
    "PlacementGroup",
    "PlacementGroupUpdateDesc",
    "SnapshotUpdateVagDesc",
    "Vag",
    "VagUpdateDesc",
    "VolumeUpdateVagDesc",
]


class PlacementGroup(JsonObjectImpl):
    """A named set of disks."""

    id: Internal[int] = None
    """The numeric id of the group; internal."""

    name: PlacementGroupName
    """The name of the group."""

    disks: Annotated[Set[DiskId], Example([101, 201, 301])] = set()
    """The ids of the disks in the group."""


class PlacementGroupUpdateDesc(JsonObjectImpl):
    """A change of a placement group."""

    rename: Optional[PlacementGroupName] = None
    """The new name. It may be left out."""

    addDisks: Annotated[Set[DiskId], Example([101, 201, 301])] = set()
    """The ids of the disks to add to the group. Empty when none are."""

    rmDisks: Set[DiskId] = set()
    """The ids of the disks to remove from the group. Empty when none are."""


class FaultSet(JsonObjectImpl, since="4.0.0"):
    """Servers that are expected to fail together, such as those in one rack. Replicas are kept apart across such
    sets.
    """

    name: Annotated[PlacementGroupName, Example("rack-2")]
    """The name of the fault set."""

    servers: Annotated[Set[ServerId], Example([1, 2])] = set()
    """The ids of the servers in the set."""


class Vag(JsonObjectImpl, since="7.1.0"):
    """A volume allocation group: the allocation that a set of volumes and snapshots shares."""

    name: VagId
    """The numeric id of the group, used as its name."""

    chains: Annotated[List[List[DiskId]], Example([[101, 201, 301]])] = []
    """The disks that each chain lies on."""

    diskSetsConstraintsViolated: bool
    """True when the constraints of placement were found broken for the group, so that it needs rebalancing."""

    overrides: Dict[OverrideId, List[DiskId]] = {}
    """The sets of disks that are used in place of the regular ones, by the number of the object or '-'."""

    parentVagId: Internal[int] = None
    """The allocation group that this one descends from; internal."""

    placeAll: PlacementGroupName
    """The placement group whose disks take all replicas but the last one."""

    placeTail: Annotated[PlacementGroupName, Example("ssd")]
    """The placement group whose disks take the last replica, which reads are served from."""

    placeHead: PlacementGroupName
    """The placement group whose disks take the first replica."""

    replication: VolumeReplication
    """How many replicas of the data are stored."""

    reuseServer: Optional[bool] = None
    """True permits several replicas on one server. Null when the reply does not tell."""

    targetDiskSets: Annotated[List[List[DiskId]], Example([[101, 201, 301], [102, 203, 311]])] = []
    """The sets of disks that the data should be on."""

    templateName: Union[Literal[""], VolumeTemplateName]
    """The template that gives the settings; an empty string when there is none."""

    templateId: Internal[int] = None
    """The numeric id of the template; internal."""

    vagId: Internal[int] = None
    """The id of the group itself; internal."""


class VolumeUpdateVagDesc(JsonObjectImpl, since="7.1.0"):
    """The allocation group that a volume is to move to."""

    vagId: Union[Literal["parent"], VagId]
    """The number of the allocation group, or 'parent'."""


class SnapshotUpdateVagDesc(JsonObjectImpl, since="7.1.0"):
    """The allocation group that a snapshot is to move to."""

    vagId: Union[Literal["parent"], VagId]
    """The number of the allocation group, or 'parent'."""


class VagUpdateDesc(JsonObjectImpl, since="7.1.0"):
    """The new number of targets in an allocation group."""

    vagId: Annotated[str, Example("12")]
    """The allocation group to change; any string is taken here."""

    targetsCount: TargetsCount
    """The number of targets, which are sets of disks; a power of two from 1 to 32768."""
