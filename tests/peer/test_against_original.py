"""Records new cases from the original bindings and holds ours to them; needs an interpreter that has the original."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List

import peer_cases
import peer_compare
import pytest

PYTHON = os.environ.get("SP_PEER_PYTHON", "")
SHOWN = 30


def _differences(case: peer_cases.Case, server: peer_cases.CaseServer) -> List[str]:
    return peer_compare.differences(case["expect"], json.loads(json.dumps(peer_cases.run(case, server))))


@pytest.mark.skipif(not PYTHON, reason="SP_PEER_PYTHON names no interpreter with the original bindings")
def test_we_do_what_the_original_does_on_new_cases() -> None:
    seed, count = (
        os.environ.get(name, default) for name, default in (("SP_PEER_SEED", "1"), ("SP_PEER_COUNT", "2000"))
    )
    command = [sys.executable, str(Path(__file__).with_name("record.py")), "--python", PYTHON]
    recorded = subprocess.run(
        [*command, "--seed", seed, "--count", count], stdout=subprocess.PIPE, text=True, check=True
    )
    cases = [json.loads(line) for line in recorded.stdout.splitlines()]
    assert len(cases) > int(count) * 0.9
    server = peer_cases.CaseServer()
    report = []
    for case in cases:
        found = _differences(case, server)
        if found:
            # Ours refuses from callers some of what the original takes; nothing else may differ.
            with peer_cases.lenient():
                found = _differences(case, server)
        if found:
            given = {key: value for key, value in case.items() if key != "expect"}
            report.append("\n    ".join([json.dumps(given, ensure_ascii=False)[:600], *found[:5]]))
    server.stop()
    assert not report, f"{len(report)} of {len(cases)} cases disagree (seed {seed}):\n" + "\n".join(report[:SHOWN])
