"""Volume allocation groups.

Ours: a new volume has a group of its own, which descends from that of its parent; a snapshot is in the group of its
volume. A volume or snapshot whose placement changes gets a new group. It can join a group whose members have the same
placement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Literal, Tuple, Union

from storpool.sptypes import SnapshotUpdateVagDesc, VagUpdateDesc, VolumeUpdateVagDesc

from ..cluster import Cluster
from ..cluster.errors import InvalidParam, ObjectDoesNotExist
from ..cluster.model import Record, Vag
from ..cluster.placement import places_of
from .registry import handles
from .results import OkJson, RawJson, ok


@handles
def vagList(cluster: Cluster, vagName: int) -> RawJson:
    """Describe a group."""
    vag, (first, *_) = _members(cluster, vagName)
    policy, template = first.policy, first.template
    fields: Dict[str, Any] = {
        "name": vagName,
        "vagId": vagName,
        "chains": first.diskSets,
        "targetDiskSets": first.diskSets,
        "diskSetsConstraintsViolated": _violated(cluster, first),
        "overrides": {},
        "placeAll": policy.placeAll,
        "placeTail": policy.placeTail,
        "placeHead": policy.placeHead,
        "replication": policy.replication,
        "templateName": template.name if template is not None else "",
    }
    if template is not None:
        fields["templateId"] = template.id
    if policy.reuseServer is not None:
        fields["reuseServer"] = policy.reuseServer
    if vag.parent is not None:
        fields["parentVagId"] = vag.parent
    return RawJson(fields)


@handles
def vagUpdate(cluster: Cluster, json: VagUpdateDesc) -> OkJson:
    """Spread a group over another number of disk sets."""
    vag, members = _members(cluster, json.vagId)
    sets = cluster.space.choose_sets(members[0].policy, json.targetsCount)
    cluster.space.check_room([replace(record, diskSets=sets) for record in members], members)
    vag.targets = json.targetsCount
    for record in members:
        record.diskSets = list(sets)
    return ok(cluster)


@handles
def volumeUpdateVag(cluster: Cluster, volumeName: str, json: VolumeUpdateVagDesc) -> OkJson:
    """Put a volume into another group."""
    return _join(cluster, cluster.volume(volumeName), json.vagId)


@handles
def snapshotUpdateVag(cluster: Cluster, snapshotName: str, json: SnapshotUpdateVagDesc) -> OkJson:
    """Put a snapshot into another group."""
    return _join(cluster, cluster.snapshot(snapshotName), json.vagId)


def _members(cluster: Cluster, number: Union[int, str]) -> Tuple[Vag, List[Record]]:
    """Return a group and its members; a group without members does not exist."""
    for vag in [record.vag for record in cluster.records.values()]:
        if vag is not None and str(vag.id) == str(number):
            return vag, [record for record in cluster.records.values() if record.vag is vag]
    raise ObjectDoesNotExist(f"Volume allocation group {number} does not exist.")


def _join(cluster: Cluster, record: Record, wanted: Union[int, Literal["parent"]]) -> OkJson:
    if wanted == "parent":
        if record.parent is None:
            raise InvalidParam(f"'{record.name}' has no parent.")
        other = record.parent
    else:
        other = _members(cluster, wanted)[1][0]
    if other.policy.placement != record.policy.placement:
        raise InvalidParam(f"'{record.name}' and '{other.name}' of the allocation group have different placements.")
    cluster.space.check_room([replace(record, diskSets=other.diskSets)], [record])
    record.vag, record.diskSets = other.vag, list(other.diskSets)
    return ok(cluster)


def _violated(cluster: Cluster, record: Record) -> bool:
    """Whether copies are where they should not be, or too few."""
    domains, places = cluster.space.domains(), places_of(record.policy)
    for disks in record.diskSets:
        servers = [domains.get(cluster.disks[disk].serverId) for disk in disks if disk in cluster.disks]
        if len(servers) < len(places) or (len(set(servers)) < len(servers) and not record.policy.reuseServer):
            return True
        if any(disk not in cluster.groups[group].disks for disk, group in zip(disks, places)):
            return True
    return False
