"""JSON as the API wants it: compact, objects of the API as objects, sets as lists."""

from __future__ import annotations

import json
from typing import IO, Any

from .sptype.objects import JsonObjectImpl

__all__ = ["JsonEncoder", "JsonObjectImpl", "dump", "dumps", "load", "loads"]

SEPARATORS = (",", ":")


class JsonEncoder(json.JSONEncoder):
    """Encodes objects of the API and sets besides what JSON has."""

    def default(self, o: Any) -> Any:
        if isinstance(o, JsonObjectImpl):
            return o.to_json()
        if isinstance(o, (set, frozenset)):
            return list(o)
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
