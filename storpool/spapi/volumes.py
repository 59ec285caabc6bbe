"""Calls for volumes."""

from __future__ import annotations

from typing import Dict, List, Optional

from ..sptype import Json
from ..sptypes.replies import (
    ApiOk,
    ApiOkVolumeBackup,
    ApiOkVolumeCreate,
    ApiOkVolumeRevert,
    ApiOkVolumesGroupBackup,
)
from ..sptypes.scalars import VolumeNameOrGlobalId
from ..sptypes.snapshots import (
    SnapshotOrVolumeName,
    SnapshotOrVolumeStatus,
    SnapshotOrVolumeStatusQuick,
    SnapshotSummary,
    VolumesAndSnapshots,
)
from ..sptypes.transfer import (
    VolumeAcquireDesc,
    VolumeBackupDesc,
    VolumeExportDesc,
    VolumeFromRemoteDesc,
    VolumeMoveToRemoteDesc,
    VolumesGroupBackupDesc,
)
from ..sptypes.volumes import (
    AbandonDiskDesc,
    Volume,
    VolumeCreateDesc,
    VolumeDeleteDesc,
    VolumeFreezeDesc,
    VolumeInfo,
    VolumeRebaseDesc,
    VolumeRevertDesc,
    VolumeSpace,
    VolumeSummary,
    VolumeUpdateDesc,
)
from .call import GET, POST, Section


