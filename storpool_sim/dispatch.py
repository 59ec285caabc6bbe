"""From a request's path and body to a handler, and from what it returns to a reply.

The calls are those that the bindings declare: their paths route, their types validate. No HTTP library is involved, so
that what carries the requests can be changed, or left out.
"""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import unquote

from storpool.spapi.call import CALLS, Call
from storpool.spcatch import InvalidArgumentError
from storpool.sptype.nodes import ListNode
from storpool.sptypes import AttachmentDesc, SnapshotSummary, VolumeSummary

from . import areas
from .cluster import Cluster
from .encode import dumps, to_wire
from .errors import InvalidJSON, InvalidParam, NotSimulated, SimError, Unauthorized, UnknownQuery
from .federation import multicluster, reach
from .handlers import HANDLERS

LOG = logging.getLogger("storpool_sim")

# Importing the areas has filled the table of handlers.
__all__ = ["Dispatcher", "Reply", "Request", "areas"]

PREFIX = ["ctrl", "1.0"]

#: What a multicluster answers as one.
AGGREGATED = {"volumesList", "snapshotsList", "attachmentsList", "volumesSpace", "snapshotsSpace"}


class Request(NamedTuple):
    """What a client sends."""

    method: str
    #: The path and query as they stood in the request line: names may hold a raw "#", which URL parsers would take
    #: for the end of it.
    target: str
    authorization: str = ""
    body: bytes = b""


class Reply(NamedTuple):
    """What it gets."""

    status: int
    body: bytes
    #: The Python name of the call, if there was one.
    call: str = ""
    #: The name of the error, if there was one.
    error: str = ""


class _Target(NamedTuple):
    call: Call
    arguments: List[str]
    multiCluster: bool
    cluster: Cluster
    allClusters: bool = False


