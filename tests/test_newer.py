"""What the bindings know beyond the original 7.3.0: what other programs already ask of clusters."""

from __future__ import annotations

import inspect
import json
from typing import Any, Dict, List, Optional, Tuple

import pytest

from storpool import spapi, spdoc, spreq, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype import spType

OK = {"ok": True, "generation": 5}
VOLUME = "~aaaa.b.c"


class Told:
    """A transport that notes what is sent, and answers with the data."""

    def __init__(self, data: Any = OK) -> None:
        self.data = data
        self.sent: List[Tuple[str, str, Any]] = []

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        self.sent.append((method, path, body and json.loads(body)))
        return 200, json.dumps({"generation": 1, "data": self.data}).encode()


def api_of(told: Told, **kwargs: Any) -> spapi.Api:
    return spapi.Api("127.0.0.1", 1, "42", transport=told, transientRetries=0, **kwargs)


class TestDeletingAnAttachedVolume:
    def test_the_body_says_what_to_do(self) -> None:
        told = Told()
        api_of(told).volumeDelete("v", json={"onAttached": "detachForce"})
        api_of(told).volumeDelete("v", json=sptypes.VolumeDeleteDesc(onAttached="export"))
        assert [body for _, _, body in told.sent] == [{"onAttached": "detachForce"}, {"onAttached": "export"}]

    def test_calls_written_before_go_the_same_way(self) -> None:
        told = Told()
        assert api_of(told).volumeDelete("v", "there", True) == OK
        assert told.sent == [("POST", "/ctrl/1.0/RemoteCommand/there/VolumeDelete/v", None)]
        assert list(inspect.signature(spapi.Api.volumeDelete).parameters) == [
            "self", "volumeName", "clusterName", "returnRawAPIData", "json",
        ]  # fmt: skip

    @pytest.mark.parametrize("body", [None, {"onAttached": "fail"}])
    def test_the_command_line_takes_a_body_and_needs_none(
        self, body: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = Told()
        monkeypatch.setattr(spreq, "from_config_with_overrides", lambda **_: api_of(told))
        argv = ["storpool_req", "-P", "VolumeDelete", "v", *(["--json", json.dumps(body)] if body else [])]
        monkeypatch.setattr("sys.argv", argv)
        spreq.main()
        assert json.loads(capsys.readouterr().out)["generation"] == 5
        assert told.sent[0][2] == body

    def test_an_unknown_way_is_refused(self) -> None:
        told = Told()
        with pytest.raises(InvalidArgumentError, match=r"onAttached: 'burn'"):
            api_of(told).volumeDelete("v", json={"onAttached": "burn"})
        assert not told.sent


def test_a_revert_may_bring_the_size_back() -> None:
    told = Told()
    api_of(told).volumeRevert("v", {"toSnapshot": "s", "revertSize": True})
    api_of(told).volumeRevert("v", {"toSnapshot": "s"})
    assert [body for _, _, body in told.sent] == [{"toSnapshot": "s", "revertSize": True}, {"toSnapshot": "s"}]


def test_volumes_and_snapshots_come_in_one_reply() -> None:
    told = Told({"volumes": [], "snapshots": []})
    both = api_of(told, multiCluster=True).volumesAndSnapshotsList()
    assert (both.volumes, both.snapshots) == ([], [])
    assert told.sent == [("GET", "/ctrl/1.0/MultiCluster/VolumesAndSnapshotsList", None)]


class TestReassigning:
    def test_a_bare_list_goes_out_as_one(self) -> None:
        told = Told()
        api_of(told).volumesReassignWait([{"volume": "v", "rw": ["1"]}, {"snapshot": "s", "detach": "all"}])
        assert told.sent[0][2] == [
            {"volume": "v", "rw": [1], "force": False},
            {"snapshot": "s", "detach": "all", "force": False},
        ]

    def test_a_key_that_no_change_has_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        api_of(Told()).volumesReassignWait({"reassign": [], "attachTimeOut": 3})
        assert "volumesReassignWait: VolumesReassignWaitDesc.attachTimeOut is not a field" in caplog.text

    def test_a_bad_entry_of_a_bare_list_is_refused(self) -> None:
        told = Told()
        with pytest.raises(InvalidArgumentError, match="a b"):
            api_of(told).volumesReassignWait([{"volume": "a b", "detach": "all"}])
        assert not told.sent

    def test_a_bad_object_is_refused_as_before(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"VolumesReassignWaitDesc\.attachTimeout") as caught:
            api_of(Told()).volumesReassignWait({"reassign": [], "attachTimeout": "soon"})
        assert isinstance(caught.value.partial, sptypes.VolumesReassignWaitDesc)


@pytest.mark.parametrize(
    "cls", ["VolumeCreateDesc", "VolumeUpdateDesc", "VolumeTemplateCreateDesc", "VolumeTemplateUpdateDesc"]
)
def test_what_limits_refer_to_can_be_set(cls: str) -> None:
    made = getattr(sptypes, cls)({"name": "n", "iops": 100, "limitType": "perGiB"})
    assert made.limitType == "perGiB"
    with pytest.raises(InvalidArgumentError, match=r"limitType: 'perMiB'"):
        made.limitType = "perMiB"


@pytest.mark.parametrize("cls", ["VolumeCreateDesc", "VolumeSnapshotDesc", "GroupSnapshotSpec"])
def test_an_empty_name_is_none(cls: str) -> None:
    made = getattr(sptypes, cls)({"volume": "v", "name": ""})
    assert made.name == ""
    with pytest.raises(InvalidArgumentError, match=r"\.name"):
        getattr(sptypes, cls)({"volume": "v", "name": " "})


def test_iscsi_commands_take_volumes_by_global_id() -> None:
    told = Told()
    commands: List[Dict[str, Any]] = [
        {"createTarget": {"volumeName": VOLUME}},
        {"export": {"initiator": "iqn.a", "portalGroup": "g", "volumeName": VOLUME}},
        {"exportDelete": {"initiator": "iqn.a", "portalGroup": "g", "volumeName": VOLUME}},
        {"deleteTarget": {"volumeName": VOLUME}},
    ]
    api_of(told).iSCSIConfigChange({"commands": commands})
    assert told.sent[0][2] == {"commands": commands}


def test_the_conventional_tags_are_taken_and_described() -> None:
    tags = {"qc": "gold", "vc-policy": "", "nvm": "17", "nloc": "one", "virt": "one"}
    assert spType(sptypes.VolumeCreateDesc).handleVal({"tags": tags}).tags == tags
    meaning = spdoc.reference().objects["VolumePolicyDesc"].attrs["tags"].desc
    assert all(f"`{tag}`" in meaning for tag in tags)


@pytest.mark.parametrize("call", ["volumeUpdate", "snapshotUpdate"])
def test_an_empty_name_takes_the_name_away_in_any_cluster(call: str) -> None:
    told = Told({"ok": True, "generation": 3})
    getattr(api_of(told, multiCluster=True), call)(VOLUME, {"rename": "", "tags": {"a": "b"}})
    ((_, path, body),) = told.sent
    assert path == f"/ctrl/1.0/MultiCluster/{spapi.CALLS[call].query.split('/')[0]}/{VOLUME}"
    assert body == {"rename": "", "tags": {"a": "b"}}


def test_a_revert_may_tell_the_new_id() -> None:
    told = Told({"ok": True, "generation": 3, "globalId": "a.b.c"})
    reply = api_of(told).volumeRevert(VOLUME, {"toSnapshot": "s"})
    assert isinstance(reply, spapi.ApiOk) and reply.globalId == "a.b.c"
    assert api_of(Told({"ok": True, "generation": 3})).volumeRevert(VOLUME, {"toSnapshot": "s"}).globalId is None


class TestAllClusters:
    def test_each_cluster_answers_for_itself(self) -> None:
        told = Told(
            {
                "clusters": [
                    {"clusterName": "west", "clusterId": "a.b", "response": {"generation": 3, "data": []}},
                    {"clusterName": "east", "clusterId": "a.c", "error": {"name": "busy", "descr": "no"}},
                    {"clusterName": "odd", "clusterId": "a.d", "response": {"error": {"name": "down", "descr": "x"}}},
                    {"clusterName": "mute", "clusterId": "a.e"},
                    {"clusterName": "mad", "clusterId": "a.f", "response": {"data": 3}},
                ]
            }
        )
        api = api_of(told)
        west, east, odd, mute, mad = api.allClusters(api.volumesList)
        assert told.sent == [("GET", "/ctrl/1.0/MultiCluster/AllClusters/VolumesList", None)]
        assert (west.clusterName, west.clusterId, west.error, west.result) == ("west", "a.b", None, [])
        assert [each.error and each.error.name for each in (east, odd, mute, mad)] == [
            "busy", "down", "unusableReply", "unusableReply",
        ]  # fmt: skip
        with pytest.raises(spapi.ApiError, match="busy: no"):
            east.result
        assert "east" in repr(east)

    @pytest.mark.parametrize("name", ["volumeTemplatesStatus", "clustersList"])
    def test_some_calls_that_do_not_span_clusters_are_answered_by_each(self, name: str) -> None:
        empty: Any = {"clusters": []} if name == "clustersList" else []
        told = Told({"clusters": [{"clusterName": "west", "clusterId": "a.b", "response": {"data": empty}}]})
        api = api_of(told, multiCluster=True)
        (answer,) = api.allClusters(getattr(api, name))
        assert answer.result == empty
        assert told.sent == [("GET", f"/ctrl/1.0/MultiCluster/AllClusters/{spapi.CALLS[name].query}", None)]

    def test_arguments_go_into_the_path(self) -> None:
        told = Told({"clusters": []})
        api = api_of(told, multiCluster=True)
        assert api.allClusters(spapi.Api.volumeList, VOLUME) == []
        assert told.sent[0][1] == f"/ctrl/1.0/MultiCluster/AllClusters/Volume/{VOLUME}"

    @pytest.mark.parametrize("call", [spapi.Api.volumeCreate, spapi.Api.peersList, print, None])
    def test_only_calls_that_read_and_span_clusters_are_taken(self, call: Any) -> None:
        told = Told()
        with pytest.raises(InvalidArgumentError, match=r"^allClusters\.call"):
            api_of(told).allClusters(call)
        assert not told.sent

    @pytest.mark.parametrize("args", [(), ("v", "w"), ("a b",)])
    def test_bad_arguments_are_refused(self, args: Any) -> None:
        told = Told()
        with pytest.raises(InvalidArgumentError, match=r"^volumeList"):
            api_of(told).allClusters(spapi.Api.volumeList, *args)
        assert not told.sent

    @pytest.mark.parametrize("data", [None, 3, [], {}, {"clusters": None}, {"clusters": [3]}])
    def test_a_reply_without_clusters_is_unusable(self, data: Any) -> None:
        with pytest.raises(spapi.UnusableReplyError):
            api_of(Told(data)).allClusters(spapi.Api.volumesList)


def test_what_is_newer_says_so() -> None:
    assert spapi.CALLS["volumesAndSnapshotsList"].since == "7.4.0"
    assert sptypes.VolumeDeleteDesc.__since__ == "7.4.0"
    assert spapi.ApiOkVolumeRevert.__since__ == "7.4.0"
    for cls, field in (
        (sptypes.VolumePolicyDesc, "limitType"),
        (sptypes.VolumeRevertDesc, "revertSize"),
        (sptypes.SnapshotSummary, "snapshot"),
        (sptypes.GroupSnapshotsResult, "ok"),
        (sptypes.AttachmentDesc, "tags"),
        (sptypes.UpDiskSummary, "agFreeNotTrimmed"),
    ):
        assert cls.__spfields__[field].since == "7.4.0"
