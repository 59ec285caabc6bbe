"""Calls for snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Dict, List, Optional

from ..sptype import Json, Key
from .call import GET, POST, Section

if TYPE_CHECKING:
    from ..sptypes.replies import ApiOk, ApiOkSnapshotCreate
    from ..sptypes.scalars import GlobalVolumeId, SnapshotNameOrGlobalId, VolumeNameOrGlobalId
    from ..sptypes.snapshots import (
        GroupSnapshotsResult,
        GroupSnapshotsSpec,
        Snapshot,
        SnapshotInfo,
        SnapshotSpace,
        SnapshotSummary,
        SnapshotUpdateDesc,
        VolumeSnapshotDesc,
    )
    from ..sptypes.transfer import (
        Export,
        RemoteSnapshot,
        SnapshotExportDesc,
        SnapshotFromRemoteDesc,
        SnapshotMoveToRemoteDesc,
        SnapshotsRemoteUnexport,
        SnapshotUnexportDesc,
    )
    from ..sptypes.volumes import AbandonDiskDesc, VolumeRebaseDesc


class Snapshots(Section, title="Snapshots"):
    """The read-only siblings of volumes, from which volumes are cloned by copy-on-write.

    Nearly everything that can be done to a volume can be done to a snapshot, except to write to it: its data never
    changes. A snapshot is addressed by its name or by `~` and its global ID. Volumes and snapshots share one
    namespace.
    """

    @GET("SnapshotsList", multiCluster=True)
    def snapshotsList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[SnapshotSummary]:
        """List all snapshots.

        The configuration of each snapshot, in records like those of volumes. A snapshot whose deletion is under way
        is still there, with `deleted` true and a name that begins with `*`.
        """
        ...

    @GET("SnapshotsSpace", multiCluster=True, since="1.3.0")
    def snapshotsSpace(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[SnapshotSpace]:
        """Estimate the space taken by each snapshot.

        In bytes: `storedSize` is the client's data in the snapshot, without replication and overhead, and `spaceUsed`
        what deleting the snapshot would free.
        """
        ...

    @GET("Snapshot/{snapshotName}", multiCluster=True)
    def snapshotList(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[SnapshotSummary]:
        """List one snapshot.

        The record that `snapshotsList` has for the snapshot, in a list of one.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @GET("SnapshotDescribe/{snapshotName}", multiCluster=True, since="1.3.0")
    def snapshotDescribe(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Snapshot:
        """Describe a snapshot.

        Which disks hold which parts of the snapshot, object by object, and on which disk sets they ought to be.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @GET("SnapshotGetInfo/{snapshotName}", multiCluster=True, since="1.3.0")
    def snapshotInfo(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> SnapshotInfo:
        """Show how a snapshot is spread over the disks.

        The snapshot's configuration, and the count of its objects on each disk, chain and disk set.
        `snapshotDescribe` has more detail.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("VolumeSnapshot/{volumeName}", multiCluster=True, since="1.2.0")
    def snapshotCreate(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeSnapshotDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOkSnapshotCreate:
        """Create a snapshot of a volume.

        The snapshot becomes the volume's parent. Without a name it gets one made of the volume's name, `@` and a
        number; with an empty one it has none but `~` and its global ID. The volume's tags are not inherited.

        With `bind` the snapshot vanishes with its last child. Deleting may also be set for a moment
        (`targetDeleteDate`, a Unix timestamp) or after a time (`deleteAfter`, in seconds); 0 stands for never. The
        reply has the `snapshotGlobalId`.

        ApiError: `objectDoesNotExist` when there is no such volume; `objectExists` when the name is taken.
        """
        ...

    @POST("SnapshotUpdate/{snapshotName}", multiCluster=True, since="1.0.5")
    def snapshotUpdate(
        self,
        snapshotName: SnapshotNameOrGlobalId,
        json: Json[SnapshotUpdateDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change a snapshot.

        Changes its name, tags, template, binding or time of deletion; its data stays as it is. An empty name takes the
        name away, since 7.4.0. What the body leaves
        out stays, too, and 0 as `targetDeleteDate` (a Unix timestamp) or `deleteAfter` (seconds) clears the time of
        deletion.

        ApiError: `objectDoesNotExist` when there is no such snapshot; `objectExists` when the new name is taken.
        """
        ...

    @POST("SnapshotRebase/{snapshotName}")
    def snapshotRebase(
        self,
        snapshotName: SnapshotNameOrGlobalId,
        json: Json[VolumeRebaseDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change the parent of a snapshot.

        The new parent is one of the snapshot's ancestors; without `parentName` the snapshot gets no parent at all.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("VolumeAbandonDisk/{snapshotName}", since="1.0.5")
    def snapshotAbandonDisk(
        self,
        snapshotName: SnapshotNameOrGlobalId,
        json: Json[AbandonDiskDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Abandon a disk for a snapshot.

        Gives up on the copy of the snapshot's data that the disk holds. The query is the same as that for volumes.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("SnapshotDelete/{snapshotName}", multiCluster=True)
    def snapshotDelete(
        self, snapshotName: SnapshotNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Delete a snapshot.

        Deleting goes on after the call has returned: the name gains a leading `*` and `deleted` is true until the
        snapshot is gone. One with children stays until they go.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("SnapshotDeleteById/{globalVolumeId}", since="4.0.0")
    def snapshotDeleteById(
        self, globalVolumeId: GlobalVolumeId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Delete a snapshot by its global ID.

        The global ID is given without `~`. Otherwise the same as `snapshotDelete`.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("VolumesGroupSnapshot", multiCluster=True, since="4.0.0")
    def snapshotCreateGroup(
        self, json: Json[GroupSnapshotsSpec], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> GroupSnapshotsResult:
        """Create snapshots of several volumes at once.

        All snapshots are of the same moment, so the data is consistent between them; either all are made or none.
        Tags may be given for the whole group and for each snapshot.

        ApiError: `objectDoesNotExist` when there is no such volume among those given; `objectExists` when a name is
        taken.
        """
        ...

    @POST("SnapshotFromRemote", since="4.0.0")
    def snapshotFromRemote(
        self, json: Json[SnapshotFromRemoteDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Copy a snapshot from a remote location.

        The snapshot is given by the location that holds it, `remoteLocation`, and its global ID there, `remoteId`,
        without `~`. Until all its data has arrived, `recoveringFromRemote` of the copy is true.

        ApiError: `objectExists` when the name is taken or the snapshot has been copied here already;
        `objectDoesNotExist` when there is no such snapshot or template.
        """
        ...

    @POST("SnapshotExport", since="4.0.0")
    def snapshotExport(
        self, json: Json[SnapshotExportDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Export a snapshot to a remote location.

        The location can then see the snapshot in its `snapshotsRemoteList` and copy it.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @POST("SnapshotUnexport", since="4.0.0")
    def snapshotUnexport(
        self, json: Json[SnapshotUnexportDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Stop exporting a snapshot.

        Access ends for one location or, with `all`, for every one. `force` skips the check whether a location is
        still copying the snapshot.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...

    @GET("ExportsList", since="4.0.0")
    def exportsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[Export]], Key("exports")]:
        """List the exported snapshots.

        The snapshots exported from this cluster, in a list under the key `exports`.
        """
        ...

    @GET("VolumeExportsList", since="5.5.0")
    def volumeExportsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[Export]], Key("exports")]:
        """List the exported volumes.

        The volumes exported from this cluster, in a list under the key `exports`.
        """
        ...

    @GET("SnapshotsRemoteList", since="4.0.0")
    def snapshotsRemoteList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[RemoteSnapshot]], Key("snapshots")]:
        """List the snapshots available from remote locations.

        The snapshots that other locations export to this one, in a list under the key `snapshots`.
        """
        ...

    @GET("VolumesRemoteList", since="5.5.0")
    def volumesRemoteList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Annotated[Dict[str, List[RemoteSnapshot]], Key("volumes")]:
        """List the volumes available from remote clusters.

        The volumes that other clusters export to this one, in a list under the key `volumes`.
        """
        ...

    @POST("SnapshotsRemoteUnexport", since="4.0.0")
    def snapshotsRemoteUnexport(
        self, json: Json[SnapshotsRemoteUnexport], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Give up snapshots of remote locations.

        Tells the locations that export the snapshots that they are not needed here any more. They may be asked to
        delete one as well, at a moment (`targetDeleteDate`, a Unix timestamp) or after a time (`deleteAfter`, in
        seconds); the remote side may refuse that.
        """
        ...

    @POST("SnapshotMoveToRemote/{snapshotName}", since="7.1.0")
    def snapshotMoveToRemote(
        self,
        snapshotName: SnapshotNameOrGlobalId,
        json: Json[SnapshotMoveToRemoteDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Move a snapshot to another cluster.

        The other cluster is given by `cluster`, its name, or by `clusterId`. An attached snapshot is treated as
        `onAttached` says: by default the call fails.

        ApiError: `objectDoesNotExist` when there is no such snapshot.
        """
        ...
