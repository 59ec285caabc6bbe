"""What keeps decoding fast and small, told without a clock; and that its short ways end where the long ones do."""

from __future__ import annotations

import gc
import itertools
import json
import subprocess
import sys
import tracemalloc
from typing import Annotated, Any, Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storpool import spapi, sptype, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype import decoder, spType
from storpool.sptypes import VolumeSummary

VOLUME: Dict[str, Any] = {
    "id": 7,
    "parentName": "",
    "templateName": "hybrid",
    "size": 2**30,
    "replication": 3,
    "globalId": "d3x.b.9abc",
    "placeAll": "hdd",
    "placeTail": "ssd",
    "placeHead": "hdd",
    "bw": "-",
    "iops": 1000,
    "limitType": "total",
    "visibleVolumeId": 4294967295,
    "objectsCount": 32,
    "creationTimestamp": 1700000000,
    "tags": {"vm": "i-1"},
    "reuseServer": False,
}


def volumes(count: int, **more: Any) -> List[Dict[str, Any]]:
    """Records as a cluster sends them: none shares a string with another."""
    records = [{**VOLUME, "name": f"vol-{number}", "globalId": f"d3x.b.{number:x}", **more} for number in range(count)]
    parsed: List[Dict[str, Any]] = json.loads(json.dumps(records))
    return parsed


def fresh() -> sptype.Node:
    """A node that has learnt nothing yet."""
    return spType([VolumeSummary])


def fields(made: List[Any]) -> List[Dict[str, Any]]:
    return [each.to_json() for each in made]


def exactly(records: List[Any]) -> List[Dict[str, Any]]:
    """What the exact path makes of records, one by one."""
    return [VolumeSummary.__spnode__.exact(record).to_json() for record in records]


def test_a_long_list_comes_out_as_its_records_one_by_one() -> None:
    records = volumes(3 * decoder._CHUNK + 1)
    assert fields(fresh().handleVal(records)) == exactly(records)


def test_lists_unlike_the_first_come_out_right_and_are_learnt_from() -> None:
    node = fresh()
    node.handleVal(volumes(3, flags=1, clusterName="east", clusterId="a.b"))
    first = node.handleVal
    for records in (volumes(5), volumes(600, reuseServer=None), volumes(300, name="~d3x.b.9abc", clusterId="c.d")):
        assert fields(node.handleVal(records)) == exactly(records)
    assert node.handleVal is not first


def test_a_longer_list_is_learnt_from_where_the_first_was_short() -> None:
    node = fresh()
    for count in (1, 6, 40, 300):
        before = node.handleVal
        assert len(node.handleVal(volumes(count))) == count
        assert node.handleVal != before
    last = node.handleVal
    node.handleVal(volumes(3000))
    assert node.handleVal is last


def test_records_with_and_without_a_field_may_be_mixed() -> None:
    node = fresh()
    mixed = list(itertools.chain(*zip(volumes(200, clusterName="east"), volumes(200, tags=None, flags=3))))
    for _ in range(3):
        assert fields(node.handleVal(mixed)) == exactly(mixed)


@pytest.mark.parametrize("at", [0, 100, 249, 250, 599])
@pytest.mark.parametrize(
    ("field", "bad"),
    [("name", "list"), ("name", "a\nb"), ("name", ""), ("globalId", "a.b"), ("tags", {"a": "é"}), ("placeAll", "a b")],
)
def test_one_bad_record_is_named_and_the_others_are_kept(at: int, field: str, bad: Any) -> None:
    node = fresh()
    records = volumes(600)
    node.handleVal(records)
    records[at][field] = bad
    with pytest.raises(InvalidArgumentError) as caught:
        node.handleVal(records)
    assert f"[{at}].{field}" in str(caught.value)
    assert len(caught.value.partial) == 600
    assert fields(caught.value.partial[:at]) == exactly(records[:at])


