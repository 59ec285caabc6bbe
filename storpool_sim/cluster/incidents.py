"""What tests and scenarios do to a cluster from outside: things break and come back, disks fill, programs run.

Each function takes the cluster's lock, counts a change of the configuration where it makes one, and wakes those who
wait. `Cluster` has them as methods.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Set, Tuple, TypeVar

from .errors import InsufficientResources, ObjectDoesNotExist
from .model import OBJECT_SIZE, ActiveRequest, Client, Daemon, Disk, Progress, Scrub
from .state import State

_Thing = TypeVar("_Thing", Disk, Daemon, Client)


@contextmanager
def _change(cluster: State) -> Iterator[None]:
    with cluster.lock:
        yield
        cluster.changed()
    cluster.notify()


def _chosen(things: Dict[int, _Thing], numbers: Tuple[int, ...], kind: str) -> List[_Thing]:
    for number in numbers:
        if number not in things:
            raise ObjectDoesNotExist(f"{kind} {number} does not exist.")
    return [things[number] for number in numbers]


# Disks


def disk_down(cluster: State, *numbers: int) -> None:
    """Let disks fail, or be pulled out: they stay down, whatever becomes of their servers."""
    with _change(cluster):
        for disk in _chosen(cluster.disks, numbers, "Disk"):
            disk.failed = True
            _lose(cluster, disk)


def disk_up(cluster: State, *numbers: int) -> None:
    """Put disks back in; they serve as soon as their servers do, and catch up at `RECOVER_RATE`."""
    with _change(cluster):
        for disk in _chosen(cluster.disks, numbers, "Disk"):
            disk.failed = False
        start_servers(cluster)


def _lose(cluster: State, disk: Disk) -> None:
    if disk.up:
        disk.generationLeft = cluster.generation
    disk.softEject, disk.ejecting, disk.recovering, disk.scrub = "off", None, None, Scrub()


def fill(cluster: State, fraction: float, *numbers: int) -> None:
    """Fill disks up to a fraction with data that belongs to no volume; all disks, if none are given.

    0 takes that data away. The data of volumes stays, whatever the fraction.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"a disk cannot be full to {fraction!r}")
    with cluster.lock:
        for disk in _chosen(cluster.disks, numbers or tuple(cluster.disks), "Disk"):
            disk.foreignBytes = disk.foreignObjects = 0
            use = cluster.space.use()[disk.id]
            disk.foreignBytes = max(0, int(disk.capacity * fraction) - use.stored)
            disk.foreignObjects = max(0, int(disk.objectSlots * fraction) - use.objects)
    cluster.notify()


# Services


def server_down(cluster: State, *numbers: int) -> None:
    """Stop servers: their disks go down. A cluster whose last servers stop waits for their disks when it starts."""
    with _change(cluster):
        _stop_servers(cluster, numbers)


def _stop_servers(cluster: State, numbers: Tuple[int, ...]) -> None:
    lost: Set[int] = set()
    for server in _chosen(cluster.servers, numbers, "Server"):
        server.started, server.waiting = None, False
        for disk in _disks_of(cluster, server):
            if disk.up:
                lost.add(disk.id)
            _lose(cluster, disk)
    if lost and not any(server.running for server in cluster.servers.values()):
        cluster.awaited = lost


def server_up(cluster: State, *numbers: int) -> None:
    """Start servers: their disks come up, unless they have failed. See `missing_disks` about when servers wait."""
    with _change(cluster):
        _start(cluster, *_chosen(cluster.servers, numbers, "Server"))


def _start(cluster: State, *daemons: Daemon) -> None:
    for daemon in daemons:
        daemon.started = cluster.clock.now() if daemon.started is None else daemon.started
    start_servers(cluster)


def start_servers(cluster: State) -> None:
    """Let the servers that are up, and their disks, serve; or let them wait while disks are missing."""
    servers = [server for server in cluster.servers.values() if server.started is not None]
    if missing_disks(cluster):
        for server in servers:
            server.waiting = True
        return
    cluster.awaited = set()
    for server in servers:
        server.waiting = False
        for disk in _disks_of(cluster, server):
            disk.ignored = False
            if not disk.up and not disk.failed:
                disk.generationLeft = -1
                disk.recoverObjects = cluster.space.use()[disk.id].objects
                disk.recovering = Progress(cluster.clock.now()) if disk.recoverObjects else None


def missing_disks(cluster: State) -> Set[int]:
    """Return the disks for which a cluster waits when it starts after all its servers were down: the last ones up.

    A disk is no longer missing when its server is up and the disk has not failed, or when it is ignored or forgotten.
    """
    awaited = cluster.awaited & set(cluster.disks)
    return {number for number in awaited if not _present(cluster, cluster.disks[number])}


