"""The disks of a cluster and what is on them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Dict, Literal, Optional, Union

from ..sptype import Discriminator, Example, Internal, JsonObjectImpl, OneOf, Since
from ..sputils import GB
from .discriminators import up_or_down
from .scalars import DiskDescription, DiskId, ObjectState, ServerId

__all__ = [
    "Disk",
    "DiskAggregateScores",
    "DiskDescUpdate",
    "DiskInfo",
    "DiskObject",
    "DiskSummary",
    "DiskSummaryBase",
    "DiskVolumeInfo",
    "DiskWbcStats",
    "DownDiskSummary",
    "UpDiskSummary",
]


class DiskWbcStats(JsonObjectImpl, since="1.3.1"):
    """Figures of a disk's write-back cache."""

    pages: int
    """How many pages of the cache are in use."""

    pagesPending: int
    """How many pages of the cache wait to be written out."""

    maxPages: int
    """How many pages the cache can hold."""


class DiskAggregateScores(JsonObjectImpl):
    """Scores that presumably tell how much a disk would gain from the aggregation of its data in the background."""

    entries: int
    """The score for entries."""

    space: int
    """The score for space."""

    total: int
    """The combined score."""


class DiskSummaryBase(JsonObjectImpl, since="3.0.0"):
    """What is known of a disk, whether it is up or down."""

    id: DiskId
    """The id of the disk, given to it when it was formatted for StorPool."""

    serverId: ServerId
    """The server that the disk is on; for a disk that is down, the server that it was last seen on."""

    ssd: Annotated[bool, Example(True)]
    """True for an SSD."""

    generationLeft: Annotated[int, Example(8412)]
    """The generation of the cluster at which a running server last had the disk active; -1 for a disk that is active
    now.
    """

    model: Annotated[str, Example("SAMSUNG MZ7LH960")]
    """The model of the drive."""

    serial: Annotated[str, Example("S45NNA0M812345")]
    """The serial number of the drive."""

    description: DiskDescription
    """The label that a user gave to the disk, to tell it from others."""

    softEject: Annotated[Literal["on", "off", "paused"], OneOf("DiskSoftEjectStatus"), Example("off")]
    """Whether the disk is being ejected softly: 'on', 'off' or 'paused'."""


class DownDiskSummary(DiskSummaryBase, since="3.0.0"):
    """A disk that is not in service."""

    up: ClassVar[bool] = False


class UpDiskSummary(DiskSummaryBase, since="3.0.0"):
    """A disk that is in service."""

    up: ClassVar[bool] = True

    # Narrower than in the base class; assignments are validated, so nothing wider gets in by way of it.
    generationLeft: Literal[-1] = -1  # pyright: ignore[reportIncompatibleVariableOverride]
    """Always -1: the disk is active."""

    sectorsCount: Annotated[int, Example(1875382960)]
    """The size of the disk in sectors of 512 bytes."""

    empty: bool
    """True when no volume or snapshot has data on the disk."""

    noFua: bool
    """True when FUA writes are not used."""

    noFlush: bool
    """True when the flushing of the drive's write-back cache is off."""

    noTrim: bool
    """True when trims are not passed down to the device."""

    isWbc: bool
    """True when write-back caching is on for the device."""

    journaled: bool
    """True when StorPool's journaling is on for the device."""

    device: Annotated[str, Example("sdc")]
    """The name of the device on the server."""

    agCount: Internal[int] = None
    """The total of 'ag' units on the disk, presumably allocation groups; internal. OpenStack Cinder's driver counts 512
    MiB for each.
    """

    agAllocated: Internal[int] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are in use; internal."""

    agFree: Internal[int] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are not in use; internal."""

    agFreeNotTrimmed: Annotated[Internal[int], Since("7.4.0")] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are not in use and not trimmed yet;
    internal.
    """

    agFull: Internal[int] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are full; internal."""

    agPartial: Internal[int] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are partly filled; internal."""

    agFreeing: Internal[int] = None
    """The number of 'ag' units on the disk, presumably allocation groups, that are being freed; internal."""

    agMaxSizeFull: Internal[int] = None
    """Its meaning is not known. Internal."""

    agMaxSizePartial: Internal[int] = None
    """Its meaning is not known. Internal."""

    entriesCount: Annotated[int, Example(1880000)]
    """The most entries that the disk can have."""

    entriesAllocated: Annotated[int, Example(412000)]
    """How many entries are in use."""

    entriesFree: Annotated[int, Example(1468000)]
    """How many entries can still be stored."""

    objectsCount: Annotated[int, Example(1880000)]
    """The most objects that the disk can have."""

    objectsAllocated: Annotated[int, Example(9120)]
    """How many objects are in use."""

    objectsFree: Annotated[int, Example(1870880)]
    """How many objects can still be stored."""

    objectsOnDiskSize: Annotated[int, Example(287 * GB)]
    """The space that all objects take, in bytes: StorPool's estimate of how full the disk is."""

    wbc: Internal[Optional[DiskWbcStats]] = None
    """Figures of the write-back cache; null when there is no such cache. Internal."""

    aggregateScore: Internal[DiskAggregateScores] = None
    """The scores of aggregation; internal."""

    scrubbingStartedBefore: Annotated[int, Example(1200)]
    """The time since the scrub began, in seconds."""

    scrubbedBytes: Annotated[int, Example(120 * GB)]
    """How much data the scrub that runs now has covered so far, in bytes."""

    scrubbingBW: int
    """The bandwidth that the scrub is estimated to use, in bytes per second."""

    scrubbingFinishAfter: Annotated[int, Example(1670)]
    """The time that the scrub is expected still to take, in seconds, going by its bandwidth and by how full the disk
    is.
    """

    scrubbingPausedFor: Annotated[int, Example(0)]
    """How long the scrub has been paused, in seconds."""

    scrubbingPaused: bool
    """True while the scrub is paused."""

    lastScrubCompleted: int
    """When the last finished scrub ended, as a unix timestamp."""


