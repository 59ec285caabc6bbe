"""JSON as the API wants it: compact, objects of the API as objects, sets as lists."""

from __future__ import annotations

import functools
import importlib
import json
import os
from typing import IO, AbstractSet, Any, Callable, Dict, List, Optional, Union

from .sptype.objects import JsonObjectImpl, as_dict

__all__ = ["JsonEncoder", "JsonObjectImpl", "body_of", "clear_none", "dump", "dumps", "load", "loads", "parse"]

SEPARATORS = (",", ":")

_SCALARS = frozenset((str, int, bool, float))


def in_order(items: AbstractSet[Any]) -> List[Any]:
    """Give a set as a list, sorted where that can be: the same set is the same bytes."""
    try:
        return sorted(items)
    except TypeError:
        return list(items)


def clear_none(value: Any) -> Any:
    """Leave nulls out at every depth; objects become mappings, sets lists."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, JsonObjectImpl):
        value = as_dict(value)
    if isinstance(value, dict):
        return {k: v if type(v) in _SCALARS else clear_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, (set, frozenset)):
        value = in_order(value - {None})
    if isinstance(value, (list, tuple)):
        return [item if type(item) in _SCALARS else clear_none(item) for item in value if item is not None]
    return value


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
_chunks = _make and _make(
    None, _ENCODER.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)


def _plain(value: Any) -> str:
    return "".join(_chunks(value, 0)) if _chunks else _ENCODER.encode(value)


def _without_nulls(value: Any) -> str:
    # Most collections hold scalars only, and so no null.
    held = value.values() if type(value) is dict else value if type(value) is list else (None,)
    return _plain(value if _SCALARS.issuperset(map(type, held)) else clear_none(value))


class _Texts(Dict[type, Callable[[Any], str]]):
    """What encodes the values of each type, with nulls or without; classes of the API join at their first use."""

    def __init__(self, nulls: bool) -> None:
        self._nulls = nulls
        self._other = _plain if nulls else _without_nulls
        super().__init__({bool: {True: "true", False: "false"}.__getitem__, dict: self._other, list: self._list})

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if not issubclass(kind, JsonObjectImpl) or (self._nulls and kind.to_json is not JsonObjectImpl.to_json):
            return self._other
        from .sptype import encoder

        try:
            self[kind] = encoder.generate(kind, self._nulls, self)
        except SyntaxError:
            self[kind] = self._other
        return self[kind]

    def _list(self, items: List[Any]) -> str:
        if not items:
            return "[]"
        # Asked first because it is quick: most lists are of numbers.
        if type(items[0]) in _SCALARS or not isinstance(items[0], JsonObjectImpl):
            return self._other(items)
        return f"[{','.join([self[type(item)](item) for item in items if self._nulls or item is not None])}]"


_texts = _Texts(nulls=True)
_bodies = _Texts(nulls=False)


def dumps(obj: Any) -> str:
    """Give a value as compact JSON."""
    try:
        return _texts[type(obj)](obj)
    except RecursionError:
        return _ENCODER.encode(obj)  # json itself says so if the value holds itself


def body_of(obj: Any) -> str:
    """Give a value as the body of a request: compact JSON, nulls left out at every depth."""
    return _bodies[type(obj)](obj)


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
