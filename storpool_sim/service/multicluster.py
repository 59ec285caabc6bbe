"""Which clusters of a multicluster answer a request, and how their answers become one.

Lists are those of all clusters together, the one that was asked first; any other request goes to the cluster that has
what it is about. Records say where they are.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Sequence

from storpool.spapi.call import Call

from ..calls.results import Deferred
from ..cluster import Cluster
from ..cluster.errors import InvalidParam, SimError
from ..cluster.federation import multicluster

#: What makes a cluster answer the call, in JSON.
Handle = Callable[[Cluster], Any]

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


def answer_as_one(asked: Cluster, call: Call, arguments: Sequence[Any], handle: Handle) -> Any:
    """Return the answer of a multicluster: of the cluster that the request is about, or of all together."""
    answers = []
    for cluster in _answering(asked, call, arguments):
        answers.append(handle(cluster))
        _say_where(call, answers[-1], cluster)
    return answers[0] if len(answers) == 1 else _merged(call, answers)


def answer_separately(asked: Cluster, call: Call, handle: Handle) -> Any:
    """Return the answers of all clusters of a multicluster, each with its own errors."""
    return {"clusters": [_entry(cluster, call, handle) for cluster in multicluster(asked)]}


def _entry(cluster: Cluster, call: Call, handle: Handle) -> Dict[str, Any]:
    entry: Dict[str, Any] = {"clusterName": cluster.name, "clusterId": cluster.clusterId}
    try:
        data = handle(cluster)
        if isinstance(data, Deferred):
            raise InvalidParam(f"{call.name} cannot be asked of all clusters.")
        _say_where(call, data, cluster)
        return {**entry, "response": {"generation": cluster.generation, "data": data}}
    except SimError as exc:
        return {**entry, **exc.reply()}


def _answering(asked: Cluster, call: Call, arguments: Sequence[Any]) -> List[Cluster]:
    clusters = multicluster(asked)
    if call.name in TOGETHER or len(clusters) == 1:
        return clusters
    for name in _names(call, arguments):
        for cluster in clusters:
            if cluster.find(name) is not None:
                return [cluster]
    return [asked]


def _names(call: Call, arguments: Sequence[Any]) -> List[str]:
    """Return the volumes and snapshots that a request is about: of its path, or of its body."""
    if call.args:
        return [str(arguments[0])]
    body: Any = arguments[-1] if arguments else None
    if call.name == "snapshotCreateGroup":
        return [desc.volume for desc in body.volumes]
    names = [getattr(body, field, None) for field in ("volume", "parent", "baseOn")]
    return [name for name in (*names, *(getattr(body, "volumes", None) or [])) if isinstance(name, str)]


def _say_where(call: Call, data: Any, cluster: Cluster) -> None:
    """Name the cluster in each of its records."""
    if call.name == "attachmentsList":
        for attachment in data:
            attachment["cluster"], attachment["clusterId"] = cluster.name, cluster.clusterId
    elif call.name in _OF_VOLUMES:
        for record in _records(call, data):
            record["clusterName"], record["clusterId"] = cluster.name, cluster.clusterId


def _records(call: Call, data: Any) -> Iterable[Dict[str, Any]]:
    if call.name == _LISTS_IN_ONE:
        return [*data["volumes"], *data["snapshots"]]
    if isinstance(data, list):
        return data
    return data.values() if call.name in TOGETHER else [data]


def _merged(call: Call, answers: List[Any]) -> Any:
    first = answers[0]
    if isinstance(first, list):
        return [record for answer in answers for record in answer]
    if call.name == _LISTS_IN_ONE:
        return {key: [record for answer in answers for record in answer[key]] for key in first}
    # Keyed by name: of two that have the same, that of the cluster which was asked stays.
    return {key: value for answer in reversed(answers) for key, value in answer.items()}
