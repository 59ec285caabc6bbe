"""Calls for disks."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptype import Json
from ..sptypes.disks import Disk, DiskDescUpdate, DiskInfo, DiskSummary
from ..sptypes.replies import ApiOk
from ..sptypes.requests import DiskActiveRequests
from ..sptypes.scalars import DiskId
from .call import GET, POST, Section


class Disks(Section, title="Disks"):
    """The physical drives given to StorPool: their state, ejecting, scrubbing and trimming.

    A disk is addressed by the ID that it got when it was formatted for StorPool.
    """

    @GET("DisksList", since="1.0.5")
    def disksList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> Dict[DiskId, DiskSummary]:
        """List all disks.

        Every disk of the cluster, keyed by disk ID. A disk that is down comes with a shorter record: its
        `generationLeft` is the generation at which it was last active, and -1 for a disk that is up.
        """
        ...

    @GET("DiskDescribe/{diskId}")
    def diskDescribe(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> Disk:
        """Describe a disk.

        Details of the disk, with all the objects that are stored on it.
        """
        ...

    @GET("DiskGetInfo/{diskId}", until="7.0.0")
    def diskInfo(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> DiskInfo:
        """Describe a disk by volume.

        The disk with figures for each volume that has data on it. The call was removed after 7.0.
        """
        ...

    @POST("DiskEject/{diskId}")
    def diskEject(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ApiOk:
        """Eject a disk at once.

        The disk is taken out of operation immediately, whether there is data on it or not. To have the data moved to
        other disks, use `diskSoftEject`.
        """
        ...

    @POST("DiskForget/{diskId}")
    def diskForget(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ApiOk:
        """Forget a disk.

        Drops a disk that is down from all placement groups and volumes that refer to it.
        """
        ...

    @POST("DiskIgnore/{diskId}", since="1.0.5")
    def diskIgnore(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ApiOk:
        """Start the cluster without a disk.

        Attempts the start of the cluster without waiting for this disk.
        """
        ...

    @POST("DiskSoftEject/{diskId}")
    def diskSoftEject(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ApiOk:
        """Empty a disk for ejecting.

        No more data is written to the disk, and what it holds begins moving to other disks. While that goes on there
        is a task for it in `tasksList`.
        """
        ...

    @POST("DiskSoftEjectPause/{diskId}")
    def diskSoftEjectPause(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Pause the soft-eject of a disk.

        Suspends the moving of data off the disk, which is useful when the cluster has much else to do.
        """
        ...

    @POST("DiskSoftEjectCancel/{diskId}")
    def diskSoftEjectCancel(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Cancel the soft-eject of a disk.

        Data stops moving off the disk, which becomes usable again; what was moved returns afterwards.
        """
        ...

    @POST("DiskSetDescription/{diskId}")
    def diskSetDesc(
        self,
        diskId: DiskId,
        json: Json[DiskDescUpdate],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Label a disk.

        The label is for people, to tell the device from others: up to 30 letters, digits, `_`, `-` and spaces.
        """
        ...

    @GET("DiskActiveRequests/{diskId}")
    def diskActiveRequests(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> DiskActiveRequests:
        """List the active requests of a disk.

        Details of each request in flight on the disk. Addresses and sizes are in bytes.
        """
        ...

    @POST("DiskScrubStart/{diskId}", since="3.0.0")
    def diskScrubStart(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Start scrubbing a disk.

        Begins a pass over the disk that verifies its data. A scrub that is paused stays so: `diskScrubContinue`
        resumes it.
        """
        ...

    @POST("DiskScrubPause/{diskId}", since="3.0.0")
    def diskScrubPause(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Pause the scrubbing of a disk."""
        ...

    @POST("DiskScrubContinue/{diskId}", since="3.0.0")
    def diskScrubContinue(
        self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Resume the scrubbing of a disk.

        Goes on with a scrub that `diskScrubPause` has paused.
        """
        ...

    @POST("DiskRetrim/{diskId}", since="3.0.0")
    def diskRetrim(self, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ApiOk:
        """Trim a disk again.

        Issues TRIM (discard) on the disk once more.
        """
        ...
