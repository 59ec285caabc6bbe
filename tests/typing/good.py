"""What a user writes and both checkers must accept, with the types they must see. Checked, never run."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Optional, Set, Union

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

from storpool import spapi, spcatch, spconfig, spjson, sptype, sptypes

api = spapi.Api(host="127.0.0.1", port=81, auth="42", timeout=10, multiCluster=True)
assert_type(spapi.Api.fromConfig(), spapi.Api)


def read() -> None:
    volumes = api.volumesList()
    assert_type(volumes[0], sptypes.VolumeSummary)
    assert_type(volumes[0].size, int)
    assert_type(volumes[0].name, str)
    assert_type(volumes[0].tags, Optional[Dict[str, str]])
    assert_type(api.volumeInfo("v").objectsCount, int)
    assert_type(api.volumesList(clusterName="other"), List[sptypes.VolumeSummary])
    assert_type(api.placementGroupsList()["ssd"].disks, Set[int])
    assert_type(api.exportsList()["exports"], List[sptypes.Export])
    for number, server in api.servicesList().servers.items():
        assert_type(number, int)
        assert_type(server.running, bool)
        assert_type(server.uptime, Optional[int])


def disks() -> None:
    for disk in api.disksList().values():
        assert_type(disk, Union[sptypes.UpDiskSummary, sptypes.DownDiskSummary])
        assert_type(disk.serverId, int)
        if isinstance(disk, sptypes.UpDiskSummary):
            assert_type(disk, sptypes.UpDiskSummary)
            assert_type(disk.objectsFree, int)
            assert_type(disk.agCount, Optional[int])
        else:
            assert_type(disk, sptypes.DownDiskSummary)


def change() -> None:
    body = sptypes.VolumeCreateDesc(name="v", size=1 << 30, replication=3, tags={"a": "b"})
    assert_type(body.size, Optional[int])
    body.size = 512
    created = api.volumeCreate(body)
    done: bool = created.ok
    print(done)
    assert_type(created.generation, int)
    api.volumeCreate({"name": "v", "size": 512})
    api.volumeCreate(json=body, clusterName="other", returnRawAPIData=False)
    api.volumeUpdate("v", {"tags": {"a": "b"}})
    api.volumeUpdate(volumeName="v", json=sptypes.VolumeUpdateDesc(rename="w"))
    api.volumesReassign([sptypes.VolumeReassignDesc(volume="v", rw=[1]), {"snapshot": "s", "ro": [1]}])
    api.volumesReassign([{"volume": "v", "detach": "all"}])
    api.volumesReassignWait(
        sptypes.VolumesReassignWaitDesc(reassign=[sptypes.SnapshotReassignDesc(snapshot="s", detach=[1, 2])])
    )
    api.iSCSISessionsInfo()
    api.iSCSISessionsInfo({"controllerIds": [1]})
    assert_type(api.kvsTryUpdate("bucket", {"pairs": {}}), bool)
    given: Dict[str, Any] = {"name": "v"}
    sptypes.VolumeCreateDesc(given)
    sptypes.VolumeCreateDesc(given, size=512)


def types() -> None:
    name: sptypes.VolumeName = "v"
    size: sptypes.VolumeSize = 512
    limit: sptypes.Bandwidth = "-"
    limit = 7
    print(name, size, limit)
    api.volumeInfo(name)


@sptype.JsonObject(size=int, note=sptype.maybe(str))
class Own:
    """A class of the user's own."""


class Declared(spjson.JsonObjectImpl):
    """Another, the way the bindings declare theirs."""

    size: int
    note: Optional[str] = None


def own() -> None:
    assert_type(Declared(size=5).note, Optional[str])


def errors() -> None:
    try:
        api.volumeInfo("v")
    except spapi.ApiError as exc:
        assert_type(exc.name, str)
        assert_type(exc.desc, str)
        assert_type(exc.transient, bool)
    except spcatch.InvalidArgumentError as exc:
        assert_type(exc.message, str)


def configuration() -> None:
    config = spconfig.SPConfig(section="node", use_env=False)
    assert_type(config["SP_OURID"], str)
    assert_type(config.get("SP_OURID"), Optional[str])
