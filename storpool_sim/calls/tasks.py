"""What goes on in a cluster: tasks, and requests in flight.

Data moves by steps of the clock here, so the requests that go with it are one for each disk at a time; those of
programs are there when a test plays them (`Cluster.begin_request`).
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

#: The transactions that tasks of recovery and of transfers between clusters belong to.
RECOVERY, TRANSFER = 0, 1
NO_DISK = 4294967294
#: Where the peer ids of a kind of services begin.
_PEERS = {"server": 0, "bridge": 0x7000, "client": 0x8000}

Fields = Dict[str, Any]


@handles
def tasksList(cluster: Cluster) -> RawJson:
    """A task for each disk that data leaves, that catches up, or that data comes to."""
    found: List[Fields] = []
    for disk in cluster.disks.values():
        if disk.ejecting is not None and disk.softEject == "on" and disk.ejectObjects:
            found.append(_task(disk.id, disk.ejectTransaction, disk.ejectObjects, int(disk.ejecting.done)))
        if disk.recovering is not None:
            found.append(_task(disk.id, RECOVERY, disk.recoverObjects, int(disk.recovering.done)))
    return RawJson([*found, *_transfers(cluster), *_commits(cluster)])


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
    """What comes from other clusters."""
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
    """What the balancer moves."""
    run = cluster.balancer
    if run.status != "commiting":
        return
    share = (cluster.clock.now() - run.since) / BALANCER_TIMES["commiting"]
    records = [cluster.records[number] for number in run.planned]
    now, then = (use_if(records, cluster.disks, planned) for planned in ({}, run.planned))
    for number in sorted(cluster.disks):
        count = then[number].objects - now[number].objects
        if count > 0:
            yield _task(number, run.transaction, count, int(count * share))


# Requests in flight


@handles
def clientActiveRequests(cluster: Cluster, clientId: int) -> RawJson:
    """What a client has asked for and not got."""
    cluster.check_client(clientId)
    requests = [_request(cluster, one) for one in _requests(cluster) if one.client == clientId]
    return RawJson({"clientId": clientId, "requests": requests})


@handles
def diskActiveRequests(cluster: Cluster, diskId: int) -> RawJson:
    """What a disk has been asked for and not given."""
    cluster.space.disk(diskId)
    requests = [_request(cluster, one) for one in _requests(cluster) if diskId in one.disks]
    return RawJson({"diskId": diskId, "requests": requests})


@handles
def allPeersActiveRequests(cluster: Cluster, json: Optional[AllPeersActiveRequestsQuery] = None) -> RawJson:
    """What each server, bridge and client says: its disks, its requests, and that it has said all."""
    kinds = (("server", cluster.servers), ("bridge", cluster.bridges), ("client", cluster.clients))
    return RawJson(
        {"requests": [entry for kind, each in kinds for one in each.values() for entry in _peer(cluster, kind, one)]}
    )


def _requests(cluster: Cluster) -> Iterator[ActiveRequest]:
    """Those that are played, and those that move data."""
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


def _request(cluster: Cluster, one: ActiveRequest) -> Fields:
    return {
        "requestId": _id(one),
        "requestIdx": one.number % 65536,
        "volume": one.record.name,
        "address": one.address,
        "size": one.size,
        "op": one.op,
        "msecActive": _age(cluster, one),
    }


def _id(one: ActiveRequest) -> str:
    owner = f"client-{one.client}" if one.client is not None else f"disk-{one.disks[0]}"
    return f"{owner}:{one.number}"


def _age(cluster: Cluster, one: ActiveRequest) -> int:
    """In microseconds, whatever the field is called."""
    return max(0, int((cluster.clock.now() - one.begun) * 1_000_000))


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
    for one in _requests(cluster):
        if kind == "client" and one.client == daemon.id:
            yield _peer_request(cluster, about, one, NO_DISK)
        for number in one.disks if kind == "server" else ():
            if number in cluster.disks and cluster.disks[number].serverId == daemon.id:
                yield _peer_request(cluster, about, one, number)
    yield {**about, "status": "peerDone"}


def _about(kind: str, number: int) -> Fields:
    return {"peerId": _PEERS[kind] + number, "service": {"type": kind, "id": str(number)}}


def _peer_request(cluster: Cluster, about: Fields, one: ActiveRequest, disk: int) -> Fields:
    others = [
        {"diskId": number, **_about("server", cluster.disks[number].serverId)}
        for number in one.disks
        if number != disk and number in cluster.disks
    ]
    if disk != NO_DISK and one.client is not None:
        others.append({"diskId": NO_DISK, **_about("client", one.client)})
    return {
        **about,
        "status": "request",
        "diskId": disk,
        "requestIdx": one.number % 65536,
        "requestId": _id(one),
        "volumeId": one.record.id,
        "volume": one.record.name,
        "address": one.address,
        "size": one.size,
        "op": one.op,
        "usecActive": _age(cluster, one),
        "peers": others,
    }
