"""Calls for nodes in maintenance."""

from __future__ import annotations

from typing import Optional

from ..sptype import Json
from ..sptypes.maintenance import MaintenanceCompleteDesc, MaintenanceNodesList, MaintenanceSetDesc
from ..sptypes.replies import ApiOk
from .call import GET, POST, Section


class NodesInMaintenance(Section, title="Nodes in maintenance"):
    """Planned maintenance of nodes, each for a limited time."""

    @GET("MaintenanceList", since="5.5.0")
    def maintenanceList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> MaintenanceNodesList:
        """List the nodes in maintenance."""
        ...

    @POST("MaintenanceSet", since="5.5.0")
    def maintenanceSet(
        self, json: Json[MaintenanceSetDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Put a node in maintenance.

        The maintenance ends by itself after `duration` seconds. The cluster refuses it when, with the node down, a
        volume would be left with one copy, or too few voting nodes would be alive. The optional fields of the body
        set the conditions: how many healthy copies and voting nodes must be left, how many nodes may be in
        maintenance at a time.
        """
        ...

    @POST("MaintenanceComplete", since="5.5.0")
    def maintenanceComplete(
        self, json: Json[MaintenanceCompleteDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """End the maintenance of a node."""
        ...