DiskSummary = Annotated[
    Union[UpDiskSummary, DownDiskSummary],
    Discriminator(
        "generationLeft",
        up_or_down(*set(UpDiskSummary.__annotations__).difference(("up", "generationLeft"))),
        first=(-1,),
        own="sectorsCount",
    ),
]
"""The record of a disk that is up or of one that is down; `generationLeft` tells which."""


class DiskObject(JsonObjectImpl):
    """An object that is stored on a disk."""

    objectId: Internal[int] = None
    """The number of the object; internal."""

    generation: Annotated[int, Example(8571)]
    """The generation of the cluster at the last write to the object."""

    version: int
    """A counter that goes up at each write."""

    volume: str
    """The volume that the data of the object belongs to."""

    parentVolume: Annotated[str, Example("debian-12")]
    """The name of the parent snapshot."""

    onDiskSize: Annotated[int, Example(12 * GB)]
    """The space on the disk that is allocated to the object, in bytes; 32 MB at most."""

    storedSize: int
    """The data that the object really holds, in bytes; at most `onDiskSize`."""

    state: ObjectState
    """The state of the object."""

    volumeId: Internal[int] = None
    """The numeric id of the volume; internal."""

    @property
    def ok(self) -> bool:
        """Whether the state of the object is OBJECT_OK."""
        return self.state == "OBJECT_OK"


class DiskVolumeInfo(JsonObjectImpl):
    """The share of a volume on a disk."""

    name: str
    """The name of the volume."""

    storedSize: int
    """The data really held, in bytes; presumably the sum over the objects of the volume on the disk. At most
    `onDiskSize`.
    """

    onDiskSize: Annotated[int, Example(12 * GB)]
    """The space allocated on the disk, in bytes; presumably the sum over the objects of the volume on the disk."""

    objectsCount: Annotated[int, Example(320)]
    """How many objects of the volume are on the disk."""

    objectStates: Dict[ObjectState, int] = {}
    """How many objects are in each state, by the state of the objects. The reply has the states as numbers, and they
    are read as the names of `ObjectState`.
    """


class DiskInfo(UpDiskSummary):
    """A disk that is up, with figures of each volume on it. No call of the present API answers it."""

    objectStates: Dict[ObjectState, int] = {}
    """How many objects of the disk are in each state, by the state of the objects. The reply has the states as numbers,
    and they are read as the names of `ObjectState`.
    """

    volumeInfos: Dict[str, DiskVolumeInfo] = {}
    """Figures of each volume with data on the disk, by the name of the volume."""


class Disk(UpDiskSummary, since="1.0.4"):
    """A disk that is up, with the objects on it."""

    objects: Dict[int, DiskObject] = {}
    """The objects stored on the disk, by number."""


class DiskDescUpdate(JsonObjectImpl):
    """The new label of a disk."""

    description: DiskDescription
    """The label, which tells the disk from others: up to 30 letters, digits, `_`, `-` and spaces."""
