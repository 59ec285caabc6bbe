"""Calls for attaching and detaching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, List, Optional, Union

from ..sptype import Json, JsonList, ToldApart
from .call import GET, POST, Section

if TYPE_CHECKING:
    from ..sptypes.attachments import AttachmentDesc, Reassign, VolumesReassignWaitDesc
    from ..sptypes.replies import ApiOk

# A list of entries with two keys each would do for an object, too: dict() takes them for pairs.
OBJECT_OR_LIST = ToldApart("type", lambda value: isinstance(value, (list, tuple)), (Mapping, list, tuple))


class Attachments(Section, title="Attachments"):
    """Which client sees which volume or snapshot, and with what access."""

    @GET("AttachmentsList", multiCluster=True)
    def attachmentsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[AttachmentDesc]:
        """List all attachments.

        Each entry is one volume or snapshot attached at one client, with its access: `rw` or `ro`.
        """
        ...

    @POST("VolumesReassign", multiCluster=True, since="3.0.0")
    def volumesReassign(
        self,
        json: JsonList[Reassign],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Attach and detach volumes and snapshots.

        Deprecated since 3.0.0: use `volumesReassignWait`, which returns only when the clients have confirmed the
        changes.

        Each entry attaches one volume (`rw`, `ro`) or snapshot (`ro` only) to clients, changes its access, or
        detaches it from clients or from `all`. All entries of one request apply, or none. A volume can be `rw` at
        several clients of one cluster, as during a live migration, but not in two clusters. A client takes 1024
        attachments; detaching an open volume needs `force`.

        ApiError: `objectDoesNotExist` when there is no such volume or snapshot; `busy` when a volume that is `rw` in
        another cluster is to be `rw`, or an open one is to be detached without `force`; `invalidParam` when a client is
        not registered or has no room for more.
        """
        ...

    @POST("VolumesReassignWait", multiCluster=True, since="3.0.0")
    def volumesReassignWait(
        self,
        json: Annotated[Union[Json[VolumesReassignWaitDesc], JsonList[Reassign]], OBJECT_OR_LIST],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Attach and detach volumes and snapshots, and wait for the clients.

        Each entry attaches one volume (`rw`, `ro`) or snapshot (`ro` only) to clients, changes its access, or
        detaches it from clients or from `all`; `detach` of `all` together with `rw` moves a volume in one step. All
        entries of one request apply, or none. A volume can be `rw` at several clients of one cluster, as during a live
        migration, but not in two clusters. A client takes 1024 attachments; detaching an open volume needs `force`.

        The call returns once the clients confirm. Clients that are absent are waited for without end when
        `attachTimeout` is left out, or for as many seconds as it says; with 0 the call succeeds at once even if they
        are absent. A bare list of the entries, without `attachTimeout`, is taken too, since 7.4.0.

        ApiError: `objectDoesNotExist` when there is no such volume or snapshot; `busy` when a volume that is `rw` in
        another cluster is to be `rw`, or an open one is to be detached without `force`; `invalidParam` when a client is
        not registered or has no room for more.
        """
        ...
