"""Calls for the cluster's services."""

from __future__ import annotations

from typing import Optional

from ..sptypes.services import ClusterStatus
from .call import GET, Section


class Services(Section, title="Services"):
    """The daemons that make up the cluster, and their state."""

    @GET("ServicesList")
    def servicesList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ClusterStatus:
        """List all services of the cluster.

        The servers, clients, management instances, bridges and iSCSI targets, each keyed by its ID, and the state of
        the cluster itself. The call fails while the cluster as a whole is down; `serversListBlocked` does not.
        """
        ...

    @GET("ServersListBlocked")
    def serversListBlocked(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> ClusterStatus:
        """List the servers of a cluster that is still starting.

        The active servers, and the absent disks that hold the cluster up. This is answered even before the cluster
        becomes operational.
        """
        ...
