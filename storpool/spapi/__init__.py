"""The API of a StorPool cluster: :class:`Api` has a method for each call.

::

    from storpool import spapi

    api = spapi.Api.fromConfig()
    for volume in api.volumesList():
        print(volume.name, volume.size)
"""

from __future__ import annotations

import time
from http import client as http
from typing import Any, Mapping, Optional

# Programs written for the original look for these names here, and their tests replace some of them.
from .. import spconfig, sptypes, sputils
from .. import spjson as js
from ..spconfig import SPConfig
from ..sptype import JsonObject, const, either, longType, maybe, spType
from ..sptype.reference import SpDoc
from ..sptypes import scalars
from ..sptypes.replies import (
    ApiOk,
    ApiOkSnapshotCreate,
    ApiOkVolumeBackup,
    ApiOkVolumeCreate,
    ApiOkVolumeRevert,
    ApiOkVolumesGroupBackup,
)
from ..sputils import msec, pathPollWait, sec
from .attachments import Attachments
from .balancer import Balancer
from .call import CALLS, GET, POST, Section
from .call import Argument as _API_ARG
from .call import Call as _API_METHOD
from .client import SP_API_PREFIX, Client, _format_path, clear_none
from .clients import Clients
from .disks import Disks
from .errors import ApiError, InvalidArgumentError, ReplyTooLargeError, StorPoolError, UnusableReplyError
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

# Arguments of paths, for calls that are made by hand.
BucketName = _API_ARG("bucketName", scalars.KvsName)
ClientId = _API_ARG("clientId", scalars.ClientId)
DiskId = _API_ARG("diskId", scalars.DiskId)
GlobalVolumeId = _API_ARG("globalVolumeId", scalars.GlobalVolumeId)
KeyName = _API_ARG("keyName", scalars.KvsKeyName)
PlacementGroupName = _API_ARG("placementGroupName", scalars.PlacementGroupName)
ServerId = _API_ARG("serverId", scalars.ServerId)
SnapshotName = _API_ARG("snapshotName", scalars.SnapshotNameOrGlobalId)
VagId = _API_ARG("vagName", scalars.VagId)
VolumeName = _API_ARG("volumeName", scalars.VolumeNameOrGlobalId)
VolumeTemplateName = _API_ARG("templateName", scalars.VolumeTemplateName)


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

    spDoc = SpDoc(lambda spdoc, _api: spdoc.reference())

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
            cfg = spconfig.api_config(SPConfig, use_env=use_env)
        return cls(host=cfg["SP_API_HTTP_HOST"], port=cfg["SP_API_HTTP_PORT"], auth=cfg["SP_AUTH_TOKEN"], **kwargs)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def volumeDevLinkWait(self, volumeName: str, attach: bool, pollTime: float = 0.2, maxTime: float = 60) -> bool:
        """Wait for the link to a volume's device to appear or to vanish.

        Looks every `pollTime` seconds, for at most `maxTime` seconds, whether the link `/dev/storpool/<volumeName>` is
        there on this host (`attach` true) or is not (`attach` false). Answers whether that has come true.
        """
        # Both are looked up only now, as SPConfig and time are above: users replace them, in tests above all.
        return sputils.pathPollWait(SP_DEV_PATH + volumeName, attach, True, pollTime, maxTime)


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
    "ReplyTooLargeError",
    "SPConfig",
    "Section",
    "ServerId",
    "SnapshotName",
    "StorPoolError",
    "Transport",
    "UnusableReplyError",
    "VagId",
    "VolumeName",
    "VolumeTemplateName",
    "_format_path",
    "clear_none",
    "const",
    "either",
    "http",
    "js",
    "longType",
    "maybe",
    "msec",
    "pathPollWait",
    "sec",
    "spType",
    "sptypes",
    "time",
]