def _present(cluster: State, disk: Disk) -> bool:
    server = cluster.servers.get(disk.serverId)
    return disk.ignored or (server is not None and server.started is not None and not disk.failed)


def _disks_of(cluster: State, server: Daemon) -> List[Disk]:
    return [disk for disk in cluster.disks.values() if disk.serverId == server.id]


def node_down(cluster: State, *numbers: int) -> None:
    """Stop nodes with all their services."""
    with _change(cluster):
        _check_nodes(cluster, numbers)
        cluster.downNodes.update(numbers)
        _stop_servers(cluster, tuple(server.id for server in cluster.servers.values() if server.nodeId in numbers))
        for daemon in cluster.services():
            if daemon.nodeId in numbers:
                daemon.started = None


def node_up(cluster: State, *numbers: int) -> None:
    """Start nodes with all their services."""
    with _change(cluster):
        _check_nodes(cluster, numbers)
        cluster.downNodes.difference_update(numbers)
        _start(cluster, *(daemon for daemon in cluster.services() if daemon.nodeId in numbers))


def _check_nodes(cluster: State, numbers: Tuple[int, ...]) -> None:
    for number in set(numbers) - cluster.nodes():
        raise ObjectDoesNotExist(f"Node {number} does not exist.")


# Clients


def client_down(cluster: State, *numbers: int) -> None:
    """Stop clients: what they have stays attached, and they carry out no changes."""
    with _change(cluster):
        for client in _chosen(cluster.clients, numbers, "Client"):
            client.started = client.due = None


def client_up(cluster: State, *numbers: int) -> None:
    """Start clients, or free stuck ones; they catch up."""
    with _change(cluster):
        clients = _chosen(cluster.clients, numbers, "Client")
        for client in clients:
            client.stuck = False
        _start(cluster, *clients)


def client_stuck(cluster: State, *numbers: int) -> None:
    """Let clients run and carry out no changes, until `client_up`."""
    with _change(cluster):
        for client in _chosen(cluster.clients, numbers, "Client"):
            client.stuck = True


def client_delay(cluster: State, seconds: float, *numbers: int) -> None:
    """Set how long clients take to carry out a change, which is 0 at first; all clients, if none are given."""
    with cluster.lock:
        for client in _chosen(cluster.clients, numbers or tuple(cluster.clients), "Client"):
            client.delay = seconds


# Programs


def write(cluster: State, name: str, size: int) -> None:
    """Simulate a program that writes `size` bytes to a volume, beyond what it has written since the last snapshot.

    :raises InsufficientResources: a disk is full.
    """
    with cluster.lock:
        record = cluster.volume(name)
        before = record.stored
        record.stored = min(record.size, before + size)
        for number, use in cluster.space.use().items():
            if use.stored > cluster.disks[number].capacity and record.stored > before:
                record.stored = before
                raise InsufficientResources(f"Disk {number} is full.")


def open_volume(cluster: State, name: str, client: int) -> None:
    """Simulate a program that opens an attached volume on a client."""
    with cluster.lock:
        number = _attached_as(cluster, name, client)
        if number is None:
            raise ObjectDoesNotExist(f"'{name}' is not attached to client {client}.")
        cluster.opened.add((number, client))


def close_volume(cluster: State, name: str, client: int) -> None:
    """Simulate that the program closes it."""
    with cluster.lock:
        number = _attached_as(cluster, name, client)
        if number is not None:
            cluster.opened.discard((number, client))


def _attached_as(cluster: State, name: str, client: int) -> Optional[int]:
    """Return the number of what is attached to a client under a name; it may belong to another cluster."""
    for attachment in cluster.attachments.values():
        record = attachment.record
        if attachment.client == client and name in (record.name, *(f"~{globalId}" for globalId in record.ids)):
            return record.id
    return None


def begin_request(
    cluster: State, name: str, op: str = "write", client: int = 1, address: int = 0, size: int = 4096
) -> ActiveRequest:
    """Simulate a request from a client to a volume that the disks have not answered yet."""
    with cluster.lock:
        record = cluster.find(name)
        if record is None:
            raise ObjectDoesNotExist(f"'{name}' does not exist.")
        cluster.check_client(client)
        disks = record.diskSets[address // OBJECT_SIZE % len(record.diskSets)]
        if op == "read":
            disks = disks[-1:]  # the last copy serves the reads
        request = ActiveRequest(cluster.next_number(), record, op, address, size, cluster.clock.now(), client, disks)
        cluster.requests.append(request)
        return request


def end_request(cluster: State, request: ActiveRequest) -> None:
    """Simulate the answer to a request."""
    with cluster.lock:
        cluster.requests = [other for other in cluster.requests if other is not request]
