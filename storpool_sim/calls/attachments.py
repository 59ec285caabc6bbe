"""Which volumes are attached where, in this cluster and from others.

A volume may be attached read-write to several clients of a cluster, as live migration does for a while, unless
`Cluster.sharedWrites` is off. It may not be to clients of several clusters.

Ours: detaching a volume of another cluster does not move it. What a request attaches is looked for here first, then
among what others export to this cluster, and in a multicluster request in all of its clusters.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Set, Tuple, Union

from storpool.sptypes import SnapshotReassignDesc, VolumeReassignDesc, VolumesReassignWaitDesc

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist
from ..cluster.federation import multicluster
from ..cluster.model import CLIENT_SLOTS, Attachment, Record, Rights
from .moves import check_detachable, move, plan_move
from .registry import handles
from .results import Deferred, OkJson, RawJson, ok

Reassign = Union[VolumeReassignDesc, SnapshotReassignDesc]
Attachments = Dict[Tuple[int, int], Attachment]


@handles
def attachmentsList(cluster: Cluster) -> RawJson:
    """Return every attachment."""
    attachments = sorted(cluster.attachments.values(), key=lambda attachment: (attachment.client, attachment.pos))
    return RawJson(
        [
            {
                # Ours: a list of attachments cannot have a name with "@" in it.
                "volume": record.name if "@" not in record.name else f"~{record.globalId}",
                "snapshot": record.snapshot,
                "client": attachment.client,
                "rights": attachment.rights,
                "pos": attachment.pos,
                "globalId": record.globalId,
            }
            for attachment, record in ((attachment, attachment.record) for attachment in attachments)
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
    """Attach and detach likewise, and wait until the clients have done it."""
    items, timeout = (json, None) if isinstance(json, list) else (json.reassign, json.attachTimeout)
    clients = _reassign(cluster, items, multiCluster)
    reply = ok(cluster)
    if timeout is not None and timeout <= 0:
        return reply
    until = None if timeout is None else cluster.clock.now() + timeout
    waited = [(member.clients[number], member.generation) for member, number in clients]
    return Deferred(lambda: all(client.reached >= generation for client, generation in waited), lambda: reply, until)


class _Plan:
    """What a request amounts to: where everything will be attached, and what has to be done for it.

    :ivar attachments: the attachments after the request, by id of the cluster: a request can detach in others, too.
    :ivar steps: what else to do, once nothing can be refused any more.
    :ivar clients: the clients that have something to do.
    :ivar arriving: the volumes that are going to move to the cluster.
    """

    def __init__(self, cluster: Cluster, multiCluster: bool) -> None:
        self.cluster = cluster
        self.multiCluster = multiCluster
        self.attachments: Dict[str, Attachments] = {
            member.clusterId: dict(member.attachments) for member in cluster.everywhere()
        }
        self.steps: List[Callable[[], None]] = []
        self.clients: List[Tuple[Cluster, int]] = []
        self.arriving: List[Record] = []

    def of(self, cluster: Cluster) -> Attachments:
        """Return the attachments in a cluster after the request."""
        return self.attachments[cluster.clusterId]

    def of_record(self, cluster: Cluster, record: Record) -> List[Attachment]:
        """Return those of a volume or snapshot."""
        return [attachment for attachment in self.of(cluster).values() if attachment.record is record]

    def detach(self, cluster: Cluster, attachment: Attachment) -> None:
        """Plan to end an attachment."""
        del self.of(cluster)[attachment.record.id, attachment.client]
        self.clients.append((cluster, attachment.client))


def _reassign(cluster: Cluster, items: List[Reassign], multiCluster: bool) -> List[Tuple[Cluster, int]]:
    """Carry out a request; return the clients that have something to do."""
    plan = _Plan(cluster, multiCluster)
    for item in items:
        _apply(plan, item)
    # Nothing is refused from here on.
    for step in plan.steps:
        step()
    for member in cluster.everywhere():
        attachments = plan.of(member)
        if attachments != member.attachments:
            member.attachments = attachments
            # A program that held something open on a client loses it with the attachment.
            member.opened &= set(attachments)
            if member is not cluster:
                member.changed()
    return plan.clients


def _find(plan: _Plan, item: Reassign) -> Tuple[Record, Cluster]:
    """Return the volume or snapshot of an item, and the cluster that holds it."""
    snapshot = isinstance(item, SnapshotReassignDesc)
    name = item.snapshot if isinstance(item, SnapshotReassignDesc) else item.volume
    cluster = plan.cluster
    for home in cluster.everywhere():
        record = home.find(name)
        if record is None or record.snapshot is not snapshot:
            continue
        reachable = home is cluster or (plan.multiCluster and home in multicluster(cluster))
        exported = (record.id, cluster.clusterId) in home.remote.volumeExports
        if reachable or exported or plan.of_record(cluster, record):
            return record, home
    raise ObjectDoesNotExist(f"{'Snapshot' if snapshot else 'Volume'} '{name}' does not exist.")


def _apply(plan: _Plan, item: Reassign) -> None:
    """Apply one item: first detach, then attach."""
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
        _bring(plan, item, record, home)
    for client in rw:
        _attach(plan, record, client, "rw")
    for client in ro:
        _attach(plan, record, client, "ro")


def _bring(plan: _Plan, item: Reassign, record: Record, home: Cluster) -> None:
    """Make it possible to attach a volume of another cluster here: move it, or have it exported."""
    cluster = plan.cluster
    if any(record is arriving for arriving in plan.arriving):
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
        attachments = plan.of_record(home, record)
        check_detachable(home, record, mode, attachments)
        for attachment in attachments:
            plan.detach(home, attachment)
    if item.mcMode == "export":
        plan.steps.append(lambda: home.remote.volumeExports.add(key))
        return
    arrival = plan_move(cluster, record, plan.arriving)
    plan.arriving.append(record)
    still_attached = plan.of_record(home, record)

    def step() -> None:
        move(home, cluster, record, arrival)
        if still_attached:
            cluster.remote.volumeExports.add((record.id, home.clusterId))
        home.changed()

    plan.steps.append(step)


def _detach(plan: _Plan, record: Record, home: Cluster, item: Reassign, keep: Set[int]) -> None:
    if not item.detach:
        return
    cluster = plan.cluster
    # A volume of another cluster that is not attached here is detached there.
    here = cluster if home is cluster or plan.of_record(cluster, record) else home
    if item.detach == "all":
        # In a multicluster request, from the clients of all clusters. A client that is to have the volume keeps it:
        # `detach` "all" with `rw` moves a volume, or leaves it where it is.
        clients = [
            (member, attachment.client)
            for member in (multicluster(cluster) if plan.multiCluster else [here])
            for attachment in plan.of_record(member, record)
            if member is not cluster or attachment.client not in keep
        ]
    else:
        clients = [(cluster if keep else here, client) for client in item.detach]
    for member, client in clients:
        member.check_client(client)
        attachment = plan.of(member).get((record.id, client))
        if attachment is None:
            continue
        if not item.force and member.is_open(record, client):
            raise Busy(f"'{record.name}' is open at client {client}")
        plan.detach(member, attachment)


def _attach(plan: _Plan, record: Record, client: int, rights: Rights) -> None:
    cluster = plan.cluster
    if rights == "rw":
        _check_writers(plan, record, client)
    attachments = plan.of(cluster)
    present = attachments.get((record.id, client))
    plan.clients.append((cluster, client))
    if present is not None and present.rights == rights:
        return
    taken = {attachment.pos for attachment in attachments.values() if attachment.client == client}
    if present is None and len(taken) >= CLIENT_SLOTS:
        raise InvalidParam(f"Client {client} has {CLIENT_SLOTS} attachments, and can take no more.")
    pos = present.pos if present else next(slot for slot in range(CLIENT_SLOTS) if slot not in taken)
    # What the request changes has the generation that its reply says.
    attachments[record.id, client] = Attachment(record, client, rights, pos, cluster.generation + 1)


def _check_writers(plan: _Plan, record: Record, client: int) -> None:
    """Refuse to attach a volume read-write while others write to it: in another cluster, or here if so set."""
    for member in plan.cluster.everywhere():
        here = member is plan.cluster
        for attachment in plan.of_record(member, record):
            if attachment.rights != "rw" or (here and (plan.cluster.sharedWrites or attachment.client == client)):
                continue
            where = "" if here else f" of cluster '{member.name}'"
            raise Busy(f"Volume '{record.name}' is attached read-write to client {attachment.client}{where}.")
