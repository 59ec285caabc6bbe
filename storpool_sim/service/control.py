"""The control URL: what a real cluster does not let one do over HTTP.

    curl -H "Authorization: Storpool v1:$SP_AUTH_TOKEN" -d '' http://127.0.0.1:8000/sim/1.0/disks/101/down

Bodies and replies are JSON, replies in the form of the API's. `GET /sim/1.0/` lists what there is.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type, Union
from urllib.parse import parse_qs, unquote

from storpool.sptype import JsonObjectImpl
from storpool.sptypes import ClientId, DiskId

from ..cluster import Cluster
from ..cluster.clock import ManualClock
from ..cluster.errors import InvalidJSON, InvalidParam, ObjectDoesNotExist, UnknownQuery
from . import status
from .encoding import as_json, dumps
from .faults import Fault as FaultDesc
from .faults import Faults, check
from .inputs import Bytes, Fraction, Seconds, read
from .messages import CONTROL, Exchange, Reply, Request, error_reply

#: How many requests the status page can look back.
RECENT = 200
#: Numbers that are longer are none that anything has.
MAX_DIGITS = 18


class NoDesc(JsonObjectImpl):
    """A body without keys."""


class SeededFaultDesc(FaultDesc):
    """A fault, and the seed from which the chances begin anew."""

    seed: Union[int, None] = None


class DelayDesc(JsonObjectImpl):
    """How long something takes."""

    seconds: Seconds


class FillDesc(JsonObjectImpl):
    """How full disks are; all of them, unless some are named."""

    fraction: Fraction
    disks: List[DiskId] = []


class ProgramDesc(JsonObjectImpl):
    """The client that a program runs on."""

    client: ClientId


class WriteDesc(JsonObjectImpl):
    """How much a program has written."""

    size: Bytes


class AdvanceDesc(JsonObjectImpl):
    """How far a clock moves."""

    advance: Seconds


class _Ask(NamedTuple):
    """A request to the control URL, parsed."""

    cluster: Cluster
    words: List[str]
    query: Dict[str, str]
    body: Any

    def number(self) -> int:
        """Return the number in the path."""
        return _number("path", self.words[0])


class _Action(NamedTuple):
    method: str
    path: str
    about: str
    function: Callable[[Control, _Ask], Any]
    body: Type[JsonObjectImpl]

    def words_of(self, method: str, parts: List[str]) -> Optional[List[str]]:
        """Return what a path has for the variable parts of this one's; None if it is another path."""
        pattern = self.path.split("/")
        if (method, len(parts)) != (self.method, len(pattern)):
            return None
        if any(not word.startswith("{") and word != part for word, part in zip(pattern, parts)):
            return None
        return [unquote(part) for word, part in zip(pattern, parts) if word.startswith("{")]


_ACTIONS: List[_Action] = []

_Method = Callable[["Control", _Ask], Any]


def _action(method: str, path: str, body: Type[JsonObjectImpl] = NoDesc) -> Callable[[_Method], _Method]:
    def register(function: _Method) -> _Method:
        _ACTIONS.append(_Action(method, path, (function.__doc__ or "").strip(), function, body))
        return function

    return register


