"""Calls for the balancer."""

from __future__ import annotations

from typing import Dict, List, Optional

from ..sptype import Json
from ..sptypes.balancer import (
    DiskTarget,
    VolumeBalancerAllocationGroup,
    VolumeBalancerCommand,
    VolumeBalancerStatus,
    VolumeBalancerVolumeDiskSets,
    VolumeBalancerVolumeStatus,
)
from ..sptypes.replies import ApiOk
from ..sptypes.scalars import DiskId, SnapshotNameOrGlobalId, VolumeNameOrGlobalId
from .call import GET, POST, Section


class Balancer(Section, title="Balancer"):
    """The service that decides when data is to be moved."""

    @GET("VolumeBalancerStatus")
    def volumeBalancerGetStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeBalancerStatus:
        """Get the balancer's status.

        The state of the balancer, and whether it is in automatic mode.
        """
        ...

    @POST("VolumeBalancerStatus")
    def volumeBalancerSetStatus(
        self, json: Json[VolumeBalancerCommand], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Command the balancer.

        `start` begins a run, `stop` aborts the one in progress, `commit` puts the allocation that it has computed
        into effect.
        """
        ...

    @GET("VolumeBalancerVolumesStatus")
    def volumeBalancerVolumesStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[VolumeBalancerVolumeStatus]:
        """List what the balancer is about to move.

        The volumes and snapshots, with `reallocated` true for those that the run in progress is going to move.
        """
        ...

    @GET("VolumeBalancerDisksList")
    def volumeBalancerDisks(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the rebalancing forecast for all disks.

        What each disk holds now and would hold after rebalancing, keyed by disk ID.
        """
        ...

    @GET("VolumeBalancerVolumeDisks/{volumeName}")
    def volumeBalancerVolumeDisks(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the rebalancing forecast for a volume.

        What each disk holds of the volume now and would hold after rebalancing, keyed by disk ID.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeBalancerSnapshotDisks/{snapshotName}")
    def volumeBalancerSnapshotDisks(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the rebalancing forecast for a snapshot.

        What each disk holds of the snapshot now and would hold after rebalancing, keyed by disk ID.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @GET("VolumeBalancerVolumeDiskSets/{volumeName}")
    def volumeBalancerVolumeDiskSets(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeBalancerVolumeDiskSets:
        """Compare the disk sets of a volume with those proposed by the balancer.

        The disk sets that the balancer worked out for the volume, next to the present ones.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeBalancerSnapshotDiskSets/{snapshotName}")
    def volumeBalancerSnapshotDiskSets(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeBalancerVolumeDiskSets:
        """Compare the disk sets of a snapshot with those proposed by the balancer.

        The disk sets that the balancer worked out for the snapshot, next to the present ones.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @GET("VolumeBalancerGroups", since="2.0.0", until="7.0.0")
    def volumeBalancerGroups(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[VolumeBalancerAllocationGroup]:
        """List the balancer's allocation groups.

        The groups of volumes and snapshots that the balancer allocates as one. The call was internal and removed
        after 7.0.
        """
        ...
