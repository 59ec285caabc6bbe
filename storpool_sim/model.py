"""The things a cluster is made of: plain records, no behaviour beyond their own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Literal, NamedTuple, Optional, Set, Tuple, Union

KiB = 1 << 10
MiB = 1 << 20
GiB = 1 << 30

SECTOR = 512
#: A volume is cut into objects of this size; the last one may be shorter.
OBJECT_SIZE = 32 * MiB
#: A disk hands out space in units of this size.
AG_SIZE = 512 * MiB
#: How many times over a disk's space may be promised (ours): volumes are thin, so promises cost little.
OVERCOMMIT = 4

#: The slots for attachments on one client.
CLIENT_SLOTS = 1024

#: An upper bound of I/O, or "-" for none.
Limit = Union[int, Literal["-"]]
#: What limits refer to: the whole volume, or each GiB of it.
LimitType = Optional[Literal["total", "perGiB"]]
Rights = Literal["rw", "ro"]
SoftEject = Literal["on", "off", "paused"]
#: The disks that hold the copies of an object, for each part of a volume.
DiskSets = List[Tuple[int, ...]]
BalancerState = Literal["nothing to do", "blocked", "waiting", "working", "ready", "commiting"]

#: Ours: how long a run of the balancer stays in a state that ends by itself, in seconds.
BALANCER_TIMES: Dict[BalancerState, float] = {"waiting": 1.0, "working": 2.0, "commiting": 2.0}


@dataclass
class Progress:
    """Work that goes on at a steady rate while nobody holds it."""

    counted: float = 0.0
    done: float = 0.0

    def run(self, now: float, rate: float) -> None:
        """Count what was done since last time; a rate of 0 only lets the time pass."""
        self.done += max(0.0, now - self.counted) * rate
        self.counted = now


@dataclass
class Scrub:
    """A verification pass over a disk: running, paused or neither."""

    started: Optional[float] = None
    paused: Optional[float] = None
    progress: Progress = field(default_factory=Progress)
    lastCompleted: float = 0.0


@dataclass
class Disk:
    """A drive of a server."""

    id: int
    serverId: int
    ssd: bool
    agCount: int
    model: str
    serial: str
    device: str
    description: str = ""
    #: The generation at which the disk was lost; -1 while it serves.
    generationLeft: int = -1
    softEject: SoftEject = "off"
    #: While data moves off the disk: how many objects there were, and how many have gone.
    ejecting: Optional[Progress] = None
    ejectObjects: int = 0
    ejectTransaction: int = 0
    scrub: Scrub = field(default_factory=Scrub)

    @property
    def up(self) -> bool:
        """Whether the disk serves."""
        return self.generationLeft == -1

    @property
    def usable(self) -> bool:
        """Whether new data may be put on the disk."""
        return self.up and self.softEject == "off"

    @property
    def capacity(self) -> int:
        """Bytes the disk has room for."""
        return self.agCount * AG_SIZE

    @property
    def objectSlots(self) -> int:
        """How many objects may be promised a place here."""
        return self.capacity // OBJECT_SIZE * OVERCOMMIT


@dataclass
class Daemon:
    """A service of the cluster: server, client or mgmt."""

    id: int
    nodeId: int
    started: Optional[float]

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self.started is not None


@dataclass
class Group:
    """A placement group."""

    id: int
    name: str
    disks: Set[int]


class Policy(NamedTuple):
    """Where the copies of a volume go, and how fast it may be."""

    placeAll: str
    placeTail: str
    placeHead: str
    replication: int
    bw: Limit = "-"
    iops: Limit = "-"
    limitType: LimitType = None
    reuseServer: Optional[bool] = None


@dataclass
class Template:
    """Settings that volumes are made with and may follow."""

    id: int
    name: str
    placeAll: str
    placeTail: str
    placeHead: str
    replication: Optional[int] = None
    size: Optional[int] = None
    bw: Limit = "-"
    iops: Limit = "-"
    limitType: LimitType = None
    reuseServer: Optional[bool] = None
    parent: Optional[Record] = None


@dataclass(eq=False)
class Record:
    """A volume or a snapshot: they share names, ids and nearly everything else."""

    #: The numeric identity, which nothing changes.
    id: int
    globalId: str
    #: Empty for an unnamed volume.
    baseName: str
    snapshot: bool
    size: int
    policy: Policy
    diskSets: List[Tuple[int, ...]]
    created: float
    #: Every global id that the record answers to.
    ids: Set[str] = field(default_factory=set)
    template: Optional[Template] = None
    #: Changed by `Cluster.set_parent`, which keeps `children` true.
    parent: Optional[Record] = None
    children: Dict[int, Record] = field(default_factory=dict, repr=False)
    #: Client data of its own, which no parent holds.
    stored: int = 0
    tags: Dict[str, str] = field(default_factory=dict)
    #: The serial number that the next unnamed snapshot of a volume gets.
    serial: int = 1
    # From here on for snapshots.
    autoName: bool = False
    bound: bool = False
    deleted: bool = False
    transient: bool = False
    targetDeleteDate: Optional[int] = None
    reclaimAt: Optional[float] = None
    createdFrom: Optional[Tuple[int, str]] = None
    #: Until then data arrives from another location.
    recoveredAt: Optional[float] = None
    #: The numeric and the global id of what this is a copy of, in another location; whether it was sent as a backup.
    copyOf: Optional[Tuple[int, str]] = None
    backup: bool = False
    #: The global id of the backup that was made of this.
    backupId: str = ""

    @property
    def recovering(self) -> bool:
        """Whether its data is still arriving."""
        return self.recoveredAt is not None

    @property
    def name(self) -> str:
        """The name that lists show."""
        return self.baseName or "~" + self.globalId

    @property
    def objectsCount(self) -> int:
        """How many objects it is made of."""
        return -(-self.size // OBJECT_SIZE)

    def ancestors(self) -> List[Record]:
        """Its parent, the parent's parent, and so on."""
        chain = []
        at = self.parent
        while at is not None:
            chain.append(at)
            at = at.parent
        return chain


@dataclass(frozen=True)
class Attachment:
    """A volume or a snapshot on a client."""

    record: Record
    client: int
    rights: Rights
    pos: int


@dataclass
class Bucket:
    """A bucket of the key-value store."""

    version: int = 1
    pairs: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Maintenance:
    """A node's maintenance."""

    started: float
    duration: int
    description: str

    @property
    def ends(self) -> float:
        """When it is over."""
        return self.started + self.duration


@dataclass
class Balancer:
    """A run of the balancer, or none."""

    status: BalancerState = "nothing to do"
    since: float = 0.0
    #: The disk sets that it proposes, by id of the volume; only of those that would move.
    planned: Dict[int, DiskSets] = field(default_factory=dict)

    def enter(self, status: BalancerState, now: float) -> None:
        """Go over to another state."""
        self.status, self.since = status, now
        if status in ("nothing to do", "blocked"):
            self.planned = {}

    def due(self, now: float) -> bool:
        """Whether its state ends by itself, and should have by now."""
        return self.status in BALANCER_TIMES and now >= self.since + BALANCER_TIMES[self.status]
