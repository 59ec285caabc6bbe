"""Units, printing, and waiting for a path."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from storpool import sputils


def test_times_are_in_seconds_and_sizes_in_bytes() -> None:
    assert (sputils.sec, sputils.msec, sputils.usec) == (1.0, 0.001, 0.000001)
    assert (sputils.KB, sputils.MB, sputils.GB, sputils.TB) == (2**10, 2**20, 2**30, 2**40)


def test_pr_prints_and_returns_the_same_object(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": 1}
    assert sputils.pr(value) is value
    assert capsys.readouterr().out == "{'a': 1}\n"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("link").symlink_to("file")
    Path("dangling").symlink_to("nowhere")


@pytest.mark.usefixtures("paths")
@pytest.mark.parametrize(
    ("path", "isLink", "there"),
    [
        ("file", False, True),
        ("link", False, True),
        ("link", True, True),
        ("dangling", False, False),
        ("dangling", True, False),
        ("missing", True, False),
    ],
)
def test_a_state_that_exists_already_is_not_waited_for(path: str, isLink: bool, there: bool) -> None:
    assert sputils.pathPollWait(path, there, isLink, 10, 10) is True
    assert sputils.pathPollWait(path, not there, isLink, 0.01, 0.02) is False


@pytest.mark.usefixtures("paths")
@pytest.mark.parametrize("shouldExist", [True, False])
def test_a_file_instead_of_a_link_is_refused(shouldExist: bool) -> None:
    with pytest.raises(AssertionError, match="file is not a symbolic link"):
        sputils.pathPollWait("file", shouldExist, True, 0.01, 0.02)


@pytest.mark.usefixtures("paths")
@pytest.mark.parametrize("appears", [True, False])
def test_a_link_that_appears_or_disappears_meanwhile_is_noticed(appears: bool) -> None:
    def change() -> None:
        if appears:
            os.symlink("file", "late")
        else:
            os.unlink("link")

    timer = threading.Timer(0.1, change)
    timer.start()
    assert sputils.pathPollWait("late" if appears else "link", appears, True, 0.01, 30) is True
    timer.join()


def test_without_time_there_is_one_check(tmp_path: Path) -> None:
    assert sputils.pathPollWait(tmp_path / "missing", True, False, 10, 0) is False


def test_time_runs_out_without_a_pause_between_checks(tmp_path: Path) -> None:
    assert sputils.pathPollWait(tmp_path / "missing", True, False, 0, 0.05) is False


def test_pauses_add_up_to_the_longest_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert sputils.pathPollWait(tmp_path / "missing", True, False, 0.5, 10) is False
    assert pauses == [0.5] * 20