class Volumes(Section, title="Volumes"):
    """Thin-provisioned virtual block devices: listing, status, creation, change and transfer between clusters.

    A volume is addressed by its name, or by `~` and its global ID, which serves for one without a name as well.
    Volumes and snapshots share one namespace.
    """

    @GET("VolumesList", multiCluster=True)
    def volumesList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[VolumeSummary]:
        """List the volumes of the cluster.

        The configuration of each volume. A multicluster reply tells in `clusterName` and `clusterId` where a volume
        is now.
        """
        ...

    @GET("VolumesAndSnapshotsList", multiCluster=True, since="7.4.0")
    def volumesAndSnapshotsList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumesAndSnapshots:
        """List the volumes and the snapshots of the cluster.

        What `volumesList` and `snapshotsList` give, of one and the same moment.
        """
        ...

    @GET("VolumesGetStatus", multiCluster=True)
    def volumesStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[SnapshotOrVolumeName, SnapshotOrVolumeStatus]:
        """Show the status and stored size of all volumes and snapshots.

        Keyed by name, volumes and snapshots alike: `snapshot` in each record tells which it is. Sizes are in bytes.

        This takes the cluster much more work than `volumesQuickStatus`, which leaves `storedSize` and `onDiskSize`
        out.
        """
        ...

    @GET("VolumesSpace", multiCluster=True, since="3.0.0")
    def volumesSpace(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[VolumeSpace]:
        """Estimate the space taken by each volume.

        In bytes: `storedSize` is the client's data on the volume, without replication and overhead, and `spaceUsed`
        that in the volume and all its parents together. Some of the records may be of snapshots.
        """
        ...

    @GET("Volume/{volumeName}", multiCluster=True)
    def volumeList(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[VolumeSummary]:
        """List one volume.

        The record that `volumesList` has for the volume, in a list of one.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeDescribe/{volumeName}", multiCluster=True)
    def volumeDescribe(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Volume:
        """Describe a volume.

        Which disks hold which parts of the volume, object by object, and on which disk sets they ought to be.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeGetInfo/{volumeName}", multiCluster=True)
    def volumeInfo(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeInfo:
        """Show how a volume is spread over the disks.

        The volume's configuration, and the count of its objects on each disk, chain and disk set. `volumeDescribe`
        has more detail.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @GET("VolumeListSnapshots/{volumeName}")
    def volumeListSnapshots(
        self, volumeName: VolumeNameOrGlobalId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[SnapshotSummary]:
        """List the parent snapshots of a volume.

        The chain of the volume's parents, as records of snapshots.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeCreate", multiCluster=True, since="1.0.5")
    def volumeCreate(
        self, json: Json[VolumeCreateDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOkVolumeCreate:
        """Create a volume.

        The volume is empty, or based on a snapshot (`parent`), or a copy of a volume (`baseOn`), made by way of a
        transient snapshot. Its size, in bytes and a multiple of 512, may be left out where the template, the parent
        or the copied volume has one; a size larger than the parent's grows it. Placement and replication may come
        from the template.

        Without a name the volume is reached through its global ID, which the reply tells in any case.

        ApiError: `objectExists` when the name is taken; `objectDoesNotExist` when there is no such template, parent
        or volume to copy; `insufficientResources` when the volume cannot fit, or there are not enough servers or
        fault sets for the replication.
        """
        ...

    @POST("VolumeUpdate/{volumeName}", multiCluster=True, since="1.0.5")
    def volumeUpdate(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeUpdateDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change a volume.

        Changes its name, size, limits, tags, template, replication or placement. What the body leaves out stays as it
        is.

        The size is either set (`size`) or added to (`sizeAdd`), in bytes and in multiples of 512; to make a volume
        smaller, `shrinkOk` has to be true.

        ApiError: `objectDoesNotExist` when there is no such volume; `objectExists` when the new name is taken.
        """
        ...

    @POST("VolumeFreeze/{volumeName}", multiCluster=True)
    def volumeFreeze(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Optional[Json[VolumeFreezeDesc]] = None,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Turn a volume into a snapshot.

        The snapshot has the volume's name. The optional body sets when it is to be deleted automatically: at a moment
        (`targetDeleteDate`, a Unix timestamp), or after a time (`deleteAfter`, in seconds); 0 stands for never.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeRebase/{volumeName}")
    def volumeRebase(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeRebaseDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change the parent of a volume.

        The new parent is one of the volume's ancestors; without `parentName` the volume gets no parent at all.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeAbandonDisk/{volumeName}", since="1.0.5")
    def volumeAbandonDisk(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[AbandonDiskDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Abandon a disk for a volume.

        Gives up on the copy of the volume's data that the disk holds.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeDelete/{volumeName}", multiCluster=True)
    def volumeDelete(
        self,
        volumeName: VolumeNameOrGlobalId,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
        json: Optional[Json[VolumeDeleteDesc]] = None,
    ) -> ApiOk:
        """Delete a volume.

        An attached volume has to be detached first, or by the same request: `onAttached` in the optional body says
        how, since 7.4.0. The body comes last in Python, because calls without it are older.

        ApiError: `objectDoesNotExist` when there is no such volume; `busy` when it is attached.
        """
        ...

    @POST("VolumeBackup", multiCluster=True, since="4.0.0")
    def volumeBackup(
        self, json: Json[VolumeBackupDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOkVolumeBackup:
        """Back up a volume to a remote location.

        The global ID of the backup is `remoteId` in the reply.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumesGroupBackup", multiCluster=True, since="4.0.0")
    def volumesGroupBackup(
        self, json: Json[VolumesGroupBackupDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOkVolumesGroupBackup:
        """Back up several volumes to a remote location.

        The reply has, keyed by volume name, the global ID of each backup (`remoteId`).

        ApiError: `objectDoesNotExist` when there is no such volume among those to back up.
        """
        ...

    @POST("VolumeMoveToRemote/{volumeName}", since="5.2.0")
    def volumeMoveToRemote(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeMoveToRemoteDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Move a volume to another cluster.

        The other cluster is given by `cluster`, its name, or by `clusterId`. An attached volume is treated as
        `onAttached` says: by default the call fails.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeExport/{volumeName}", since="5.2.0")
    def volumeExport(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeExportDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Export a volume to another cluster.

        The other cluster is given by `cluster`, its name, or by `clusterId`. To attach the volume there, the
        attaching request has to say `allowRemoteExported`.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeAcquire/{volumeName}", multiCluster=True, since="5.2.0")
    def volumeAcquire(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeAcquireDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Bring a volume from another cluster into this one.

        Works in a multicluster only, and does nothing when the volume is here already. A volume that is attached in
        the other cluster is treated as `onRemoteAttached` says: by default the call fails.

        ApiError: `objectDoesNotExist` when there is no such volume.
        """
        ...

    @POST("VolumeFromRemote", since="5.5.0")
    def volumeFromRemote(
        self, json: Json[VolumeFromRemoteDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Create a volume from a remote snapshot.

        The snapshot is given by the location that holds it, `remoteLocation`, and its global ID there, `remoteId`,
        without `~`. Unlike in other calls, the name of the volume is required.

        ApiError: `objectExists` when the name is taken; `objectDoesNotExist` when there is no such snapshot or
        template.
        """
        ...

    @POST("VolumeRevert/{volumeName}", multiCluster=True, since="5.5.0")
    def volumeRevert(
        self,
        volumeName: VolumeNameOrGlobalId,
        json: Json[VolumeRevertDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOkVolumeRevert:
        """Revert a volume to a snapshot.

        The volume gets the contents of the snapshot, and its present contents are lost. It must not be attached
        read-write. Its size changes only with `revertSize`, since 7.4.0.

        The call may change the volume's `globalId`, which the reply may have. A volume without a name keeps the name
        `~` and its first one, and goes on answering to it.

        ApiError: `objectDoesNotExist` when there is no such volume or snapshot.
        """
        ...

    @GET("VolumesGetStatusQuick", multiCluster=True, since="7.1.0")
    def volumesQuickStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> Dict[SnapshotOrVolumeName, SnapshotOrVolumeStatusQuick]:
        """Show the status of all volumes and snapshots.

        Keyed by name, volumes and snapshots alike: `snapshot` in each record tells which it is. The stored sizes,
        which take the cluster long to find out, are only in `volumesStatus`.
        """
        ...
