"""Which cluster of a multicluster answers a request, and how the answers of several become one.

Lists are those of all clusters together, the one that was asked first; any other request goes to the cluster that has
what it is about. Records say where they are.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Sequence

from storpool.spapi.call import Call

from ..cluster import Cluster
from ..cluster.federation import multicluster

#: What all clusters answer together.
TOGETHER = {
    "volumesList",
    "volumesSpace",
    "volumesStatus",
    "volumesQuickStatus",
    "snapshotsList",
    "snapshotsSpace",
    "volumesAndSnapshotsList",
    "attachmentsList",
}
_OF_VOLUMES = {
    *(TOGETHER - {"attachmentsList"}),
    "volumeList",
    "volumeDescribe",
    "volumeInfo",
    "snapshotList",
    "snapshotDescribe",
    "snapshotInfo",
}
_LISTS_IN_ONE = "volumesAndSnapshotsList"


def answering(cluster: Cluster, call: Call, arguments: Sequence[Any]) -> List[Cluster]:
    """The clusters that answer a request to one of them."""
    clusters = multicluster(cluster)
    if call.name in TOGETHER or len(clusters) == 1:
        return clusters
    for name in _names(call, arguments):
        for one in clusters:
            if one.find(name) is not None:
                return [one]
    return [cluster]


def _names(call: Call, arguments: Sequence[Any]) -> List[str]:
    """The volumes and snapshots that a request is about: of its path, or of its body."""
    if call.args:
        return [str(arguments[0])]
    body: Any = arguments[-1] if arguments else None
    if call.name == "snapshotCreateGroup":
        return [one.volume for one in body.volumes]
    found = [getattr(body, name, None) for name in ("volume", "parent", "baseOn")]
    return [one for one in (*found, *(getattr(body, "volumes", None) or [])) if isinstance(one, str)]


def say_where(call: Call, data: Any, cluster: Cluster) -> None:
    """Name the cluster in each of its records."""
    if call.name == "attachmentsList":
        for one in data:
            one["cluster"], one["clusterId"] = cluster.name, cluster.clusterId
    elif call.name in _OF_VOLUMES:
        for one in _records(call, data):
            one["clusterName"], one["clusterId"] = cluster.name, cluster.clusterId


def _records(call: Call, data: Any) -> Iterable[Dict[str, Any]]:
    if call.name == _LISTS_IN_ONE:
        return [*data["volumes"], *data["snapshots"]]
    if isinstance(data, list):
        return data
    return data.values() if call.name in TOGETHER else [data]


def together(call: Call, answers: List[Any]) -> Any:
    """One answer of those of all clusters."""
    first = answers[0]
    if isinstance(first, list):
        return [one for answer in answers for one in answer]
    if call.name == _LISTS_IN_ONE:
        return {key: [one for answer in answers for one in answer[key]] for key in first}
    # Keyed by name: of two that have the same, that of the cluster which was asked stays.
    return {key: value for answer in reversed(answers) for key, value in answer.items()}
