"""Reading with msgspec gives what the nodes give, whatever stands in a listing; and what keeps it fast and small."""

from __future__ import annotations

import gc
import itertools
import json
import random
import subprocess
import sys
import threading
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
from storpool.sptype import fast, record_plans, spType
from storpool.sptype.nodes import IRREGULAR, Collection
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


@pytest.fixture(autouse=True)
def with_msgspec() -> None:
    assert sptype.use_msgspec()


def fresh() -> Any:
    """Return a node that has seen nothing yet."""
    return spType([VolumeSummary])


def fields(made: List[Any]) -> List[Dict[str, Any]]:
    return [volume.to_json() for volume in made]


def by_nodes(records: List[Any]) -> List[Dict[str, Any]]:
    """Return what the nodes make of records, one by one."""
    return [VolumeSummary.__spnode__.convert_collecting(record).to_json() for record in records]


def reply(data: Any) -> bytes:
    return json.dumps({"generation": 1, "data": data}).encode()


def test_a_long_list_comes_out_as_its_records_one_by_one() -> None:
    records = volumes(3 * record_plans._CHUNK + 1)
    assert fields(fresh().handleVal(records)) == by_nodes(records)
    assert fields(fresh().reader.decode(reply(records))) == by_nodes(records)


def test_lists_of_all_lengths_are_read_by_msgspec() -> None:
    node = fresh()
    for count in (0, 1, 2, 300):
        assert fields(node.reader.decode(reply(volumes(count)))) == by_nodes(volumes(count))


def test_records_with_and_without_a_field_may_be_mixed() -> None:
    node = fresh()
    mixed = list(itertools.chain(*zip(volumes(200, clusterName="east"), volumes(200, tags=None, flags=3))))
    assert fields(node.handleVal(mixed)) == by_nodes(mixed)
    assert fields(node.reader.decode(reply(mixed))) == by_nodes(mixed)


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
    assert fields(caught.value.partial[:at]) == by_nodes(records[:at])
    assert fields(node.reader.decode(reply(records))) == fields(caught.value.partial)


