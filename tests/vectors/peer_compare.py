"""Tells where our result differs from a recorded one, by the rules that the recordings came with."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List

# Attributes declared as sets; in JSON their order says nothing.
SETS = frozenset(("addDisks", "disks", "rmDisks", "servers"))
NULL = ["NoneType", None]
# Subclasses, newer than the recording, of what it has.
NEWER_CLASSES = {"ApiOkVolumeRevert": "ApiOk"}
# A call that spans clusters now.
NEWER_PATH = ("/MultiCluster/SnapshotUpdate/", "/SnapshotUpdate/")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:120] + " ... " + text[-70:]


def _pairs(expected: List[Any], got: List[Any], where: str, newer: bool) -> Iterator[str]:
    wanted, found = ({json.dumps(key): value for key, value in pairs} for pairs in (expected, got))
    for key in sorted(set(wanted) | set(found)):
        if key not in found:
            yield f"{where}[{key}]: missing, expected {_short(wanted[key])}"
        elif key in wanted:
            yield from _results(wanted[key], found[key], f"{where}[{key}]")
        elif not newer or found[key] != NULL:
            yield f"{where}[{key}]: unexpected {_short(found[key])}"


def _results(expected: Any, got: Any, where: str) -> Iterator[str]:
    """Differences of two encoded values. Attributes newer than the recording may stand as nulls."""
    if expected[0] == got[0] == "obj" and expected[1] in (got[1], NEWER_CLASSES.get(got[1])):
        yield from _pairs(expected[2], got[2], f"{where}.{got[1]}", newer=True)
    elif expected[0] == got[0] == "dict":
        yield from _pairs(expected[1], got[1], where, newer=False)
    elif expected[0] == got[0] == "list" and len(expected[1]) == len(got[1]):
        for index, (one, other) in enumerate(zip(expected[1], got[1])):
            yield from _results(one, other, f"{where}[{index}]")
    elif expected[0] == got[0] == "set":
        if sorted(expected[1], key=json.dumps) != sorted(got[1], key=json.dumps):
            yield f"{where}: expected {_short(expected)}, got {_short(got)}"
    # 1 == True == 1.0 in Python, so the text is what must be the same.
    elif json.dumps(expected) != json.dumps(got):
        yield f"{where}: expected {_short(expected)}, got {_short(got)}"


def _bodies(expected: Any, got: Any, where: str, newer: bool = False) -> Iterator[str]:
    """Differences of two JSON values."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(set(expected) | set(got)):
            if key not in got:
                yield f"{where}.{key}: missing, expected {_short(expected[key])}"
            elif key not in expected:
                if not newer or got[key] is not None:
                    yield f"{where}.{key}: unexpected {_short(got[key])}"
            elif key in SETS and isinstance(expected[key], list) and isinstance(got[key], list):
                yield from _bodies(
                    *(sorted(items, key=json.dumps) for items in (expected[key], got[key])), f"{where}.{key}", newer
                )
            else:
                yield from _bodies(expected[key], got[key], f"{where}.{key}", newer)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got)):
            yield from _bodies(one, other, f"{where}[{index}]", newer)
    elif json.dumps(expected, sort_keys=True) != json.dumps(got, sort_keys=True):
        yield f"{where}: expected {_short(expected)}, got {_short(got)}"


def differences(expected: Dict[str, Any], got: Dict[str, Any]) -> List[str]:
    """In words, empty when both say the same."""
    kind = next(kind for kind in ("result", "api_error", "error") if kind in expected)
    if kind not in got:
        outcome = {key: value for key, value in got.items() if key != "sent"}
        return [f"expected {kind} {_short(expected[kind])}, got {_short(outcome)}"]
    found: List[str] = []
    if kind == "result":
        found += _results(expected["result"], got["result"], "result")
    elif expected[kind] != got[kind]:
        found.append(f"{kind}: expected {_short(expected[kind])}, got {_short(got[kind])}")
    if "partial" in expected:
        found += _results(expected["partial"], got.get("partial", ["no partial", None]), "partial")
    if "sent" in expected:
        sent = [dict(request, path=request["path"].replace(*NEWER_PATH)) for request in got["sent"]]
        found += _bodies(expected["sent"], sent, "sent")
    if "json" in expected:
        found += _bodies(expected["json"], got["json"], "json", newer=True)
    return found + [f"assignment raised: {surprise}" for surprise in got.get("surprises", ())]
