"""JSON as the API wants it: compact, objects of the API as objects, sets as lists."""

from __future__ import annotations

import json
import os
from typing import IO, AbstractSet, Any, Callable, List, Optional, Union

from .spcatch import InvalidArgumentError, shown
from .sptype import library
from .sptype.fast import use_msgspec as _read_with_msgspec
from .sptype.objects import JsonObjectImpl, as_dict

__all__ = [
    "JsonEncoder",
    "JsonObjectImpl",
    "body_of",
    "check_surrogates",
    "clear_none",
    "dump",
    "dumps",
    "load",
    "loads",
    "parse",
]

INDENT = None
SEPARATORS = (",", ":")
SORT_KEYS = False

_SCALARS = frozenset((str, int, bool, float))


def in_order(items: AbstractSet[Any]) -> List[Any]:
    """Return a set as a list, sorted where that can be: the same set is the same bytes."""
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


_encode = JsonEncoder(separators=SEPARATORS).encode


def dumps(obj: Any) -> str:
    """Return a value as compact JSON."""
    return _encode(
        as_dict(obj) if type(obj).__dict__.get("to_json") is None and isinstance(obj, JsonObjectImpl) else obj
    )


def body_of(obj: Any) -> str:
    """Return a value as the body of a request: compact JSON, nulls left out at every depth."""
    return _encode(clear_none(obj))


def check_surrogates(body: str, path: str) -> None:
    """Raise InvalidArgumentError where a body has a lone surrogate, which no encoding carries; JSON's escapes hide it.

    :param path: what the place in the error starts with.
    """
    # Characters beyond the 16 bits are escaped as two surrogates, and are one again when read.
    if "\\ud" in body:
        _check_surrogates(loads(body), path)


def _check_surrogates(value: Any, path: str) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise InvalidArgumentError(f"{shown(value)} cannot be sent: {exc}", path=path) from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_surrogates(key, f"{path}.<key {shown(key)}>")
            _check_surrogates(item, f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_surrogates(item, f"{path}[{index}]")


def dump(obj: Any, fp: IO[str]) -> None:
    """Write a value as compact JSON."""
    fp.write(dumps(obj))


loads = json.loads
load = json.load


def parse(data: Union[bytes, str]) -> Any:
    """Parse as ``json.loads`` does, with the same results and errors; by msgspec where it is used.

    :raises ValueError: it is not JSON.
    """
    if _decode is not None:
        try:
            return _decode(data)
        except Exception:  # noqa: S110 - json takes some of what msgspec refuses, as NaN; and errors are json's
            pass
    return json.loads(data)


_decode: Optional[Callable[[Union[bytes, str]], Any]] = None
_write: Optional[Callable[[Any], bytes]] = None


def use_msgspec() -> None:
    """Let msgspec read JSON from now on, where it is installed and ``SP_FAST_JSON=0`` does not forbid it."""
    global _decode, _write
    if _decode is None and os.environ.get("SP_FAST_JSON") != "0" and _read_with_msgspec():
        _decode, _write = library.msgspec.json.decode, library.msgspec.json.Encoder().encode
