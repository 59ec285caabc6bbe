"""Calls for the volume relocator."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptypes.balancer import DiskTarget, VolumeRelocatorStatus
from ..sptypes.scalars import DiskId, SnapshotNameOrGlobalId, VolumeNameOrGlobalId
from .call import GET, Section


class VolumeRelocator(Section, title="Volume Relocator"):
    """The service that moves data from disk to disk whenever that is necessary, as when disks come or go."""

    @GET("VolumeRelocatorStatus")
    def volumeRelocatorStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeRelocatorStatus:
        """Get the relocator's status.

        Whether the relocator is on, off, or blocked, for which missing drives are the usual cause, and how much there
        is for it to do.
        """
        ...

    @GET("VolumeRelocatorDisksList")
    def volumeRelocatorDisks(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the relocation forecast for all disks.

        What each disk holds now and will hold when the relocator is done, keyed by disk ID.
        """
        ...

    @GET("VolumeRelocatorVolumeDisks/{volumeName}")
    def volumeRelocatorVolumeDisks(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the relocation forecast for a volume.

        What each disk holds of the volume now and will hold when the relocator is done, keyed by disk ID.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeRelocatorSnapshotDisks/{snapshotName}")
    def volumeRelocatorSnapshotDisks(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskTarget]:
        """Show the relocation forecast for a snapshot.

        What each disk holds of the snapshot now and will hold when the relocator is done, keyed by disk ID.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...
