"""Calls for the export of volumes over iSCSI."""

from __future__ import annotations

from typing import Optional

from ..sptype import Json

# As modules, since some calls are named like the types that they take or give.
from ..sptypes import iscsi, iscsi_sessions
from ..sptypes.replies import ApiOk
from .call import GET, POST, Section


class ISCSI(Section, title="iSCSI"):
    """The export of volumes over iSCSI: its configuration, the live sessions, the network interfaces."""

    @GET("iSCSIConfig")
    def iSCSIConfig(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> iscsi.iSCSIConfig:
        """Get the iSCSI configuration.

        The base name, the initiators, the portal groups and the targets of the cluster, under `iscsi`.
        """
        ...

    @POST("iSCSIConfig")
    def iSCSIConfigChange(
        self, json: Json[iscsi.iSCSIConfigChange], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Change the iSCSI configuration.

        The commands, each an object with exactly one field set, are applied in their order: either all or none.

        ApiError: `objectExists` when an export is there already; `objectDoesNotExist` when a command removes what is
        not there; `invalidParam` when the target that `deleteTarget` names is missing.
        """
        ...

    @GET("iSCSISessionsInfo", since="5.5.0")
    def iSCSISessionsInfo(
        self,
        json: Optional[Json[iscsi_sessions.iSCSIControllersQuery]] = None,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> iscsi_sessions.iSCSISessionsInfo:
        """List the live iSCSI sessions.

        Asks the iSCSI controllers for their sessions. A controller that gives none, say because it did not answer in
        time, may be there as an entry with a `status` other than `ok`.

        The optional body restricts the question to some controllers (`controllerIds`) and sets how long to wait for
        them (`msecsTimeout`: milliseconds, 0 for no limit).
        """
        ...

    @GET("iSCSInterfacesInfo", since="5.5.0")
    def iSCSInterfacesInfo(
        self,
        json: Optional[Json[iscsi_sessions.iSCSIControllersQuery]] = None,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> iscsi_sessions.iSCSIControllersIntefacesInfo:
        """Show the network interfaces of the iSCSI controllers.

        Asks the iSCSI controllers for their interfaces. The entry of a controller that does not report has a `status`
        other than `ok`. (One letter is missing in the name of the query itself.)

        The optional body restricts the question to some controllers (`controllerIds`) and sets how long to wait for
        them (`msecsTimeout`: milliseconds, 0 for no limit).
        """
        ...
