"""What a cluster is made of: plain data, no behaviour beyond its own arithmetic."""

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
#: Ours: how many times over the space of a disk may be promised. Volumes are thin, so promises cost little.
OVERCOMMIT = 4

#: How many attachments a client takes.
CLIENT_SLOTS = 1024

#: An upper bound of I/O, or "-" for none.
Limit = Union[int, Literal["-"]]
#: Whether limits are for the whole volume, or for each GiB of it.
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
    """Work that goes on at a steady rate, unless it is paused."""

    counted: float = 0.0
    done: float = 0.0

    def run(self, now: float, rate: float) -> None:
        """Count what was done since the last time; with a rate of 0, only the time passes."""
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
    #: While data moves off the disk: how many objects have gone, of how many.
    ejecting: Optional[Progress] = None
    ejectObjects: int = 0
    ejectTransaction: int = 0
    scrub: Scrub = field(default_factory=Scrub)
    #: Whether the drive itself has failed: it does not come back with its server.
    failed: bool = False
    #: Whether a cluster that starts does not wait for it.
    ignored: bool = False
    #: While it catches up after it was away: how many objects it has looked at, of how many.
    recovering: Optional[Progress] = None
    recoverObjects: int = 0
    #: What does not belong to volumes, in bytes and in places for objects; see `incidents.fill`.
    foreignBytes: int = 0
    foreignObjects: int = 0

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
        """How many bytes the disk has room for."""
        return self.agCount * AG_SIZE

    @property
    def objectSlots(self) -> int:
        """How many objects may be promised a place here."""
        return self.capacity // OBJECT_SIZE * OVERCOMMIT


@dataclass
class Daemon:
    """A service of the cluster: server, client, mgmt..."""

    id: int
    nodeId: int
    started: Optional[float]
    #: Whether it waits, as a server does for disks that the cluster is missing.
    waiting: bool = False

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self.started is not None and not self.waiting

    @property
    def status(self) -> Literal["running", "waiting", "down"]:
        """The status, as in lists."""
        return "down" if self.started is None else "waiting" if self.waiting else "running"


@dataclass
class Client(Daemon):
    """A client, which carries out changes of the configuration: at once, after a delay, or not at all."""

    #: How long it takes to carry out a change, in seconds.
    delay: float = 0.0
    #: Whether it carries out no more changes.
    stuck: bool = False
    #: The generation that it has reached.
    reached: int = 0
    #: The generation that it is going to reach next, and when.
    target: int = 0
    due: Optional[float] = None

    def follow(self, generation: int, now: float) -> bool:
        """Carry out the changes up to `generation`, as far as time allows; return whether it got any further."""
        before = self.reached
        if not self.running or self.stuck:
            self.due = None
            return False
        if self.due is not None and self.due <= now:
            self.reached, self.due = self.target, None
        if self.due is None and self.reached < generation:
            if self.delay <= 0:
                self.reached = generation
            else:
                self.target, self.due = generation, now + self.delay
        return self.reached > before


@dataclass
class Group:
    """A placement group."""

    id: int
    name: str
    disks: Set[int]


class Policy(NamedTuple):
    """Where the copies of a volume lie, and how fast it may be."""

    placeAll: str
    placeTail: str
    placeHead: str
    replication: int
    bw: Limit = "-"
    iops: Limit = "-"
    limitType: LimitType = None
    reuseServer: Optional[bool] = None

    @property
    def placement(self) -> Tuple[str, str, str, int, bool]:
        """What decides which disks a volume gets."""
        return self.placeAll, self.placeTail, self.placeHead, self.replication, bool(self.reuseServer)


@dataclass
class Template:
    """Settings that volumes are created with, and may follow."""

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


#: The fields that decide how much space a record takes, and whether time changes it.
_WATCHED = frozenset(
    "size diskSets stored parent snapshot bound transient deleted recoveredAt targetDeleteDate".split()  # noqa: SIM905
)


@dataclass
class Vag:
    """A volume allocation group: the disk sets that volumes and snapshots with the same placement share."""

    id: int
    #: The number of the group that it descends from.
    parent: Optional[int] = None
    #: How many disk sets there are to be; 0 for as many as differ, up to `placement.MAX_SETS`.
    targets: int = 0


