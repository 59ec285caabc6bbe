"""Objects are written as json itself writes them, whatever is in their fields."""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storpool import spapi, spjson, sptype, sptypes
from storpool.spcatch import InvalidArgumentError
from storpool.sptype.nodes import build
from storpool.sptypes import VolumeCreateDesc, VolumeReassignDesc, VolumesReassignWaitDesc


class Text(str):
    def __str__(self) -> str:
        return "other"


class Number(int):
    def __str__(self) -> str:
        return "other"

    __repr__ = __str__


class Color(enum.IntEnum):
    RED = 1


class Renamed(VolumeReassignDesc):
    """A class of a user that has a form of its own."""

    def to_json(self) -> Dict[str, Any]:
        return {"renamed": self.volume, "nothing": None}


class Extended(VolumeReassignDesc):
    """A class of a user with a field more."""

    note: Optional[str] = None


CLASSES = [VolumeCreateDesc, sptypes.VolumeUpdateDesc, VolumeReassignDesc, Extended, Renamed, sptypes.PlacementGroup]
DECLARED = sorted(name for name, each in vars(sptypes).items() if isinstance(each, type))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=6),
    st.sampled_from(
        [0, 1, 0.0, 1.0, "", "'\"\\%s{}", "\ud800", "é", 10**30, Text("a"), Number(7), Color.RED, 1j, b"x"]
    ),
)
keys = st.one_of(st.text(max_size=3), st.sampled_from([1, 1.5, True, None, (), Text("a"), Number(7), Color.RED]))


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(CLASSES).flatmap(
        lambda cls: st.lists(values, min_size=14, max_size=14).map(
            lambda given: build(cls, dict(zip(cls.__spfields__, given)))
        )
    )


def containers(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(values, max_size=3)
    few = st.sampled_from([1, 2, "a", None, True, 2.5])
    return st.one_of(
        lists,
        lists.map(tuple),
        st.sets(few, max_size=4),
        st.frozensets(few, max_size=4),
        st.dictionaries(keys, values, max_size=3),
        objects(values),
    )


anything = st.recursive(scalars, containers, max_leaves=6)


def outcome(function: Any, value: Any) -> Any:
    try:
        return function(value)
    except Exception as exc:
        return type(exc), str(exc)


def as_json_writes(value: Any) -> str:
    return json.dumps(value, cls=spjson.JsonEncoder, separators=(",", ":"))


def as_json_writes_without_nulls(value: Any) -> str:
    return as_json_writes(spapi.clear_none(value))


@settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(value=st.one_of(objects(anything), st.lists(st.one_of(objects(anything), anything), max_size=3), anything))
def test_the_text_is_what_json_writes(value: Any) -> None:
    assert outcome(spjson.dumps, value) == outcome(as_json_writes, value)
    assert outcome(spjson.body_of, value) == outcome(as_json_writes_without_nulls, value)


@pytest.mark.parametrize(
    "name", [name for name in DECLARED if issubclass(getattr(sptypes, name), spjson.JsonObjectImpl)]
)
def test_each_class_is_written_with_all_its_fields_and_without_nulls(name: str) -> None:
    cls = getattr(sptypes, name)
    for values in ([None], ["a", None], [5], [True, False], [[1]], [[], {}]):
        made = build(cls, {field: values[i % len(values)] for i, field in enumerate(cls.__spfields__)})
        assert spjson.dumps(made) == as_json_writes(made)
        assert spjson.body_of(made) == as_json_writes_without_nulls(made)


def test_a_subclass_is_written_with_its_own_fields() -> None:
    spjson.dumps(VolumeReassignDesc(volume="v"))
    assert spjson.dumps(Extended(volume="v", note="x")).endswith(',"mcMode":null,"note":"x"}')


def test_a_form_of_its_own_is_kept_in_what_is_written_but_not_in_requests() -> None:
    made = Renamed(volume="v")
    assert spjson.dumps(made) == '{"renamed":"v","nothing":null}'
    assert spjson.dumps([VolumeReassignDesc(volume="w"), made]).endswith(',{"renamed":"v","nothing":null}]')
    assert spjson.body_of(made) == '{"volume":"v","force":false}'


def test_fields_named_by_words_of_python_are_written() -> None:
    cls = sptype.JsonObject(**{"from": str, "class": int})(type("Odd", (), {}))
    made = cls({"from": "a", "class": 1})
    assert spjson.dumps(made) == '{"from":"a","class":1}'
    assert spjson.body_of(made) == '{"from":"a","class":1}'


def test_what_holds_itself_is_refused_as_json_does() -> None:
    tags: Dict[Any, Any] = {}
    tags["x"] = tags
    wait = VolumesReassignWaitDesc({"reassign": [{"volume": "v"}]})
    wait.reassign.append(wait)  # type: ignore[arg-type]
    for value in (build(VolumeCreateDesc, {**VolumeCreateDesc().to_json(), "tags": tags}), wait, [wait], wait.reassign):
        assert outcome(spjson.dumps, value) == (ValueError, "Circular reference detected")
        with pytest.raises(RecursionError):
            spjson.body_of(value)


def test_what_is_too_deep_is_refused_as_json_does() -> None:
    deep: List[Any] = []
    for _ in range(100_000):
        deep = [deep]
    made = build(VolumeCreateDesc, {**VolumeCreateDesc().to_json(), "tags": deep})
    for function in (spjson.dumps, spjson.body_of):
        for value in (made, [made]):
            with pytest.raises(RecursionError):
                function(value)


class TestUnknownKeys:
    def test_are_told_however_they_are_given(self, caplog: pytest.LogCaptureFixture) -> None:
        VolumeCreateDesc({"name": "v", "sise": 1})
        VolumeCreateDesc(name="v", sise=2)  # type: ignore[call-arg]
        VolumeCreateDesc({"name": "v"}, sise=3)  # type: ignore[call-arg]
        VolumesReassignWaitDesc(reassign=[{"volume": "v", "sise": 4}])  # type: ignore[list-item]
        VolumesReassignWaitDesc({"reassign": [{"volume": "v"}, VolumeReassignDesc(volume="w")]})
        told = [each.getMessage().partition(" ")[0] for each in caplog.records]
        assert told == ["VolumeCreateDesc.sise"] * 3 + ["VolumesReassignWaitDesc.reassign[0].sise"]

    def test_in_a_subclass_are_those_it_does_not_declare_either(self, caplog: pytest.LogCaptureFixture) -> None:
        VolumeReassignDesc(volume="v")
        assert Extended(volume="v", note="x").note == "x"
        assert not caplog.records

    def test_that_cannot_be_compared_are_no_error(self) -> None:
        class Awkward(str):
            def __hash__(self) -> int:
                return hash("name")

            def __eq__(self, other: object) -> bool:
                raise RuntimeError

        with pytest.raises(InvalidArgumentError):
            VolumeReassignDesc({Awkward("name"): 1})


def test_it_is_the_same_where_json_is_all_python() -> None:
    code = (
        "import sys; sys.modules['_json'] = None\n"
        "from storpool import spjson, sptypes\n"
        "made = sptypes.VolumeCreateDesc(name='v', size=512, tags={'a': 'b'})\n"
        "print(spjson.dumps(made), spjson.body_of([made]))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    made = VolumeCreateDesc(name="v", size=512, tags={"a": "b"})
    assert shown.split() == [spjson.dumps(made), spjson.body_of([made])]
