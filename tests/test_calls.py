"""Calls: their declarations, those made by hand, and what goes through a transport."""

from __future__ import annotations

import http.client
import inspect
import json
import os
import pickle
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple
from unittest import mock
from urllib.parse import unquote

import pytest

from storpool import spapi, spjson, sptype, sptypes
from storpool.spapi import ApiError, InvalidArgumentError
from storpool.spapi.call import GET, POST, Section


class Told:
    """A transport that keeps what is sent, and answers what it was told to."""

    def __init__(self, data: Any = None, status: int = 200, reply: Any = None) -> None:
        self.sent: List[Tuple[str, str, Optional[str]]] = []
        self.status = status
        self.reply = {"generation": 1, "data": data} if reply is None else reply

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        assert headers == {"Authorization": "Storpool v1:42"}
        self.sent.append((method, path, body))
        return self.status, json.dumps(self.reply).encode()


OK = {"ok": True, "generation": 5}


def api_of(transport: Told, **kwargs: Any) -> Any:
    return spapi.Api("127.0.0.1", 1, "42", transport=transport, transientRetries=0, **kwargs)


class TestSending:
    def test_nulls_are_left_out_at_every_depth(self) -> None:
        told = Told(OK)
        api_of(told).volumesReassignWait({"reassign": [{"volume": "v", "rw": ["1"]}]})
        assert told.sent[0][2] == '{"reassign":[{"volume":"v","rw":[1],"force":false}]}'

    def test_arguments_go_by_position_or_by_name(self) -> None:
        told = Told(OK)
        api = api_of(told, multiCluster=True)
        api.volumeUpdate("v", {"size": 512}, "there")
        api.volumeUpdate(volumeName="v", json=sptypes.VolumeUpdateDesc(size=512), clusterName="there")
        assert told.sent[0] == told.sent[1]
        assert told.sent[0][1] == "/ctrl/1.0/RemoteCommand/there/MultiCluster/VolumeUpdate/v"

    def test_only_calls_that_can_span_clusters_do(self) -> None:
        told = Told([])
        api = api_of(told, multiCluster=True)
        api.volumesList()
        api.tasksList(clusterName="~a.b")
        assert [path for _, path, _ in told.sent] == [
            "/ctrl/1.0/MultiCluster/VolumesList",
            "/ctrl/1.0/RemoteCommand/~a.b/TasksList",
        ]

    def test_the_body_of_a_get_is_in_its_path(self) -> None:
        told = Told({"sessions": []})
        api_of(told).iSCSISessionsInfo({"controllerIds": [1], "msecsTimeout": "5"})
        path, _, query = told.sent[0][1].partition("?json=")
        assert path == "/ctrl/1.0/iSCSISessionsInfo"
        assert json.loads(unquote(query)) == {"msecsTimeout": 5, "controllerIds": [1]}
        assert told.sent[0][2] is None

    def test_an_optional_body_may_be_left_out(self) -> None:
        told = Told(OK)
        api_of(told).volumeFreeze("v")
        assert told.sent[0][2] is None

    def test_what_a_path_cannot_hold_is_encoded(self) -> None:
        told = Told({"name": "b", "version": 1, "pairs": {}})
        api_of(told).kvsGet("#b", "a b/c?é%")
        assert told.sent[0][1] == "/ctrl/1.0/KV/Get/#b/a%20b%2Fc%3F%C3%A9%25"

    @pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "a\r\nb", "?"])
    def test_a_bad_cluster_name_is_refused(self, name: Any) -> None:
        told = Told([])
        with pytest.raises(InvalidArgumentError, match="clusterName"):
            api_of(told).tasksList(clusterName=name)
        assert not told.sent

    @pytest.mark.parametrize("port", ["x", 0, 65536, None, "80x", 1e9])
    def test_a_bad_port_is_refused(self, port: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^Api\.port"):
            spapi.Api(port=port)

    @pytest.mark.parametrize("token", ["a\nb", "a\r", "\x00", "č"])
    def test_a_token_that_http_cannot_carry_is_refused_and_not_shown(self, token: str) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^Api\.auth") as caught:
            spapi.Api(auth=token)
        assert token not in str(caught.value)

    def test_a_port_may_be_a_string(self) -> None:
        assert "port=81" in repr(spapi.Api(port="81"))


class TestReplies:
    def test_raw_data_comes_back_as_it_is(self) -> None:
        assert api_of(Told([{"x": 1}])).volumesList(returnRawAPIData=True) == [{"x": 1}]

    def test_what_is_readable_is_the_result(self) -> None:
        (task,) = api_of(Told([{"diskId": 1, "transactionId": "x"}, 7])).tasksList()
        assert (task.diskId, task.transactionId) == (1, None)

    def test_data_of_no_likeness_is_an_error_of_both_kinds(self) -> None:
        with pytest.raises(ApiError) as caught:
            api_of(Told(-7)).servicesList()
        assert isinstance(caught.value, InvalidArgumentError)
        assert caught.value.name == "unusableReply"
        assert "servicesList" in str(pickle.loads(pickle.dumps(caught.value)))

    def test_an_error_may_come_with_status_200(self) -> None:
        reply = {"error": {"name": "busy", "descr": "wait", "transient": False}}
        with pytest.raises(ApiError, match=r"^busy: wait$") as caught:
            api_of(Told(reply=reply)).volumeDelete("v")
        assert (caught.value.status, caught.value.json) == (200, reply)

    def test_a_lost_race_for_a_key_is_false(self) -> None:
        change = {"runIfVersionIs": 1, "set": {"a": "b"}}
        lost = {"error": {"name": "runIfVersionIsMismatch", "descr": ""}}
        assert api_of(Told(OK)).kvsTryUpdate("b", change) is True
        assert api_of(Told(reply=lost, status=409)).kvsTryUpdate("b", change) is False
        with pytest.raises(ApiError, match="busy"):
            api_of(Told(reply={"error": {"name": "busy"}}, status=409)).kvsTryUpdate("b", change)


class TestErrors:
    def test_missing_keys_read_so(self) -> None:
        for reply in ({"error": {}}, {}, None):
            assert str(ApiError(400, reply)) == "<Missing error name>: <Missing error description>"
        assert ApiError(400, {"error": "all broken"}).desc == "all broken"

    def test_made_without_arguments_and_filled_in(self) -> None:
        error = ApiError.__new__(ApiError)
        error.name, error.desc = "n", "d"
        assert str(error) == "n: d"

    def test_pickles(self) -> None:
        error = ApiError(409, {"error": {"name": "busy", "descr": "wait", "transient": True}})
        again = pickle.loads(pickle.dumps(error))
        assert vars(again) == vars(error)


class TestByHand:
    def test_a_call_is_made_of_its_parts(self) -> None:
        made = spapi._API_METHOD("POST", True, "Thing/{diskId}", [spapi.DiskId], sptypes.VolumeCreateDesc, spapi.ApiOk)
        assert (made.method, made.path, made.types) == ("POST", "/ctrl/1.0/MultiCluster/Thing/{diskId}", {})
        assert [(each._name, each._type.name) for each in made.args] == [("diskId", "DiskID")]
        assert made.json is not None
        assert made.json.name == "VolumeCreateDesc"
        assert made.doc("Do it", "More.") is made
        assert made.spDoc.name == "Do it"

    def test_the_function_validates_asks_and_converts(self) -> None:
        function = spapi._API_METHOD("GET", True, "Thing/{x}", [spapi._API_ARG("x", int)], None, [str]).compile()
        api = mock.Mock(return_value=[1, 2])
        assert inspect.isfunction(function)
        assert function(api, "07", clusterName="c") == ["1", "2"]
        assert api.call_args == mock.call("GET", True, "Thing/7", None, clusterName="c")
        with pytest.raises(InvalidArgumentError, match=r"\.x: 'y' is not an integer"):
            function(api, "y")
        assert api.call_count == 1

    def test_users_put_calls_on_the_class(self, monkeypatch: pytest.MonkeyPatch) -> None:
        argument = spapi._API_ARG("x", int)
        call = spapi.GET("Query/{x}", argument, json=sptype.maybe({"a": int}), returns=[str], multiCluster=True)
        monkeypatch.setattr(spapi.Api, "myCall", call, raising=False)
        told = Told(["a"])
        api = api_of(told, multiCluster=True)
        assert api.myCall(7) == ["a"]
        assert spapi.Api.myCall(api, "8", json={"a": "1"}) == ["a"]  # type: ignore[attr-defined]
        assert [unquote(path) for _, path, _ in told.sent] == [
            "/ctrl/1.0/MultiCluster/Query/7",
            '/ctrl/1.0/MultiCluster/Query/8?json={"a":1}',
        ]

    def test_the_names_of_old_arguments(self) -> None:
        names = {name: getattr(spapi, name)._name for name in ("VagId", "VolumeTemplateName", "BucketName", "KeyName")}
        assert names == {
            "VagId": "vagName",
            "VolumeTemplateName": "templateName",
            "BucketName": "bucketName",
            "KeyName": "keyName",
        }

    def test_paths_and_nulls(self) -> None:
        assert spapi._format_path("X", False) == "/ctrl/1.0/X"
        assert spapi._format_path("X", True, "c") == "/ctrl/1.0/RemoteCommand/c/MultiCluster/X"
        assert spapi.clear_none({"a": None, "b": [None, {"c": None}], "d": {2, 1}}) == {"b": [{}], "d": [1, 2]}

    def test_connections_are_looked_up_when_they_are_made(self) -> None:
        with mock.patch("http.client.HTTPConnection") as connection:
            response = connection.return_value.getresponse.return_value
            response.status, response.read.return_value = 200, b'{"data": [], "generation": 1}'
            api = spapi.Api("h", 81, "t", source="1.2.3.4", timeout=7)
            assert api.volumesList() == api.volumesList() == []
        assert connection.call_args_list == [mock.call("h", 81, timeout=7, source_address=("1.2.3.4", 0))] * 2
        request = mock.call("GET", "/ctrl/1.0/VolumesList", None, {"Authorization": "Storpool v1:t"})
        assert connection.return_value.request.call_args_list == [request] * 2
        assert connection.return_value.close.call_count == 2


class TestOldNames:
    """What programs and test suites written for the original reach for."""

    def test_a_call_has_its_name_and_its_entry_of_the_reference(self) -> None:
        for call in (spapi.Api.volumesList, api_of(Told()).volumesList):
            assert (call.func_name, call.__name__) == ("volumesList", "volumesList")  # type: ignore[attr-defined]
            doc = call.spDoc  # type: ignore[attr-defined]
            assert (doc.name, doc.method, doc.query) == ("List the volumes of the cluster", "GET", "VolumesList")
            assert doc.path == "/ctrl/1.0/MultiCluster/VolumesList"
        assert spapi.Api.tasksList.spDoc.path == "/ctrl/1.0/TasksList"  # type: ignore[attr-defined]

    def test_so_has_a_call_that_is_put_on_the_class(self, monkeypatch: pytest.MonkeyPatch) -> None:
        call = spapi.GET("Query/{x}", spapi._API_ARG("x", int), returns=int, multiCluster=True).doc("Ask", "")
        monkeypatch.setattr(spapi.Api, "myCall", call, raising=False)
        for method in (spapi.Api.myCall, api_of(Told()).myCall):  # type: ignore[attr-defined]
            assert (method.func_name, method.spDoc.name) == ("Query", "Ask")
            assert method.spDoc.path == "/ctrl/1.0/MultiCluster/Query/{x}"

    def test_paths_of_the_document_are_those_of_the_calls(self) -> None:
        documented = {call.call: call.path for section in spapi.Api.spDoc.sections for call in section.calls}
        assert documented == {
            name: spapi._format_path(call.query, call.multiCluster) for name, call in spapi.CALLS.items()
        }

    def test_modules_stand_where_suites_patch_them(self) -> None:
        assert (spapi.http, spapi.time, spapi.js) == (http.client, time, spjson)

    def test_the_pause_of_a_retry_is_that_of_a_patched_module(self) -> None:
        transport = mock.Mock(**{"send.side_effect": ConnectionRefusedError})
        with mock.patch("storpool.spapi.time") as patched, pytest.raises(ConnectionRefusedError):
            spapi.Api(transport=transport, transientRetries=2, transientSleep=lambda n: 100 + n).volumesList()
        assert patched.mock_calls == [mock.call.sleep(100), mock.call.sleep(101)]

    @pytest.mark.parametrize("use_env", [True, False])
    def test_from_config_reads_with_the_class_that_stands_in_spapi(self, use_env: bool) -> None:
        with mock.patch("storpool.spapi.SPConfig") as reader:
            reader.return_value = {"SP_API_HTTP_HOST": "h", "SP_API_HTTP_PORT": "81", "SP_AUTH_TOKEN": "t"}
            assert "host='h', port=81" in repr(spapi.Api.fromConfig(use_env=use_env))
        assert reader.mock_calls == [mock.call(use_env=use_env)]

    def test_constants(self) -> None:
        states = ["OK", "UNDEF", "OUTDATED", "IN_RECOVERY", "WAITING_FOR_VERSION", "WAITING_FOR_DISK", "WAIT_IDLE"]
        states += ["DATA_NOT_PRESENT", "DATA_LOST", "WAINING_FOR_CHAIN"]
        for name in (f"OBJECT_{state}" for state in states):
            assert getattr(sptypes, name) == name
        assert (spjson.INDENT, spjson.SEPARATORS, spjson.SORT_KEYS) == (None, (",", ":"), False)


class TestDeclaring:
    def test_parameters_must_be_those_of_the_path(self) -> None:
        def wrong(self: Any, b: int, clusterName: Any = None, returnRawAPIData: bool = False) -> int: ...

        with pytest.raises(TypeError, match="are not those of"):
            GET("Query/{a}")(wrong)

    def test_a_call_ends_in_the_common_parameters(self) -> None:
        def wrong(self: Any, a: int) -> int: ...

        with pytest.raises(TypeError, match="after its path arguments"):
            POST("Query/{a}")(wrong)

    def test_a_new_call_is_one_function(self) -> None:
        class Mine(Section):
            @GET("Mine/{a}")
            def mineList(self, a: int, clusterName: Any = None, returnRawAPIData: bool = False) -> List[int]:  # type: ignore[empty-body]
                """List mine."""

        class MyApi(Mine, spapi.Client):
            pass

        try:
            told = Told(["1"])
            assert MyApi("h", 1, "42", transport=told).mineList(3) == [1]
            assert told.sent == [("GET", "/ctrl/1.0/Mine/3", None)]
            assert spapi.CALLS["mineList"].title == "List mine"
        finally:
            del spapi.CALLS["mineList"]

    def test_methods_show_their_signatures(self) -> None:
        assert list(inspect.signature(spapi.Api.volumeUpdate).parameters) == [
            "self",
            "volumeName",
            "json",
            "clusterName",
            "returnRawAPIData",
        ]


class TestDevices:
    def test_waits_for_the_link_to_come_and_to_go(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spapi, "SP_DEV_PATH", f"{tmp_path}/")
        api = api_of(Told())
        link = tmp_path / "v"
        threading.Timer(0.05, os.symlink, ("/dev/null", link)).start()
        started = time.monotonic()
        api.volumeDevLinkWait("v", True, pollTime=0.01, maxTime=10)
        assert link.is_symlink()
        assert time.monotonic() - started < 5
        threading.Timer(0.05, link.unlink).start()
        api.volumeDevLinkWait("v", False, pollTime=0.01, maxTime=10)
        assert not link.is_symlink()
