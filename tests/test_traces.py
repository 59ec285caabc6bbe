"""What a result lacks of its reply is told at debug level: a line for each call, with counts."""

from __future__ import annotations

import contextlib
import logging
from typing import Any, Dict, List
from unittest import mock

import pytest
from canned import Canned, api_of

from storpool.spapi import ApiError
from storpool.sptype.nodes import Collection

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


def lines_of(data: Any, caplog: pytest.LogCaptureFixture, level: int, call: str = "volumesList") -> List[str]:
    caplog.set_level(level, "storpool.spapi")
    with contextlib.suppress(ApiError):
        getattr(api_of(Canned(data)), call)()
    lines = [record.getMessage() for record in caplog.records if record.name == "storpool.spapi"]
    return [line for line in lines if " in " not in line]


@pytest.mark.parametrize("msgspec", [True, False], ids=["with msgspec", "by the nodes"])
def test_fields_that_do_not_fit_are_counted(
    msgspec: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
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
    (line,) = lines_of(listed, caplog, logging.DEBUG)
    assert line == (
        "volumesList: of the reply these do not fit, and are dropped or null: "
        "[].replication (2: 7 is not an integer from 1 to 3), [].newer (1: is not a field), [].size (1: is missing)"
    )


def test_what_fits_leaves_none(caplog: pytest.LogCaptureFixture) -> None:
    assert lines_of([VOLUME] * 9, caplog, logging.DEBUG) == []


def test_above_debug_nothing_is_looked_for(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storpool.spapi.call.summary_of_irregular", mock.Mock(side_effect=AssertionError))
    assert lines_of([{**VOLUME, "replication": 7}], caplog, logging.INFO) == []


def test_a_reply_of_no_use_leaves_one(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = lines_of(7, caplog, logging.DEBUG)
    assert line.endswith("all of it (1: 7 is not a list, each item a VolumeSummary, or a mapping with its fields)")


def test_a_record_is_of_the_class_that_its_discriminator_says(caplog: pytest.LogCaptureFixture) -> None:
    disk = {"id": 1, "serverId": 1, "generationLeft": -1, "agCount": "many"}
    (line,) = lines_of({"1": disk}, caplog, logging.DEBUG, "disksList")
    assert "[].agCount (1: 'many' is not an integer)" in line
    assert "[].model (1: is missing)" in line


def test_a_line_does_not_grow_without_bounds(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = lines_of([{**VOLUME, f"new{n}": n} for n in range(1000)], caplog, logging.DEBUG)
    assert "and 980 places more" in line
    assert len(line) < 2000
