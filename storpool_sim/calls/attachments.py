"""Which volumes are attached where, in this cluster and from others.

Ours: to detach a volume of another cluster changes nothing about where it is. What a request attaches is looked for
here first, then among what others export to this cluster, and in a multicluster request in all of its clusters.
"""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Set, Tuple, Union

from storpool.sptypes import SnapshotReassignDesc, VolumeReassignDesc, VolumesReassignWaitDesc

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist
from ..cluster.federation import multicluster
from ..cluster.model import CLIENT_SLOTS, Attachment, Record, Rights
from .moves import check_detachable, move, plan_move
from .registry import handles
from .results import Deferred, OkJson, RawJson, ok

Reassign = Union[VolumeReassignDesc, SnapshotReassignDesc]
Places = Dict[Tuple[int, int], Attachment]


@handles
def attachmentsList(cluster: Cluster) -> RawJson:
    """Every attachment."""
    return RawJson(
        [
            {
                # Ours: a name with "@" is none that a list of attachments may have.
                "volume": one.record.name if "@" not in one.record.name else f"~{one.record.globalId}",
                "snapshot": one.record.snapshot,
                "client": one.client,
                "rights": one.rights,
                "pos": one.pos,
                "globalId": one.record.globalId,
            }
            for one in sorted(cluster.attachments.values(), key=lambda one: (one.client, one.pos))
        ]
    )


@handles(spans=True)
def volumesReassign(cluster: Cluster, json: List[Reassign], multiCluster: bool = False) -> OkJson:
    """Attach and detach: all that the request says, or nothing."""
    _reassign(cluster, json, multiCluster)
    return ok(cluster)


@handles(spans=True)
def volumesReassignWait(
    cluster: Cluster, json: Union[VolumesReassignWaitDesc, List[Reassign]], multiCluster: bool = False
) -> Union[OkJson, Deferred]:
    """The same, and wait until the clients have done it."""
    items, timeout = (json, None) if isinstance(json, list) else (json.reassign, json.attachTimeout)
    clients = _reassign(cluster, items, multiCluster)
    reply = ok(cluster)
    if timeout is not None and timeout <= 0:
        return reply
    until = None if timeout is None else cluster.clock.now() + timeout
    waited = [(one.clients[number], one.generation) for one, number in clients]
    return Deferred(lambda: all(client.reached >= generation for client, generation in waited), lambda: reply, until)


class _Plan:
    """What a request comes to: where everything will be attached, and what has to be done for it."""

    def __init__(self, cluster: Cluster, multiCluster: bool) -> None:
        self.cluster = cluster
        self.multiCluster = multiCluster
        #: By cluster, so that one request can detach in another one.
        self.places: List[Tuple[Cluster, Places]] = [(one, dict(one.attachments)) for one in (cluster, *cluster.peers)]
        self.steps: List[Callable[[], None]] = []
        #: Which clients are told something.
        self.told: List[Tuple[Cluster, int]] = []
        self.arriving: List[Record] = []

    def attached(self, record: Record) -> bool:
        """Whether something is attached in the cluster that was asked."""
        return any(number == record.id for number, _ in self.of(self.cluster))

    def of(self, cluster: Cluster) -> Places:
        """What is attached in a cluster."""
        return next(places for one, places in self.places if one is cluster)


def _reassign(cluster: Cluster, items: List[Reassign], multiCluster: bool) -> List[Tuple[Cluster, int]]:
    plan = _Plan(cluster, multiCluster)
    for item in items:
        _apply(plan, item)
    # Nothing is refused from here on.
    for step in plan.steps:
        step()
    for one, places in plan.places:
        if places != one.attachments:
            one.attachments = places
            # What a program held open where it is no longer attached, it has lost.
            one.opened &= set(places)
            if one is not cluster:
                one.changed()
    return plan.told


class _Found(NamedTuple):
    record: Record
    home: Cluster


def _find(plan: _Plan, item: Reassign) -> _Found:
    """The volume or snapshot of an item, and the cluster that holds it."""
    name = item.volume if isinstance(item, VolumeReassignDesc) else item.snapshot
    snapshot = isinstance(item, SnapshotReassignDesc)
    cluster = plan.cluster
    clusters = [cluster, *(one for one, _ in plan.places[1:])]
    for one in clusters:
        record = one.find(name)
        if record is None or record.snapshot is not snapshot:
            continue
        if one is cluster or (plan.multiCluster and one in multicluster(cluster)):
            return _Found(record, one)
        if (record.id, cluster.clusterId) in one.remote.volumeExports or plan.attached(record):
            return _Found(record, one)
    raise ObjectDoesNotExist(f"{'Snapshot' if snapshot else 'Volume'} '{name}' does not exist.")


