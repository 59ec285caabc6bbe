"""Waiting until what a call began is done, with progress on standard error.

Each kind of wait looks at the cluster now and then: before the call, where the thing cannot be found any more after it,
and after the call until nothing is left to wait for.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Type

from ..spapi import CALLS, ApiError
from ..spapi.call import Call
from ..sptypes import UpDiskSummary
from .errors import Failure, warn
from .queries import query_of

__all__ = ["Wait", "wait_for"]

# Looks are this far apart at first, and a little farther each time.
_FIRST_PAUSE = 0.2
_LAST_PAUSE = 5.0
# Without a terminal: how long nothing is said while nothing changes.
_SILENCE = 60.0


class State(NamedTuple):
    """What there still is to wait for, and how much of it is done, where that is known."""

    text: str
    done: int = 0
    total: int = 0


class Wait:
    """Waits for one call.

    :param api: the Api that the call is made with.
    :param arguments: the call's arguments by their names, and ``json``, the body or None.
    :param clusterName: the cluster that the call goes to.
    """

    def __init__(self, api: Any, arguments: Dict[str, Any], clusterName: Optional[str]) -> None:
        self.api = api
        self.arguments = arguments
        self.json: Dict[str, Any] = arguments.get("json") or {}
        self.clusterName = clusterName

    def ask(self, name: str, *args: Any) -> Any:
        """Make a call that reads, in the same cluster."""
        return getattr(self.api, name)(*args, clusterName=self.clusterName)

    def before(self) -> None:
        """Note what can only be seen before the call."""

    def state(self, result: Any) -> Optional[State]:
        """Say what there is to wait for; None when there is nothing more."""
        raise NotImplementedError

    def after(self, result: Any) -> None:
        """Wait, and show how it goes.

        :raises SystemExit: what was begun will not come to its end.
        """
        begun = time.monotonic()
        pause = _FIRST_PAUSE
        try:
            with _shown() as show:
                while True:
                    state = self.state(result)
                    if state is None:
                        break
                    show(state)
                    time.sleep(pause)
                    pause = min(_LAST_PAUSE, pause * 1.2)
        except KeyboardInterrupt:
            warn("Waiting has stopped; what was begun goes on.")
            raise
        warn(f"Done after {time.monotonic() - begun:.1f} s.")


class _VolumeGone(Wait):
    def before(self) -> None:
        name = self.arguments["volumeName"]
        # The name may be given to another volume at once.
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
        return any(each.globalId == self.globalId for each in self.ask("snapshotsList"))


class _SnapshotArrived(Wait):
    def state(self, result: Any) -> Optional[State]:
        name = self.json.get("name") or self._copy()
        if name and not self.ask("snapshotList", name)[0].recoveringFromRemote:
            return None
        return State(f"the data of snapshot {name or self.json['remoteId']} to arrive")

    def _copy(self) -> Optional[str]:
        """The name of the copy, for which the request had none."""
        for each in self.ask("snapshotsRemoteList")["snapshots"]:
            if each.remoteId == self.json["remoteId"]:
                name: Optional[str] = each.localSnapshot
                return name
        return None


class _VolumeArrived(Wait):
    def state(self, result: Any) -> Optional[State]:
        name = self.json["name"]
        parents = self.ask("volumeListSnapshots", name)
        arriving = any(each.recoveringFromRemote for each in parents)
        return State(f"the data of volume {name} to arrive") if arriving else None


class _BackedUp(Wait):
    def state(self, result: Any) -> Optional[State]:
        location = self.json["location"]
        # Only the other side knows how far it is.
        clusters = [each.name for each in self.ask("clustersList")["clusters"] if each.location == location]
        found = {each.globalId: each for name in clusters for each in self.api.snapshotsList(clusterName=name)}
        wanted = self._backups(result)
        arrived = [each for each in wanted if each in found and not found[each].recoveringFromRemote]
        if len(arrived) == len(wanted):
            return None
        return State(f"{len(wanted)} backups to arrive at {location}", len(arrived), len(wanted))

    def _backups(self, result: Any) -> List[str]:
        backups = getattr(result, "backups", None)
        return [result.remoteId] if backups is None else [each.remoteId for each in backups.values()]


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
        return _tasks_state(text, [each for each in self.ask("tasksList") if each.diskId == number])


class _TasksDone(Wait):
    def state(self, result: Any) -> Optional[State]:
        tasks = self.ask("tasksList")
        disks = sorted({each.diskId for each in tasks})
        return _tasks_state(f"tasks on disks {', '.join(map(str, disks))}", tasks) if tasks else None


def _tasks_state(text: str, tasks: List[Any]) -> State:
    return State(text, sum(each.completedObjects for each in tasks), sum(each.allObjects for each in tasks))


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
"""The calls that begin something which takes time, by their names."""


def wait_for(method: Callable[..., Any], call: Optional[Call], parameters: List[Any], cluster: Optional[str]) -> Wait:
    """Give what waits for a call, or exit because the call begins nothing that can be waited for."""
    kind = WAITS.get(call.name) if call is not None else None
    if call is None or kind is None:
        queries = ", ".join(sorted(query_of(CALLS[name]) for name in WAITS))
        raise Failure("cliNothingToWaitFor", f"There is nothing to wait for; --wait goes with {queries}")
    names = [each._name for each in call.args] + ["json"]
    return kind(getattr(method, "__self__", None), dict(zip(names, parameters)), cluster)


@contextlib.contextmanager
def _shown() -> Iterator[Callable[[State], None]]:
    """Show states: as progress on a terminal, else as lines."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    except ImportError:
        yield _Lines()
        return
    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("Waiting for {task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    # It goes when the waiting ends; what is left is a line that says how.
    with Progress(*columns, console=console, transient=True) as progress:

        def show(state: State) -> None:
            if not progress.tasks:
                progress.add_task(state.text)
            progress.update(
                progress.tasks[0].id, description=state.text, completed=state.done, total=state.total or None
            )

        yield show


class _Lines:
    """Says what is new, and now and then that nothing is."""

    def __init__(self) -> None:
        self._last = ("", -1)
        self._when = 0.0

    def __call__(self, state: State) -> None:
        percent = state.done * 100 // state.total if state.total else 0
        now = time.monotonic()
        # Each tenth is enough.
        if (state.text, percent // 10) == self._last and now < self._when + _SILENCE:
            return
        self._last, self._when = (state.text, percent // 10), now
        warn(f"Waiting for {state.text}{f': {percent}%' if state.total else ''}")
