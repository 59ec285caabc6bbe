"""What a cluster knows of others: locations, clusters in them, bridges, and which snapshots they may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Set, Tuple

from .errors import ObjectDoesNotExist

#: Ours: the size of the buffers of a location, in bytes, unless it is set.
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
    """A bridge to a location, or to a cluster in it."""

    ip: str
    publicKey: str
    location: Location
    cluster: Optional[RemoteCluster] = None
    minimumDeleteDelay: Optional[int] = None
    noCrypto: Optional[bool] = None


@dataclass
class Remote:
    """What a cluster knows of others: locations and clusters by name, bridges by address."""

    locations: Dict[str, Location] = field(default_factory=dict)
    clusters: Dict[str, RemoteCluster] = field(default_factory=dict)
    bridges: Dict[str, RemoteBridge] = field(default_factory=dict)
    #: Numbers of snapshots, each with the id of a location that may see it.
    exports: Set[Tuple[int, str]] = field(default_factory=set)
    #: Numbers of volumes, each with the id of a cluster that may attach it.
    volumeExports: Set[Tuple[int, str]] = field(default_factory=set)

    def location(self, name: str) -> Location:
        """Return the location with a name.

        :raises ObjectDoesNotExist: there is no such location.
        """
        if name not in self.locations:
            raise ObjectDoesNotExist(f"Location '{name}' does not exist.")
        return self.locations[name]

    def location_name(self, number: str) -> str:
        """Return the name of the location with an id; the id itself where it has no name here."""
        return next((location.name for location in self.locations.values() if location.id == number), number)

    def cluster(self, name: str) -> RemoteCluster:
        """Return the cluster with a name.

        :raises ObjectDoesNotExist: there is no such cluster.
        """
        if name not in self.clusters:
            raise ObjectDoesNotExist(f"Cluster '{name}' does not exist.")
        return self.clusters[name]

    def forget(self, record: int) -> None:
        """Drop the exports of a volume or snapshot."""
        self.volumeExports = {(number, cluster) for number, cluster in self.volumeExports if number != record}
        self.exports = {(number, location) for number, location in self.exports if number != record}
