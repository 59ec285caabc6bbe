"""The life of a volume on a simulated cluster, in the terminal: each step as Python, as HTTP, and its outcome."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, List, Optional
from urllib.parse import unquote

from storpool.spapi import ApiError
from storpool.sptypes import ClusterStatus, DownDiskSummary

from .cluster import RECLAIM_DELAY
from .cluster.model import AG_SIZE, GiB, MiB
from .runner import Running, running

WIDTH = 100
INDENT = 10


class Story:
    """Makes calls and prints them; counts them, too."""

    def __init__(self, sim: Running, write: Callable[[str], None]) -> None:
        self.sim = sim
        self.api = sim.api()
        self.write = write
        self.steps = 0
        self.seconds: List[float] = []

    def say(self, text: str = "") -> None:
        """Print a sentence."""
        self.write(text)

    def step(self, sentence: str, call: str, *args: Any, brief: Callable[[Any], str], fails: str = "") -> Any:
        """Make a call and print it; `fails` is the name of the error that it is to end with."""
        self.steps += 1
        self.say()
        self.say(f"{self.steps:2}. {sentence}")
        self._line("python", f"api.{call}({', '.join(map(repr, args))})")
        begun = time.perf_counter()
        result: Any = None
        error: Optional[ApiError] = None
        try:
            result = getattr(self.api, call)(*args)
        except ApiError as exc:
            error = exc
        self.seconds.append(time.perf_counter() - begun)
        seen = self.sim.requests[-1]
        body = f"  {seen.body.decode()}" if seen.body else ""
        self._line("request", f"{seen.method} {unquote(seen.target)}{body}")
        spent = f"{self.seconds[-1] * 1000:.1f} ms"
        if error is not None:
            self._line("reply", f"{seen.status} in {spent}: {error.name}: {error.desc}")
        else:
            self._line("reply", f"{seen.status} in {spent}: {brief(result)}")
        if (error.name if error is not None else "") != fails:
            raise RuntimeError(f"{call} was to end with {fails or 'success'!r}, and did not") from error
        return result

    def _line(self, label: str, text: str) -> None:
        """Print a labelled line, folded where it is too long: after a blank or a comma, if there is one."""
        room = WIDTH - 4 - INDENT
        while text:
            piece = text[:room]
            if len(text) > room:
                piece = piece[: max(piece.rfind(" "), piece.rfind(",")) + 1] or piece
            self.say(f"    {label:{INDENT}}{piece.rstrip()}")
            text, label = text[len(piece) :].lstrip(), ""


def main(write: Callable[[str], None] = print) -> int:
    """Tell the story; returns the exit status."""
    with running() as sim:
        story = Story(sim, write)
        story.say("A StorPool cluster runs in this process. It has three servers and twelve disks, and answers")
        story.say(f"real HTTP on {sim.host}:{sim.port}. What follows are real requests to it.")
        _tell(story)
        _end(story)
    return 0


def _size(count: int) -> str:
    if count >= 1024 * GiB:
        return f"{count / 1024 / GiB:.1f} TiB"
    return f"{count // GiB} GiB" if count >= GiB else f"{count // MiB} MiB"


def _ok(reply: Any) -> str:
    return f"ok, generation {reply.generation}"


def _services(status: ClusterStatus) -> str:
    servers = " ".join(str(number) for number, server in status.servers.items() if server.running)
    clients = " ".join(str(number) for number, client in status.clients.items() if client.running)
    mgmt = " ".join(str(number) for number, mgmt in status.mgmt.items() if mgmt.running)
    return f"cluster {status.clusterStatus}; servers {servers}, clients {clients}, mgmt {mgmt}"


def _disks(disks: Any) -> str:
    parts = []
    for kind, ssd in (("SSDs", True), ("HDDs", False)):
        found = [disk for disk in disks.values() if disk.ssd is ssd and not isinstance(disk, DownDiskSummary)]
        total = sum(disk.agCount * AG_SIZE for disk in found)
        free = sum(disk.agFree * AG_SIZE for disk in found)
        parts.append(f"{len(found)} {kind}, {_size(free)} free of {_size(total)}")
    return "; ".join(parts)


def _spread(info: Any) -> str:
    disks = " ".join(map(str, sorted(info.objectsPerDisk)))
    return f"{_size(info.size)} in {info.objectsCount} objects of 32 MiB, {info.replication} copies, on disks {disks}"


def _attachments(found: Any) -> str:
    return "; ".join(map(_attachment, found)) or "none"


def _attachment(desc: Any) -> str:
    return f"{desc.volume} on client {desc.client}, {desc.rights}, as /dev/sp{desc.pos}"


def _names(records: Any) -> str:
    names = (f"{record.name} ({_size(record.size)}, parent {record.parentName or 'none'})" for record in records)
    return ", ".join(names) or "none"


def _tell(story: Story) -> None:
    step = story.step
    step("Who is there? Servers keep the data, clients attach volumes.", "servicesList", brief=_services)
    step("What room is there? Disks hand out space in units of 512 MiB.", "disksList", brief=_disks)
    template = {"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3, "size": 20 * GiB}
    step(
        "A template says where copies go: two on HDDs, and the last, which serves the reads, on an SSD.",
        "volumeTemplateCreate",
        template,
        brief=_ok,
    )
    step(
        "A volume made from it needs no more than a name.",
        "volumeCreate",
        {"name": "db", "template": "hybrid", "tags": {"app": "postgres"}},
        brief=lambda reply: f"ok, global id {reply.globalId}",
    )
    step("No two copies of an object are on one server.", "volumeInfo", "db", brief=_spread)
    attach = {"reassign": [{"volume": "db", "rw": [1], "force": False}]}
    step("Client 1 attaches it for reading and writing...", "volumesReassignWait", attach, brief=_ok)
    step("...and it is a block device there.", "attachmentsList", brief=_attachments)
    step("What is attached cannot be deleted.", "volumeDelete", "db", brief=_ok, fails="busy")
    step(
        "A snapshot keeps what the volume holds now, while the volume goes on.",
        "snapshotCreate",
        "db",
        {"name": "db-monday"},
        brief=lambda reply: f"ok, global id {reply.snapshotGlobalId}",
    )
    step(
        "A clone starts from the snapshot and shares its data; here it gets more room at once.",
        "volumeCreate",
        {"name": "db-test", "parent": "db-monday", "size": 30 * GiB},
        brief=lambda reply: f"ok, global id {reply.globalId}",
    )
    step("Both volumes have the snapshot for a parent.", "volumesList", brief=_names)
    step("Volumes grow while they are attached.", "volumeUpdate", "db", {"sizeAdd": 10 * GiB}, brief=_ok)
    step("To shrink one by mistake is not easy.", "volumeUpdate", "db", {"size": GiB}, brief=_ok, fails="invalidParam")
    detach = {"reassign": [{"volume": "db", "detach": "all", "force": False}]}
    step("The client detaches it.", "volumesReassignWait", detach, brief=_ok)
    step("Now it can go back to Monday...", "volumeRevert", "db", {"toSnapshot": "db-monday"}, brief=_ok)
    step("...or go away...", "volumeDelete", "db", brief=_ok)
    step("...and the clone with it.", "volumeDelete", "db-test", brief=_ok)
    step("Snapshots go slowly:", "snapshotDelete", "db-monday", brief=_ok)
    step(f"one being deleted is marked by a '*' until it is reclaimed, {RECLAIM_DELAY:g} s from now.",
         "snapshotsList", brief=_names)  # fmt: skip
    time.sleep(RECLAIM_DELAY)
    step("Those have passed.", "snapshotsList", brief=_names)


def _end(story: Story) -> None:
    total = sum(story.seconds) * 1000
    story.say()
    story.say(f"{story.steps} calls, {total:.0f} ms in all, {total / story.steps:.1f} ms each.")
    story.say()
    story.say("What to try next:")
    python = os.path.relpath(sys.executable) if sys.executable.startswith(os.getcwd() + os.sep) else "python"
    for meaning, command in (
        ("a short program, with a cluster of its own", "run python examples/first_volume.py"),
        ("a shell with one; in it, `storpool_req VolumesList` makes a call, as any other", "run bash"),
    ):
        story.say(f"    # {meaning}")
        story.say(f"    {python} -m storpool_sim {command}")
