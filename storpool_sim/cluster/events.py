"""What happens in a cluster by itself, as time goes by."""

from __future__ import annotations

from contextlib import suppress
from typing import Dict, Set

from .errors import Busy, InsufficientResources
from .incidents import Incidents
from .model import BALANCER_TIMES, Disk, DiskSets, Progress, Record

#: Ours: how long a deleted snapshot is still to be seen, in seconds.
RECLAIM_DELAY = 2.0
#: Ours: how fast data leaves a disk that is soft-ejected, in objects a second.
EJECT_RATE = 100.0
#: Ours: how fast a disk that was away catches up, in objects a second.
RECOVER_RATE = 200.0
#: Ours: how fast a disk is scrubbed, in bytes a second.
SCRUB_RATE = 200.0 * 1024 * 1024


class Events(Incidents):
    """A cluster that lives; see `Cluster`."""

    def settle(self) -> None:
        """Do what should have happened by now; called before each request."""
        now = self.clock.now()
        moved = False
        for client in self.clients.values():
            moved = client.follow(self.generation, now) or moved
        for disk in self.disks.values():
            if disk.ejecting is not None:
                self._move_data(disk, disk.ejecting, now)
            if disk.recovering is not None:
                disk.recovering.run(now, RECOVER_RATE)
                if disk.recovering.done >= disk.recoverObjects:
                    disk.recovering = None
            if disk.scrub.started is not None:
                self._scrub(disk, now)
        self._balance(now)
        for node in [node for node, one in self.maintenance.items() if one.ends <= now]:
            self.end_maintenance(node)
            self.changed()
        self._count()
        if self._time_dependent:
            self._live(now)
        if moved:
            self.notify()

    def end_maintenance(self, node: int) -> None:
        """Let a node be as it was before its maintenance."""
        if self.maintenance.pop(node).stopped:
            self.node_up(node)

    def _live(self, now: float) -> None:
        """Let data arrive, and snapshots go: round by round, since one that goes may let others go."""
        for number in self._time_dependent:
            record = self.records[number]
            if record.recoveredAt is not None and record.recoveredAt <= now:
                record.recoveredAt = None
        attached = {number for one in (self, *self.peers) for number, _ in one.attachments}
        while self._collect(now, attached):
            pass

    def _collect(self, now: float, attached: Set[int]) -> bool:
        gone = False
        for record in [self.records[number] for number in self._time_dependent]:
            if not record.snapshot or record.id in attached:
                continue
            due = record.targetDeleteDate is not None and record.targetDeleteDate <= now
            orphan = (record.bound or record.transient) and not record.children
            if not record.deleted and (due or orphan):
                self.delete_snapshot(record)
                self.changed()
            if record.deleted and not record.children and record.reclaimAt is not None and record.reclaimAt <= now:
                self.remove(record)
                self.changed()
                gone = True
        self._count()
        return gone

    def delete_snapshot(self, record: Record) -> None:
        """Begin to delete a snapshot: it changes its name now, and goes when its children and some time have gone."""
        if record.deleted:
            return
        for cluster in (self, *self.peers):
            for place in cluster.attached(record):
                raise Busy(f"Snapshot '{record.name}' is attached to client {place.client}.")
        name = "*" + (record.baseName or record.globalId)
        if self.find(name) is not None:
            name += f"@{record.id}"
        self.rename(record, name)
        self.remote.forget(record.id)
        record.deleted = True
        record.reclaimAt = self.clock.now() + RECLAIM_DELAY

    def _move_data(self, disk: Disk, progress: Progress, now: float) -> None:
        progress.run(now, EJECT_RATE if disk.softEject == "on" else 0.0)
        if progress.done < disk.ejectObjects:
            return
        if self.replace(self.users_of_disk(disk.id)):
            # No place for some of it: the task stays, as it does on a cluster with too few disks.
            progress.done = 0.0
        else:
            disk.ejecting = None
            self.changed()

    def relocations(self) -> Dict[int, DiskSets]:
        """Where what lies on disks that are being soft-ejected is to go, by id of the volume or snapshot."""
        planned = {}
        for disk in self.disks.values():
            if disk.ejecting is None:
                continue
            for record in self.users_of_disk(disk.id):
                with suppress(InsufficientResources):
                    planned[record.id] = self.choose_sets(record.policy, record.targets)
        return planned

    def _scrub(self, disk: Disk, now: float) -> None:
        scrub = disk.scrub
        scrub.progress.run(now, 0.0 if scrub.paused is not None else SCRUB_RATE)
        if scrub.paused is None and scrub.progress.done >= self.use()[disk.id].stored:
            scrub.started = None
            scrub.lastCompleted = now

    def _balance(self, now: float) -> None:
        run = self.balancer
        while run.due(now):
            ended = run.since + BALANCER_TIMES[run.status]
            if run.status == "waiting":
                run.enter("working", ended)
            elif run.status == "working":
                run.planned = self._proposals()
                run.enter("ready" if run.planned else "nothing to do", ended)
            else:
                for number, sets in run.planned.items():
                    # A disk may have gone since it was planned for; what was to go there stays.
                    if all(disk in self.disks and self.disks[disk].usable for one in sets for disk in one):
                        self.records[number].diskSets = sets
                run.enter("nothing to do", ended)
                self.changed()

    def _proposals(self) -> Dict[int, DiskSets]:
        """The disk sets that volumes would get today, where they have others."""
        found = {}
        for record in self.records.values():
            with suppress(InsufficientResources):
                sets = self.choose_sets(record.policy, record.targets)
                if set(sets) != set(record.diskSets):
                    found[record.id] = sets
        return found
