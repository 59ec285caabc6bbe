"""A model of a disk that loses power: what of a file's writes may be on it, and what may not.

Between two syncs the kernel writes back what it wants, when it wants: any sector of a file may be there as it was after
any of the writes, the size likewise, and names appear and disappear on their own. What was synced is there.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest

SECTOR = 512
BLOCK = 4096

#: What changes files or names, or makes such changes durable.
STEPS = ("pwrite", "pwritev", "ftruncate", "fdatasync", "fsync", "rename", "fchmod")


class Version(NamedTuple):
    """A file's content and time, as the kernel has had it at some moment."""

    content: bytes
    changed: int


class Moment(NamedTuple):
    """What may be on the disk: the versions of each file since it was synced, and whether the journal has its name."""

    main: List[Version]
    journal: List[Version]
    journal_named: List[bool]
    #: Whether the write had returned.
    returned: bool


class Disk:
    """The state file and its journal, on a disk of the model.

    :param path: the state file, with its journal beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.side = path.with_name(path.name + ".journal")
        self.moments: List[Moment] = []

    def _version(self, path: Path) -> Version:
        return Version(path.read_bytes(), path.stat().st_mtime_ns) if path.exists() else Version(b"", 0)

    def record(self, work: Callable[[], object]) -> None:
        """Run a write, and keep a moment for each step of it."""
        # A journal that is not there yet is another file until it is renamed.
        fresh = self.side.with_name(self.side.name + ".new")
        main, named = [self._version(self.path)], [self.side.exists()]
        journal = [self._version(self.side)]

        def keep(returned: bool = False) -> None:
            self.moments.append(Moment(list(main), list(journal), list(named), returned))

        def stand_in(name: str) -> Callable[..., Any]:
            real = getattr(os, name)

            def stepped(*args: Any) -> Any:
                result = real(*args)
                side = self.side if self.side.exists() else fresh
                if name == "rename":
                    named.append(True)
                elif name == "fsync":
                    named[:] = named[-1:]
                for path, versions in ((self.path, main), (side, journal)):
                    if path.exists() and name in ("fdatasync", "fsync") and _is_file(args[0], path):
                        versions[:] = versions[-1:]
                    elif self._version(path) != versions[-1]:
                        versions.append(self._version(path))
                keep()
                return result

            return stepped

        keep()
        with pytest.MonkeyPatch.context() as patched:
            for name in STEPS:
                patched.setattr(os, name, stand_in(name))
            work()
        keep(returned=True)

    def lose_power(self, moment: Moment, choose: random.Random) -> None:
        """Make the two files what a disk may have kept of a moment. The state file stays the same file."""
        self._put(self.path, moment.main, choose)
        if choose.choice(moment.journal_named):
            self._put(self.side, moment.journal, choose)
        else:
            self.side.unlink(missing_ok=True)

    def _put(self, path: Path, versions: List[Version], choose: random.Random) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            image = crashed(versions, choose)
            os.ftruncate(fd, 0)
            os.pwrite(fd, image.content, 0)
            os.utime(fd, ns=(image.changed, image.changed))
        finally:
            os.close(fd)


def _is_file(fd: int, path: Path) -> bool:
    return os.path.samestat(os.fstat(fd), path.stat())


def crashed(versions: List[Version], choose: random.Random) -> Version:
    """Return what a disk may have of a file."""
    sizes = {len(version.content) for version in versions}
    # A file that grows may do so a block at a time.
    sizes |= set(range(min(sizes) // BLOCK * BLOCK + BLOCK, max(sizes), BLOCK))
    size = choose.choice(sorted(sizes))
    # Sectors that follow each other are often written together.
    content, picked = b"", choose.choice(versions)
    for at in range(0, size, SECTOR):
        if choose.random() < 0.4:
            picked = choose.choice(versions)
        content += picked.content[at : at + SECTOR].ljust(SECTOR, b"\0")
    return Version(content[:size], choose.choice(versions).changed)


class Crash(BaseException):
    """Stands for the end of the process: nothing that follows it is done."""


def crash_at(
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    torn: bool = False,
    before: Optional[Callable[[], object]] = None,
) -> Callable[[], bool]:
    """Let the process die at its step of that number, counted from 0; a write may first get through in part.

    :param before: what to do as it dies.
    :return: a function that tells whether it has died.
    """
    state = {"left": step, "dead": False}

    def stand_in(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def stepped(*args: Any) -> Any:
            if state["dead"]:
                raise Crash
            if state["left"] == 0:
                state["dead"] = True
                if torn and name == "pwrite":
                    fd, data, offset = args
                    real(fd, data[: len(data) // 2 // BLOCK * BLOCK or BLOCK], offset)
                if before is not None:
                    before()
                raise Crash
            state["left"] -= 1
            return real(*args)

        return stepped

    for name in STEPS:
        monkeypatch.setattr(os, name, stand_in(name))
    return lambda: bool(state["dead"])


State = Dict[str, Any]


def _entry(choose: random.Random) -> Any:
    size = choose.choice((0, 10, 60, 200, 500, 1500, 5000))
    return {"volume": "os--volume-" + choose.choice("abc") * size, "rights": choose.choice((1, 2))}


def writes(choose: random.Random) -> Iterator[Tuple[State, State]]:
    """Draw states, and what replaces them: entries added, changed with the same or another size, and removed."""
    while True:
        old = {f"request-{number}": _entry(choose) for number in range(choose.choice((0, 1, 3, 8, 30)))}
        new = dict(old)
        what = choose.choice(("add", "change", "same size", "remove", "all"))
        name = choose.choice(sorted(old) or ["first"])
        if what == "add" or not old:
            new["request-new"] = _entry(choose)
        elif what == "change":
            new[name] = _entry(choose)
        elif what == "same size":
            new = {key: {**entry, "volume": entry["volume"].swapcase()} for key, entry in old.items()}
        elif what == "remove":
            del new[name]
        else:
            new = {f"request-{number}": _entry(choose) for number in range(choose.choice((0, 1, 8)))}
        if new != old:
            yield old, new
