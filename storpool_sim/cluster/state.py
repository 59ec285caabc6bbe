"""What a cluster holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Set, Tuple

from .clock import Clock
from .contents import Contents
from .defaults import (
    BRIDGES,
    CLIENTS,
    CLUSTER_ID,
    CLUSTER_NAME,
    CONTROLLERS,
    ISCSI_BASE_NAME,
    MGMTS,
    SERVERS,
    make_clients,
    make_daemons,
    make_disks,
    make_fault_sets,
    make_groups,
)
from .errors import ObjectDoesNotExist, UnknownClient
from .model import (
    ActiveRequest,
    Attachment,
    Balancer,
    Bucket,
    Daemon,
    Disk,
    Group,
    Maintenance,
    Record,
    Template,
    Vag,
)
from .model_iscsi import ISCSI
from .model_remote import Remote
from .records import Records
from .space import Space

if TYPE_CHECKING:
    from typing_extensions import Self


class State:
    """The parts of a cluster, and the changes that concern several of them.

    :ivar lock: to be held while the state is changed, or read more than once.
    """

    def __init__(self, clock: Optional[Clock] = None, name: str = CLUSTER_NAME, clusterId: str = CLUSTER_ID) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.generation = 1
        self.name = name
        self.clusterId = clusterId
        #: Whether the tags of an update replace all that there were, instead of being merged key by key.
        self.replaceTags = False
        #: Whether a volume may be attached read-write to several clients of the cluster at a time.
        self.sharedWrites = True
        #: Whether the services of a node stop while it is in maintenance.
        self.maintenanceStops = False
        #: Whether VolumesSpace lists snapshots that have no name of their own or are being deleted, as clusters
        #: may. The bindings cannot read such names there.
        self.spaceOfSnapshots = False
        #: The clusters that this one can reach; see `federation.connect`.
        self.peers: List[Self] = []
        self.remote = Remote()
        self.started = self.clock.now()
        self.servers = make_daemons(SERVERS, self.started)
        self.clients = make_clients(CLIENTS, self.started)
        self.mgmt = make_daemons(MGMTS, self.started)
        self.controllers = make_daemons(CONTROLLERS, self.started)
        self.bridges = make_daemons(BRIDGES, self.started)
        #: The disks without which a cluster that starts is not complete.
        self.awaited: Set[int] = set()
        self.downNodes: Set[int] = set()
        self.templates: Dict[str, Template] = {}
        self.records = Records()
        disks = make_disks()
        self.space = Space(self.records, disks, make_groups(disks), make_fault_sets())
        #: By number of the record and of the client.
        self.attachments: Dict[Tuple[int, int], Attachment] = {}
        #: What programs on the clients hold open, by number of the record and of the client.
        self.opened: Set[Tuple[int, int]] = set()
        #: Requests that tests have begun.
        self.requests: List[ActiveRequest] = []
        #: The contents of volumes.
        self.data = Contents()
        self.buckets: Dict[str, Bucket] = {}
        #: By number of the node.
        self.maintenance: Dict[int, Maintenance] = {}
        self.balancer = Balancer()
        self.iscsi = ISCSI(ISCSI_BASE_NAME)
        #: Called whenever those who wait may find something new.
        self.watchers: List[Callable[[], None]] = []
        self._serial = 0

    # The disks and their groups, which `Space` keeps

    @property
    def disks(self) -> Dict[int, Disk]:
        """The disks by number."""
        return self.space.disks

    @disks.setter
    def disks(self, disks: Dict[int, Disk]) -> None:
        self.space.disks = disks

    @property
    def groups(self) -> Dict[str, Group]:
        """The placement groups by name."""
        return self.space.groups

    @groups.setter
    def groups(self, groups: Dict[str, Group]) -> None:
        self.space.groups = groups

    @property
    def faultSets(self) -> Dict[str, List[int]]:
        """The servers of each fault set."""
        return self.space.faultSets

    @faultSets.setter
    def faultSets(self, faultSets: Dict[str, List[int]]) -> None:
        self.space.faultSets = faultSets

    # Time, generations and numbers

    @property
    def locationId(self) -> str:
        """The id of the location that the cluster is in."""
        return self.clusterId.partition(".")[0]

    def now(self) -> int:
        """Return the time in whole seconds since the epoch."""
        return int(self.clock.now())

    def changed(self) -> int:
        """Count a change of the configuration, let the clients follow it, and return its generation."""
        self.generation += 1
        now = self.clock.now()
        for client in self.clients.values():
            client.follow(self.generation, now)
        return self.generation

    def notify(self) -> None:
        """Tell those who wait that there may be something new."""
        for watcher in list(self.watchers):
            watcher()

    def next_number(self) -> int:
        """Return a number never used before, for an id of any kind."""
        self._serial += 1
        return self._serial

    def number_from(self, first: int) -> None:
        """Begin the numbers of new things at `first`, so that they differ from those of other clusters."""
        self._serial = max(self._serial, first)

    def new_global_id(self) -> str:
        """Return a global id never used before."""
        digits, number = "", self.next_number() + 36 * 36
        while number:
            number, digit = divmod(number, 36)
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        return f"{self.clusterId}.{digits}"

    # Find things

    def find(self, name: str) -> Optional[Record]:
        """Return the volume or snapshot with a name or a `~globalId`, if there is one."""
        return self.records.find(name)

    def volume(self, name: str) -> Record:
        """Return the volume with a name or a `~globalId`; fail when there is none."""
        return self.records.volume(name)

    def snapshot(self, name: str) -> Record:
        """Return the snapshot with a name or a `~globalId`; fail when there is none."""
        return self.records.snapshot(name)

    def volumes(self) -> List[Record]:
        """Return the volumes, sorted by name."""
        return self.records.volumes()

    def snapshots(self) -> List[Record]:
        """Return the snapshots, sorted by name."""
        return self.records.snapshots()

    def template(self, name: str) -> Template:
        """Return the template with a name.

        :raises ObjectDoesNotExist: there is no such template.
        """
        if name not in self.templates:
            raise ObjectDoesNotExist(f"Template '{name}' does not exist.")
        return self.templates[name]

    def services(self) -> List[Daemon]:
        """Return every service, of every kind."""
        kinds = (self.servers, self.mgmt, self.controllers, self.bridges)
        return [*self.clients.values(), *(daemon for daemons in kinds for daemon in daemons.values())]

    def nodes(self) -> Set[int]:
        """Return the numbers of all nodes."""
        return {daemon.nodeId for daemon in self.services()}

    def check_client(self, number: int) -> None:
        """Refuse a client that does not exist."""
        if number not in self.clients:
            raise UnknownClient()

    def everywhere(self) -> List[Self]:
        """Return the cluster and its peers."""
        return [self, *self.peers]

    def attached(self, record: Record) -> List[Attachment]:
        """Return where a volume or snapshot is attached in this cluster."""
        return [attachment for attachment in self.attachments.values() if attachment.record is record]

    def attached_anywhere(self, record: Record) -> List[Attachment]:
        """Return where a volume or snapshot is attached, in this cluster and its peers."""
        return [attachment for cluster in self.everywhere() for attachment in cluster.attached(record)]

    def is_open(self, record: Record, client: int) -> bool:
        """Return whether a program holds a volume open on a client: a real one, or one that a test simulates."""
        return (record.id, client) in self.opened or self.data.is_open(record, client)

    # Change them

    def new_vag(self, record: Record) -> Vag:
        """Return a new allocation group for a record, a descendant of its parent's."""
        parent = record.parent.vag if record.parent is not None else None
        return Vag(self.next_number(), parent.id if parent is not None else None)

    def add(self, record: Record) -> None:
        """Add a volume or snapshot."""
        if record.vag is None:
            record.vag = self.new_vag(record)
        self.records.add(record)

    def release(self, record: Record) -> None:
        """Take a volume or snapshot out, without touching its attachments; `add` puts it into another cluster."""
        self.records.release(record)
        self.iscsi.forget(record.id)
        self.remote.forget(record.id)
        self.balancer.planned.pop(record.id, None)
        self.requests = [request for request in self.requests if request.record is not record]
        for template in self.templates.values():
            if template.parent is record:
                template.parent = None

    def remove(self, record: Record) -> None:
        """Delete a volume or snapshot, with its contents and attachments."""
        self.release(record)
        self.data.remove(record)
        for cluster in self.everywhere():
            for attachment in cluster.attached(record):
                cluster.detach(attachment)

    def detach(self, attachment: Attachment) -> None:
        """Take a volume or snapshot off a client."""
        del self.attachments[attachment.record.id, attachment.client]
        self.opened.discard((attachment.record.id, attachment.client))
