"""What calls refuse of their arguments, and what they tell of a reply that does not fit."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any, Dict, List
from unittest import mock

import pytest
from test_calls import OK, Told, api_of

from storpool import spapi, sptype, sptypes
from storpool.spapi import ApiError, InvalidArgumentError
from storpool.sptype.nodes import Collection


def texts_of(told: Told) -> List[Any]:
    return [body for _, _, body in told.sent]


class TestDoubtfulArguments:
    """A request changes something: what Python would make of a value, and its author did not mean, is refused."""

    @pytest.mark.parametrize("msgspec", [True, False], ids=["with msgspec", "by the nodes"])
    @pytest.mark.parametrize("text", ["no", "off", "0", "yes", "", "1", "null", b"false", bytearray(b"true"), b""])
    def test_text_is_no_truth_value(self, text: Any, msgspec: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        told = Told(OK)
        api = api_of(told)
        if not msgspec:
            monkeypatch.setattr(Collection, "reader", None)
        with pytest.raises(InvalidArgumentError, match=r"^VolumeReassignDesc\.force: .* is neither true nor false"):
            api.volumesReassignWait({"reassign": [sptypes.VolumeReassignDesc(volume="v", detach="all", force=text)]})
        many = [{"volume": "v"}] * 8
        with pytest.raises(InvalidArgumentError, match=r"\.reassign\[8\].* is neither true nor false"):
            api.volumesReassignWait({"reassign": [*many, {"volume": "v", "detach": "all", "force": text}]})
        assert not told.sent

    @pytest.mark.parametrize(
        ("given", "sent"), [("true", True), ("False", False), (1, True), (0, False), (None, False)]
    )
    def test_what_is_clearly_true_or_false_is_taken(self, given: Any, sent: bool) -> None:
        told = Told(OK)
        api_of(told).volumesReassignWait({"reassign": [{"volume": "v", "force": given}]})
        assert json.loads(texts_of(told)[0]) == {"reassign": [{"volume": "v", "force": sent}]}

    @pytest.mark.parametrize("msgspec", [True, False], ids=["with msgspec", "by the nodes"])
    @pytest.mark.parametrize(
        "number",
        [1073741824.5, Decimal("1073741824.5"), Fraction(3, 2), b"1073741824", bytearray(b"512"), memoryview(b"512")],
        ids=repr,
    )
    def test_no_fraction_is_cut_and_no_bytes_are_a_number(
        self, number: Any, msgspec: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = Told(OK)
        api = api_of(told)
        if not msgspec:
            monkeypatch.setattr(Collection, "reader", None)
        with pytest.raises(InvalidArgumentError, match=r"^VolumeUpdateDesc\.size: .* is not an integer"):
            api.volumeUpdate("v", {"size": number})
        with pytest.raises(
            InvalidArgumentError, match=r"^iSCSIControllersQuery\.controllerIds\[8\]: .* not an integer"
        ):
            api.iSCSISessionsInfo({"controllerIds": [*range(8), number]})
        with pytest.raises(InvalidArgumentError, match=r"^diskInfo\.diskId: .* is not an integer"):
            api.diskInfo(number)
        with pytest.raises(InvalidArgumentError, match=r"^VolumeUpdateDesc\.replication: .* is not an integer"):
            sptypes.VolumeUpdateDesc().replication = number
        assert not told.sent

    @pytest.mark.parametrize("number", [1073741824.0, "1073741824", Decimal(1073741824), Fraction(2**30)])
    def test_whole_numbers_are_taken_whatever_their_class(self, number: Any) -> None:
        told = Told(OK)
        api_of(told).volumeUpdate("v", {"size": number})
        assert texts_of(told) == ['{"size":1073741824}']

    def test_bytes_are_no_text(self) -> None:
        told = Told(OK)
        call = spapi.POST("Thing/{x}", spapi._API_ARG("x", str), json={"note": str})
        with pytest.raises(InvalidArgumentError, match=r"b'a' is not a string"):
            call.compile()(api_of(told), b"a", {"note": "n"})
        with pytest.raises(InvalidArgumentError, match=r"b'n' is not a string"):
            call.compile()(api_of(told), "a", {"note": b"n"})
        assert not told.sent

    def test_replies_are_read_as_the_original_reads_them(self) -> None:
        record = {"nodeId": 1.5, "started": 0, "duration": "1", "description": "", "overrun": "no"}
        (node,) = api_of(Told({"nodes": [record]})).maintenanceList().nodes
        assert (node.nodeId, node.duration, node.overrun) == (1, 1, True)
        assert sptype.spType(bool).handleVal("false") is True
        assert sptype.spType(int).handleVal(1.5) == 1

    def test_a_refused_call_leaves_replies_lenient(self) -> None:
        api = api_of(Told([{"diskId": 1.5}]))
        with pytest.raises(InvalidArgumentError):
            api.diskInfo(1.5)
        assert api.tasksList()[0].diskId == 1

    def test_one_thread_may_read_a_reply_while_another_makes_a_request(self) -> None:
        entered, finish = threading.Event(), threading.Event()

        class Slow:
            def __int__(self) -> int:
                entered.set()
                assert finish.wait(10)
                return 1

        thread = threading.Thread(target=lambda: sptypes.VolumeUpdateDesc({"replication": Slow()}))
        thread.start()
        try:
            assert entered.wait(10)
            assert sptype.spType(bool).handleVal("no") is True
        finally:
            finish.set()
            thread.join()


class TestLoneSurrogates:
    """What a file name with bytes that are no UTF-8 has in it; no encoding carries it."""

    @pytest.mark.parametrize(
        ("call", "args", "place"),
        [
            ("maintenanceSet", [{"nodeId": 1, "duration": 1, "description": "a\udc80"}], ".description"),
            ("kvsUpdate", ["b", {"set": {"k": "\ud800"}, "runIfVersionIs": 1}], ".set.k"),
            ("kvsUpdate", ["b", {"set": {"\udfff": "v"}, "runIfVersionIs": 1}], ".set.<key '\\udfff'>"),
            ("kvsUpdate", ["b", {"set": {"k": "\ude00\ud83d"}, "runIfVersionIs": 1}], ".set.k"),
        ],
    )
    def test_a_body_with_one_is_refused(self, call: str, args: List[Any], place: str) -> None:
        told = Told(OK)
        with pytest.raises(InvalidArgumentError) as caught:
            getattr(api_of(told), call)(*args)
        assert str(caught.value).startswith(f"{call}.json{place}: ")
        assert "cannot be sent" in str(caught.value)
        str(caught.value).encode()
        assert not told.sent

    def test_a_path_with_one_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^kvsGet\.keyName: '\\udc80' cannot be sent"):
            api_of(Told(OK)).kvsGet("b", "\udc80")

    def test_a_request_by_hand_with_one_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^json\[1\]\.a: '\\udc80' cannot be sent"):
            api_of(Told(OK))("POST", False, "X", ["ok", {"a": "\udc80"}])

    def test_keys_of_free_form_are_shown_as_keys(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^json\['a b'\]: "):
            api_of(Told(OK))("POST", False, "X", {"a b": "\udc80"})

    @pytest.mark.parametrize("text", ["😀", "\\ud800", "\\\\ud83d", "é", "\ud7ff"])
    def test_other_text_goes_as_it_is(self, text: str) -> None:
        told = Told(OK)
        api_of(told).maintenanceSet({"nodeId": 1, "duration": 1, "description": text})
        assert json.loads(texts_of(told)[0])["description"] == text


class TestForeignErrors:
    def test_an_error_of_somebody_else_while_a_path_is_written_is_not_a_bad_argument(self) -> None:
        class Key(str):
            def isascii(self) -> bool:
                raise ValueError("from a signal handler")

            def __str__(self) -> str:
                return self

        call = spapi.GET("Thing/{x}", spapi._API_ARG("x", Key), returns=int)
        with pytest.raises(ValueError, match=r"^from a signal handler$"):
            call.compile()(api_of(Told(1)), "k")


VOLUME: Dict[str, Any] = {
    "id": 7,
    "parentName": "",
    "templateName": "",
    "size": 512,
    "replication": 3,
    "globalId": "a.b.c",
    "name": "v",
    "placeAll": "hdd",
    "placeTail": "hdd",
    "placeHead": "hdd",
    "bw": "-",
    "iops": "-",
    "limitType": "total",
    "visibleVolumeId": 1,
    "objectsCount": 1,
    "creationTimestamp": 1,
    "tags": {},
    "reuseServer": False,
}


class TestTraces:
    """What a result lacks of its reply is told at debug level."""

    def lines_of(self, data: Any, caplog: pytest.LogCaptureFixture, level: int, call: str = "volumesList") -> List[str]:
        caplog.set_level(level, "storpool.spapi")
        with contextlib.suppress(ApiError):
            getattr(api_of(Told(data)), call)()
        lines = [record.getMessage() for record in caplog.records if record.name == "storpool.spapi"]
        return [line for line in lines if " in " not in line]

    @pytest.mark.parametrize("msgspec", [True, False], ids=["with msgspec", "by the nodes"])
    def test_fields_that_do_not_fit_are_counted(
        self, msgspec: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not msgspec:
            monkeypatch.setattr(Collection, "reader", None)
        lacking = {name: value for name, value in VOLUME.items() if name != "size"}
        listed = [
            VOLUME,
            {**VOLUME, "replication": 7, "newer": 1},
            {**VOLUME, "replication": 9},
            lacking,
        ]
        (line,) = self.lines_of(listed, caplog, logging.DEBUG)
        assert line == (
            "volumesList: of the reply these do not fit, and are dropped or null: "
            "[].replication (2: 7 is not an integer from 1 to 3), [].newer (1: is not a field), [].size (1: is missing)"
        )

    def test_what_fits_leaves_none(self, caplog: pytest.LogCaptureFixture) -> None:
        assert self.lines_of([VOLUME] * 9, caplog, logging.DEBUG) == []

    def test_above_debug_nothing_is_looked_for(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("storpool.spapi.call.summary_of_irregular", mock.Mock(side_effect=AssertionError))
        assert self.lines_of([{**VOLUME, "replication": 7}], caplog, logging.INFO) == []

    def test_a_reply_of_no_use_leaves_one(self, caplog: pytest.LogCaptureFixture) -> None:
        (line,) = self.lines_of(7, caplog, logging.DEBUG)
        assert line.endswith("all of it (1: 7 is not a list, each item a VolumeSummary, or a mapping with its fields)")

    def test_a_record_is_of_the_class_that_its_discriminator_says(self, caplog: pytest.LogCaptureFixture) -> None:
        disk = {"id": 1, "serverId": 1, "generationLeft": -1, "agCount": "many"}
        (line,) = self.lines_of({"1": disk}, caplog, logging.DEBUG, "disksList")
        assert "[].agCount (1: 'many' is not an integer)" in line
        assert "[].model (1: is missing)" in line

    def test_a_line_does_not_grow_without_bounds(self, caplog: pytest.LogCaptureFixture) -> None:
        (line,) = self.lines_of([{**VOLUME, f"new{n}": n} for n in range(1000)], caplog, logging.DEBUG)
        assert "and 980 places more" in line
        assert len(line) < 2000
