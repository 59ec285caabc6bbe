"""What tests and scenarios do to a cluster from outside: things break and come back, disks fill, programs run.

Each takes the cluster's lock, counts as a change of the configuration where it is one, and wakes those who wait.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Set, Tuple, TypeVar

from .errors import InsufficientResources, ObjectDoesNotExist
from .model import OBJECT_SIZE, ActiveRequest, Client, Daemon, Disk, Progress, Scrub
from .state import State

_Thing = TypeVar("_Thing", Disk, Daemon, Client)


class Incidents(State):
    """A cluster to which things happen; see `Cluster`."""

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self.lock:
            yield
            self.changed()
        self.notify()

    # Disks

    def disk_down(self, *numbers: int) -> None:
        """Let disks fail, or be pulled out: they stay down, whatever becomes of their servers."""
        with self._change():
            for disk in _all(self.disks, numbers, "Disk"):
                disk.failed = True
                self._lose(disk)

    def disk_up(self, *numbers: int) -> None:
        """Put disks in again; they serve as soon as their servers do, and catch up at `RECOVER_RATE`."""
        with self._change():
            for disk in _all(self.disks, numbers, "Disk"):
                disk.failed = False
            self.start_servers()

    def _lose(self, disk: Disk) -> None:
        if disk.up:
            disk.generationLeft = self.generation
        disk.softEject, disk.ejecting, disk.recovering, disk.scrub = "off", None, None, Scrub()

    def fill(self, fraction: float, *numbers: int) -> None:
        """Let disks (all of them, unless some are named) be full up to a fraction, with data that is no volume's.

        0 takes that data away; the data of volumes stays whatever the fraction.
        """
        if not 0 <= fraction <= 1:
            raise ValueError(f"a disk cannot be full to {fraction!r}")
        with self.lock:
            for disk in _all(self.disks, numbers or tuple(self.disks), "Disk"):
                disk.foreignBytes = disk.foreignObjects = 0
                use = self.use()[disk.id]
                disk.foreignBytes = max(0, int(disk.capacity * fraction) - use.stored)
                disk.foreignObjects = max(0, int(disk.objectSlots * fraction) - use.objects)
        self.notify()

    # Services

    def server_down(self, *numbers: int) -> None:
        """Stop servers: their disks go down. When the last ones go, the disks they had are waited for at the start."""
        with self._change():
            self._stop_servers(numbers)

    def _stop_servers(self, numbers: Tuple[int, ...]) -> None:
        lost: Set[int] = set()
        for server in _all(self.servers, numbers, "Server"):
            server.started, server.waiting = None, False
            for disk in self._disks_of(server):
                if disk.up:
                    lost.add(disk.id)
                self._lose(disk)
        if lost and not any(one.running for one in self.servers.values()):
            self.awaited = lost

    def server_up(self, *numbers: int) -> None:
        """Start servers: their disks come up, unless they have failed. See `missing_disks` about when they wait."""
        with self._change():
            self._start(*_all(self.servers, numbers, "Server"))

    def _start(self, *daemons: Daemon) -> None:
        for one in daemons:
            one.started = self.clock.now() if one.started is None else one.started
        self.start_servers()

    def start_servers(self) -> None:
        """Let the servers that are up, and their disks, serve; or wait, in a cluster that is not complete."""
        there = [one for one in self.servers.values() if one.started is not None]
        if self.missing_disks():
            for one in there:
                one.waiting = True
            return
        self.awaited = set()
        for one in there:
            one.waiting = False
            for disk in self._disks_of(one):
                disk.ignored = False
                if not disk.up and not disk.failed:
                    disk.generationLeft = -1
                    disk.recoverObjects = self.use()[disk.id].objects
                    disk.recovering = Progress(self.clock.now()) if disk.recoverObjects else None

    def missing_disks(self) -> Set[int]:
        """The disks without which a cluster whose servers were all down does not start: those that were last up.

        They are there once their servers are up, unless they have failed; or they are ignored, or forgotten.
        """
        return {number for number in self.awaited & set(self.disks) if not self._seen(self.disks[number])}

    def _seen(self, disk: Disk) -> bool:
        server = self.servers.get(disk.serverId)
        return disk.ignored or (server is not None and server.started is not None and not disk.failed)

    def _disks_of(self, server: Daemon) -> List[Disk]:
        return [disk for disk in self.disks.values() if disk.serverId == server.id]

    def node_down(self, *numbers: int) -> None:
        """Let nodes go down with all their services."""
        with self._change():
            self._check_nodes(numbers)
            self.downNodes.update(numbers)
            self._stop_servers(tuple(one.id for one in self.servers.values() if one.nodeId in numbers))
            for one in self.services():
                if one.nodeId in numbers:
                    one.started = None

    def node_up(self, *numbers: int) -> None:
        """Let nodes come back with all their services."""
        with self._change():
            self._check_nodes(numbers)
            self.downNodes.difference_update(numbers)
            self._start(*(one for one in self.services() if one.nodeId in numbers))

    def _check_nodes(self, numbers: Tuple[int, ...]) -> None:
        for number in set(numbers) - self.nodes():
            raise ObjectDoesNotExist(f"Node {number} does not exist.")

    # Clients

    def client_down(self, *numbers: int) -> None:
        """Stop clients: what they have stays attached, and they carry out nothing."""
        with self._change():
            for one in _all(self.clients, numbers, "Client"):
                one.started = one.due = None

    def client_up(self, *numbers: int) -> None:
        """Start clients, or free stuck ones; they catch up."""
        with self._change():
            for one in _all(self.clients, numbers, "Client"):
                one.stuck = False
            self._start(*_all(self.clients, numbers, "Client"))

    def client_stuck(self, *numbers: int) -> None:
        """Let clients run, and carry out nothing, until `client_up`."""
        with self._change():
            for one in _all(self.clients, numbers, "Client"):
                one.stuck = True

    def client_delay(self, seconds: float, *numbers: int) -> None:
        """Let clients (all of them, unless some are named) take that long to carry out a change: 0 at first."""
        with self.lock:
            for one in _all(self.clients, numbers or tuple(self.clients), "Client"):
                one.delay = seconds

    # Programs

    def write(self, name: str, size: int) -> None:
        """Play a program that has written so many bytes to a volume since its last snapshot.

        :raises InsufficientResources: a disk is full.
        """
        with self.lock:
            record = self.volume(name)
            before = record.stored
            record.stored = min(record.size, before + size)
            for number, use in self.use().items():
                if use.stored > self.disks[number].capacity and record.stored > before:
                    record.stored = before
                    raise InsufficientResources(f"Disk {number} is full.")

    def open(self, name: str, client: int) -> None:
        """Play a program that holds an attached volume open on a client."""
        with self.lock:
            number = self._attached_as(name, client)
            if number is None:
                raise ObjectDoesNotExist(f"'{name}' is not attached to client {client}.")
            self.opened.add((number, client))

    def close(self, name: str, client: int) -> None:
        """Play that program's end."""
        with self.lock:
            number = self._attached_as(name, client)
            if number is not None:
                self.opened.discard((number, client))

    def _attached_as(self, name: str, client: int) -> Optional[int]:
        """The id of what is attached to a client under a name; it may be in another cluster."""
        for place in self.attachments.values():
            if place.client == client and name in (place.record.name, *(f"~{one}" for one in place.record.ids)):
                return place.record.id
        return None

    def begin_request(
        self, name: str, op: str = "write", client: int = 1, address: int = 0, size: int = 4096
    ) -> ActiveRequest:
        """Play a request that a client has made to a volume, and that the disks have not answered yet."""
        with self.lock:
            record = self.find(name)
            if record is None:
                raise ObjectDoesNotExist(f"'{name}' does not exist.")
            self.check_client(client)
            disks = record.diskSets[address // OBJECT_SIZE % len(record.diskSets)]
            if op == "read":
                disks = disks[-1:]  # the last copy serves the reads
            made = ActiveRequest(self.next_number(), record, op, address, size, self.clock.now(), client, disks)
            self.requests.append(made)
            return made

    def end_request(self, request: ActiveRequest) -> None:
        """Play the answer to it."""
        with self.lock:
            self.requests = [one for one in self.requests if one is not request]


def _all(things: Dict[int, _Thing], numbers: Tuple[int, ...], kind: str) -> List[_Thing]:
    for number in numbers:
        if number not in things:
            raise ObjectDoesNotExist(f"{kind} {number} does not exist.")
    return [things[number] for number in numbers]
