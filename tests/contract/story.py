"""A story in which every call of the API is made: what is here is made, looked at, changed and removed again.

Each step is plain data, so that programs other than this one can be told to make the calls: those of the original
bindings, for one. An argument "$name" stands for the global id of a volume or snapshot, "%disk name" for a disk that
has data of it, "%vag name" for its allocation group. Three clusters play: `sim`, `east` in the same location, and `far`
in another; the arguments are about the first.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from storpool.spapi import Api
from storpool.spapi.call import CALLS
from storpool_sim import Cluster, ManualClock, connect
from storpool_sim.cluster.model import Record

GiB = 1 << 30
IQN = "iqn.1994-05.com.redhat:host"


class Step(NamedTuple):
    """A call; or, without a name, some seconds that pass."""

    call: str
    args: Tuple[Any, ...] = ()
    cluster: Optional[str] = None
    multi: bool = False
    seconds: float = 0.0
    #: Whether bindings 7.3.0 cannot ask for this.
    newer: bool = False

    def given(self, made: List[Cluster]) -> Tuple[List[Any], Dict[str, Any]]:
        """The values in the path, and the body as a keyword: where it came to a call later, it stands behind others."""
        args = [resolved(argument, made) for argument in self.args]
        values = len(CALLS[self.call].args)
        return args[:values], {"json": args[values]} if len(args) > values else {}

    def made_by(self, api: Api, made: List[Cluster]) -> Any:
        """Make the call."""
        args, body = self.given(made)
        return getattr(api, self.call)(*args, **body, clusterName=self.cluster)


def at(cluster: str, call: str, *args: Any) -> Step:
    """A call that another cluster answers."""
    return Step(call, args, cluster)


def multi(call: str, *args: Any) -> Step:
    """A call of an Api that is made with `multiCluster=True`."""
    return Step(call, args, multi=True)


def later(seconds: float) -> Step:
    """Time passes."""
    return Step("", seconds=seconds)


def do(call: str, *args: Any) -> Step:
    """A call."""
    return Step(call, args)


def newer(call: str, *args: Any) -> Step:
    """A call with something in it that bindings 7.3.0 do not have."""
    return Step(call, args, newer=True)


def iscsi(**command: Any) -> Step:
    """One iSCSI command."""
    return do("iSCSIConfigChange", {"commands": [command]})


WHO_IS_THERE = [
    *map(do, ("servicesList", "serversList", "serversListBlocked", "peersList", "faultSetsList", "clientsConfigDump")),
    do("clientConfigWait", 1),
    do("clientActiveRequests", 1),
    do("allPeersActiveRequests"),
    do("allPeersActiveRequests", {"msecsTimeout": 100}),
    do("serverDisksList", 1),
    do("serverDiskDescribe", 1, 101),
]
PLACES = [
    do("placementGroupUpdate", "g", {"addDisks": [101, 102, 201, 202, 301]}),
    do("placementGroupUpdate", "g", {"rename": "fast", "addDisks": ["302"], "rmDisks": [102]}),
    do("placementGroupDescribe", "fast"),
    do("placementGroupsList"),
    do("volumeTemplateCreate", {"name": "t", "placeAll": "fast", "replication": 3, "size": GiB, "iops": 1000}),
    do("volumeTemplateUpdate", "t", {"placeTail": "ssd", "bw": "-", "propagate": True}),
    do("volumeTemplateDescribe", "t"),
    do("volumeTemplatesList"),
    do("volumeTemplateCreate", {"name": "u", "placeAll": "hdd"}),
    do("volumeTemplateDelete", "u"),
]
VOLUMES = [
    do("volumeCreate", {"name": "v", "template": "t", "tags": {"vm": "1", "qc": "tier"}}),
    do("volumeCreate", {"name": "w", "size": 2 * GiB, "replication": 2, "placeAll": "hdd", "bw": 10**6}),
    do("volumeCreate", {"size": GiB, "template": "t"}),
    do("volumeCreate", {"name": "copy", "baseOn": "v"}),
    do("volumeUpdate", "v", {"sizeAdd": GiB, "tags": {"vm": "", "more": "x"}}),
    do("volumesReassign", [{"volume": "w", "rw": [1], "force": False}]),
    do("volumesReassign", [{"volume": "w", "rw": [1, 2]}]),
    do(
        "volumesReassignWait", {"reassign": [{"volume": "v", "rw": [2]}, {"volume": "w", "detach": "all", "ro": ["1"]}]}
    ),
    do("attachmentsList"),
    do("volumesReassignWait", {"reassign": [{"volume": "v", "detach": [2]}, {"volume": "w", "detach": "all"}]}),
    do("volumeList", "v"),
    do("volumeDescribe", "v"),
    do("volumeInfo", "~$v"),
    *map(do, ("volumesList", "volumesStatus", "volumesQuickStatus", "volumesSpace", "volumesAndSnapshotsList")),
    do("volumeTemplatesStatus"),
]
SNAPSHOTS = [
    do("snapshotCreate", "v", {"name": "s", "tags": {"a": "b"}, "deleteAfter": 10**6}),
    do("snapshotCreate", "v", {}),
    do("snapshotCreateGroup", {"volumes": [{"volume": "v", "name": "g1"}, {"volume": "w"}], "tags": {"g": "1"}}),
    newer("snapshotCreate", "v", {"name": ""}),
    newer("snapshotCreateGroup", {"volumes": [{"volume": "v", "name": ""}, {"volume": "w"}]}),
    do("snapshotCreate", "w", {"name": "brief"}),
    newer("snapshotUpdate", "brief", {"rename": ""}),
    do("volumeCreate", {"name": "brief", "template": "t"}),
    newer("volumeUpdate", "brief", {"rename": "", "tags": {"x": "y"}}),
    do("snapshotUpdate", "s", {"rename": "s1", "tags": {"c": "d"}, "bind": False}),
    do("snapshotList", "s1"),
    do("snapshotDescribe", "s1"),
    do("snapshotInfo", "~$s1"),
    do("snapshotsList"),
    do("snapshotsSpace"),
    do("volumeListSnapshots", "v"),
    do("volumesReassignWait", {"reassign": [{"snapshot": "s1", "ro": [1, 2]}]}),
    do("attachmentsList"),
    do("volumesReassignWait", {"reassign": [{"snapshot": "s1", "detach": "all"}]}),
    do("volumeCreate", {"name": "clone", "parent": "s1", "size": 4 * GiB}),
    do("volumeRevert", "v", {"toSnapshot": "s1"}),
    do("volumeRebase", "clone", {}),
    do("snapshotRebase", "g1", {}),
    do("volumeCreate", {"name": "cold", "template": "t"}),
    do("volumeFreeze", "cold"),
    do("snapshotDelete", "cold"),
    do("snapshotDeleteById", "$g1"),
    do("snapshotsList"),
    later(60),
    do("snapshotsList"),
    do("volumeDelete", "copy"),
]
DISKS = [
    do("disksList"),
    do("diskDescribe", 101),
    do("diskInfo", 101),
    do("diskSetDesc", 101, {"description": "slot 7"}),
    do("diskActiveRequests", 101),
    do("diskScrubPause", 101),
    do("diskScrubStart", 101),
    do("diskScrubContinue", 101),
    do("disksList"),
    do("diskRetrim", 101),
    *map(do, ("volumeRelocatorStatus", "volumeRelocatorDisks")),
    do("diskSoftEject", 201),
    do("tasksList"),
    do("volumeRelocatorDisks"),
    do("volumeRelocatorVolumeDisks", "v"),
    do("volumeRelocatorSnapshotDisks", "s1"),
    do("diskSoftEjectPause", 201),
    do("disksList"),
    do("diskSoftEjectCancel", 201),
    do("diskSoftEject", 203),
    later(10**5),
    do("tasksList"),
    do("diskEject", 203),
    do("disksList"),
    do("volumesStatus"),
    do("volumesQuickStatus"),
    do("diskIgnore", 203),
    do("diskForget", 203),
    do("volumeAbandonDisk", "v", {"diskId": "%disk v"}),
    do("snapshotAbandonDisk", "s1", {"diskId": "%disk s1"}),
]
BALANCER = [
    do("volumeBalancerGetStatus"),
    do("placementGroupUpdate", "fast", {"addDisks": [102]}),
    do("volumeBalancerSetStatus", {"cmd": "start"}),
    later(10),
    do("volumeBalancerGetStatus"),
    do("volumeBalancerDisks"),
    do("volumeBalancerVolumesStatus"),
    do("volumeBalancerVolumeDisks", "v"),
    do("volumeBalancerSnapshotDisks", "s1"),
    do("volumeBalancerVolumeDiskSets", "v"),
    do("volumeBalancerSnapshotDiskSets", "s1"),
    do("volumeBalancerGroups"),
    do("volumeBalancerSetStatus", {"cmd": "commit"}),
    later(10),
]
MAINTENANCE = [
    do("maintenanceSet", {"nodeId": 1, "duration": 600, "description": "new fans", "minOkReplicas": 1}),
    do("maintenanceList"),
    do("maintenanceComplete", {"nodeId": 1}),
]
KVS = [
    do("kvsCreate", "b"),
    do("kvsUpdate", "b", {"set": {"k": "1", "k2": "2"}}),
    do("kvsUpdate", "b", {"runIfVersionIs": 2, "set": {"k": ""}}),
    do("kvsGet", "b", "k2"),
    do("kvsList", "b"),
    do("kvsBuckets"),
    do("kvsDelete", "b"),
]
ISCSI = [
    iscsi(setBaseName={"name": "iqn.2019-08.com.example:x"}),
    iscsi(createPortalGroup={"name": "pg"}),
    iscsi(portalGroupAddNetwork={"portalGroup": "pg", "net": "192.0.2.10/24"}),
    iscsi(createPortal={"portalGroup": "pg", "controller": 1, "ip": "192.0.2.10"}),
    iscsi(createInitiator={"name": IQN, "username": "u", "secret": "s"}),
    iscsi(initiatorAddNetwork={"initiator": IQN, "net": "192.0.2.0/24"}),
    iscsi(createTarget={"volumeName": "v"}),
    iscsi(export={"initiator": IQN, "portalGroup": "pg", "volumeName": "v"}),
    do("iSCSIConfig"),
    do("iSCSISessionsInfo"),
    do("iSCSInterfacesInfo", {"controllerIds": [1]}),
    iscsi(exportDelete={"initiator": IQN, "portalGroup": "pg", "volumeName": "v"}),
    iscsi(deleteTarget={"volumeName": "v"}),
    iscsi(deleteInitiator={"name": IQN}),
    iscsi(deletePortal={"ip": "192.0.2.10", "port": 3260}),
    iscsi(deletePortalGroup={"name": "pg"}),
    do("iSCSIConfig"),
]
REGISTERED = [
    do("locationAdd", {"id": "moon", "name": "moon"}),
    do("locationRename", {"location": "moon", "name": "luna"}),
    do("locationUpdate", {"location": "luna", "sendBufferSize": 4096, "recvBufferSize": 4096}),
    do("clusterAdd", {"id": "a", "location": "luna", "name": "base"}),
    do("clusterRename", {"cluster": "base", "name": "camp"}),
    do("remoteBridgeAdd", {"ip": "192.0.2.1", "publicKey": "k", "remote": "camp"}),
    do("remoteBridgeAdd", {"ip": "192.0.2.2", "publicKey": "k", "location": "luna", "noCrypto": True}),
    *map(do, ("locationsList", "clustersList", "remoteBridgesList")),
    do("remoteBridgeRemove", {"ip": "192.0.2.1"}),
    do("remoteBridgeRemove", {"ip": "192.0.2.2"}),
    do("clusterRemove", {"name": "camp"}),
    do("locationRemove", {"location": "luna"}),
]
FAR = [
    do("volumeBackup", {"location": "ffff", "volume": "v", "tags": {"backup": "1"}}),
    do("volumesGroupBackup", {"location": "ffff", "volumes": ["v", "w"]}),
    at("far", "snapshotsList"),
    do("exportsList"),
    later(60),
    at("far", "snapshotsList"),
    do("snapshotsRemoteList"),
    do("snapshotExport", {"snapshot": "s1", "location": "ffff"}),
    do("exportsList"),
    at("far", "snapshotsRemoteList"),
    at("far", "snapshotFromRemote", {"remoteId": "$s1", "remoteLocation": "nsim", "name": "restored"}),
    at("far", "volumeFromRemote", {"remoteId": "$s1", "remoteLocation": "nsim", "name": "volume"}),
    at("far", "volumesList"),
    later(600),
    at("far", "snapshotsRemoteUnexport", {"remoteSnapshots": [{"location": "nsim", "globalSnapshotId": "$s1"}]}),
    do("snapshotExport", {"snapshot": "s1", "location": "ffff"}),
    do("snapshotUnexport", {"snapshot": "s1", "all": True}),
]
NEAR = [
    do("volumeExport", "w", {"cluster": "east"}),
    do("volumeExportsList"),
    at("east", "volumesRemoteList"),
    do("volumeMoveToRemote", "w", {"clusterId": "nsim.c"}),
    multi("volumesList"),
    multi("volumeList", "w"),
    multi("snapshotsList"),
    multi("volumeAcquire", "w", {}),
    multi("attachmentsList"),
    do("volumeCreate", {"name": "x", "template": "t"}),
    do("volumeFreeze", "x", {}),
    do("snapshotMoveToRemote", "x", {"cluster": "east"}),
    at("east", "snapshotsList"),
]
END = [
    do("volumeDelete", "v"),
    newer("volumeDelete", "w", {"onAttached": "detachForce"}),
    do("volumesList"),
    do("placementGroupUpdate", "h", {"addDisks": [103]}),
    do("placementGroupDelete", "h"),
]
ALLOCATION = [
    do("vagList", "%vag v"),
    do("volumeUpdateVag", "clone", {"vagId": "%vag v"}),
    do("snapshotUpdateVag", "s1", {"vagId": "%vag v"}),
    do("vagUpdate", {"vagId": "%name-of-vag v", "targetsCount": 4}),
    do("vagList", "%vag clone"),
]

STORY: List[Step] = [
    *WHO_IS_THERE,
    *PLACES,
    *VOLUMES,
    *SNAPSHOTS,
    *DISKS,
    *BALANCER,
    *ALLOCATION,
    *MAINTENANCE,
    *KVS,
    *ISCSI,
    *REGISTERED,
    *FAR,
    *NEAR,
    *END,
]


def clusters(clock: ManualClock) -> List[Cluster]:
    """Those that play, the near one first."""
    made = [Cluster(clock), Cluster(clock, "east", "nsim.c"), Cluster(clock, "far", "ffff.a")]
    connect(*made)
    return made


def resolved(value: Any, made: List[Cluster]) -> Any:
    """An argument with what it stands for."""
    if isinstance(value, str) and "$" in value:
        before, _, name = value.partition("$")
        return before + _record(made, name).globalId
    if isinstance(value, str) and value.startswith("%"):
        kind, _, name = value[1:].partition(" ")
        record = _record(made, name)
        if kind == "disk":
            return record.diskSets[0][0]
        assert record.vag is not None
        return str(record.vag.id) if kind == "name-of-vag" else record.vag.id
    if isinstance(value, dict):
        return {key: resolved(item, made) for key, item in value.items()}
    return [resolved(item, made) for item in value] if isinstance(value, list) else value


def _record(made: List[Cluster], name: str) -> Record:
    record = made[0].find(name)
    assert record is not None, name
    return record


def plain(value: Any) -> Any:
    """What a call gave, as it would be in JSON."""
    if hasattr(value, "to_json"):
        value = value.to_json()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, set)):
        return [plain(item) for item in (sorted(value) if isinstance(value, set) else value)]
    return value
