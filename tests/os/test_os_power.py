"""The state through losses of power, by a model of a disk; SP_TEST_POWER_LOSSES=50000 makes it a long run."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Iterator

import os_disk
import pytest

from storpool_os import SPLockedJSONDB, journal

LOSSES = int(os.environ.get("SP_TEST_POWER_LOSSES", "1000"))
SEED = int(os.environ.get("SP_TEST_POWER_SEED", "1"))


def _padded(letter: str, size: int) -> bytes:
    return json.dumps({"key": letter * size}).encode()


@pytest.mark.parametrize(("before", "after"), [(10, 20), (10, 20_000), (500, 600), (20_000, 10), (9_000, 9_000)])
def test_what_an_interrupted_write_may_leave_is_recognised(before: int, after: int) -> None:
    old, new = _padded("a", before), _padded("b", after)
    longer = max(len(old), len(new))
    for left in (
        new[: len(old)],  # the data are on the disk, and the size is not
        new.ljust(len(old), b"\0"),  # the file was cut, and the size is not on the disk
        new.ljust(len(old)),  # the file was to be cut
        new.ljust(len(old))[:512] + old[512:],
        (old[:512].ljust(512, b"\0") + new[512:])[:longer] if after > before else new,
    ):
        assert journal.torn(left, old, new), left[:40]


def test_what_no_interrupted_write_leaves_is_not_taken_for_it() -> None:
    old, new = _padded("a", 2000), _padded("b", 3000)
    for other in (b"", b"{}", new + b" ", old[:100], _padded("c", 2500), old[:700] + b"c" + old[701:], b"\0" * 2500):
        assert not journal.torn(other, old, new), other[:40]


def _moments(directory: Path, choose: random.Random) -> Iterator[None]:
    """Write at random, lose power at random; one item for each loss that is found to have lost nothing."""
    for number, (old, new) in enumerate(os_disk.writes(choose)):
        path = directory / f"state-{number}.json"
        path.write_text(json.dumps(old))
        disk = os_disk.Disk(path)
        if choose.random() < 0.7:
            # As in a service that has run for a while: the journal is there.
            SPLockedJSONDB(str(path)).jsdump({})
            SPLockedJSONDB(str(path)).jsdump(old)
        disk.record(lambda path=path, new=new: SPLockedJSONDB(str(path)).jsdump(new))  # type: ignore[misc]
        for moment in disk.moments:
            for _ in range(6 if len(moment.main) == 1 else 20):
                disk.lose_power(moment, choose)
                image = path.read_bytes()
                if choose.random() < 0.2:
                    # And once more, while the first loss is repaired.
                    again = os_disk.Disk(path)
                    again.record(lambda path=path: SPLockedJSONDB(str(path)).get())  # type: ignore[misc]
                    again.lose_power(choose.choice(again.moments), choose)
                found = SPLockedJSONDB(str(path)).get()
                assert found == new or (found == old and not moment.returned), (number, image[:200])
                assert json.loads(path.read_bytes()) == found
                yield
        path.unlink()
        disk.side.unlink(missing_ok=True)


def test_no_loss_of_power_leaves_anything_but_the_old_state_or_the_new(tmp_path: Path) -> None:
    moments = _moments(tmp_path, random.Random(SEED))
    for _ in range(LOSSES):
        next(moments)


# Of an old and a new state, what the original writes afterwards is made of sectors of both.
LAYOUTS = 40


@pytest.mark.parametrize("first", ["never used", "used"])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_the_original_writes_after_a_kill_stays_even_if_made_of_sectors_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, seed: int
) -> None:
    choose = random.Random(seed)
    path = tmp_path / "state.json"
    for number in range(LAYOUTS):
        size = choose.choice((600, 5000, 20_000))
        old, new = ({"key": letter * size, "more": letter * 700} for letter in "ab")
        later = {"key": new["key"] if choose.random() < 0.5 else old["key"], "more": choose.choice("ab") * 700}
        cut = choose.randrange(len('{"key": "'), size) // 512 * 512
        later["key"] = (json.dumps(new)[:cut] + json.dumps(old)[cut:])[len('{"key": "') :][:size]
        path.write_text(json.dumps(old))
        if first == "used":
            SPLockedJSONDB(str(path)).jsdump({})
            SPLockedJSONDB(str(path)).jsdump(old)
        with monkeypatch.context() as patched:
            # Dies where the record would be marked as done.
            patched.setattr(journal.Journal, "done", _die)
            with pytest.raises(os_disk.Crash):
                SPLockedJSONDB(str(path)).jsdump(new)
        assert json.loads(path.read_bytes()) == new
        # As the original does it.
        with path.open("r+") as stream:
            stream.truncate()
            json.dump(later, stream)
        assert SPLockedJSONDB(str(path)).get() == later, number
        assert json.loads(path.read_bytes()) == later


def _die(*_: object) -> None:
    raise os_disk.Crash


def test_a_record_of_the_version_before_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    old, new = _padded("a", 20_000), _padded("b", 30_000)
    path.write_bytes(new[: len(old)])
    header = b"storpool_os journal 2 pending %s %d %d\n" % (journal._checksum(new, old), len(new), len(old))
    path.with_name("state.json.journal").write_bytes(header + new + b"\n" + old + b"\n")
    assert SPLockedJSONDB(str(path)).get() == json.loads(new)
    assert path.read_bytes() == new
    assert journal.Journal(str(path)).pending(path.stat()) is None
