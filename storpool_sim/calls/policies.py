"""Settings of volumes, snapshots and templates, as requests give them."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Union

from storpool.sptypes import VolumePolicyDesc

from ..cluster import Cluster
from ..cluster.errors import InvalidParam
from ..cluster.model import DiskSets, Policy, Record, Template

#: Ours: how many tags a record may have; the API documents no limit.
MAX_TAGS = 1000


def new_policy(
    cluster: Cluster, desc: VolumePolicyDesc, template: Optional[Template], parent: Optional[Policy]
) -> Policy:
    """Return the policy of something new: from the request first, then from its template, then from its parent."""
    origin: Union[Template, Policy]
    if template is not None:
        origin = template
    elif parent is not None:
        origin = parent
    else:
        # Ours: with neither template nor placement, the cluster's first group.
        place = desc.placeAll or desc.placeTail or default_group(cluster)
        origin = Template(0, "", place, place, place)
    replication = origin.replication or (parent.replication if parent is not None else None)
    if desc.replication is not None:
        replication = desc.replication
    if replication is None:
        raise InvalidParam("No replication given, and no template, parent or base volume to take it from.")
    base = Policy(
        origin.placeAll,
        origin.placeTail,
        origin.placeHead,
        replication,
        origin.bw,
        origin.iops,
        origin.limitType,
        origin.reuseServer,
    )
    return changed_policy(base, desc)


def default_group(cluster: Cluster) -> str:
    """Return the placement group for requests that name none."""
    if not cluster.groups:
        raise InvalidParam("No placement group given, and the cluster has none.")
    return min(cluster.groups.values(), key=lambda group: group.id).name


def changed_policy(policy: Policy, desc: VolumePolicyDesc) -> Policy:
    """Return a policy with what a request changes."""
    return Policy(
        desc.placeAll or policy.placeAll,
        desc.placeTail or policy.placeTail,
        desc.placeHead or policy.placeHead,
        desc.replication or policy.replication,
        policy.bw if desc.bw is None else desc.bw,
        policy.iops if desc.iops is None else desc.iops,
        desc.limitType or policy.limitType,
        policy.reuseServer if desc.reuseServer is None else desc.reuseServer,
    )


def template_policy(policy: Policy, template: Template) -> Policy:
    """Return a policy with what a template sets."""
    return Policy(
        template.placeAll,
        template.placeTail,
        template.placeHead,
        template.replication or policy.replication,
        template.bw,
        template.iops,
        template.limitType,
        template.reuseServer,
    )


def new_sets(cluster: Cluster, record: Record, policy: Policy) -> DiskSets:
    """Return the disk sets of a record under another policy: the same object if the placement is the same."""
    if policy.placement == record.policy.placement:
        return record.diskSets
    return cluster.space.new_sets(record, policy)


def new_tags(cluster: Cluster, tags: Mapping[str, str], given: Optional[Mapping[str, str]]) -> Dict[str, str]:
    """Return tags after an update: merged key by key, or replaced, as the cluster is set."""
    return merge_tags({} if cluster.replaceTags and given is not None else tags, given)


def merge_tags(tags: Mapping[str, str], given: Optional[Mapping[str, str]]) -> Dict[str, str]:
    """Return tags with what a request changes: key by key, where an empty value removes a tag."""
    merged = {key: value for key, value in {**tags, **(given or {})}.items() if value != ""}
    if len(merged) > MAX_TAGS:
        raise InvalidParam(f"Too many tags: {len(merged)}, at most {MAX_TAGS}")
    return merged
