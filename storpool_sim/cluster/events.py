"""What happens in a cluster by itself, as time goes by. The cluster's lock is held."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Set

from .errors import Busy, InsufficientResources
from .incidents import node_up
from .model import BALANCER_TIMES, Disk, Progress, Record
from .state import State

#: Ours: how long a deleted snapshot is still listed, in seconds.
RECLAIM_DELAY = 2.0
#: Ours: how long a transient snapshot holds data for a volume and its clone, in seconds.
TRANSIENT_TIME = 3.0
#: Ours: how fast data leaves a disk that is soft-ejected, in objects a second.
EJECT_RATE = 100.0
#: Ours: how fast a disk that was away catches up, in objects a second.
RECOVER_RATE = 200.0
#: Ours: how fast a disk is scrubbed, in bytes a second.
SCRUB_RATE = 200.0 * 1024 * 1024


def settle(cluster: State) -> None:
    """Do what should have happened by now; called before each request."""
    now = cluster.clock.now()
    caught_up = False
    for client in cluster.clients.values():
        caught_up = client.follow(cluster.generation, now) or caught_up
    for disk in cluster.disks.values():
        if disk.ejecting is not None:
            _eject(cluster, disk, disk.ejecting, now)
        if disk.recovering is not None:
            disk.recovering.run(now, RECOVER_RATE)
            if disk.recovering.done >= disk.recoverObjects:
                disk.recovering = None
        if disk.scrub.started is not None:
            _scrub(cluster, disk, now)
    _balance(cluster, now)
    for node in [node for node, maintenance in cluster.maintenance.items() if maintenance.ends <= now]:
        end_maintenance(cluster, node)
        cluster.changed()
    cluster.space.count()
    if cluster.records.time_dependent:
        _age_records(cluster, now)
    if caught_up:
        cluster.notify()


def end_maintenance(cluster: State, node: int) -> None:
    """End a node's maintenance, and start what was stopped for it."""
    if cluster.maintenance.pop(node).stopped:
        node_up(cluster, node)


# Snapshots


def _age_records(cluster: State, now: float) -> None:
    """Let data arrive, and delete snapshots: round by round, since the end of one may be the end of its parent."""
    for number in cluster.records.time_dependent:
        record = cluster.records[number]
        if record.recoveredAt is not None and record.recoveredAt <= now:
            record.recoveredAt = None
    attached = {number for member in cluster.everywhere() for number, _ in member.attachments}
    while _collect_snapshots(cluster, now, attached):
        pass


def _collect_snapshots(cluster: State, now: float, attached: Set[int]) -> bool:
    removed = False
    for record in [cluster.records[number] for number in sorted(cluster.records.time_dependent)]:
        if not record.snapshot or record.id in attached:
            continue
        if record.transient and not record.deleted and record.children and (record.reclaimAt or 0.0) <= now:
            _hand_over(cluster, record)
        due = record.targetDeleteDate is not None and record.targetDeleteDate <= now
        orphan = (record.bound or record.transient) and not record.children
        if not record.deleted and (due or orphan):
            delete_snapshot(cluster, record)
            cluster.changed()
        if record.deleted and not record.children and record.reclaimAt is not None and record.reclaimAt <= now:
            cluster.remove(record)
            cluster.changed()
            removed = True
    cluster.space.count()
    return removed


def make_transient(cluster: State, record: Record) -> None:
    """Make a snapshot one that goes by itself: `TRANSIENT_TIME` from now, when all its data is here."""
    record.transient = True
    record.reclaimAt = max(cluster.clock.now(), record.recoveredAt or 0.0) + TRANSIENT_TIME


def _hand_over(cluster: State, snapshot: Record) -> None:
    """Let the children of a snapshot take over its data, if there is room for that, so that they do not need it."""
    children = list(snapshot.children.values())
    stored = [min(child.size, child.stored + snapshot.stored) for child in children]
    planned = [replace(child, parent=snapshot.parent, stored=size) for child, size in zip(children, stored)]
    with suppress(InsufficientResources):
        cluster.space.check_room(planned, children)
        for child, size in zip(children, stored):
            child.stored, child.dataLost = size, child.dataLost or snapshot.dataLost
            cluster.records.set_parent(child, snapshot.parent)
        cluster.changed()


def delete_snapshot(cluster: State, record: Record) -> None:
    """Begin to delete a snapshot: it changes its name now, and is gone after its children and some time.

    :raises Busy: it is attached.
    """
    if record.deleted:
        return
    for attachment in cluster.attached_anywhere(record):
        raise Busy(f"Snapshot '{record.name}' is attached to client {attachment.client}.")
    name = "*" + record.name.lstrip("~")
    if cluster.find(name) is not None:
        name += f"@{record.id}"
    cluster.records.rename(record, name)
    cluster.remote.forget(record.id)
    record.deleted = True
    record.reclaimAt = cluster.clock.now() + RECLAIM_DELAY


# Disks


def _eject(cluster: State, disk: Disk, progress: Progress, now: float) -> None:
    progress.run(now, EJECT_RATE if disk.softEject == "on" else 0.0)
    if progress.done < disk.ejectObjects:
        return
    if cluster.space.move(cluster.records.users_of_disk(disk.id)):
        # No place for some of it: the task stays, as it does on a cluster with too few disks.
        progress.done = 0.0
    else:
        disk.ejecting = None
        cluster.changed()


def _scrub(cluster: State, disk: Disk, now: float) -> None:
    scrub = disk.scrub
    scrub.progress.run(now, 0.0 if scrub.paused is not None else SCRUB_RATE)
    if scrub.paused is None and scrub.progress.done >= cluster.space.use()[disk.id].stored:
        scrub.started = None
        scrub.lastCompleted = now


# The balancer


def _balance(cluster: State, now: float) -> None:
    balancer = cluster.balancer
    while balancer.due(now):
        ended = balancer.since + BALANCER_TIMES[balancer.status]
        if balancer.status == "waiting":
            balancer.enter("working", ended)
        elif balancer.status == "working":
            balancer.planned = cluster.space.improvements()
            balancer.enter("ready" if balancer.planned else "nothing to do", ended)
        else:
            for number, sets in balancer.planned.items():
                # A disk may have gone since the plan was made; what was to go there stays.
                if all(disk in cluster.disks and cluster.disks[disk].usable for disks in sets for disk in disks):
                    cluster.records[number].diskSets = sets
            balancer.enter("nothing to do", ended)
            cluster.changed()
