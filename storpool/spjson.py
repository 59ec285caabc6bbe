"""JSON as the API wants it: compact, objects of the API as objects, sets as lists."""

from __future__ import annotations

import json
from typing import IO, AbstractSet, Any, List

from .sptype.objects import JsonObjectImpl

__all__ = ["JsonEncoder", "JsonObjectImpl", "dump", "dumps", "load", "loads"]

SEPARATORS = (",", ":")


def in_order(items: AbstractSet[Any]) -> List[Any]:
    """Give a set as a list, sorted where that can be: the same set is the same bytes."""
    try:
        return sorted(items)
    except TypeError:
        return list(items)


class JsonEncoder(json.JSONEncoder):
    """Encodes objects of the API and sets besides what JSON has."""

    def default(self, o: Any) -> Any:
        if isinstance(o, JsonObjectImpl):
            return o.to_json()
        if isinstance(o, (set, frozenset)):
            return in_order(o)
        return super().default(o)


_ENCODER = JsonEncoder(separators=SEPARATORS)


def dumps(obj: Any) -> str:
    """Give a value as compact JSON."""
    return _ENCODER.encode(obj)


def dump(obj: Any, fp: IO[str]) -> None:
    """Write a value as compact JSON."""
    fp.write(dumps(obj))


loads = json.loads
load = json.load
