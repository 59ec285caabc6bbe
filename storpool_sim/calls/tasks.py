"""What goes on in a cluster: tasks, and requests in flight.

Data moves by steps of the clock, so each disk has one request for it at a time. A test begins the requests of programs
(`Cluster.begin_request`).
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from storpool.sptypes import AllPeersActiveRequestsQuery

from ..cluster import Cluster
from ..cluster.model import BALANCER_TIMES, OBJECT_SIZE, ActiveRequest, Daemon, Disk
from ..cluster.placement import own_objects, part_of, use_if
from .registry import handles
from .results import RawJson
from .transfer import RECOVER_TIME

#: The transactions of recovery tasks, and of transfers between clusters.
RECOVERY, TRANSFER = 0, 1
NO_DISK = 4294967294
#: The first peer id of each kind of service.
_PEERS = {"server": 0, "bridge": 0x7000, "client": 0x8000}

Fields = Dict[str, Any]


@handles
def tasksList(cluster: Cluster) -> RawJson:
    """List a task for each disk that data leaves or comes to, or that catches up."""
    tasks: List[Fields] = []
    for disk in cluster.disks.values():
        if disk.ejecting is not None and disk.softEject == "on" and disk.ejectObjects:
            tasks.append(_task(disk.id, disk.ejectTransaction, disk.ejectObjects, int(disk.ejecting.done)))
        if disk.recovering is not None:
            tasks.append(_task(disk.id, RECOVERY, disk.recoverObjects, int(disk.recovering.done)))
    return RawJson([*tasks, *_transfers(cluster), *_commits(cluster)])


def _task(disk: int, transaction: int, count: int, done: int) -> Fields:
    done = min(done, count)
    return {
        "diskId": disk,
        "transactionId": transaction,
        "allObjects": count,
        "completedObjects": done,
        "dispatchedObjects": min(count, done + 1),
        "unresolvedObjects": 0,
    }


def _transfers(cluster: Cluster) -> Iterator[Fields]:
    """Yield the tasks of data that comes from other clusters."""
    now = cluster.clock.now()
    counts: Dict[int, Tuple[int, int]] = {}
    for record in cluster.records.values():
        if record.recoveredAt is None:
            continue
        share = 1 - (record.recoveredAt - now) / RECOVER_TIME
        for number, (objects, _) in part_of(record).items():
            before = counts.get(number, (0, 0))
            counts[number] = (before[0] + objects, before[1] + int(objects * share))
    for number, (objects, done) in sorted(counts.items()):
        yield _task(number, TRANSFER, objects, done)


def _commits(cluster: Cluster) -> Iterator[Fields]:
    """Yield the tasks of data that the balancer moves."""
    balancer = cluster.balancer
    if balancer.status != "commiting":
        return
    share = (cluster.clock.now() - balancer.since) / BALANCER_TIMES["commiting"]
    records = [cluster.records[number] for number in balancer.planned]
    now, then = (use_if(records, cluster.disks, planned) for planned in ({}, balancer.planned))
    for number in sorted(cluster.disks):
        count = then[number].objects - now[number].objects
        if count > 0:
            yield _task(number, balancer.transaction, count, int(count * share))


# Requests in flight


@handles
def clientActiveRequests(cluster: Cluster, clientId: int) -> RawJson:
    """List the requests of a client that are in flight."""
    cluster.check_client(clientId)
    requests = [_request(cluster, request) for request in _requests(cluster) if request.client == clientId]
    return RawJson({"clientId": clientId, "requests": requests})


@handles
def diskActiveRequests(cluster: Cluster, diskId: int) -> RawJson:
    """List the requests to a disk that are in flight."""
    cluster.space.disk(diskId)
    requests = [_request(cluster, request) for request in _requests(cluster) if diskId in request.disks]
    return RawJson({"diskId": diskId, "requests": requests})


@handles
def allPeersActiveRequests(cluster: Cluster, json: Optional[AllPeersActiveRequestsQuery] = None) -> RawJson:
    """List what each server, bridge and client reports: its disks, its requests, and that this is all."""
    kinds = (("server", cluster.servers), ("bridge", cluster.bridges), ("client", cluster.clients))
    return RawJson(
        {
            "requests": [
                entry
                for kind, daemons in kinds
                for daemon in daemons.values()
                for entry in _peer(cluster, kind, daemon)
            ]
        }
    )


def _requests(cluster: Cluster) -> Iterator[ActiveRequest]:
    """Yield the requests that tests have begun, and those that move data."""
    yield from cluster.requests
    for disk in cluster.disks.values():
        if disk.ejecting is not None and disk.softEject == "on":
            yield from _moving(cluster, disk, disk.ejecting.counted)
        if disk.recovering is not None:
            yield from _moving(cluster, disk, disk.recovering.counted)


def _moving(cluster: Cluster, disk: Disk, since: float) -> Iterator[ActiveRequest]:
    for record in cluster.records.users_of_disk(disk.id):
        for objects in own_objects(record):
            if objects:
                address = objects[0] * OBJECT_SIZE
                size = min(OBJECT_SIZE, record.size - address)
                yield ActiveRequest(0, record, "data recovery", address, size, since, None, (disk.id,))
                return


def _request(cluster: Cluster, request: ActiveRequest) -> Fields:
    return {
        "requestId": _id(request),
        "requestIdx": request.number % 65536,
        "volume": request.record.name,
        "address": request.address,
        "size": request.size,
        "op": request.op,
        "msecActive": _age(cluster, request),
    }


def _id(request: ActiveRequest) -> str:
    owner = f"client-{request.client}" if request.client is not None else f"disk-{request.disks[0]}"
    return f"{owner}:{request.number}"


def _age(cluster: Cluster, request: ActiveRequest) -> int:
    """Return the age in microseconds, whatever the name of the field says."""
    return max(0, int((cluster.clock.now() - request.begun) * 1_000_000))


def _peer(cluster: Cluster, kind: str, daemon: Daemon) -> Iterator[Fields]:
    about = _about(kind, daemon.id)
    if not daemon.running and not daemon.waiting:
        yield {**about, "status": "peer_down"}
        return
    for disk in cluster.disks.values() if kind == "server" else ():
        if disk.serverId == daemon.id:
            if daemon.waiting:
                yield {**about, "status": "diskExpected", "diskId": disk.id, "lastState": "down"}
            else:
                state = "DISK_DATA" if disk.up else "DISK_EJECTED"
                yield {**about, "status": "diskState", "diskId": disk.id, "diskState": state}
    for request in _requests(cluster):
        if kind == "client" and request.client == daemon.id:
            yield _peer_request(cluster, about, request, NO_DISK)
        for number in request.disks if kind == "server" else ():
            if number in cluster.disks and cluster.disks[number].serverId == daemon.id:
                yield _peer_request(cluster, about, request, number)
    yield {**about, "status": "peerDone"}


def _about(kind: str, number: int) -> Fields:
    return {"peerId": _PEERS[kind] + number, "service": {"type": kind, "id": str(number)}}


def _peer_request(cluster: Cluster, about: Fields, request: ActiveRequest, disk: int) -> Fields:
    others = [
        {"diskId": number, **_about("server", cluster.disks[number].serverId)}
        for number in request.disks
        if number != disk and number in cluster.disks
    ]
    if disk != NO_DISK and request.client is not None:
        others.append({"diskId": NO_DISK, **_about("client", request.client)})
    return {
        **about,
        "status": "request",
        "diskId": disk,
        "requestIdx": request.number % 65536,
        "requestId": _id(request),
        "volumeId": request.record.id,
        "volume": request.record.name,
        "address": request.address,
        "size": request.size,
        "op": request.op,
        "usecActive": _age(cluster, request),
        "peers": others,
    }
