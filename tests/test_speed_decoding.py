"""What keeps decoding fast and small, told without a clock; and that its short ways end where the long ones do."""

from __future__ import annotations

import gc
import itertools
import json
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Annotated, Any, Dict, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import payloads

from storpool import spapi, sptype, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype import decoder, spType
from storpool.sptypes import VolumeSummary
from storpool.sptypes.snapshots import SnapshotOrVolumeStatusQuick

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


ODD: List[Any] = [
    *(None, True, False, 0, 1, -1, 2, 511, 512, 2**70, 1.0, 0.5, float("nan"), "", "-", "0", "-1", "10", "list", "a b"),
    *("~a.b.c", "a.b", "a..b", "a\nb", "é", "\ud800", "x" * 199, "x" * 300, [], [1], [None], {}, {"a": "b"}, {"a": 1}),
    *({"a": ""}, {"é": "x"}, {1: "x"}, "up", "true", object(), b"x"),
]


def spoilt(rnd: random.Random, call: str) -> Any:
    """A listing with some records, or all, that are unlike the others."""
    data = json.loads(payloads.reply(call, rnd.choice((1, 2, 5, 20, 60, 300)), rnd.getrandbits(30)))
    records = list(data.values()) if isinstance(data, dict) else data
    for _ in range(rnd.choice((0, 1, 1, 2, 5))):
        field = rnd.choice([*records[0], "clusterName", "clusterId", "unknown", "onVolume"])
        value = rnd.choice(ODD)
        remove = rnd.random() < 0.3
        for record in records if rnd.random() < 0.2 else [rnd.choice(records)]:
            if remove:
                record.pop(field, None)
            else:
                record[field] = value
    return data


def outcome(convert: Any, value: Any) -> Tuple[str, str]:
    """What came of a conversion: the error, and the result or what is left of it."""
    try:
        return "", repr(convert(value))
    except InvalidArgumentError as exc:
        return str(exc), repr(exc.partial)


LISTINGS: Dict[str, List[Any]] = {
    "volumesList": [List[VolumeSummary]],
    "volumesQuickStatus": [
        Dict[str, SnapshotOrVolumeStatusQuick],
        {str: sptype.either(sptypes.SnapshotStatusQuick, sptypes.VolumeStatusQuick)},
    ],
    "disksList": [
        Dict[sptypes.DiskId, sptypes.DiskSummary],
        {int: sptype.either(sptypes.UpDiskSummary, sptypes.DownDiskSummary)},
    ],
}


@pytest.mark.parametrize(("call", "declared"), [(call, each) for call, some in LISTINGS.items() for each in some])
@pytest.mark.parametrize("owned", [False, True])
def test_a_listing_comes_out_as_its_records_one_by_one_whatever_is_in_them(
    call: str, declared: Any, owned: bool
) -> None:
    rnd = random.Random(f"{call} {owned}")
    for _ in range(8):
        node: Any = spType(declared)
        node = node.owning() if owned else node
        for _ in range(5):
            value = spoilt(rnd, call)
            expected = outcome(spType(declared).exact, value)
            assert outcome(node.handleVal, value) == expected


def test_objects_of_a_union_without_a_mark_are_of_the_first_class_that_takes_them() -> None:
    class Named(sptype.JsonObjectImpl):
        name: str
        size: int = 0

    class Sized(sptype.JsonObjectImpl):
        size: int

    node = spType([sptype.either(Named, Sized)])
    given = [{"name": "a", "size": 1}, {"size": 2}, {"name": [], "size": "x"}, {"name": "b"}] * 30
    with pytest.raises(InvalidArgumentError, match=r"^\[2\]") as caught:
        node.handleVal(given)
    assert [type(each) for each in caught.value.partial] == [Named, Sized, Named] * 30


def test_containers_of_a_reply_are_kept_only_if_nobody_else_has_them() -> None:
    class Keeping(spapi.Api):
        reply: Any = None

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.reply

    api = Keeping(host="127.0.0.1", port=80, auth="1")
    api.reply = volumes(3)
    for volume in api.volumesList():
        assert volume.tags is not None
        volume.tags["vm"] = "i-2"
    assert api.reply == volumes(3)
    parsed = volumes(3)
    made = spapi.CALLS["volumesList"].converted(parsed, owned=True)
    assert [each.tags is record["tags"] for each, record in zip(made, parsed)] == [True] * 3


REGEXES = [
    constraint
    for name in sorted(sptypes.__all__)
    if hasattr(constraint := getattr(getattr(sptypes, name), "constraint", None), "match_all")
]
NAMES = st.text("ab0-._:~@#* é\nlistau", max_size=12) | st.sampled_from(
    ["list", "status", "~a.b.c", "a.b.c", "0xab", "", "\ud800"]
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
    assert len(shown.partition("\ndef encode(")[0].splitlines()) < 150


def test_a_request_is_checked_for_unknown_keys_at_every_depth(caplog: pytest.LogCaptureFixture) -> None:
    sptypes.VolumesReassignWaitDesc({"reassign": [{"volume": "v", "rw": [1]}, {"volume": "w", "wr": [1]}]})
    assert [record.getMessage().split(" ")[0] for record in caplog.records] == [
        "VolumesReassignWaitDesc.reassign[1].wr"
    ]
    assert spapi.CALLS["volumesReassign"].json is not None
    assert spapi.CALLS["volumesReassign"].json.knows([{"volume": "v", "rw": [1]}, {"snapshot": "s", "ro": [2]}])
