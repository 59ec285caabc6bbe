"""Calls for placement groups, fault sets and volume allocation groups."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptype import Json
from ..sptypes.placement import (
    FaultSet,
    PlacementGroup,
    PlacementGroupUpdateDesc,
    SnapshotUpdateVagDesc,
    Vag,
    VagUpdateDesc,
    VolumeUpdateVagDesc,
)
from ..sptypes.replies import ApiOk
from ..sptypes.scalars import PlacementGroupName, SnapshotNameOrGlobalId, VagId, VolumeNameOrGlobalId
from .call import GET, POST, Section


class PlacementGroups(Section, title="Placement Groups"):
    """Named sets of disks, which tell where the data of volumes is to be kept.

    The calls for fault sets and for volume allocation groups are here, too.
    """

    @GET("PlacementGroupsList")
    def placementGroupsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[PlacementGroupName, PlacementGroup]:
        """List all placement groups.

        Every placement group, keyed by name, with the IDs of its disks.
        """
        ...

    @GET("PlacementGroupDescribe/{placementGroupName}")
    def placementGroupDescribe(
        self, placementGroupName: PlacementGroupName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> PlacementGroup:
        """Describe a placement group.

        The record that `placementGroupsList` has for the group.

        ApiError: `objectDoesNotExist` when there is no such placement group.
        """
        ...

    @POST("PlacementGroupUpdate/{placementGroupName}")
    def placementGroupUpdate(
        self,
        placementGroupName: PlacementGroupName,
        json: Json[PlacementGroupUpdateDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Create or change a placement group.

        Renames the group, adds disks to it (`addDisks`) or removes some (`rmDisks`). A group that is absent is
        created.
        """
        ...

    @POST("PlacementGroupDelete/{placementGroupName}")
    def placementGroupDelete(
        self, placementGroupName: PlacementGroupName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Delete a placement group.

        A group that is in use cannot be deleted.

        ApiError: `objectDoesNotExist` when there is no such placement group.
        """
        ...

    @GET("FaultSetsList", since="4.0.0")
    def faultSetsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[PlacementGroupName, FaultSet]:
        """List all fault sets.

        Keyed by name. A fault set has the IDs of servers that are expected to fail together, as those in one rack, so
        that copies of data are kept apart across such sets.
        """
        ...

    @GET("VagList/{vagName}", since="7.1.0")
    def vagList(self, vagName: VagId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> Vag:
        """Describe a volume allocation group.

        The properties of one group: in spite of its name, `vagName` is the group's number.
        """
        ...

    @POST("VolumeUpdateVag/{volumeName}", since="7.1.0")
    def volumeUpdateVag(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeUpdateVagDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change the allocation group of a volume.

        The new group is given by its number, or as `parent`.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("SnapshotUpdateVag/{snapshotName}", since="7.1.0")
    def snapshotUpdateVag(
        self,
        snapshotName: SnapshotNameOrGlobalId,
        json: Json[SnapshotUpdateVagDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change the allocation group of a snapshot.

        The new group is given by its number, or as `parent`.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("VagUpdate", since="7.1.0")
    def vagUpdate(
        self, json: Json[VagUpdateDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Change the number of targets of an allocation group.

        The number, `targetsCount`, is a power of two from 1 to 32768.
        """
        ...
