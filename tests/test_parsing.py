"""Parsing by msgspec: the same results and errors as the standard parser's, whatever the bytes."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_http import RawServer, answers, api_of, response

from storpool import spjson

MODES = ["standard", "msgspec"]

ODDITIES = [
    b"",
    b" \r\n\t[1] ",
    b"[1]\x0b",
    b"[1]x",
    b"[1,]",
    b"[01]",
    b"[+1]",
    b"[.5]",
    b"[1.]",
    b"[-0, -0.0, 0e0, 1E5, 1e400, -1e400, 1e-400, 2.5e-324]",
    b"[18446744073709551616, -9223372036854775809, 123456789012345678901234567890]",
    b"9" * 5000,
    b"[9007199254740993.0, 1e22, 1e23, 0.1]",
    b"[NaN, Infinity, -Infinity]",
    b'"\\ud800"',
    b'"\\ud83d\\ude00\\ude00"',
    b'"\x01"',
    b'"\x7f"',
    b'"\\x41"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"\xef\xbb\xbf{}",
    "[1]".encode("utf-16"),
    "[1]".encode("utf-32"),
    b'{"a": 1, "b": 2, "a": 3}',
    b'{"": null, "\xc3\xa9": "\\u2028"}',
    b"{1: 2}",
    b"'a'",
    b"[" * 500 + b"]" * 500,
    b"[" * 100_000,
]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(spjson, "_decode", None)
    if request.param == "standard":
        monkeypatch.setenv("SP_FAST_JSON", "0")
    else:
        pytest.importorskip("msgspec")
        monkeypatch.delenv("SP_FAST_JSON", raising=False)
    spjson.use_msgspec()
    return str(request.param)


def outcome(parse: Any, data: Any) -> Any:
    """What came of it, types included: 1 is not 1.0, nor True."""

    def typed(value: Any) -> Any:
        if isinstance(value, dict):
            return [(key, typed(item)) for key, item in value.items()]
        if isinstance(value, list):
            return list(map(typed, value))
        return type(value), struct.pack("d", value) if isinstance(value, float) else value

    try:
        return typed(parse(data))
    except (ValueError, RecursionError) as exc:
        return type(exc), str(exc)


def test_the_parser_is_the_one_asked_for(mode: str) -> None:
    assert (spjson._decode is not None) == (mode == "msgspec")


@pytest.mark.parametrize("data", ODDITIES, ids=lambda data: repr(data[:30]))
def test_oddities_come_out_as_of_the_standard_parser(mode: str, data: bytes) -> None:
    assert outcome(spjson.parse, data) == outcome(json.loads, data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)


@given(value=VALUES, at=st.integers(0, 400), junk=st.binary(max_size=3), ascii_only=st.booleans())
@settings(max_examples=300, deadline=None)
def test_corrupted_json_comes_out_as_of_the_standard_parser(value: Any, at: int, junk: bytes, ascii_only: bool) -> None:
    spjson.use_msgspec()
    whole = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    for data in (whole, whole[:at] + junk + whole[at:], whole[:at] + junk + whole[at + 1 :]):
        assert outcome(spjson.parse, data) == outcome(json.loads, data)


def test_calls_give_the_same_by_either_parser(mode: str) -> None:
    record = {"id": 1, "entries": 2**70, "name": "\ud800", "ratio": 1e400}
    with RawServer(answers(response({"generation": 1, "data": [record]}))) as server:
        assert api_of(server).volumesList(returnRawAPIData=True) == [record]