class Dispatcher:
    """Answers requests for one cluster.

    :param token: what requests must carry.
    :param errorStatuses: whether errors have statuses of their own, or come with 200; clients must take both.
    :param checkReplies: whether each reply is read back as the bindings would, and is an error when they could not.
    """

    def __init__(self, cluster: Cluster, token: str, errorStatuses: bool = True, checkReplies: bool = False) -> None:
        self.cluster = cluster
        self.token = token
        self.errorStatuses = errorStatuses
        self.checkReplies = checkReplies
        self._routes: Dict[Tuple[str, str, int], List[Tuple[List[str], Call]]] = {}
        for call in CALLS.values():
            parts = call.query.split("/")
            self._routes.setdefault((call.method, parts[0], len(parts)), []).append((parts, call))

    def answer(self, request: Request) -> Reply:
        """Answer one request, whatever it is."""
        name = ""
        try:
            self._authorize(request)
            path, _, query = request.target.partition("?")
            target = self._route(request.method, path)
            name = target.call.name
            data = self._run(target, _given(request, query))
            return Reply(200, data, name)
        except SimError as exc:
            return self._failure(exc, name)
        except Exception as exc:
            LOG.exception("%s %s failed", request.method, request.target)
            return self._failure(SimError(f"{type(exc).__name__}: {exc}"), name)

    def _failure(self, exc: SimError, name: str) -> Reply:
        return Reply(exc.status if self.errorStatuses else 200, dumps(exc.reply()), name, exc.name)

    def _authorize(self, request: Request) -> None:
        wanted = "Storpool v1:" + self.token
        if not hmac.compare_digest(request.authorization.encode(), wanted.encode()):
            raise Unauthorized("The request does not carry this cluster's token.")

    def _route(self, method: str, path: str) -> _Target:
        """Find the call of a path."""
        parts = path.split("/")[1:]
        if parts[:2] != PREFIX:
            raise UnknownQuery(f"'{path}' is not below /ctrl/1.0/.")
        rest, cluster = parts[2:], self.cluster
        if rest[:1] == ["RemoteCommand"] and len(rest) > 2:
            cluster = reach(cluster, unquote(rest[1]))
            rest = rest[2:]
        multi = rest[:1] == ["MultiCluster"] and len(rest) > 1
        if multi:
            rest = rest[1:]
        everywhere = multi and rest[:1] == ["AllClusters"] and method == "GET"
        if everywhere:
            rest = rest[1:]
        for query, call in self._routes.get((method, rest[0] if rest else "", len(rest)), []):
            # Only whole parts are decoded: a "%2F" belongs to a key, not to the path.
            values = [unquote(given) for given, part in zip(rest, query) if part.startswith("{")]
            if all(part.startswith("{") or given == part for given, part in zip(rest, query)):
                if multi and not everywhere and not call.multiCluster:
                    break
                return _Target(call, values, multi, cluster, everywhere)
        raise UnknownQuery("No such query: {} {}".format(method, "/".join(parts[2:])))

    def _run(self, target: _Target, given: Any) -> bytes:
        """Validate, play, and encode."""
        call = target.call
        handler = HANDLERS.get(call.name)
        if handler is None:
            raise NotSimulated(f"{call.name} is not simulated.")
        arguments = [_valid(arg._name, arg._type, value) for arg, value in zip(call.args, target.arguments)]
        if call.json is not None:
            body = handler.prepare(given)
            if body is None and not call.jsonOptional:
                # A body may be missing where every field may be.
                body = [] if isinstance(call.json, ListNode) else {}
            arguments.append(_valid("json", call.json, body))
        elif handler.undeclaredBody:
            arguments.append(given)
        with target.cluster.lock:
            for one in (target.cluster, *target.cluster.peers):
                one.settle()
            if target.allClusters:
                data: Any = {
                    "clusters": [self._answer_of(one, call, arguments) for one in multicluster(target.cluster)]
                }
            else:
                data = self._data(target, arguments)
            for one in (target.cluster, *target.cluster.peers):
                one.data.links_changed()
            generation = target.cluster.generation
        encoded = dumps({"generation": generation, "data": data})
        if self.checkReplies and not target.allClusters:
            call.returns.handleVal(json.loads(encoded)["data"])
        return encoded

    def _data(self, target: _Target, arguments: List[Any]) -> Any:
        """What one cluster answers; or, to some multicluster requests, all of them together."""
        function, clusters = HANDLERS[target.call.name].function, [target.cluster]
        if target.multiCluster and target.call.name in AGGREGATED:
            clusters = multicluster(target.cluster)
        elif (
            target.multiCluster
            and target.arguments
            and target.call.name != "volumeAcquire"
            and target.cluster.find(target.arguments[0]) is None
        ):
            # The volume may be in another cluster.
            others = multicluster(target.cluster)
            clusters = [next((one for one in others if one.find(target.arguments[0])), target.cluster)]
        answers = []
        for cluster in clusters:
            answers.append(function(cluster, *arguments))
            if target.multiCluster:
                self._name_cluster(answers[-1], cluster)
        if len(clusters) == 1:
            return to_wire(answers[0])
        return [to_wire(one) for answer in answers for one in answer]

    def _answer_of(self, cluster: Cluster, call: Call, arguments: List[Any]) -> Dict[str, Any]:
        about: Dict[str, Any] = {"clusterName": cluster.name, "clusterId": cluster.clusterId}
        try:
            data = to_wire(HANDLERS[call.name].function(cluster, *arguments))
            return {**about, "response": {"generation": cluster.generation, "data": data}}
        except SimError as exc:
            return {**about, **exc.reply()}

    def _name_cluster(self, result: Any, cluster: Cluster) -> None:
        """Say of each record in which cluster it is, as replies to multicluster requests do."""
        for one in (
            list(result.values()) if isinstance(result, dict) else result if isinstance(result, list) else [result]
        ):
            if isinstance(one, (VolumeSummary, SnapshotSummary)):
                one.clusterName, one.clusterId = cluster.name, cluster.clusterId
            elif isinstance(one, AttachmentDesc):
                one.cluster, one.clusterId = cluster.name, cluster.clusterId


def _given(request: Request, query: str) -> Any:
    """The JSON of a request: the body of a POST, the `json` argument of a GET; None when there is none."""
    text: Optional[str] = None
    try:
        if request.method == "POST":
            text = request.body.decode("utf-8").strip()
        else:
            for part in query.split("&"):
                key, _, value = part.partition("=")
                if key == "json":
                    text = unquote(value, errors="strict")
        return json.loads(text) if text else None
    except (ValueError, RecursionError) as exc:
        raise InvalidJSON(f"The request's JSON cannot be read: {exc}") from exc


def _valid(name: str, node: Any, value: Any) -> Any:
    try:
        return node.handleVal(value)
    except InvalidArgumentError as exc:
        raise InvalidParam(f"{name}: {exc}") from exc
