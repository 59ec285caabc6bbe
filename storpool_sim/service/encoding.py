"""What handlers return, as JSON."""

from __future__ import annotations

from functools import cache
from typing import Any, Dict, FrozenSet, Type

from storpool import spjson
from storpool.sptype import NamedEnum
from storpool.sptype.nodes import Scalar

from ..calls.results import Deferred, RawJson


@cache
def _required(cls: Type[spjson.JsonObjectImpl]) -> FrozenSet[str]:
    return frozenset(name for name, field in cls.__spfields__.items() if field.required)


@cache
def _numbered(cls: Type[spjson.JsonObjectImpl]) -> Dict[str, NamedEnum]:
    """Return the fields whose values are numbers in JSON and names in objects."""
    nodes = {name: field.node for name, field in cls.__spfields__.items()}
    return {
        name: node.constraint
        for name, node in nodes.items()
        if isinstance(node, Scalar) and isinstance(node.constraint, NamedEnum)
    }


def as_json(value: Any) -> Any:
    """Return a result as plain lists, mappings and scalars; of a deferred one, a deferred one whose result is such.

    A field that is null is left out where it may be: for some fields absence is fine and null is not.
    """
    if isinstance(value, RawJson):
        return value.value
    if isinstance(value, Deferred):
        result = value.result
        return value._replace(result=lambda: as_json(result()))
    if isinstance(value, spjson.JsonObjectImpl):
        required, numbered = _required(type(value)), _numbered(type(value))
        fields = {name: item for name, item in value.to_json().items() if item is not None or name in required}
        for name, enum in numbered.items():
            fields[name] = enum.first + enum.values.index(fields[name])
        return {name: as_json(item) for name, item in fields.items()}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(as_json(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value


def dumps(value: Any) -> bytes:
    """Return compact JSON."""
    return spjson.dumps(value).encode()