def by_node_counted(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """Return a list that grows with each record that is left to the nodes."""
    seen: List[Any] = []
    by_node = fast._by_node

    def counted(node: Any, raw: Any) -> Any:
        seen.append(raw)
        return by_node(node, raw)

    monkeypatch.setattr(fast, "_by_node", counted)
    return seen


@pytest.mark.parametrize("value", ["ec", None, 2.5, [1], {"a": 1}])
def test_a_field_that_no_declaration_takes_makes_no_record_slow(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = by_node_counted(monkeypatch)
    node = fresh()
    records = volumes(300, replication=value)
    for _ in range(2):
        made = node.reader.decode(reply(records))
        assert [volume.replication for volume in made] == [None] * 300 if value != 2.5 else [2] * 300
        assert [volume.name for volume in made] == [record["name"] for record in records]
    assert not seen


def test_a_record_that_is_no_object_is_left_out_and_the_others_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = by_node_counted(monkeypatch)
    made = fresh().reader.decode(reply([*volumes(100), 5, "x", True, *volumes(100)]))
    assert fields(made) == by_nodes(volumes(100)) * 2
    assert len(seen) == 3


def test_threads_that_meet_irregular_records_at_once_all_get_theirs() -> None:
    node = fresh()
    node.reader.decode(reply(volumes(3)))
    names = ["replication", "size", "objectsCount", "creationTimestamp", "iops", "bw", "name", "tags"]
    replies = [reply(volumes(60, **{name: [1]})) for name in names]
    expected = [fields(fresh().reader.decode(payload)) for payload in replies]
    found: List[Any] = [None] * len(replies)
    together = threading.Barrier(len(replies))

    def read(index: int) -> None:
        together.wait()
        for _ in range(5):
            found[index] = fields(node.reader.decode(replies[index]))
            assert found[index] == expected[index]

    threads = [threading.Thread(target=read, args=(index,)) for index in range(len(replies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_what_one_kind_may_have_is_refused_in_another() -> None:

    class Up(sptype.JsonObjectImpl):
        up: bool
        state: Annotated[str, sptype.OneOf("UpState", "good", "bad")]

    class Down(sptype.JsonObjectImpl):
        up: bool
        state: Annotated[str, sptype.OneOf("DownState", "gone")]

    kinds = sptype.Discriminator("up", lambda record: 0 if record["up"] else 1)
    node = sptype.annotations.ListNode(sptype.annotations.UnionNode([spType(Up), spType(Down)], kinds))
    good = [{"up": True, "state": "good"}, {"up": False, "state": "gone"}] * 5
    assert [type(record) for record in node.handleVal(good)] == [Up, Down] * 5
    with pytest.raises(InvalidArgumentError, match=r"\[1\].*'good' is not one of 'gone'"):
        node.handleVal([{"up": True, "state": "good"}, {"up": False, "state": "good"}])


def test_objects_share_the_strings_that_come_again_and_no_containers() -> None:
    first, second = fresh().reader.decode(reply(volumes(2)))
    for name in ("templateName", "placeAll", "limitType"):
        assert getattr(first, name) is getattr(second, name)
    records = volumes(1)
    (made,) = fresh().handleVal(records)
    assert made.tags == records[0]["tags"]
    assert made.tags is not records[0]["tags"]


def test_a_volume_takes_less_than_a_kilobyte() -> None:
    reader = fresh().reader
    data = reply(volumes(3000))
    reader.decode(data)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = reader.decode(data)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # The original takes some 1,700 bytes of the same.
    assert taken / len(made) < 950


@pytest.mark.parametrize("count", [100, 2000])
def test_decoding_makes_no_cyclic_garbage_and_the_collector_does_not_run_meanwhile(count: int) -> None:
    reader = fresh().reader
    data = reply(volumes(count))
    reader.decode(data)
    runs: List[Any] = []
    gc.collect()
    gc.callbacks.append(note := lambda phase, info: runs.append(info))
    try:
        made = reader.decode(data)
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


def corrupted(rnd: random.Random, call: str) -> Any:
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


CASES = [(call, declared) for call, declarations in LISTINGS.items() for declared in declarations]


@pytest.mark.parametrize(("call", "declared"), CASES)
def test_a_parsed_listing_comes_out_as_its_records_one_by_one_whatever_is_in_them(call: str, declared: Any) -> None:
    rnd = random.Random(call)
    for _ in range(6):
        node: Any = spType(declared)
        for _ in range(5):
            value = corrupted(rnd, call)
            expected = outcome(spType(declared).convert_collecting, value)  # type: ignore[attr-defined]
            assert outcome(node.handleVal, value) == expected


@pytest.mark.parametrize(("call", "declared"), CASES)
def test_a_reply_comes_out_as_its_records_one_by_one_whatever_is_in_them(call: str, declared: Any) -> None:
    rnd = random.Random(call)
    read = 0
    for _ in range(6):
        node: Any = spType(declared)
        for _ in range(8):
            try:
                payload = reply(corrupted(rnd, call))
            except TypeError:
                continue  # an oddity that no JSON can hold
            data = json.loads(payload)["data"]
            found = node.reader.decode(payload)
            read += found is not IRREGULAR
            if found is not IRREGULAR:
                assert repr(found) == outcome(spType(declared).convert_collecting, data)[1]  # type: ignore[attr-defined]
    assert read > 20


def test_objects_of_a_union_without_a_discriminator_are_of_the_first_class_that_takes_them() -> None:
    class Named(sptype.JsonObjectImpl):
        name: str
        size: int = 0

    class Sized(sptype.JsonObjectImpl):
        size: int

    node = spType([sptype.either(Named, Sized)])
    given = [{"name": "a", "size": 1}, {"size": 2}, {"name": [], "size": "x"}, {"name": "b"}] * 30
    with pytest.raises(InvalidArgumentError, match=r"^\[2\]") as caught:
        node.handleVal(given)
    assert [type(record) for record in caught.value.partial] == [Named, Sized, Named] * 30


def test_containers_of_parsed_data_are_copied() -> None:
    class Keeping(spapi.Api):
        reply: Any = None

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.reply

    api = Keeping(host="127.0.0.1", port=80, auth="1")
    for count in (3, 300):
        api.reply = volumes(count)
        for volume in api.volumesList():
            assert volume.tags is not None
            volume.tags["vm"] = "i-2"
        assert api.reply == volumes(count)


def test_every_call_whose_result_has_parts_is_read_by_msgspec() -> None:
    left = [
        name
        for name, call in spapi.CALLS.items()
        if not isinstance(call.returns, Collection) or fast.MsgspecReader(call.returns) is None
    ]
    assert left == []


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
    more = {"alphabet": which.alphabet, "one_line": which.one_line}
    constraint = (
        sptype.Name(which.name, which.pattern, limited, which.reserved, **more)
        if limited
        else sptype.Regex(which.name, which.pattern, **more)
    )
    assert constraint.match_all(texts) == all(map(constraint.matches, texts))


@pytest.mark.parametrize("constraint", [which for which in REGEXES if which.alphabet], ids=lambda which: which.name)
def test_every_string_of_an_alphabet_is_good(constraint: Any) -> None:
    rnd = random.Random(constraint.name)
    for length in (1, 1, 2, 3, 20):
        for character in constraint.alphabet:
            text = "".join(rnd.choices(constraint.alphabet, k=length - 1)) + character
            assert constraint.matches(text) or text in constraint.reserved


def test_a_class_shows_the_type_that_reads_it() -> None:
    command = [sys.executable, "-m", "storpool.sptype", "show", "VolumeSummary"]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "size: Size\n" in shown
    assert "size: Annotated[int, msgspec.Meta(gt=0, multiple_of=512)]" in shown


def test_a_request_is_checked_for_unknown_keys_at_every_depth(caplog: pytest.LogCaptureFixture) -> None:
    sptypes.VolumesReassignWaitDesc({"reassign": [{"volume": "v", "rw": [1]}, {"volume": "w", "wr": [1]}]})
    assert [record.getMessage().split(" ")[0] for record in caplog.records] == [
        "VolumesReassignWaitDesc.reassign[1].wr"
    ]
