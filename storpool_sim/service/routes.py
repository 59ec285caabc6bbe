"""Which call a request makes. The calls are those that the bindings declare, and so are their paths."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple
from urllib.parse import unquote

from storpool.spapi.call import CALLS, Call

from ..cluster.errors import UnknownQuery

PREFIX = ["ctrl", "1.0"]

#: Calls by method, first word and number of words.
_ROUTES: Dict[Tuple[str, str, int], List[Tuple[List[str], Call]]] = {}
for _call in CALLS.values():
    _words = _call.query.split("/")
    _ROUTES.setdefault((_call.method, _words[0], len(_words)), []).append((_words, _call))


class Route(NamedTuple):
    """What the path of a request says."""

    call: Call
    #: What stands in the path for the call's arguments, decoded.
    arguments: List[str]
    #: The cluster after `RemoteCommand/`; empty for the one that was asked.
    remote: str = ""
    #: Whether it is for the multicluster; and for all clusters of it, each to answer for itself.
    multi_cluster: bool = False
    all_clusters: bool = False


def find(method: str, target: str) -> Route:
    """Return the route of a request.

    :raises UnknownQuery: there is no such call.
    """
    path = target.partition("?")[0]
    words = path.split("/")[1:]
    if words[:2] != PREFIX:
        raise UnknownQuery(f"'{path}' is not below /ctrl/1.0/.")
    rest, remote = words[2:], ""
    if rest[:1] == ["RemoteCommand"] and len(rest) > 2:
        remote, rest = unquote(rest[1]), rest[2:]
    multi_cluster = rest[:1] == ["MultiCluster"] and len(rest) > 1
    if multi_cluster:
        rest = rest[1:]
    all_clusters = multi_cluster and rest[:1] == ["AllClusters"] and method == "GET"
    if all_clusters:
        rest = rest[1:]
    for query, call in _ROUTES.get((method, rest[0] if rest else "", len(rest)), []):
        if all(part.startswith("{") or word == part for word, part in zip(rest, query)):
            if multi_cluster and not all_clusters and not call.multiCluster:
                break
            # Only whole words are decoded: a "%2F" belongs to a key, not to the path.
            arguments = [unquote(word) for word, part in zip(rest, query) if part.startswith("{")]
            return Route(call, arguments, remote, multi_cluster, all_clusters)
    raise UnknownQuery("No such query: {} {}".format(method, "/".join(words[2:])))
