"""The declarations are the API's, in every name, type, limit and order: `tests/data/surface.json` lists them.

A new field or call goes in there too; that is where a reviewer sees what the API of StorPool has grown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import notation

from storpool import spapi, spdoc, sptypes
from storpool.spdoc.build import object_classes
from storpool.sptype import nodes

SURFACE: Dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "surface.json").read_text(encoding="utf-8"))
CLASSES: Dict[str, Any] = SURFACE["classes"]
CALLS: Dict[str, Any] = SURFACE["calls"]


def _differences(expected: Dict[str, Any], found: Dict[str, Any]) -> List[str]:
    return [
        f"{name}: {found.get(name)!r}, and the API has {expected.get(name)!r}"
        for name in {**expected, **found}
        if expected.get(name) != found.get(name)
    ]


def _class(name: str) -> Any:
    return getattr(spapi if CLASSES[name].get("module") == "spapi" else sptypes, name)


def test_constants_are_those_of_the_api() -> None:
    assert not _differences(SURFACE["constants"], {name: getattr(sptypes, name) for name in SURFACE["constants"]})


@pytest.mark.parametrize("name", SURFACE["types"])
def test_a_scalar_type_is_that_of_the_api(name: str) -> None:
    node = getattr(sptypes, name)
    assert notation.spelled(node) == SURFACE["types"][name]["type"]
    if isinstance(node, nodes.Scalar):
        assert node.constraint.since == SURFACE["types"][name]["since"]


def test_type_aliases_are_those_of_the_api() -> None:
    assert {name: notation.written(getattr(sptypes, name)) for name in SURFACE["type_aliases"]} == SURFACE[
        "type_aliases"
    ]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_that_of_the_api(name: str) -> None:
    cls, wanted = _class(name), CLASSES[name]
    fields = {
        field: {"type": fact, "since": wanted["since"]} if isinstance(fact, str) else fact
        for field, fact in wanted["fields"].items()
    }
    own = {field: cls.__spfields__[field] for field in cls.__spown__}
    assert list(own) == list(fields)
    assert not _differences(
        {field: notation.normal(fact["type"]) for field, fact in fields.items()},
        {field: notation.declared(fact) for field, fact in own.items()},
    )
    assert not _differences(
        {field: fact["since"] for field, fact in fields.items()}, {field: fact.since for field, fact in own.items()}
    )
    assert (cls.__since__, cls.__until__) == (wanted["since"], wanted.get("until", ""))
    base = cls.__mro__[1].__name__
    assert base == wanted.get("base", "JsonObjectImpl")
    for attribute, value in wanted.get("class_attributes", {}).items():
        assert getattr(cls, attribute) == value
    for attribute in wanted.get("properties", []):
        assert isinstance(getattr(cls, attribute), property)


def test_no_class_is_missing_or_unknown() -> None:
    assert sorted(object_classes()) == sorted(CLASSES)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_that_of_the_api(name: str) -> None:
    call, wanted = spapi.CALLS[name], CALLS[name]
    assert call.section is not None
    found = {
        "section": call.section.title,
        "http": call.method,
        "query": call.query,
        "multiCluster": call.multiCluster,
        "args": {each._name: notation.written(each._type) for each in call.args},
        "json": notation.written(call.json),
        "returns": notation.written(call.returns),
        "since": call.since,
        **({"until": call.until} if call.until else {}),
        **({"allClusters": True} if call.allClusters and not call.multiCluster else {}),
    }
    assert not _differences(wanted, found)
    assert callable(getattr(spapi.Api, name))


def test_no_call_is_missing_or_unknown_and_those_of_a_section_are_in_order() -> None:
    def by_section(names: Dict[str, str]) -> Dict[str, List[str]]:
        return {each: [name for name in names if names[name] == each] for each in sorted(set(names.values()))}

    found = {name: call.section.title for name, call in spapi.CALLS.items() if call.section is not None}
    assert by_section(found) == by_section({name: fact["section"] for name, fact in CALLS.items()})


def test_sections_are_in_order() -> None:
    wanted = ["General", *dict.fromkeys(fact["section"] for fact in CALLS.values())]
    assert [section.name for section in spdoc.reference().sections] == wanted


def test_the_counts_are_those_of_the_api() -> None:
    fields = sum(len(each["fields"]) for each in CLASSES.values())
    assert (len(CALLS), len(CLASSES), fields, len(SURFACE["constants"])) == (125, 168, 703, 40)