class Control:
    """Answers the control URL of the clusters of one server; the first is the one that the server answers for."""

    def __init__(self, clusters: Sequence[Cluster], faults: Faults) -> None:
        self.clusters = list(clusters)
        self.faults = faults
        # Without bodies: these may be long, and nobody is shown them.
        self._recent: Deque[Dict[str, Any]] = deque(maxlen=RECENT)

    def note(self, exchange: Exchange) -> None:
        """Remember a request to the API, for the status page."""
        self._recent.append(status.of_exchange(exchange))

    def is_about_faults(self, request: Request) -> bool:
        """Return whether a request is about faults, which are no part of a cluster's state."""
        return request.target.startswith(CONTROL + "faults")

    def answer(self, request: Request) -> Reply:
        """Answer a request, whatever it is."""
        try:
            with self.clusters[0].lock:
                action, ask = self._parsed(request)
                for cluster in self.clusters:
                    cluster.settle()
                data = action.function(self, ask)
                for cluster in self.clusters:
                    cluster.data.links_changed()
                return Reply(200, dumps({"generation": ask.cluster.generation, "data": as_json(data)}))
        except Exception as exc:
            return error_reply(exc, request)

    def _parsed(self, request: Request) -> Tuple[_Action, _Ask]:
        path, _, text = request.target.partition("?")
        query = {key: values[-1] for key, values in parse_qs(text).items()}
        parts = path[len(CONTROL) :].split("/")
        method = "GET" if request.method == "HEAD" else request.method
        for action in _ACTIONS:
            words = action.words_of(method, parts)
            if words is not None:
                return action, _Ask(self._cluster(query.get("cluster")), words, query, _body(request, action.body))
        raise UnknownQuery(f"{request.method} {path} is none of the simulator's controls; GET {CONTROL} lists them.")

    def _cluster(self, name: Optional[str]) -> Cluster:
        for cluster in self.clusters:
            if name is None or cluster.name == name:
                return cluster
        raise ObjectDoesNotExist(f"Cluster '{name}' does not exist.")

    # What there is

    @_action("GET", "")
    def help(self, ask: _Ask) -> Any:
        """List what there is."""
        return [{"method": action.method, "path": CONTROL + action.path, "about": action.about} for action in _ACTIONS]

    @_action("GET", "status")
    def status(self, ask: _Ask) -> Any:
        """Return what the status page shows; `find=TEXT` narrows its lists, `limit=N` sets how long they may be."""
        limit = _number("limit", ask.query.get("limit", "100"))
        return {
            **status.of_cluster(ask.cluster, ask.query.get("find", ""), limit),
            "clusters": [cluster.name for cluster in self.clusters],
            "faults": self.faults.list(),
            "requests": list(reversed(self._recent)),
        }

    # Faults

    @_action("GET", "faults")
    def faults_list(self, ask: _Ask) -> Any:
        """List the faults that requests may meet."""
        return self.faults.list()

    @_action("POST", "faults", SeededFaultDesc)
    def faults_add(self, ask: _Ask) -> Any:
        """Let requests meet a fault: {"kind": "latency", "seconds": 0.2, ...}; "seed" begins the chances anew."""
        values = ask.body.to_json()
        seed = values.pop("seed")
        fault = FaultDesc(values)
        try:
            check(fault)
        except ValueError as exc:
            raise InvalidParam(str(exc)) from exc
        if seed is not None:
            self.faults.seed(seed)
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

    @_action("POST", "clients/{id}/delay", DelayDesc)
    def client_delay(self, ask: _Ask) -> None:
        """Let a client take its time to carry out a change: {"seconds": 1.5}."""
        ask.cluster.client_delay(ask.body.seconds, ask.number())

    @_action("POST", "fill", FillDesc)
    def fill(self, ask: _Ask) -> None:
        """Let disks be full up to a fraction, all of them or some: {"fraction": 1, "disks": [101, 102]}."""
        ask.cluster.fill(ask.body.fraction, *ask.body.disks)

    # What programs do

    @_action("POST", "volumes/{name}/open", ProgramDesc)
    def open(self, ask: _Ask) -> None:
        """Let a program on a client hold a volume open: {"client": 1}."""
        ask.cluster.open(ask.words[0], ask.body.client)

    @_action("POST", "volumes/{name}/close", ProgramDesc)
    def close(self, ask: _Ask) -> None:
        """Let that program end: {"client": 1}."""
        ask.cluster.close(ask.words[0], ask.body.client)

    @_action("POST", "volumes/{name}/write", WriteDesc)
    def write(self, ask: _Ask) -> None:
        """Let a program have written so many bytes to a volume: {"size": 1048576}."""
        ask.cluster.write(ask.words[0], ask.body.size)

    # Time

    @_action("GET", "clock")
    def clock(self, ask: _Ask) -> Any:
        """Return the time, in seconds since the epoch, and whether it stands until it is moved."""
        # Not `now()`, which stands for the length of a request whose changes are written down.
        return {"now": ask.cluster.clock.read(), "manual": isinstance(ask.cluster.clock, ManualClock)}

    @_action("POST", "clock", AdvanceDesc)
    def advance(self, ask: _Ask) -> Any:
        """Move a clock that stands: {"advance": 60}."""
        clock = ask.cluster.clock
        if not isinstance(clock, ManualClock):
            raise InvalidParam("The clock goes by itself; `serve --manual-clock` has one that stands.")
        clock.advance(ask.body.advance)
        return self.clock(ask)


def _by_number(function: Callable[..., None]) -> _Method:
    """Return what calls a method of the cluster with the number in the path."""
    return lambda control, ask: function(ask.cluster, ask.number())


for _path, _about, _function in (
    ("disks/{id}/down", "Let a disk fail.", Cluster.disk_down),
    ("disks/{id}/up", "Put a disk in again.", Cluster.disk_up),
    ("servers/{id}/down", "Let a server stop, and its disks with it.", Cluster.server_down),
    ("servers/{id}/up", "Let a server start again.", Cluster.server_up),
    ("nodes/{id}/down", "Let a node go down with all its services.", Cluster.node_down),
    ("nodes/{id}/up", "Let a node come back with all its services.", Cluster.node_up),
    ("clients/{id}/down", "Let a client stop.", Cluster.client_down),
    ("clients/{id}/up", "Let a client start again, or free one that is stuck.", Cluster.client_up),
):
    _ACTIONS.append(_Action("POST", _path, _about, _by_number(_function), NoDesc))


def _number(where: str, text: str) -> int:
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise InvalidParam(f"{where}: '{text[:MAX_DIGITS]}' is not a number.")
    return int(text)


def _body(request: Request, cls: Type[JsonObjectImpl]) -> Any:
    try:
        values = json.loads(request.body.decode("utf-8") or "{}")
    except (ValueError, RecursionError) as exc:
        raise InvalidJSON(f"The request's JSON cannot be read: {exc}") from exc
    try:
        return read(cls, values)
    except ValueError as exc:
        raise InvalidParam(str(exc)) from exc
