"""The functional notation of declarations, the decorator, and the helpers of spcatch, as older programs use them."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import Annotated, Any, List, Tuple

import pytest

from storpool import spcatch, spjson, sptype, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype import const, either, eitherOr, internal, longType, maybe, plans, spType

GOOD: List[Tuple[Any, Any, Any]] = [
    (int, "10", 10),
    (str, 7, "7"),
    (bool, "false", True),
    (float, "1.5", 1.5),
    (longType, 2**70, 2**70),
    ([int], ("1", 2), [1, 2]),
    ({int}, ["1", 1, 2], {1, 2}),
    ({int: [str]}, {"1": [2]}, {1: ["2"]}),
    ({"exports": [int]}, {"other": ["1"]}, {"other": [1]}),
    (5, "6", 6),
    (maybe(int), None, None),
    (maybe(int), "3", 3),
    (internal(int), "3", 3),
    (const(3), 3.0, 3.0),
    (either(int, str), "x", "x"),
    (either(int, str), "10", 10),
    (eitherOr(int, "-"), "-", "-"),
    (spType(int), "1", 1),
    (sptypes.VolumeName, 12, "12"),
]
DEFAULTS: List[Tuple[Any, Any]] = [
    (5, 5),
    ([int], []),
    ({int}, set()),
    ({int: int}, {}),
    (maybe(int), None),
    (internal(int), None),
    (const("x"), "x"),
]
NAMES: List[Tuple[Any, str]] = [
    (int, "int"),
    ([int], "[int]"),
    ({int}, "{int}"),
    ({str: int}, "{str: int}"),
    (maybe(int), "Optional(int)"),
    (internal(int), "Internal(int)"),
    (const(3), "3"),
    (const(None), "null"),
    (const("x"), '"x"'),
    (either(int, str), "Either(int, str)"),
    (5, "int, default=5"),
    ({"exports": [int]}, '{str, default="exports": [int]}'),
    (sptypes.VolumeSummary, "VolumeSummary"),
    (sptypes.DiskId, "DiskID"),
    (sptypes.DiskSummary, "Either(UpDiskSummary, DownDiskSummary)"),
]


@pytest.mark.parametrize(("declared", "value", "expected"), GOOD)
def test_values_are_converted(declared: Any, value: Any, expected: Any) -> None:
    got = spType(declared).handleVal(value)
    assert (type(got), got) == (type(expected), expected)


@pytest.mark.parametrize(("declared", "expected"), DEFAULTS)
def test_absent_values(declared: Any, expected: Any) -> None:
    assert spType(declared).defaultVal() == expected


@pytest.mark.parametrize("declared", [int, str, sptypes.VolumeSummary, either(int, str), sptypes.DiskId])
def test_types_without_a_default_say_what_is_needed(declared: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="is missing; needed is"):
        spType(declared).defaultVal()


@pytest.mark.parametrize(("declared", "name"), NAMES)
def test_names(declared: Any, name: str) -> None:
    assert spType(declared).name == name


@pytest.mark.parametrize(
    ("declared", "value", "partial", "where"),
    [
        ([int], [1, "x", 3], [1, 3], "[1]"),
        ({int}, [1, "x"], {1}, "[1]"),
        ({int: int}, {1: 1, "x": 2, 3: "x"}, {1: 1, 3: None}, "<key 'x'>"),
        ({int: [int]}, {1: [1, "x"]}, {1: [1]}, "[1][1]"),
        (maybe([int]), [1, "x"], [1], "[1]"),
        (either(int, [int]), [1, "x"], None, ""),
        (const(3), "3", None, ""),
        (internal(int), None, None, ""),
    ],
)
def test_bad_parts_are_left_out_and_named(declared: Any, value: Any, partial: Any, where: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        spType(declared).handleVal(value)
    assert caught.value.partial == partial
    assert where in str(caught.value)


def test_what_declares_no_type_is_refused() -> None:
    for declared in (None, [], [int, str], {}, ()):
        with pytest.raises(TypeError, match="declares no type"):
            spType(declared)


@pytest.mark.parametrize("collecting", [True, False])
@pytest.mark.parametrize("last", ["1", "x"])
def test_a_large_list_leaves_the_collector_as_it_was(collecting: bool, last: str) -> None:
    node = spType([int])
    (gc.enable if collecting else gc.disable)()
    try:
        with contextlib.suppress(InvalidArgumentError):
            node.handleVal([1] * 1000 + [last])
        assert gc.isenabled() is collecting
    finally:
        gc.enable()


@pytest.mark.skipif(sys.implementation.name == "pypy", reason="msgspec has no wheels for PyPy")
def test_what_is_kept_of_good_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sptype.use_msgspec()
    monkeypatch.setattr(plans, "INTERNED_MAX", 10)
    constraint = sptype.Name("Bounded", "[a-z0-9]+", shorter_than=9, interned=True)
    plan = plans.Interned(spType(Annotated[str, constraint]))
    for start in range(0, 100, 5):
        names = [f"n{number}" for number in range(start, start + 5)]
        assert plan.finish(names) == names
    assert len(plan._good) == 10
    with pytest.raises(InvalidArgumentError, match="'ABC' is not a bounded: it does not match"):
        plan.finish(["n1", "ABC"])


class TestDecorator:
    def test_a_class_gets_fields_and_keeps_its_methods(self) -> None:
        @sptype.JsonObject(name=str, size=maybe(int))
        class Thing:
            kind = "thing"

            def double(self) -> Any:
                return self.size * 2  # type: ignore[attr-defined]

        thing: Any = Thing({"name": 1}, size="2")  # type: ignore[call-arg]
        assert (thing.name, thing.double(), thing.kind) == ("1", 4, "thing")
        assert isinstance(thing, spjson.JsonObjectImpl)
        assert spjson.dumps(thing) == '{"name":"1","size":2}'
        with pytest.raises(InvalidArgumentError, match=r"^Thing\.name: is missing"):
            Thing()

    def test_a_subclass_gets_more_fields(self) -> None:
        @sptype.JsonObject(note=maybe(str))
        class Noted(sptypes.VolumeCreateDesc):
            mood: str = "calm"

        noted: Any = Noted(name="v", note="n")  # type: ignore[call-arg]
        assert list(noted.to_json())[-3:] == ["baseOn", "mood", "note"]
        assert noted.mood == "calm"
        assert isinstance(noted, sptypes.VolumeCreateDesc)
        noted.note = 7
        assert noted.note == "7"

    def test_fields_may_have_the_names_of_keywords(self) -> None:
        @sptype.JsonObject(**{"from": int})
        class Range:
            pass

        assert getattr(Range({"from": "3"}), "from") == 3  # type: ignore[call-arg]


class TestCatching:
    def test_the_error_formats_its_text(self) -> None:
        error = InvalidArgumentError("bad {what}", 5, what="x")
        assert (str(error), error.message, error.partial) == ("bad x", "bad x", 5)
        assert InvalidArgumentError("a {brace}").message == "a {brace}"

    def test_error_formats(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^bad x$") as caught:
            spcatch.error("bad {what}", partial=5, what="x")
        assert caught.value.partial == 5

    def test_results_and_partial_results_are_fed_and_the_first_error_kept(self) -> None:
        fed: List[Any] = []

        def fails(exc: Exception) -> Any:
            raise exc

        kept = spcatch.sp_catch(fed.append, lambda: 1, None)
        assert kept is None
        first = spcatch.sp_catch(fed.append, lambda: fails(ValueError("v")), None)
        second = spcatch.sp_catch(fed.append, lambda: fails(InvalidArgumentError("i", 2)), first)
        third = spcatch.sp_catch(fed.append, lambda: fails(InvalidArgumentError("j", 3)), second)
        assert fed == [1, 2, 3]
        assert second is third
        assert second is not None
        assert str(second[1]) == "i"

    def test_what_was_caught_is_raised_under_a_name(self) -> None:
        spcatch.sp_caught(None, "name", 1)
        caught = spcatch.sp_catch(lambda _: None, lambda: int("x"), None)
        with pytest.raises(InvalidArgumentError, match=r"^name: .*'x'") as raised:
            spcatch.sp_caught(caught, "name", 1)
        assert raised.value.partial == 1