@dataclass(eq=False)
class Record:
    """A volume or a snapshot: they share names, ids and nearly all fields."""

    #: The number, which never changes.
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
    #: The global id that an unnamed volume is named after, where a revert has given it another.
    firstId: str = ""
    template: Optional[Template] = None
    #: Changed by `Records.set_parent`, which keeps `children` up to date.
    parent: Optional[Record] = None
    children: Dict[int, Record] = field(default_factory=dict, repr=False)
    #: How many bytes of data it holds itself, beyond its parent.
    stored: int = 0
    tags: Dict[str, str] = field(default_factory=dict)
    #: The serial number for the next automatic name of a snapshot of this volume.
    serial: int = 1
    # The rest is for snapshots.
    autoName: bool = False
    bound: bool = False
    deleted: bool = False
    transient: bool = False
    targetDeleteDate: Optional[int] = None
    #: When a snapshot that is deleted or transient goes.
    reclaimAt: Optional[float] = None
    createdFrom: Optional[Tuple[int, str]] = None
    #: When all data will have arrived from another location; None if it has.
    recoveredAt: Optional[float] = None
    #: The number and global id of what this is a copy of, in another location; whether it was sent as a backup.
    copyOf: Optional[Tuple[int, str]] = None
    backup: bool = False
    #: The name of the volume that this is a backup of.
    backupOf: str = ""
    #: The global id of the backup that was made of this, in another location.
    backupId: str = ""
    #: The allocation group that it is in.
    vag: Optional[Vag] = None
    #: Whether the last copy of some of its data was on a disk that was given up.
    dataLost: bool = False
    #: Where to note that it has changed.
    _dirty: Optional[Set[int]] = field(default=None, init=False, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _WATCHED:
            dirty = self.__dict__.get("_dirty")
            # Updates set fields to the value that they have, too.
            if dirty is not None and self.__dict__.get(name) != value:
                dirty.add(self.id)
        object.__setattr__(self, name, value)

    def watched_by(self, dirty: Optional[Set[int]]) -> None:
        """Note each change from now on in a set, or nowhere."""
        self._dirty = dirty
        if dirty is not None:
            dirty.add(self.id)

    @property
    def time_dependent(self) -> bool:
        """Whether it changes as time goes by."""
        return (
            self.bound
            or self.transient
            or self.deleted
            or self.recoveredAt is not None
            or self.targetDeleteDate is not None
        )

    @property
    def recovering(self) -> bool:
        """Whether its data is still arriving."""
        return self.recoveredAt is not None

    @property
    def name(self) -> str:
        """The name that lists show."""
        return self.baseName or "~" + (self.firstId or self.globalId)

    @property
    def targets(self) -> int:
        """How many disk sets it is to have; 0 for as many as differ."""
        return self.vag.targets if self.vag is not None else 0

    @property
    def objectsCount(self) -> int:
        """How many objects it is made of."""
        return -(-self.size // OBJECT_SIZE)

    def ancestors(self) -> List[Record]:
        """Return its parent, the parent's parent, and so on."""
        chain = []
        ancestor = self.parent
        while ancestor is not None:
            chain.append(ancestor)
            ancestor = ancestor.parent
        return chain


@dataclass(frozen=True)
class Attachment:
    """A volume or a snapshot on a client."""

    record: Record
    client: int
    rights: Rights
    pos: int
    #: The generation that made it.
    generation: int = 0


@dataclass
class Bucket:
    """A bucket of the key-value store."""

    version: int = 1
    pairs: Dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class ActiveRequest:
    """A request in flight, from a client or a server to disks."""

    number: int
    record: Record
    op: str
    address: int
    size: int
    begun: float
    client: Optional[int] = None
    disks: Tuple[int, ...] = ()


@dataclass(frozen=True)
class Maintenance:
    """The maintenance of a node."""

    started: float
    duration: int
    description: str
    #: Whether the node's services are stopped meanwhile.
    stopped: bool = False

    @property
    def ends(self) -> float:
        """When it ends."""
        return self.started + self.duration


@dataclass
class Balancer:
    """A run of the balancer, or none."""

    status: BalancerState = "nothing to do"
    since: float = 0.0
    #: The disk sets that it proposes, by number of the record; only for those that would move.
    planned: Dict[int, DiskSets] = field(default_factory=dict)
    #: The number of the last commit.
    transaction: int = 0

    def enter(self, status: BalancerState, now: float) -> None:
        """Change to another state."""
        self.status, self.since = status, now
        if status in ("nothing to do", "blocked"):
            self.planned = {}

    def due(self, now: float) -> bool:
        """Return whether its state should have ended by itself by now."""
        return self.status in BALANCER_TIMES and now >= self.since + BALANCER_TIMES[self.status]
