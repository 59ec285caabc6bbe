"""`python -m storpool_os`, on the simulated cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import os_state
import pytest

import storpool_sim
from storpool_os.__main__ import main


@pytest.fixture
def sim() -> Iterator[storpool_sim.Running]:
    with storpool_sim.running() as running:
        api = running.api()
        for number in range(3):
            api.volumeCreate({"name": f"os--volume-{number}", "size": 1 << 30, "replication": 1})
        api.volumeCreate({"name": "else", "size": 1 << 30, "replication": 1})
        api.volumesReassign(
            json=[
                {"volume": "os--volume-0", "rw": [1]},
                {"volume": "os--volume-1", "ro": [1]},
                {"volume": "else", "rw": [1]},
            ]
        )
        yield running


def _state(directory: Path) -> Path:
    entries = {
        f"r{number}": {"volume": f"os--volume-{number}", "type": "t", "id": "i", "rights": 2} for number in range(2)
    }
    return os_state.state_file(directory, entries)


def test_list_puts_requests_and_attachments_side_by_side(
    sim: storpool_sim.Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _state(tmp_path)
    assert main(["list", "--file", str(path)], sim.env) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["REQUEST", "VOLUME", "WANTED", "ATTACHED", "PROBLEM"]
    assert lines[1] == ["r0", "os--volume-0", "rw", "rw", "-"]
    assert lines[2][:4] == ["r1", "os--volume-1", "rw", "ro"] and len(lines) == 3


def test_an_attachment_that_lacks_a_field_does_not_keep_the_others_from_being_listed(
    sim: storpool_sim.Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _state(tmp_path)
    sim.api().volumesReassign(json=[{"volume": name, "detach": [1]} for name in ("else", "os--volume-1")])
    for field, attached in (("volume", "-"), ("client", "-"), ("rights", "unknown")):
        sim.faults.add("missing", field=field, on="AttachmentsList", times=1)
        assert main(["list", "--file", str(path)], sim.env) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert [line[:4] for line in lines[1:]] == [
            ["r0", "os--volume-0", "rw", attached],
            ["r1", "os--volume-1", "rw", "-"],
        ]


def test_check_has_a_status_for_programs(
    sim: storpool_sim.Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _state(tmp_path)
    sim.api().volumesReassign(json=[{"volume": "os--volume-2", "ro": [1]}, {"volume": "os--volume-0", "detach": [1]}])
    assert main(["check", "--json", "--file", str(path)], sim.env) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(row["request"], row["volume"]) for row in found] == [
        ("r0", "os--volume-0"),
        ("r1", "os--volume-1"),
        (None, "os--volume-2"),
    ]
    sim.api().volumesReassign(json=[{"volume": f"os--volume-{number}", "rw": [1]} for number in range(2)])
    sim.api().volumesReassign(json=[{"volume": "os--volume-2", "detach": [1]}])
    assert main(["check", "--file", str(path)], sim.env) == 0
    assert capsys.readouterr().out == ""


def test_forget_needs_no_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _state(tmp_path)
    assert main(["forget", "r0", "--file", str(path)], {}) == 0
    assert set(json.loads(path.read_text())) == {"r1"}
    assert main(["forget", "r0", "--file", str(path)], {}) == 1
    assert "request r0" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "storpool_os", "forget", "r", "--file", str(tmp_path / "none")],
        env={**os.environ, "PYTHONPATH": str(os_state.ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "operator creates it" in done.stderr and len(done.stderr.splitlines()) == 1
