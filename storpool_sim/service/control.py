"""The control URL: what a real cluster does not let one do over HTTP.

    curl -H "Authorization: Storpool v1:$SP_AUTH_TOKEN" -d '' http://127.0.0.1:8000/sim/1.0/disks/101/down

Bodies and replies are JSON, replies in the form of the API's. `GET /sim/1.0/` lists what there is.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type
from urllib.parse import parse_qs, unquote

from ..cluster import Cluster
from ..cluster.clock import ManualClock
from ..cluster.errors import InvalidJSON, InvalidParam, ObjectDoesNotExist, SimError, UnknownQuery
from . import status
from .encoding import dumps, to_json
from .faults import Faults, from_mapping
from .messages import Exchange, Reply, Request

LOG = logging.getLogger("storpool_sim")

CONTROL = "/sim/1.0/"

#: How many requests the status page can look back.
RECENT = 200


class _Ask(NamedTuple):
    """A request to the control URL, taken apart."""

    cluster: Cluster
    words: List[str]
    body: Mapping[str, Any]
    query: Mapping[str, str]

    def number(self) -> int:
        """The number in the path."""
        if not self.words[0].isdecimal():
            raise InvalidParam(f"'{self.words[0]}' is not a number.")
        return int(self.words[0])

    def given(self, key: str, *kinds: Type[Any]) -> Any:
        """A value of the body."""
        value = self.body.get(key)
        if type(value) not in kinds:
            raise InvalidParam("{}: {} is wanted".format(key, " or ".join(one.__name__ for one in kinds)))
        return value


class _Action(NamedTuple):
    method: str
    path: str
    about: str
    function: Callable[[Control, _Ask], Any]


_ACTIONS: List[_Action] = []

_Method = Callable[["Control", _Ask], Any]


def _action(method: str, path: str) -> Callable[[_Method], _Method]:
    def register(function: _Method) -> _Method:
        _ACTIONS.append(_Action(method, path, (function.__doc__ or "").strip(), function))
        return function

    return register


class Control:
    """Answers the control URL of the clusters of one server; the first is the one that the server answers for.

    :ivar recent: the last requests to the API.
    """

    def __init__(self, clusters: Sequence[Cluster], faults: Faults) -> None:
        self.clusters = list(clusters)
        self.faults = faults
        self.recent: Deque[Exchange] = deque(maxlen=RECENT)
        # While a change is written down, clusters have another clock, which stands still.
        self._clock = clusters[0].clock

    def is_about_faults(self, request: Request) -> bool:
        """Whether a request is about faults, which are no part of a cluster's state."""
        return request.target.startswith(CONTROL + "faults")

    def answer(self, request: Request) -> Reply:
        """Answer one request, whatever it is."""
        try:
            with self.clusters[0].lock:
                action, ask = self._taken_apart(request)
                for one in self.clusters:
                    one.settle()
                data = action.function(self, ask)
                for one in self.clusters:
                    one.data.links_changed()
                return Reply(200, dumps({"generation": ask.cluster.generation, "data": to_json(data)}))
        except SimError as exc:
            return Reply(exc.status, dumps(exc.reply()), "", exc.name)
        except Exception as exc:
            LOG.exception("%s %s failed", request.method, request.target)
            error = SimError(f"{type(exc).__name__}: {exc}")
            return Reply(error.status, dumps(error.reply()), "", error.name)

    def _taken_apart(self, request: Request) -> Tuple[_Action, _Ask]:
        path, _, text = request.target.partition("?")
        query = {key: values[-1] for key, values in parse_qs(text).items()}
        parts = path[len(CONTROL) :].split("/")
        method = "GET" if request.method == "HEAD" else request.method
        for action in _ACTIONS:
            pattern = action.path.split("/")
            if (action.method, len(pattern)) == (method, len(parts)) and all(
                one.startswith("{") or one == part for one, part in zip(pattern, parts)
            ):
                words = [unquote(part) for one, part in zip(pattern, parts) if one.startswith("{")]
                return action, _Ask(self._cluster(query.get("cluster")), words, _body(request), query)
        raise UnknownQuery(f"{request.method} {path} is none of the simulator's controls; GET {CONTROL} lists them.")

    def _cluster(self, name: Optional[str]) -> Cluster:
        for one in self.clusters:
            if name is None or one.name == name:
                return one
        raise ObjectDoesNotExist(f"Cluster '{name}' does not exist.")

    # What there is

    @_action("GET", "")
    def help(self, ask: _Ask) -> Any:
        """List what there is."""
        return [{"method": one.method, "path": CONTROL + one.path, "about": one.about} for one in _ACTIONS]

    @_action("GET", "status")
    def status(self, ask: _Ask) -> Any:
        """What the status page shows; `find=TEXT` narrows its lists, `limit=N` sets how long they may be."""
        limit = ask.query.get("limit", "100")
        if not limit.isdecimal():
            raise InvalidParam(f"limit: '{limit}' is not a number.")
        return {
            **status.of_cluster(ask.cluster, ask.query.get("find", ""), int(limit)),
            "clusters": [one.name for one in self.clusters],
            "faults": self.faults.list(),
            "requests": [status.of_exchange(one) for one in reversed(self.recent)],
        }

    # Faults

    @_action("GET", "faults")
    def faults_list(self, ask: _Ask) -> Any:
        """The faults that requests may meet."""
        return self.faults.list()

    @_action("POST", "faults")
    def faults_add(self, ask: _Ask) -> Any:
        """Let requests meet a fault: {"kind": "latency", "seconds": 0.2, ...}; "seed" begins the chances anew."""
        values = dict(ask.body)
        try:
            fault = from_mapping({key: one for key, one in values.items() if key != "seed"})
        except ValueError as exc:
            raise InvalidParam(str(exc)) from exc
        if "seed" in values:
            self.faults.seed(ask.given("seed", int))
        self.faults.take(fault)
        return self.faults.list()

    @_action("DELETE", "faults")
    def faults_clear(self, ask: _Ask) -> Any:
        """Let there be no more faults."""
        self.faults.clear()
        return []

    # What breaks

    @_action("POST", "clients/{id}/stuck")
    def client_stuck(self, ask: _Ask) -> None:
        """Let a client run and carry out nothing, until it is up again."""
        ask.cluster.client_stuck(ask.number())

    @_action("POST", "clients/{id}/delay")
    def client_delay(self, ask: _Ask) -> None:
        """Let a client take its time to carry out a change: {"seconds": 1.5}."""
        seconds = ask.given("seconds", int, float)
        if not 0 <= seconds < float("inf"):
            raise InvalidParam(f"seconds: {seconds} is not a time.")
        ask.cluster.client_delay(seconds, ask.number())

    @_action("POST", "fill")
    def fill(self, ask: _Ask) -> None:
        """Let disks be full up to a fraction, all of them or some: {"fraction": 1, "disks": [101, 102]}."""
        fraction, disks = ask.given("fraction", int, float), ask.body.get("disks", [])
        if not 0 <= fraction <= 1:
            raise InvalidParam(f"fraction: {fraction} is not from 0 to 1.")
        if not isinstance(disks, list) or any(type(one) is not int for one in disks):
            raise InvalidParam("disks: a list of numbers is wanted.")
        ask.cluster.fill(fraction, *disks)

    # What programs do

    @_action("POST", "volumes/{name}/open")
    def open(self, ask: _Ask) -> None:
        """Play a program that holds a volume open on a client: {"client": 1}."""
        ask.cluster.open(ask.words[0], ask.given("client", int))

    @_action("POST", "volumes/{name}/close")
    def close(self, ask: _Ask) -> None:
        """Play that program's end: {"client": 1}."""
        ask.cluster.close(ask.words[0], ask.given("client", int))

    @_action("POST", "volumes/{name}/write")
    def write(self, ask: _Ask) -> None:
        """Play a program that has written so many bytes to a volume: {"size": 1048576}."""
        size = ask.given("size", int)
        if size < 0:
            raise InvalidParam(f"size: {size} is no number of bytes.")
        ask.cluster.write(ask.words[0], size)

    # Time

    @_action("GET", "clock")
    def clock(self, ask: _Ask) -> Any:
        """The time, in seconds since the epoch, and whether it stands until it is moved."""
        return {"now": self._clock.now(), "manual": isinstance(self._clock, ManualClock)}

    @_action("POST", "clock")
    def advance(self, ask: _Ask) -> Any:
        """Move a clock that stands: {"advance": 60}."""
        if not isinstance(self._clock, ManualClock):
            raise InvalidParam("The clock goes by itself; `serve --manual-clock` has one that stands.")
        seconds = ask.given("advance", int, float)
        if not 0 <= seconds < float("inf"):
            raise InvalidParam("advance: time does not go back.")
        self._clock.advance(seconds)
        return self.clock(ask)


def _played(name: str) -> _Method:
    """What calls a method of the cluster with the number in the path."""
    return lambda control, ask: getattr(ask.cluster, name)(ask.number())


for _kind, _down, _up in (
    ("disk", "Let a disk fail.", "Put a disk in again."),
    ("server", "Let a server stop, and its disks with it.", "Let a server start again."),
    ("node", "Let a node go down with all its services.", "Let a node come back with all its services."),
    ("client", "Let a client stop.", "Let a client start again, or free one that is stuck."),
):
    _ACTIONS.append(_Action("POST", f"{_kind}s/{{id}}/down", _down, _played(f"{_kind}_down")))
    _ACTIONS.append(_Action("POST", f"{_kind}s/{{id}}/up", _up, _played(f"{_kind}_up")))


def _body(request: Request) -> Dict[str, Any]:
    try:
        body = json.loads(request.body.decode("utf-8") or "{}")
    except (ValueError, RecursionError) as exc:
        raise InvalidJSON(f"The request's JSON cannot be read: {exc}") from exc
    if not isinstance(body, dict):
        raise InvalidParam("The body is to be an object.")
    return body
