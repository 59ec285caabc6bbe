"""What a cluster knows of others: locations, clusters in them, bridges, and which snapshots they may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Set, Tuple

from .errors import ObjectDoesNotExist

#: Ours: the buffers of a location for which nobody has set others, in bytes.
BUFFER_SIZE = 8 << 20


@dataclass
class Location:
    """A place where there are clusters."""

    id: str
    name: str
    sendBufferSize: int = BUFFER_SIZE
    recvBufferSize: int = BUFFER_SIZE


@dataclass
class RemoteCluster:
    """A cluster in a location; `id` is unique within it."""

    id: str
    name: str
    location: Location


@dataclass
class RemoteBridge:
    """The way to a location, or to a cluster in it."""

    ip: str
    publicKey: str
    location: Location
    cluster: Optional[RemoteCluster] = None
    minimumDeleteDelay: Optional[int] = None
    noCrypto: Optional[bool] = None


@dataclass
class Remote:
    """All of it; locations and clusters by name, bridges by address."""

    locations: Dict[str, Location] = field(default_factory=dict)
    clusters: Dict[str, RemoteCluster] = field(default_factory=dict)
    bridges: Dict[str, RemoteBridge] = field(default_factory=dict)
    #: Ids of snapshots, each with the id of a location that may see it.
    exports: Set[Tuple[int, str]] = field(default_factory=set)

    #: Ids of volumes, each with the id of a cluster that it is offered to.
    volumeExports: Set[Tuple[int, str]] = field(default_factory=set)

    def location(self, name: str) -> Location:
        """The location of a name."""
        if name not in self.locations:
            raise ObjectDoesNotExist(f"Location '{name}' does not exist.")
        return self.locations[name]

    def location_name(self, number: str) -> str:
        """The name of the location with an id; the id itself where it has no name here."""
        return next((one.name for one in self.locations.values() if one.id == number), number)

    def cluster(self, name: str) -> RemoteCluster:
        """The cluster of a name."""
        if name not in self.clusters:
            raise ObjectDoesNotExist(f"Cluster '{name}' does not exist.")
        return self.clusters[name]

    def forget(self, record: int) -> None:
        """Drop the exports of a volume or snapshot."""
        self.volumeExports = {one for one in self.volumeExports if one[0] != record}
        self.exports = {one for one in self.exports if one[0] != record}