def test_what_one_kind_may_have_is_not_taken_for_another_kind() -> None:
    """Records of both kinds are read by the same loop: nothing that is known of one holds for the other."""

    class Up(sptype.JsonObjectImpl):
        up: bool
        state: Annotated[str, sptype.OneOf("UpState", "good", "bad")]

    class Down(sptype.JsonObjectImpl):
        up: bool
        state: Annotated[str, sptype.OneOf("DownState", "gone")]

    kinds = sptype.ToldApart("up", lambda record: 0 if record["up"] else 1)
    node = sptype.annotations.ListNode(sptype.annotations.UnionNode([spType(Up), spType(Down)], kinds))
    good = [{"up": True, "state": "good"}, {"up": False, "state": "gone"}] * 5
    assert [type(each) for each in node.handleVal(good)] == [Up, Down] * 5
    with pytest.raises(InvalidArgumentError, match=r"\[1\].*'good' is not one of 'gone'"):
        node.handleVal([{"up": True, "state": "good"}, {"up": False, "state": "good"}])


def test_objects_share_the_strings_that_come_again_and_no_containers() -> None:
    first, second = fresh().handleVal(volumes(2))
    for name in ("templateName", "placeAll", "limitType"):
        assert getattr(first, name) is getattr(second, name)
    records = volumes(1)
    (made,) = fresh().handleVal(records)
    assert made.tags == records[0]["tags"]
    assert made.tags is not records[0]["tags"]


def test_a_volume_takes_less_than_a_kilobyte() -> None:
    node = fresh()
    data = json.dumps(volumes(3000))
    node.handleVal(json.loads(data))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = node.handleVal(json.loads(data))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # The original takes some 1,700 bytes of the same.
    assert taken / len(made) < 950


@pytest.mark.parametrize("count", [100, 2000])
def test_decoding_makes_no_cyclic_garbage_and_the_collector_does_not_run_meanwhile(count: int) -> None:
    node = fresh()
    records = volumes(count)
    node.handleVal(records)
    runs: List[Any] = []
    gc.collect()
    gc.callbacks.append(note := lambda phase, info: runs.append(info))
    try:
        made = node.handleVal(records)
        # One at the most, when the collector is allowed to run again.
        assert len(runs) <= 2
    finally:
        gc.callbacks.remove(note)
    del made
    assert gc.collect() == 0


REGEXES = [
    constraint
    for name in sorted(sptypes.__all__)
    if hasattr(constraint := getattr(getattr(sptypes, name), "constraint", None), "match_all")
]
NAMES = st.text("ab0-._:~@#* é\nlistau", max_size=12) | st.sampled_from(
    ["list", "status", "~a.b.c", "a.b.c", "0xab", ""]
)


@given(texts=st.lists(NAMES, max_size=6), which=st.sampled_from(REGEXES))
@settings(max_examples=1500, deadline=None)
def test_many_strings_are_good_together_where_each_is_good(texts: List[str], which: Any) -> None:
    limited = which.shorter_than and 10
    constraint = (
        sptype.Name(which.name, which.pattern, limited, which.reserved)
        if limited
        else sptype.Regex(which.name, which.pattern)
    )
    assert constraint.match_all(texts) == all(map(constraint.matches, texts))


@pytest.mark.parametrize("pattern", [r"a[^x]*b", r"a(?s:.)*b", "a\\s*b", "a[\n-z]*b", r"a\W*b"])
def test_patterns_that_match_ends_of_lines_take_no_two_strings_for_one(pattern: str) -> None:
    constraint = sptype.Regex("Odd", pattern)
    assert not constraint.match_all(["a", "b"])
    assert constraint.match_all(["ab", "ab"])


def test_a_class_shows_the_code_that_reads_it() -> None:
    command = [sys.executable, "-m", "storpool.sptype", "show", "VolumeSummary"]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    compile(shown, "shown", "exec")
    assert "v_name" in shown
    assert len(shown.splitlines()) < 150


def test_a_request_is_checked_for_unknown_keys_at_every_depth(caplog: pytest.LogCaptureFixture) -> None:
    sptypes.VolumesReassignWaitDesc({"reassign": [{"volume": "v", "rw": [1]}, {"volume": "w", "wr": [1]}]})
    assert [record.getMessage().split(" ")[0] for record in caplog.records] == [
        "VolumesReassignWaitDesc.reassign[1].wr"
    ]
    assert spapi.CALLS["volumesReassign"].json is not None
    assert spapi.CALLS["volumesReassign"].json.knows([{"volume": "v", "rw": [1]}, {"snapshot": "s", "ro": [2]}])
