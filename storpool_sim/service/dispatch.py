"""From a request's path and body to a handler, and from what it returns to a reply.

The calls are those that the bindings declare: their paths route, their types validate. No HTTP library is involved, so
that what carries the requests can be changed, or left out.
"""

from __future__ import annotations

import hmac
import json
import logging
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union
from urllib.parse import unquote

from storpool.spapi.call import CALLS, Call
from storpool.spcatch import InvalidArgumentError
from storpool.sptype.nodes import ListNode

from ..calls.registry import HANDLERS, Handler
from ..calls.results import Deferred
from ..cluster import Cluster
from ..cluster.errors import InvalidJSON, InvalidParam, NotSimulated, SimError, Unauthorized, UnknownQuery
from ..cluster.federation import multicluster, reach
from .encoding import dumps, to_json
from .messages import Reply, Request
from .multicluster import answering, say_where, together
from .pending import PendingReply

LOG = logging.getLogger("storpool_sim")

PREFIX = ["ctrl", "1.0"]


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
        """Answer one request, whatever it is; wait for the answer, if it is one that comes later."""
        reply = self.begin(request)
        return reply.wait() if isinstance(reply, PendingReply) else reply

    def begin(self, request: Request) -> Union[Reply, PendingReply]:
        """Do what a request says, and give the answer, or the promise of one.

        The changes of the state have been made in both cases.
        """
        target: Optional[_Target] = None
        try:
            self.authorize(request)
            path, _, query = request.target.partition("?")
            target = self._route(request.method, path)
            return self._run(request, target, _given(request, query))
        except Exception as exc:
            return self._failure(exc, request, target)

    def _failure(self, exc: Exception, request: Request, target: Optional[_Target]) -> Reply:
        if not isinstance(exc, SimError):
            LOG.error("%s %s failed", request.method, request.target, exc_info=exc)
            exc = SimError(f"{type(exc).__name__}: {exc}")
        name = target.call.name if target is not None else ""
        return Reply(exc.status if self.errorStatuses else 200, dumps(exc.reply()), name, exc.name)

    def authorize(self, request: Request) -> None:
        """Refuse a request that does not carry the token."""
        wanted = "Storpool v1:" + self.token
        if not hmac.compare_digest(request.authorization.encode(), wanted.encode()):
            raise Unauthorized("The request does not carry this cluster's token.")

    def _route(self, method: str, path: str) -> _Target:
        """Find the call of a path."""
        parts = path.split("/")[1:]
        if parts[:2] != PREFIX:
            raise UnknownQuery(f"'{path}' is not below /ctrl/1.0/.")
        rest, cluster = parts[2:], self.cluster
        relayed = rest[:1] == ["RemoteCommand"] and len(rest) > 2
        if relayed:
            with cluster.lock:
                cluster = reach(cluster, unquote(rest[1]))
            rest = rest[2:]
        multi = rest[:1] == ["MultiCluster"] and len(rest) > 1
        if multi and relayed and not cluster.relayedMultiCluster:
            raise UnknownQuery(f"request 'MultiCluster/{rest[1]}' is not supported")
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

    def _run(self, request: Request, target: _Target, given: Any) -> Union[Reply, PendingReply]:
        """Validate, handle, and encode."""
        call = target.call
        handler = HANDLERS.get(call.name)
        if handler is None:
            raise NotSimulated(f"{call.name} is not simulated.")
        arguments = [_valid(arg._name, arg._type, value) for arg, value in zip(call.args, target.arguments)]
        if call.json is not None:
            if given is None and not call.jsonOptional:
                # A body may be missing where every field may be.
                given = [] if isinstance(call.json, ListNode) else {}
            arguments.append(_valid("json", call.json, given))
        cluster = target.cluster
        with cluster.lock:
            self._settle(cluster)
            if target.allClusters:
                answers = [self._answer_of(one, handler, call, arguments) for one in multicluster(cluster)]
                data: Any = {"clusters": answers}
            else:
                data = self._data(target, handler, arguments)
            self._done(cluster)
            generation = cluster.generation
            if isinstance(data, Deferred) and not data.ready():
                return self._pending(request, target, data)
            if isinstance(data, Deferred):
                data = to_json(data.result())
        return self._reply(target, data, generation)

    def _settle(self, cluster: Cluster) -> None:
        for one in (cluster, *cluster.peers):
            one.settle()

    def _done(self, cluster: Cluster) -> None:
        for one in (cluster, *cluster.peers):
            one.data.links_changed()
            one.notify()

    def _reply(self, target: _Target, data: Any, generation: int) -> Reply:
        encoded = dumps({"generation": generation, "data": data})
        if self.checkReplies:
            # As the bindings will have it: keys are strings, and so on.
            read = json.loads(encoded)["data"]
            for one in read["clusters"] if target.allClusters else [{"response": {"data": read}}]:
                if "response" in one:
                    target.call.returns.handleVal(one["response"]["data"])
        return Reply(200, encoded, target.call.name)

    def _pending(self, request: Request, target: _Target, deferred: Deferred) -> PendingReply:
        cluster = target.cluster
        clusters = [cluster, *cluster.peers]

        def poll() -> Optional[Reply]:
            with cluster.lock:
                self._settle(cluster)
                if not deferred.ready() and (deferred.until is None or cluster.clock.now() < deferred.until):
                    return None
                try:
                    return self._reply(target, to_json(deferred.result()), cluster.generation)
                except Exception as exc:
                    return self._failure(exc, request, target)

        def due() -> Optional[float]:
            with cluster.lock:
                dates = [client.due for one in clusters for client in one.clients.values()]
            return min((date for date in (*dates, deferred.until) if date is not None), default=None)

        return PendingReply(clusters, poll, due)

    def _data(self, target: _Target, handler: Handler, arguments: List[Any]) -> Any:
        """What one cluster answers; or, to some multicluster requests, all of them together."""
        call = target.call
        if handler.spans:
            data = handler.function(target.cluster, *arguments, multiCluster=target.multiCluster)
            return data if isinstance(data, Deferred) else to_json(data)
        if not target.multiCluster:
            data = handler.function(target.cluster, *arguments)
            return data if isinstance(data, Deferred) else to_json(data)
        answers = []
        for cluster in answering(target.cluster, call, arguments):
            answers.append(to_json(handler.function(cluster, *arguments)))
            say_where(call, answers[-1], cluster)
        return answers[0] if len(answers) == 1 else together(call, answers)

    def _answer_of(self, cluster: Cluster, handler: Handler, call: Call, arguments: List[Any]) -> Dict[str, Any]:
        about: Dict[str, Any] = {"clusterName": cluster.name, "clusterId": cluster.clusterId}
        try:
            data = handler.function(cluster, *arguments)
            if isinstance(data, Deferred):
                raise InvalidParam(f"{call.name} cannot be asked of all clusters.")
            data = to_json(data)
            say_where(call, data, cluster)
            return {**about, "response": {"generation": cluster.generation, "data": data}}
        except SimError as exc:
            return {**about, **exc.reply()}


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
