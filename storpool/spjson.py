"""JSON as the API wants it: compact, objects of the API as objects, sets as lists."""

from __future__ import annotations

import functools
import importlib
import json
import os
from typing import IO, AbstractSet, Any, Callable, List, Optional, Union

from .sptype.objects import JsonObjectImpl

__all__ = ["JsonEncoder", "JsonObjectImpl", "dump", "dumps", "load", "loads", "parse"]

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
# What json makes anew for each value, with a dict to find values that hold themselves: made once, it has none.
_make = json.encoder.c_make_encoder  # type: ignore[attr-defined]  # None where json is all Python
_encode = _make and _make(
    None, _ENCODER.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)


def dumps(obj: Any) -> str:
    """Give a value as compact JSON."""
    if _encode is not None:
        try:
            return "".join(_encode(obj, 0))
        except RecursionError:
            pass  # json itself says so if the value holds itself
    return _ENCODER.encode(obj)


def dump(obj: Any, fp: IO[str]) -> None:
    """Write a value as compact JSON."""
    fp.write(dumps(obj))


loads = json.loads
load = json.load


def parse(data: Union[bytes, str]) -> Any:
    """Parse as ``json.loads`` does, with the same results and errors; faster where the extra ``fast`` is installed.

    ``SP_FAST_JSON=0`` in the environment turns that off.

    :raises ValueError: it is not JSON.
    """
    decode = _fast_decode()
    if decode is not None:
        try:
            return decode(data)
        except Exception:  # noqa: S110 - json takes some of what the other refuses, as NaN; and errors are json's
            pass
    return json.loads(data)


@functools.cache
def _fast_decode() -> Optional[Callable[[Union[bytes, str]], Any]]:
    if os.environ.get("SP_FAST_JSON") == "0":
        return None
    try:
        # Imported with the first reply: it is optional, and takes as long as all of the bindings.
        decode: Callable[[Union[bytes, str]], Any] = importlib.import_module("msgspec").json.decode
    except (ImportError, AttributeError):
        return None
    return decode