def _apply(plan: _Plan, item: Reassign) -> None:
    """Apply one item: first what is to go, then what is to come."""
    cluster, (record, home) = plan.cluster, _find(plan, item)
    rw = (item.rw or []) if isinstance(item, VolumeReassignDesc) else []
    ro = item.ro or []
    if record.transient or record.deleted:
        raise InvalidParam(f"Snapshot '{record.name}' cannot be attached.")
    for client in [*rw, *ro]:
        cluster.check_client(client)
        if client in rw and client in ro:
            raise InvalidParam(f"'{record.name}' cannot be attached both rw and ro to client {client}.")
    _detach(plan, record, home, item, keep={*rw, *ro})
    if home is not cluster and (rw or ro):
        _reach(plan, item, record, home)
    for client in rw:
        _attach(plan, record, client, "rw")
    for client in ro:
        _attach(plan, record, client, "ro")


def _reach(plan: _Plan, item: Reassign, record: Record, home: Cluster) -> None:
    """Make a volume of another cluster one that can be attached here: move it, or have it exported."""
    cluster = plan.cluster
    if any(record is one for one in plan.arriving):
        return
    if not isinstance(item, VolumeReassignDesc):
        raise InvalidParam(f"Snapshot '{record.name}' is in cluster '{home.name}', and has to be moved here first.")
    key = (record.id, cluster.clusterId)
    if key in home.remote.volumeExports and item.allowRemoteExported:
        return
    if not plan.multiCluster:
        raise InvalidParam(
            f"Volume '{record.name}' is exported by cluster '{home.name}': it takes allowRemoteExported to attach it."
        )
    mode = item.onRemoteAttached or "export"
    if mode != "export":
        check_detachable(home, record, mode, [one for one in plan.of(home).values() if one.record is record])
        for number, client in list(plan.of(home)):
            if number == record.id:
                del plan.of(home)[number, client]
                plan.told.append((home, client))
    if item.mcMode == "export":
        plan.steps.append(lambda: home.remote.volumeExports.add(key))
        return
    arrival = plan_move(cluster, record, plan.arriving)
    plan.arriving.append(record)
    left = [one for one in plan.of(home).values() if one.record is record]

    def step() -> None:
        move(home, cluster, record, arrival)
        if left:
            cluster.remote.volumeExports.add((record.id, home.clusterId))
        home.changed()

    plan.steps.append(step)


def _detach(plan: _Plan, record: Record, home: Cluster, item: Reassign, keep: Set[int]) -> None:
    if not item.detach:
        return
    here = home is plan.cluster or plan.attached(record)
    if item.detach == "all":
        # Of a multicluster, the clients of all its clusters. Where it is wanted, too, it stays: `detach` "all" with
        # `rw` moves a volume, or leaves it where it is.
        clusters = multicluster(plan.cluster) if plan.multiCluster else [plan.cluster if here else home]
        gone = [(one, client) for one in clusters for number, client in plan.of(one) if number == record.id]
        gone = [(one, client) for one, client in gone if one is not plan.cluster or client not in keep]
    else:
        gone = [(plan.cluster if here or keep else home, client) for client in item.detach]
    for cluster, client in gone:
        places = plan.of(cluster)
        cluster.check_client(client)
        if (record.id, client) in places and not item.force and cluster.is_open(record, client):
            raise Busy(f"'{record.name}' is open at client {client}")
        if places.pop((record.id, client), None) is not None:
            plan.told.append((cluster, client))


def _attach(plan: _Plan, record: Record, client: int, rights: Rights) -> None:
    if rights == "rw":
        for one, others in plan.places:
            for place in others.values():
                if place.record is record and place.rights == "rw" and (one, place.client) != (plan.cluster, client):
                    where = "" if one is plan.cluster else f" of cluster '{one.name}'"
                    raise Busy(f"Volume '{record.name}' is attached read-write to client {place.client}{where}.")
    places = plan.of(plan.cluster)
    present = places.get((record.id, client))
    if present is not None and present.rights == rights:
        plan.told.append((plan.cluster, client))
        return
    taken = {one.pos for one in places.values() if one.client == client}
    if present is None and len(taken) >= CLIENT_SLOTS:
        raise InvalidParam(f"Client {client} has {CLIENT_SLOTS} attachments, and can take no more.")
    pos = present.pos if present else next(slot for slot in range(CLIENT_SLOTS) if slot not in taken)
    # What the request does has the generation that its reply tells.
    places[record.id, client] = Attachment(record, client, rights, pos, plan.cluster.generation + 1)
    plan.told.append((plan.cluster, client))
