"""Calls for storage servers."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptypes.disks import Disk, DiskSummary
from ..sptypes.scalars import DiskId, ServerId
from ..sptypes.services import ClusterStatus
from .call import GET, Section


class Servers(Section, title="Servers"):
    """The storage servers and the disks that they serve."""

    @GET("ServersList")
    def serversList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ClusterStatus:
        """List all services except the clients.

        The same as `servicesList` without the clients. The call fails while the cluster as a whole is down.
        """
        ...

    @GET("ServerDisksList/{serverId}", since="1.0.5")
    def serverDisksList(
        self, serverId: ServerId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[DiskId, DiskSummary]:
        """List the disks of a server.

        Details of each disk that belongs to the server, keyed by disk ID. A disk that is down has a shorter record.
        """
        ...

    @GET("ServerDiskDescribe/{serverId}/{diskId}")
    def serverDiskDescribe(
        self, serverId: ServerId, diskId: DiskId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Disk:
        """Describe one disk of a server.

        Details of the disk, with all the objects that are stored on it.
        """
        ...
