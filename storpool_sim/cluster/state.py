"""What a cluster holds: things by their names and ids, and where their data lies."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Optional, Set, Tuple

from . import defaults
from .clock import Clock
from .devices import Data
from .errors import InsufficientResources, InvalidParam, ObjectDoesNotExist, ObjectExists, UnknownClient
from .model import (
    OBJECT_SIZE,
    ActiveRequest,
    Attachment,
    Balancer,
    Bucket,
    Daemon,
    Disk,
    DiskSets,
    Group,
    Maintenance,
    Policy,
    Record,
    Template,
    Vag,
)
from .model_iscsi import ISCSI
from .model_remote import Remote
from .placement import DiskUse, Ledger, choose_sets, part_of

if TYPE_CHECKING:
    from . import Cluster


class State:
    """The state of a cluster; see `Cluster`."""

    def __init__(self, clock: Optional[Clock], name: str, clusterId: str) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.generation = 1
        self.name = name
        self.clusterId = clusterId
        #: Whether the tags of an update take the place of all that there were, instead of being merged key by key.
        self.replaceTags = False
        #: Whether the services of a node stop while it is in maintenance.
        self.maintenanceStops = False
        #: Whether VolumesSpace tells of snapshots that nobody has named or that are being deleted, as clusters may. The
        #: bindings cannot read such names there.
        self.spaceOfSnapshots = False
        #: Others that this one can reach; see `federation.connect`.
        self.peers: List[Cluster] = []
        self.remote = Remote()
        self.started = self.clock.now()
        self.servers = defaults.make_daemons(defaults.SERVERS, self.started)
        self.clients = defaults.make_clients(defaults.CLIENTS, self.started)
        self.mgmt = defaults.make_daemons((1, 2), self.started)
        self.controllers = defaults.make_daemons(defaults.CONTROLLERS, self.started)
        self.bridges = defaults.make_daemons(defaults.BRIDGES, self.started)
        self.faultSets = defaults.make_fault_sets()
        self.disks: Dict[int, Disk] = defaults.make_disks()
        #: Without them a cluster that starts is not complete.
        self.awaited: Set[int] = set()
        self.downNodes: Set[int] = set()
        self.groups: Dict[str, Group] = defaults.make_groups(self.disks)
        self.templates: Dict[str, Template] = {}
        self.records: Dict[int, Record] = {}
        self.attachments: Dict[Tuple[int, int], Attachment] = {}
        #: What programs on the clients hold open: (id of the volume, id of the client).
        self.opened: Set[Tuple[int, int]] = set()
        #: Requests that tests have begun.
        self.requests: List[ActiveRequest] = []
        #: The contents of volumes.
        self.data = Data()
        self.buckets: Dict[str, Bucket] = {}
        #: By number of the node.
        self.maintenance: Dict[int, Maintenance] = {}
        self.balancer = Balancer()
        self.iscsi = ISCSI(defaults.ISCSI_BASE_NAME)
        #: Called whenever someone who waits may find something new.
        self.watchers: List[Callable[[], None]] = []
        self._names: Dict[str, Record] = {}
        self._ids: Dict[str, Record] = {}
        self._serial = 0
        #: The ids of records that have changed since the ledger was looked at, and of those that time changes.
        self._dirty: Set[int] = set()
        self._time_dependent: Set[int] = set()
        self._ledger = Ledger()

    # Generations and numbers

    @property
    def locationId(self) -> str:
        """The id of the location that the cluster is in."""
        return self.clusterId.partition(".")[0]

    def now(self) -> int:
        """Whole seconds since the epoch."""
        return int(self.clock.now())

    def changed(self) -> int:
        """Count a change of the configuration, and let the clients know."""
        self.generation += 1
        now = self.clock.now()
        for client in self.clients.values():
            client.follow(self.generation, now)
        return self.generation

    def notify(self) -> None:
        """Tell those who wait that there may be something new."""
        for one in list(self.watchers):
            one()

    def next_number(self) -> int:
        """A number never used before, for ids of every kind."""
        self._serial += 1
        return self._serial

    def number_from(self, first: int) -> None:
        """Let the numbers of new things begin here, so that they differ from those of other clusters."""
        self._serial = max(self._serial, first)

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

    def services(self) -> List[Daemon]:
        """Every service, of whatever kind."""
        kinds = (self.servers, self.mgmt, self.controllers, self.bridges)
        return [*self.clients.values(), *(one for kind in kinds for one in kind.values())]

    def nodes(self) -> Set[int]:
        """The numbers of all nodes."""
        return {one.nodeId for one in self.services()}

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
        """Where a volume or snapshot is attached in this cluster."""
        return [one for one in self.attachments.values() if one.record is record]

    def attached_anywhere(self, record: Record) -> List[Attachment]:
        """Where it is attached, in this cluster or another."""
        return [place for one in (self, *self.peers) for place in one.attached(record)]

    def new_vag(self, record: Record) -> Vag:
        """An allocation group of its own for a record, which descends from that of its parent."""
        above = record.parent.vag if record.parent is not None else None
        return Vag(self.next_number(), above.id if above is not None else None)

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
        if record.vag is None:
            record.vag = self.new_vag(record)
        self.records[record.id] = record
        record.ids.add(record.globalId)
        self._ids.update((one, record) for one in record.ids)
        if record.baseName:
            self._names[record.baseName] = record
        self.set_parent(record, record.parent)
        record.watched_by(self._dirty)
        return record

    def set_parent(self, record: Record, parent: Optional[Record]) -> None:
        """Put a record above another snapshot, or none."""
        if record.parent is not None:
            record.parent.children.pop(record.id, None)
        record.parent = parent
        if parent is not None:
            parent.children[record.id] = record

    def release(self, record: Record) -> None:
        """Let a volume or snapshot out of the cluster, its attachments as they are; `add` takes it in elsewhere."""
        self.set_parent(record, None)
        record.watched_by(None)
        self._dirty.add(record.id)
        del self.records[record.id]
        for one in record.ids:
            del self._ids[one]
        if record.baseName:
            del self._names[record.baseName]
        self.iscsi.forget(record.id)
        self.remote.forget(record.id)
        self.balancer.planned.pop(record.id, None)
        self.requests = [one for one in self.requests if one.record is not record]
        for template in self.templates.values():
            if template.parent is record:
                template.parent = None

    def remove(self, record: Record) -> None:
        """Let a volume or snapshot go, its contents and attachments with it."""
        self.release(record)
        self.data.remove(record)
        for cluster in (self, *self.peers):
            for place in cluster.attached(record):
                cluster.detach(place)

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

    def is_open(self, record: Record, client: int) -> bool:
        """Whether a program on the client holds the volume open: one that is played, or one that is really there."""
        return (record.id, client) in self.opened or self.data.is_open(record, client)

    # Places and space

    def check_groups(self, names: Iterable[str]) -> None:
        """Refuse placement groups that are not there."""
        for name in names:
            self.group(name)

    def choose_sets(
        self, policy: Policy, targets: int = 0, among: Optional[Dict[int, Disk]] = None
    ) -> List[Tuple[int, ...]]:
        """The disk sets for a volume of that policy, on disks that serve and have room."""
        self.check_groups((policy.placeAll, policy.placeTail, policy.placeHead))
        use = self.use()
        disks = {
            number: disk
            for number, disk in (self.disks if among is None else among).items()
            if disk.usable and use[number].objects < disk.objectSlots and use[number].stored < disk.capacity
        }
        return choose_sets(policy, self.groups, disks, self.domains(), targets)

    def domains(self) -> Dict[int, str]:
        """The fault domain of each server."""
        found = {number: f"server {number}" for number in self.servers}
        for name, servers in self.faultSets.items():
            found.update((number, name) for number in servers)
        return found

    def replace(self, records: Iterable[Record]) -> List[Record]:
        """Choose places anew; returns those for which there are none, which stay where they are."""
        stuck = []
        for record in records:
            try:
                record.diskSets = self.new_sets(record, record.policy, record.targets)
            except InsufficientResources:
                stuck.append(record)
        return stuck

    def abandon(self, record: Record, number: int) -> None:
        """Do without the copies that a disk has of a record; what has no other copy is lost."""
        record.dataLost = record.dataLost or any(one == (number,) for one in record.diskSets)
        record.diskSets = [tuple(disk for disk in one if disk != number) for one in record.diskSets]
        there = {disk.id for disk in self.disks.values() if disk.up}
        if any(there.isdisjoint(one) for one in record.diskSets):
            return  # nothing to copy from
        with suppress(InsufficientResources):
            record.diskSets = self.new_sets(record, record.policy, record.targets, without=number)

    def forget_disk(self, disk: Disk) -> None:
        """Drop a disk that is down, and the copies on it."""
        users = self.users_of_disk(disk.id)
        for group in self.groups.values():
            group.disks.discard(disk.id)
        del self.disks[disk.id]
        self.awaited.discard(disk.id)
        for record in users:
            self.abandon(record, disk.id)

    def users_of_group(self, name: str) -> List[Record]:
        """The volumes and snapshots placed on a group."""
        return [record for record in self.records.values() if name in record.policy[:3]]

    def users_of_disk(self, number: int) -> List[Record]:
        """The volumes and snapshots that have data on a disk."""
        return [record for record in self.records.values() if any(number in one for one in record.diskSets)]

    def _count(self) -> None:
        """Count what has changed."""
        while self._dirty:
            number = self._dirty.pop()
            record = self.records.get(number)
            self._ledger.put(number, part_of(record) if record is not None else {})
            if record is not None and record.time_dependent:
                self._time_dependent.add(number)
            else:
                self._time_dependent.discard(number)

    def use(self) -> Dict[int, DiskUse]:
        """What lies on each disk; what is not of volumes counts, too."""
        self._count()
        found = {}
        for number, disk in self.disks.items():
            use = self._ledger.use(number)
            found[number] = DiskUse(use.objects + disk.foreignObjects, use.stored + disk.foreignBytes)
        return found

    def check_room(self, added: Iterable[Record], gone: Iterable[Record] = ()) -> None:
        """Refuse more data and objects than the disks have room for, and anything at all on full disks.

        :param gone: what is there now, and will not be any more.
        """
        use, new = self.use(), Ledger()
        for record in gone:
            for number, (objects, stored) in part_of(record).items():
                if number in use:
                    use[number].objects -= objects
                    use[number].stored -= stored
        wanted: Set[int] = set()
        for index, record in enumerate(added):
            wanted.update(*record.diskSets)
            new.put(index, part_of(record))
        for number in sorted(wanted.intersection(use)):
            disk, there, more = self.disks[number], use[number], new.use(number)
            if there.stored >= disk.capacity or there.stored + more.stored > disk.capacity:
                raise InsufficientResources(f"Disk {number} is full.")
            if there.objects + max(more.objects, 1) > disk.objectSlots:
                raise InsufficientResources(
                    f"Not enough room on disk {number}: {more.objects} objects of {OBJECT_SIZE >> 20} MiB wanted,"
                    f" {max(0, disk.objectSlots - there.objects)} places left"
                )

    def new_sets(self, record: Record, policy: Policy, targets: int = 0, without: int = -1) -> DiskSets:
        """The disk sets that a record would get today, if there is room for it; none of them on the disk `without`."""
        disks = {number: disk for number, disk in self.disks.items() if number != without}
        sets = self.choose_sets(policy, targets, disks)
        self.check_room([replace(record, diskSets=sets)], [record])
        return sets
