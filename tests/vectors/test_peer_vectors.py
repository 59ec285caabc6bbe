"""Our bindings do what the original ones were recorded to do, case by case.

One test goes over a hundred cases and reports all the disagreements in them: a test for each would be 2,500 lines of
report for one broken type. `SP_TEST_VECTORS` names another file of the same format, or several, separated by colons.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List

import peer_cases
import peer_compare
import pytest

RECORDED = Path(__file__).parents[1] / "data" / "peer-7.3.0.jsonl"
CHUNK = 100
# Enough to see the pattern; the count says how many there are.
SHOWN = 12


def _load() -> List[peer_cases.Case]:
    files = [Path(name) for name in os.environ.get("SP_TEST_VECTORS", "").split(":") if name] or [RECORDED]
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


CASES = _load()


@pytest.fixture(scope="module")
def server() -> Iterator[peer_cases.CaseServer]:
    server = peer_cases.CaseServer()
    yield server
    server.stop()


def _describe(case: peer_cases.Case) -> str:
    what = case.get("call") or case.get("type") or case.get("cls")
    given = {key: case[key] for key in ("args", "json", "kwargs", "value", "init", "set") if key in case}
    text = json.dumps(given, ensure_ascii=False)
    return f"case {case.get('id')}, {case['kind']} {what}, {text[:300]}{'...' if len(text) > 300 else ''}"


# Cases in which the original takes from a caller what ours refuses, and what that is.
TEXT, FRACTION = "a text as a truth value", "a fraction as an integer"
REFUSED: Dict[int, str] = {
    **dict.fromkeys((241, 850, 1056, 1264, 1599, 1621, 1757, 1862, 2072), TEXT),
    **dict.fromkeys((32, 55, 507, 744, 845, 959, 1354, 1402, 2355, 2413, 2441), FRACTION),
}


def _disagreements(case: peer_cases.Case, server: peer_cases.CaseServer) -> List[str]:
    # What came over JSON can only be compared with what went through it.
    got: Dict[str, Any] = json.loads(json.dumps(peer_cases.run(case, server)))
    found = peer_compare.differences(case["expect"], got)
    if got.get("sent") and "error" in got and "error" in case["expect"]:
        # The recording does not say whether the arguments were refused or the reply was; raw data is never refused.
        raw = dict(case, kwargs=dict(case.get("kwargs", {}), returnRawAPIData=True), status=200)
        if "error" in peer_cases.run(raw, server):
            found.append("refused, and yet sent something")
    return found


@pytest.mark.parametrize("start", range(0, len(CASES), CHUNK))
def test_we_do_what_the_original_does(start: int, server: peer_cases.CaseServer) -> None:
    report: List[str] = []
    wrong = 0
    for case in CASES[start : start + CHUNK]:
        found = _disagreements(case, server)
        if case.get("id") in REFUSED and "SP_TEST_VECTORS" not in os.environ:
            assert found, f"{_describe(case)}: {REFUSED[case['id']]} is taken"
        if found and (case.get("id") in REFUSED or "SP_TEST_VECTORS" in os.environ):
            with peer_cases.lenient():
                found = _disagreements(case, server)
        wrong += bool(found)
        if found and wrong <= SHOWN:
            report.append("\n    ".join([_describe(case), *found[:8]]))
    assert not wrong, f"{wrong} of the cases from {start} on disagree:\n" + "\n".join(report)


def test_the_recording_is_whole() -> None:
    """A lost file or a harness that skips would otherwise pass as agreement."""
    assert len(CASES) >= 2500 or "SP_TEST_VECTORS" in os.environ
    assert {case["kind"] for case in CASES} == {"call", "type", "set"}
