"""From a request to a handler, and from what it returns to a reply: no HTTP library is involved.

A request goes down these steps: its token and method are checked, its route is found, its arguments and body are
validated by the call's declaration, the handler runs with the cluster's lock held, and its result is encoded.
"""

from __future__ import annotations

import hmac
import json
from typing import Any, List, Optional, Union
from urllib.parse import unquote

from storpool.spcatch import InvalidArgumentError
from storpool.sptype.nodes import ListNode

from ..calls.registry import HANDLERS, Handler
from ..calls.results import Deferred
from ..cluster import Cluster
from ..cluster.errors import BodyTooLarge, InvalidJSON, InvalidParam, NotSimulated, SimError, Unauthorized
from ..cluster.federation import reach
from . import routes
from .encoding import as_json, dumps
from .messages import MAX_BODY, Reply, Request, error_reply
from .multicluster import answer_as_one, answer_separately
from .pending import PendingReply
from .routes import Route

METHODS = ("GET", "POST")


class UnknownMethod(SimError):
    """The method of a request is none that the API has."""

    name = "unknownMethod"
    status = 405


class Dispatcher:
    """Answers requests for one cluster.

    :param token: what requests must carry.
    :param error_statuses: whether errors have statuses of their own, or come with 200; clients must take both.
    :param check_replies: whether each reply is read back as the bindings would, and is an error when they could not.
    """

    def __init__(self, cluster: Cluster, token: str, error_statuses: bool = True, check_replies: bool = False) -> None:
        self.cluster = cluster
        self.token = token
        self._error_statuses = error_statuses
        self._check_replies = check_replies

    def answer(self, request: Request) -> Reply:
        """Answer a request, whatever it is; wait for the answer, if it is one that comes later."""
        reply = self.begin(request)
        return reply.wait() if isinstance(reply, PendingReply) else reply

    def begin(self, request: Request) -> Union[Reply, PendingReply]:
        """Do what a request says, and return the reply, or one that is pending.

        The state has been changed in both cases.
        """
        call = ""
        try:
            self.check(request)
            route = routes.find(request.method, request.target)
            call = route.call.name
            return self._run(request, route)
        except Exception as exc:
            return self.refuse(exc, request, call)

    def refuse(self, exc: Exception, request: Request, call: str = "") -> Reply:
        """Return the reply to a request that failed."""
        return error_reply(exc, request, call, self._error_statuses)

    def check(self, request: Request) -> None:
        """Refuse a request whose method the API does not have, without the token, or with a body that is too long."""
        if request.method not in METHODS:
            raise UnknownMethod(f"The API has GET and POST, not {request.method}.")
        self.authorize(request)
        if len(request.body) > MAX_BODY:
            raise BodyTooLarge(f"The body is longer than {MAX_BODY} bytes.")

    def authorize(self, request: Request) -> None:
        """Refuse a request that does not carry the token."""
        wanted = "Storpool v1:" + self.token
        if not hmac.compare_digest(request.authorization.encode(), wanted.encode()):
            raise Unauthorized("The request does not carry this cluster's token.")

    def _run(self, request: Request, route: Route) -> Union[Reply, PendingReply]:
        handler = HANDLERS.get(route.call.name)
        if handler is None:
            raise NotSimulated(f"{route.call.name} is not simulated.")
        arguments = _arguments(request, route)
        with self.cluster.lock:
            cluster = reach(self.cluster, route.remote) if route.remote else self.cluster
            _settle(cluster)
            result = _result(cluster, route, handler, arguments)
            for changed in (cluster, *cluster.peers):
                changed.data.links_changed()
                changed.notify()
            if not isinstance(result, Deferred):
                data, generation = result, cluster.generation
            elif result.ready():
                data, generation = result.result(), cluster.generation
            else:
                return self._pending(request, route, cluster, result)
        # Encoding a long list takes longer than making it: others need not wait for that.
        return self._reply(route, data, generation)

    def _reply(self, route: Route, data: Any, generation: int) -> Reply:
        encoded = dumps({"generation": generation, "data": data})
        if self._check_replies:
            # As the bindings will have it: keys are strings, and so on.
            read = json.loads(encoded)["data"]
            for entry in read["clusters"] if route.all_clusters else [{"response": {"data": read}}]:
                if "response" in entry:
                    route.call.returns.handleVal(entry["response"]["data"])
        return Reply(200, encoded, route.call.name)

    def _pending(self, request: Request, route: Route, cluster: Cluster, deferred: Deferred) -> PendingReply:
        clusters = [cluster, *cluster.peers]

        def poll() -> Optional[Reply]:
            with cluster.lock:
                _settle(cluster)
                if not deferred.ready() and (deferred.until is None or cluster.clock.now() < deferred.until):
                    return None
                try:
                    return self._reply(route, deferred.result(), cluster.generation)
                except Exception as exc:
                    return self.refuse(exc, request, route.call.name)

        def due() -> Optional[float]:
            with cluster.lock:
                dates = [client.due for member in clusters for client in member.clients.values()]
            return min((date for date in (*dates, deferred.until) if date is not None), default=None)

        return PendingReply(clusters, poll, due)


def _settle(cluster: Cluster) -> None:
    """Let happen what is due by now, in a cluster and in those that it is connected to."""
    for member in (cluster, *cluster.peers):
        member.settle()


def _result(cluster: Cluster, route: Route, handler: Handler, arguments: List[Any]) -> Any:
    """Return what a cluster, or a multicluster, answers: JSON, or a `Deferred` of it."""

    def handle(member: Cluster, **options: Any) -> Any:
        return as_json(handler.function(member, *arguments, **options))

    if route.all_clusters:
        return answer_separately(cluster, route.call, handle)
    if handler.spans:
        return handle(cluster, multiCluster=route.multi_cluster)
    if route.multi_cluster:
        return answer_as_one(cluster, route.call, arguments, handle)
    return handle(cluster)


def _arguments(request: Request, route: Route) -> List[Any]:
    """Return the arguments of a call, validated: those of the path, and the JSON where it has such."""
    call, given = route.call, _given(request)
    arguments = [_valid(arg._name, arg._type, value) for arg, value in zip(call.args, route.arguments)]
    if call.json is not None:
        if given is None and not call.jsonOptional:
            # A body may be missing where every field may be.
            given = [] if isinstance(call.json, ListNode) else {}
        arguments.append(_valid("json", call.json, given))
    return arguments


def _given(request: Request) -> Any:
    """Return the JSON of a request: the body of a POST, the `json` argument of a GET; None when there is none."""
    text: Optional[str] = None
    try:
        if request.method == "POST":
            text = request.body.decode("utf-8").strip()
        else:
            for part in request.target.partition("?")[2].split("&"):
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
