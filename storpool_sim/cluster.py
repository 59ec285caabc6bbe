"""The state of a simulated cluster, and what holds for all of its parts.

Nothing here knows of HTTP, or of the bindings. The areas (`storpool_sim.areas`) change the state and describe it; a
test may do so too, as long as it holds `Cluster.lock`.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Dict, Iterable, List, Optional, Set, Tuple

from . import defaults
from .clock import Clock
from .devices import Data
from .errors import Busy, InsufficientResources, InvalidParam, ObjectDoesNotExist, ObjectExists, UnknownClient
from .model import (
    BALANCER_TIMES,
    OBJECT_SIZE,
    Attachment,
    Balancer,
    Bucket,
    Disk,
    DiskSets,
    Group,
    Maintenance,
    Policy,
    Record,
    Template,
)
from .model_iscsi import ISCSI
from .model_remote import Remote
from .placement import DiskUse, choose_sets, use_of_disks

#: Ours: how long a deleted snapshot is still to be seen, in seconds.
RECLAIM_DELAY = 2.0
#: Ours: how fast data leaves a disk that is soft-ejected, in objects a second.
EJECT_RATE = 100.0
#: Ours: how fast a disk is scrubbed, in bytes a second.
SCRUB_RATE = 200.0 * 1024 * 1024


class Cluster:
    """One StorPool cluster, as it is at the moment of its clock."""

    def __init__(
        self,
        clock: Optional[Clock] = None,
        name: str = defaults.CLUSTER_NAME,
        clusterId: str = defaults.CLUSTER_ID,
    ) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.generation = 1
        self.name = name
        self.clusterId = clusterId
        #: Others that this one can reach; see `federation.connect`.
        self.peers: List[Cluster] = []
        self.remote = Remote()
        self.started = self.clock.now()
        self.servers = defaults.make_daemons(defaults.SERVERS, self.started)
        self.clients = defaults.make_daemons(defaults.CLIENTS, self.started)
        self.mgmt = defaults.make_daemons((1, 2), self.started)
        self.controllers = defaults.make_daemons(defaults.CONTROLLERS, self.started)
        self.bridges = defaults.make_daemons(defaults.BRIDGES, self.started)
        self.faultSets = defaults.make_fault_sets()
        self.disks: Dict[int, Disk] = defaults.make_disks()
        self.groups: Dict[str, Group] = defaults.make_groups(self.disks)
        self.templates: Dict[str, Template] = {}
        self.records: Dict[int, Record] = {}
        self.attachments: Dict[Tuple[int, int], Attachment] = {}
        #: What programs on the clients hold open: (id of the volume, id of the client).
        self.opened: Set[Tuple[int, int]] = set()
        #: The contents of volumes.
        self.data = Data()
        self.buckets: Dict[str, Bucket] = {}
        #: By number of the node.
        self.maintenance: Dict[int, Maintenance] = {}
        self.balancer = Balancer()
        self.iscsi = ISCSI(defaults.ISCSI_BASE_NAME)
        self._names: Dict[str, Record] = {}
        self._ids: Dict[str, Record] = {}
        self._serial = 0

    # Generations and numbers

    @property
    def locationId(self) -> str:
        """The id of the location that the cluster is in."""
        return self.clusterId.partition(".")[0]

    def now(self) -> int:
        """Whole seconds since the epoch."""
        return int(self.clock.now())

    def changed(self) -> int:
        """Count a change of the configuration."""
        self.generation += 1
        return self.generation

    def next_number(self) -> int:
        """A number never used before, for ids of every kind."""
        self._serial += 1
        return self._serial

    def new_global_id(self) -> str:
        """A global id never used before."""
        digits, number = "", self.next_number() + 36 * 36
        while number:
            number, digit = divmod(number, 36)
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        return f"{self.clusterId}.{digits}"

    # Finding things

    def find(self, name: str) -> Optional[Record]:
        """The volume or snapshot of a name or a `~globalId`."""
        return self._ids.get(name[1:]) if name.startswith("~") else self._names.get(name)

    def volume(self, name: str) -> Record:
        """The volume of a name or a `~globalId`."""
        record = self.find(name)
        if record is None or record.snapshot:
            raise ObjectDoesNotExist(f"Volume '{name}' does not exist.")
        return record

    def snapshot(self, name: str) -> Record:
        """The snapshot of a name or a `~globalId`."""
        record = self.find(name)
        if record is None or not record.snapshot:
            raise ObjectDoesNotExist(f"Snapshot '{name}' does not exist.")
        return record

    def template(self, name: str) -> Template:
        """The template of a name."""
        if name not in self.templates:
            raise ObjectDoesNotExist(f"Template '{name}' does not exist.")
        return self.templates[name]

    def group(self, name: str) -> Group:
        """The placement group of a name."""
        if name not in self.groups:
            raise ObjectDoesNotExist(f"Placement group '{name}' does not exist.")
        return self.groups[name]

    def disk(self, number: int) -> Disk:
        """The disk of a number."""
        if number not in self.disks:
            raise ObjectDoesNotExist(f"Disk {number} does not exist.")
        return self.disks[number]

    def nodes(self) -> Set[int]:
        """The numbers of all nodes."""
        kinds = (self.servers, self.clients, self.mgmt, self.controllers, self.bridges)
        return {one.nodeId for kind in kinds for one in kind.values()}

    def check_client(self, number: int) -> None:
        """Refuse a client that is not there."""
        if number not in self.clients:
            raise UnknownClient()

    def volumes(self) -> List[Record]:
        """The volumes, in order of name."""
        return sorted((record for record in self.records.values() if not record.snapshot), key=lambda one: one.name)

    def snapshots(self) -> List[Record]:
        """The snapshots, in order of name."""
        return sorted((record for record in self.records.values() if record.snapshot), key=lambda one: one.name)

    def attached(self, record: Record) -> List[Attachment]:
        """Where a volume or snapshot is attached."""
        return [one for key, one in self.attachments.items() if key[0] == record.id]

    # Volumes and snapshots come and go

    def check_name(self, name: str) -> None:
        """Refuse a name that is taken."""
        if name in self._names:
            kind = "Snapshot" if self._names[name].snapshot else "Volume"
            raise ObjectExists(f"{kind} '{name}' already exists.")

    def check_snapshot_name(self, name: str) -> None:
        """Refuse a name that is taken, or that stands for something else in a list of snapshots."""
        if name[:1] in ("*", "#"):
            raise InvalidParam(f"A snapshot's name cannot begin with '{name[0]}': '{name}'")
        self.check_name(name)

    def add(self, record: Record) -> Record:
        """Take in a new volume or snapshot."""
        self.records[record.id] = record
        record.ids.add(record.globalId)
        self._ids.update((one, record) for one in record.ids)
        if record.baseName:
            self._names[record.baseName] = record
        self.set_parent(record, record.parent)
        return record

    def set_parent(self, record: Record, parent: Optional[Record]) -> None:
        """Put a record above another snapshot, or none."""
        if record.parent is not None:
            record.parent.children.pop(record.id, None)
        record.parent = parent
        if parent is not None:
            parent.children[record.id] = record

    def remove(self, record: Record) -> None:
        """Let a volume or snapshot go, its attachments with it."""
        self.set_parent(record, None)
        del self.records[record.id]
        self.data.remove(record)
        for one in record.ids:
            del self._ids[one]
        if record.baseName:
            del self._names[record.baseName]
        for place in self.attached(record):
            self.detach(place)
        self.iscsi.forget(record.id)
        self.remote.forget(record.id)
        self.balancer.planned.pop(record.id, None)
        for template in self.templates.values():
            if template.parent is record:
                template.parent = None

    def rename(self, record: Record, name: str) -> None:
        """Give a record another name, which must be free."""
        if name == record.baseName:
            return
        self.check_name(name)
        if record.baseName:
            del self._names[record.baseName]
        record.baseName = name
        self._names[name] = record

    def give_new_id(self, record: Record) -> None:
        """Give a record another global id; it goes on answering to those it had."""
        record.globalId = self.new_global_id()
        record.ids.add(record.globalId)
        self._ids[record.globalId] = record

    def detach(self, place: Attachment) -> None:
        """Take a volume or snapshot off a client."""
        del self.attachments[place.record.id, place.client]
        self.opened.discard((place.record.id, place.client))

    def delete_snapshot(self, record: Record) -> None:
        """Begin to delete a snapshot: it changes its name now, and goes when its children and some time have gone."""
        if record.deleted:
            return
        if self.attached(record):
            client = self.attached(record)[0].client
            raise Busy(f"Snapshot '{record.name}' is attached to client {client}.")
        name = "*" + (record.baseName or record.globalId)
        if name in self._names:
            name += f"@{record.id}"
        self.rename(record, name)
        self.remote.forget(record.id)
        record.deleted = True
        record.reclaimAt = self.clock.now() + RECLAIM_DELAY

    # Places and space

    def check_groups(self, names: Iterable[str]) -> None:
        """Refuse placement groups that are not there."""
        for name in names:
            self.group(name)

    def choose_sets(self, policy: Policy) -> List[Tuple[int, ...]]:
        """The disk sets for a volume of that policy."""
        self.check_groups((policy.placeAll, policy.placeTail, policy.placeHead))
        domain = {number: f"server {number}" for number in self.servers}
        for name, servers in self.faultSets.items():
            domain.update((number, name) for number in servers)
        return choose_sets(policy, self.groups, self.disks, domain)

    def replace(self, records: Iterable[Record]) -> List[Record]:
        """Choose places anew; returns those for which there are none, which stay where they are."""
        stuck = []
        for record in records:
            try:
                record.diskSets = self.choose_sets(record.policy)
            except InsufficientResources:
                stuck.append(record)
        return stuck

    def relocations(self) -> Dict[int, DiskSets]:
        """Where what lies on disks that are being soft-ejected is to go, by id of the volume or snapshot."""
        planned = {}
        for disk in self.disks.values():
            if disk.ejecting is None:
                continue
            for record in self.users_of_disk(disk.id):
                with suppress(InsufficientResources):
                    planned[record.id] = self.choose_sets(record.policy)
        return planned

    def users_of_group(self, name: str) -> List[Record]:
        """The volumes and snapshots placed on a group."""
        return [record for record in self.records.values() if name in record.policy[:3]]

    def users_of_disk(self, number: int) -> List[Record]:
        """The volumes and snapshots that have data on a disk."""
        return [record for record in self.records.values() if any(number in one for one in record.diskSets)]

    def use(self) -> Dict[int, DiskUse]:
        """What lies on each disk."""
        return use_of_disks(self.records.values(), self.disks)

    def check_room(self, added: Iterable[Record]) -> None:
        """Refuse more objects than the disks have places for."""
        new = use_of_disks(added, self.disks)
        for number, use in self.use().items():
            if new[number].objects and use.objects + new[number].objects > self.disks[number].objectSlots:
                raise InsufficientResources(
                    f"Not enough room on disk {number}: {new[number].objects} objects of {OBJECT_SIZE >> 20} MiB"
                    f" wanted, {self.disks[number].objectSlots - use.objects} places left"
                )

    def write(self, name: str, size: int) -> None:
        """Play a program that has written so many bytes to a volume since its last snapshot. For tests."""
        with self.lock:
            record = self.volume(name)
            before = record.stored
            record.stored = min(record.size, before + size)
            for number, use in self.use().items():
                if use.stored > self.disks[number].capacity:
                    record.stored = before
                    raise InsufficientResources(f"Disk {number} is full.")

    def open(self, name: str, client: int) -> None:
        """Play a program that holds an attached volume open on a client. For tests."""
        with self.lock:
            record = self.find(name)
            if record is None or (record.id, client) not in self.attachments:
                raise ObjectDoesNotExist(f"'{name}' is not attached to client {client}.")
            self.opened.add((record.id, client))

    def is_open(self, record: Record, client: int) -> bool:
        """Whether a program on the client holds the volume open: one that is played, or one that is really there."""
        return (record.id, client) in self.opened or self.data.is_open(record, client)

    def close(self, name: str, client: int) -> None:
        """Play that program's end. For tests."""
        with self.lock:
            record = self.find(name)
            if record is not None:
                self.opened.discard((record.id, client))

    # What happens by itself

    def settle(self) -> None:
        """Do what should have happened by now; called before each request."""
        now = self.clock.now()
        self._move_data(now)
        for disk in self.disks.values():
            self._scrub(disk, now)
        self._balance(now)
        for node in [node for node, one in self.maintenance.items() if one.ends <= now]:
            del self.maintenance[node]
            self.changed()
        for record in self.records.values():
            if record.recoveredAt is not None and record.recoveredAt <= now:
                record.recoveredAt = None
        while self._collect(now):
            pass

    def _collect(self, now: float) -> bool:
        """One round of deleting and reclaiming snapshots; whether anything has gone, which may let others go."""
        attached = {number for number, _ in self.attachments}
        gone = False
        for record in [one for one in self.records.values() if one.snapshot and one.id not in attached]:
            due = record.targetDeleteDate is not None and record.targetDeleteDate <= now
            orphan = (record.bound or record.transient) and not record.children
            if not record.deleted and (due or orphan):
                self.delete_snapshot(record)
                self.changed()
            if record.deleted and not record.children and record.reclaimAt is not None and record.reclaimAt <= now:
                self.remove(record)
                self.changed()
                gone = True
        return gone

    def _move_data(self, now: float) -> None:
        for disk in self.disks.values():
            if disk.ejecting is None:
                continue
            disk.ejecting.run(now, EJECT_RATE if disk.softEject == "on" else 0.0)
            if disk.ejecting.done < disk.ejectObjects:
                continue
            if self.replace(self.users_of_disk(disk.id)):
                # No place for some of it: the task stays, as it does on a cluster with too few disks.
                disk.ejecting.done = 0.0
            else:
                disk.ejecting = None
                self.changed()

    def _scrub(self, disk: Disk, now: float) -> None:
        scrub = disk.scrub
        if scrub.started is None or not disk.up:
            return
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
                sets = self.choose_sets(record.policy)
                if set(sets) != set(record.diskSets):
                    found[record.id] = sets
        return found
