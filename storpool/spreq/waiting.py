"""Waits until what a call began is done, with progress on standard error.

Each kind of wait asks the cluster repeatedly: before the call, for what cannot be found any more after it, and after
the call, until there is nothing left to wait for.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Type

from ..spapi import CALLS, ApiError
from ..spapi.call import Call
from ..spcli import printable
from ..sptypes import UpDiskSummary
from .errors import Failure, warn
from .queries import query_of

__all__ = ["Wait", "wait_for"]

# Seconds between two questions to the cluster: at first, and at most. Each pause is a little longer than the last.
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
# Without a terminal: seconds after which the same state is printed once more.
_REPEAT = 60.0
# Narrower terminals have no room for a bar.
_ROOM_FOR_BAR = 72


class State(NamedTuple):
    """What there still is to wait for, and how much of it is done; the total is 0 if that cannot be counted."""

    text: str
    done: int = 0
    total: int = 0


class Wait:
    """Waits for one call.

    :param api: the Api that the call is made with.
    :param arguments: the call's arguments by their names, and ``json``, the body or None.
    :param cluster: the cluster that the call goes to.
    :param timeout: the longest time to wait, in seconds; None for no limit.
    """

    def __init__(
        self, api: Any, arguments: Dict[str, Any], cluster: Optional[str], timeout: Optional[float] = None
    ) -> None:
        self.api = api
        self.arguments = arguments
        self.json: Dict[str, Any] = arguments.get("json") or {}
        self.cluster = cluster
        self.timeout = timeout

    def ask(self, name: str, *args: Any) -> Any:
        """Make a call that reads, in the same cluster."""
        return getattr(self.api, name)(*args, clusterName=self.cluster)

    def before(self) -> None:
        """Note what can be found only before the call."""

    def state(self, result: Any) -> Optional[State]:
        """Return what there is to wait for; None if there is nothing left."""
        raise NotImplementedError

    def after(self, result: Any) -> None:
        """Wait, and show the progress.

        :raises Failure: what was begun will not be completed, or was not completed in time.
        """
        started = time.monotonic()
        pause = _FIRST_PAUSE
        try:
            with _shown() as show:
                while True:
                    state = self.state(result)
                    if state is None:
                        break
                    show(state)
                    left = math.inf if self.timeout is None else started + self.timeout - time.monotonic()
                    if left <= 0:
                        text = f"Still waiting for {state.text} after {self.timeout:g} s; what was begun goes on"
                        raise Failure("cliWaitTimeout", text, transient=True)
                    time.sleep(min(pause, left))
                    pause = min(_LONGEST_PAUSE, pause * 1.2)
        except KeyboardInterrupt:
            warn("Waiting has stopped; what was begun goes on.")
            raise
        warn(f"Done after {time.monotonic() - started:.1f} s.")


class _VolumeGone(Wait):
    def before(self) -> None:
        name = self.arguments["volumeName"]
        # Another volume may get the name at once.
        self.globalId = self.ask("volumeList", name)[0].globalId
        self.text = f"volume {name} to be deleted"

    def state(self, result: Any) -> Optional[State]:
        try:
            self.ask("volumeList", f"~{self.globalId}")
        except ApiError as exc:
            if exc.name == "objectDoesNotExist":
                return None
            raise
        return State(self.text)


class _SnapshotGone(Wait):
    def before(self) -> None:
        name = self.arguments.get("snapshotName") or f"~{self.arguments['globalVolumeId']}"
        self.globalId = self.ask("snapshotList", name)[0].globalId
        self.text = f"snapshot {name} to be deleted"

    def state(self, result: Any) -> Optional[State]:
        return State(self.text) if self._is_there() else None

    def _is_there(self) -> bool:
        return any(snapshot.globalId == self.globalId for snapshot in self.ask("snapshotsList"))


class _SnapshotArrived(Wait):
    def state(self, result: Any) -> Optional[State]:
        name = self.json.get("name") or self._copy()
        if name and not self.ask("snapshotList", name)[0].recoveringFromRemote:
            return None
        return State(f"the data of snapshot {name or self.json['remoteId']} to arrive")

    def _copy(self) -> Optional[str]:
        """Return the name of the copy, if the request has none."""
        for snapshot in self.ask("snapshotsRemoteList")["snapshots"]:
            if snapshot.remoteId == self.json["remoteId"]:
                name: Optional[str] = snapshot.localSnapshot
                return name
        return None


class _VolumeArrived(Wait):
    def state(self, result: Any) -> Optional[State]:
        name = self.json["name"]
        parents = self.ask("volumeListSnapshots", name)
        arriving = any(snapshot.recoveringFromRemote for snapshot in parents)
        return State(f"the data of volume {name} to arrive") if arriving else None


class _BackedUp(Wait):
    def state(self, result: Any) -> Optional[State]:
        location = self.json["location"]
        # Only the other location knows the progress.
        clusters = [cluster.name for cluster in self.ask("clustersList")["clusters"] if cluster.location == location]
        snapshots = {
            snapshot.globalId: snapshot for name in clusters for snapshot in self.api.snapshotsList(clusterName=name)
        }
        wanted = self._backups(result)
        arrived = [id for id in wanted if id in snapshots and not snapshots[id].recoveringFromRemote]
        if len(arrived) == len(wanted):
            return None
        return State(f"{len(wanted)} backups to arrive at {location}", len(arrived), len(wanted))

    def _backups(self, result: Any) -> List[str]:
        backups = getattr(result, "backups", None)
        return [result.remoteId] if backups is None else [backup.remoteId for backup in backups.values()]


class _DiskEmptied(Wait):
    def state(self, result: Any) -> Optional[State]:
        number = int(self.arguments["diskId"])
        disk = self.ask("disksList").get(number)
        if not isinstance(disk, UpDiskSummary):
            raise Failure("cliWaitFailed", f"Disk {number} went down before it was empty")
        if disk.empty:
            return None
        if disk.softEject == "off":
            raise Failure("cliWaitFailed", f"The soft-eject of disk {number} was cancelled")
        text = f"disk {number} to be emptied" + (" (paused)" if disk.softEject == "paused" else "")
        return _tasks_state(text, [task for task in self.ask("tasksList") if task.diskId == number])


class _TasksDone(Wait):
    def state(self, result: Any) -> Optional[State]:
        tasks = self.ask("tasksList")
        disks = sorted({task.diskId for task in tasks})
        return _tasks_state(f"tasks on disks {', '.join(map(str, disks))}", tasks) if tasks else None


def _tasks_state(text: str, tasks: List[Any]) -> State:
    return State(text, sum(task.completedObjects for task in tasks), sum(task.allObjects for task in tasks))


WAITS: Dict[str, Type[Wait]] = {
    "volumeDelete": _VolumeGone,
    "snapshotDelete": _SnapshotGone,
    "snapshotDeleteById": _SnapshotGone,
    "snapshotFromRemote": _SnapshotArrived,
    "volumeFromRemote": _VolumeArrived,
    "volumeBackup": _BackedUp,
    "volumesGroupBackup": _BackedUp,
    "diskSoftEject": _DiskEmptied,
    "tasksList": _TasksDone,
}
"""What waits for the calls that begin something, by their names."""


def wait_for(
    method: Callable[..., Any],
    call: Optional[Call],
    parameters: List[Any],
    cluster: Optional[str],
    timeout: Optional[float] = None,
) -> Wait:
    """Return what waits for a call.

    :raises Failure: the call begins nothing that can be waited for.
    """
    kind = WAITS.get(call.name) if call is not None else None
    if call is None or kind is None:
        queries = ", ".join(sorted(query_of(CALLS[name]) for name in WAITS))
        raise Failure("cliNothingToWaitFor", f"There is nothing to wait for; --wait goes with {queries}")
    names = [argument._name for argument in call.args] + ["json"]
    return kind(getattr(method, "__self__", None), dict(zip(names, parameters)), cluster, timeout)


@contextlib.contextmanager
def _shown() -> Iterator[Callable[[State], None]]:
    """Show states: as progress on a terminal, else as lines."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column
    except ImportError:
        yield _Lines()
        return
    console = Console(stderr=True, no_color=True if os.environ.get("NO_COLOR") else None)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines()
        return
    wide = console.width >= _ROOM_FOR_BAR
    text = TextColumn(
        "Waiting for {task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
    )
    columns: List[ProgressColumn] = [SpinnerColumn(), text]
    # Without a total the bar only moves, and there is no percentage.
    columns += [BarColumn(bar_width=20)] if wide else []
    columns += [TextColumn("{task.fields[percent]}"), TimeElapsedColumn()]
    # It is erased when the waiting ends, and a line says how it ended.
    with Progress(*columns, console=console, transient=True, expand=True) as progress:

        def show(state: State) -> None:
            if not progress.tasks:
                progress.add_task(printable(state.text), total=None, percent="")
            progress.update(
                progress.tasks[0].id,
                description=printable(state.text),
                completed=state.done,
                total=state.total or None,
                percent=f"{_percent(state)}%" if state.total else "",
            )

        yield show


def _percent(state: State) -> int:
    return state.done * 100 // state.total if state.total else 0


class _Lines:
    """Prints new states, and now and then that nothing has changed."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._when = 0.0

    def __call__(self, state: State) -> None:
        percent = _percent(state)
        now = time.monotonic()
        # A line for every tenth is enough.
        if (state.text, percent // 10) == self._last and now < self._when + _REPEAT:
            return
        self._last, self._when = (state.text, percent // 10), now
        warn(f"Waiting for {printable(state.text)}{f': {percent}%' if state.total else ''}")
