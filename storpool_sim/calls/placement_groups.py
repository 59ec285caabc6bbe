"""Placement groups and fault sets."""

from __future__ import annotations

from typing import Dict

from storpool.sptypes import FaultSet, PlacementGroup, PlacementGroupUpdateDesc

from ..cluster import Cluster, model
from ..cluster.errors import Busy, InvalidParam, ObjectExists
from .registry import handles
from .results import OkJson, ok


@handles
def placementGroupsList(cluster: Cluster) -> Dict[str, PlacementGroup]:
    """List the groups."""
    return {name: placementGroupDescribe(cluster, name) for name in sorted(cluster.groups)}


@handles
def placementGroupDescribe(cluster: Cluster, placementGroupName: str) -> PlacementGroup:
    """Describe a group."""
    group = cluster.space.group(placementGroupName)
    return PlacementGroup(id=group.id, name=group.name, disks=set(group.disks))


@handles
def placementGroupUpdate(cluster: Cluster, placementGroupName: str, json: PlacementGroupUpdateDesc) -> OkJson:
    """Change a group, or create it."""
    group = cluster.groups.get(placementGroupName) or model.Group(cluster.next_number() + 1, placementGroupName, set())
    for number in json.addDisks | json.rmDisks:
        cluster.space.disk(number)
    both = json.addDisks & json.rmDisks
    if both:
        raise InvalidParam("Disks both to be added and removed: {}".format(", ".join(map(str, sorted(both)))))
    name = json.rename or group.name
    if name != group.name and name in cluster.groups:
        raise ObjectExists(f"Placement group '{name}' already exists.")
    group.disks = (group.disks | json.addDisks) - json.rmDisks
    cluster.groups[group.name] = group
    if name != group.name:
        _rename(cluster, group, name)
    # Data leaves a disk that leaves the group; the balancer moves data to a disk that joins it.
    cluster.space.move(
        record
        for record in cluster.records.users_of_group(name)
        if any(json.rmDisks.intersection(disks) for disks in record.diskSets)
    )
    return ok(cluster)


def _rename(cluster: Cluster, group: model.Group, name: str) -> None:
    old, group.name = group.name, name
    cluster.groups[name] = cluster.groups.pop(old)
    for record in cluster.records.users_of_group(old):
        places = [name if place == old else place for place in record.policy[:3]]
        record.policy = record.policy._replace(placeAll=places[0], placeTail=places[1], placeHead=places[2])
    for template in cluster.templates.values():
        template.placeAll = name if template.placeAll == old else template.placeAll
        template.placeTail = name if template.placeTail == old else template.placeTail
        template.placeHead = name if template.placeHead == old else template.placeHead


@handles
def placementGroupDelete(cluster: Cluster, placementGroupName: str) -> OkJson:
    """Delete a group that nothing is placed on."""
    group = cluster.space.group(placementGroupName)
    for record in cluster.records.users_of_group(group.name):
        kind = "snapshot" if record.snapshot else "volume"
        raise Busy(f"Placement group '{group.name}' is used by {kind} '{record.name}'.")
    for template in cluster.templates.values():
        if group.name in (template.placeAll, template.placeTail, template.placeHead):
            raise Busy(f"Placement group '{group.name}' is used by template '{template.name}'.")
    del cluster.groups[group.name]
    return ok(cluster)


@handles
def faultSetsList(cluster: Cluster) -> Dict[str, FaultSet]:
    """List the fault sets: servers that are expected to fail together."""
    return {name: FaultSet(name=name, servers=set(servers)) for name, servers in cluster.faultSets.items()}
