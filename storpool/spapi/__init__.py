"""The API of a StorPool cluster: :class:`Api` has a method for each call.

::

    from storpool import spapi

    api = spapi.Api.fromConfig()
    for volume in api.volumesList():
        print(volume.name, volume.size)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

# Programs written for the original look for these names here.
from .. import spconfig
from ..spconfig import SPConfig
from ..sptype import JsonObject, const, either, longType, maybe, spType
from ..sputils import msec, pathPollWait, sec
from .attachments import Attachments
from .balancer import Balancer
from .call import CALLS, GET, POST, Section
from .call import Argument as _API_ARG
from .call import Call as _API_METHOD
from .client import SP_API_PREFIX, Client, _format_path, clear_none
from .clients import Clients
from .disks import Disks
from .errors import ApiError, InvalidArgumentError, UnusableReplyError
from .general import General
from .iscsi import ISCSI
from .kvs import KeyValueStore
from .maintenance import NodesInMaintenance
from .multicluster import AllClusters, ClusterAnswer
from .peers import Peers
from .placement import PlacementGroups
from .relocator import VolumeRelocator
from .remote import Remote
from .requests import ActiveRequests
from .servers import Servers
from .services import Services
from .snapshots import Snapshots
from .tasks import Tasks
from .templates import VolumeTemplates
from .transport import HTTPTransport, Transport
from .volumes import Volumes

VERSION = "7.4.0"
"""The version of the bindings."""

SP_DEV_PATH = "/dev/storpool/"
"""Where a client host shows the volumes that are attached to it, each as a link of the volume's name."""

# Arguments of paths, for calls that are made by hand: the name and the type of each.
_ARGUMENTS = {
    "BucketName": ("bucketName", "KvsName"),
    "ClientId": ("clientId", "ClientId"),
    "DiskId": ("diskId", "DiskId"),
    "GlobalVolumeId": ("globalVolumeId", "GlobalVolumeId"),
    "KeyName": ("keyName", "KvsKeyName"),
    "PlacementGroupName": ("placementGroupName", "PlacementGroupName"),
    "ServerId": ("serverId", "ServerId"),
    "SnapshotName": ("snapshotName", "SnapshotNameOrGlobalId"),
    "VagId": ("vagName", "VagId"),
    "VolumeName": ("volumeName", "VolumeNameOrGlobalId"),
    "VolumeTemplateName": ("templateName", "VolumeTemplateName"),
}

if TYPE_CHECKING:
    from .. import sptypes
    from ..sptypes.replies import (
        ApiOk,
        ApiOkSnapshotCreate,
        ApiOkVolumeBackup,
        ApiOkVolumeCreate,
        ApiOkVolumeRevert,
        ApiOkVolumesGroupBackup,
    )

    BucketName = ClientId = DiskId = GlobalVolumeId = KeyName = PlacementGroupName = _API_ARG("", str)
    ServerId = SnapshotName = VagId = VolumeName = VolumeTemplateName = _API_ARG("", str)
else:

    def __getattr__(name):
        # The types are imported with the first call, or here: starting would take twice as long.
        if name in _ARGUMENTS:
            argument, declared = _ARGUMENTS[name]
            value = _API_ARG(argument, __getattr__("sptypes").declared()[declared])
        elif name == "sptypes":
            from .. import sptypes as value
        elif name.startswith("ApiOk"):
            from ..sptypes import replies

            value = getattr(replies, name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


class _Reference:
    """The document of the reference, made when it is asked for."""

    def __get__(self, _api: object, _owner: type) -> Any:
        from .. import spdoc

        return spdoc.reference()


class Api(
    General,
    Peers,
    Tasks,
    Services,
    ActiveRequests,
    Servers,
    Clients,
    Disks,
    Volumes,
    Snapshots,
    Attachments,
    PlacementGroups,
    VolumeTemplates,
    VolumeRelocator,
    Balancer,
    ISCSI,
    Remote,
    NodesInMaintenance,
    KeyValueStore,
    AllClusters,
):
    __doc__ = Client.__doc__

    spDoc = _Reference()

    @classmethod
    def fromConfig(cls, cfg: Optional[Mapping[str, str]] = None, use_env: bool = True, **kwargs: Any) -> Api:
        """Make an Api by the configuration's SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN.

        :param cfg: the configuration, when it was read already.
        :param use_env: whether the variables of that name in the environment win over the files.
        :param kwargs: more parameters of :class:`Api`.
        :raises storpool.spconfig.SPConfigException: a file that is missing or cannot be read.
        :raises KeyError: a variable is missing.
        """
        if cfg is None:
            cfg = spconfig.api_config(use_env=use_env)
        return cls(host=cfg["SP_API_HTTP_HOST"], port=cfg["SP_API_HTTP_PORT"], auth=cfg["SP_AUTH_TOKEN"], **kwargs)


__all__ = [
    "CALLS",
    "GET",
    "POST",
    "SP_API_PREFIX",
    "SP_DEV_PATH",
    "VERSION",
    "_API_ARG",
    "_API_METHOD",
    "Api",
    "ApiError",
    "ApiOk",
    "ApiOkSnapshotCreate",
    "ApiOkVolumeBackup",
    "ApiOkVolumeCreate",
    "ApiOkVolumeRevert",
    "ApiOkVolumesGroupBackup",
    "BucketName",
    "Client",
    "ClientId",
    "ClusterAnswer",
    "DiskId",
    "GlobalVolumeId",
    "HTTPTransport",
    "InvalidArgumentError",
    "JsonObject",
    "KeyName",
    "PlacementGroupName",
    "SPConfig",
    "Section",
    "ServerId",
    "SnapshotName",
    "Transport",
    "UnusableReplyError",
    "VagId",
    "VolumeName",
    "VolumeTemplateName",
    "_format_path",
    "clear_none",
    "const",
    "either",
    "longType",
    "maybe",
    "msec",
    "pathPollWait",
    "sec",
    "spType",
    "sptypes",
]
