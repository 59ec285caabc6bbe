"""Faults on demand: what they are, and which requests meet them.

    sim.faults.add("transient", probability=0.1)
    sim.faults.add("latency", seconds=0.2, distribution="lognormal")
    sim.faults.add("reset", on="VolumeCreate", times=1)
    sim.faults.add("error", error="busy", calls=["volumeDelete"], times=1)

Each request is compared with the faults in their order; the chances come from one seeded source, so that the same
requests in the same order meet the same faults. What a fault then does to a request is told in `encounters`;
`docs/simulator.md` has the kinds and the keys.
"""

from __future__ import annotations

import math
import random
import threading
import time
from typing import Annotated, Any, Callable, Dict, List, Literal, Mapping, Optional, Tuple, get_args

from storpool.spapi.call import CALLS
from storpool.spcatch import InvalidArgumentError, shown
from storpool.sptype import IntRange, JsonObjectImpl
from storpool.sptype.constraints import Constraint

from ..cluster.errors import UnknownQuery
from . import routes
from .encounters import AskedFor, Encounter, TransientFault
from .inputs import Flag, Fraction, Seconds, read

Kind = Literal[
    "error",
    "transient",
    "latency",
    "failover",
    "reset",
    "lost",
    "half-closed",
    "truncated",
    "garbage",
    "missing",
    "unknown",
    "refused",
]
KINDS: Tuple[Kind, ...] = get_args(Kind)
Distribution = Literal["exponential", "fixed", "uniform", "lognormal"]

#: For faults that last, when no time is given.
SECONDS = 0.5
#: How far log-normal delays spread: the deviation of their logarithm. One in a hundred is six times the average.
SIGMA = 1.0

#: Delays that are `seconds` on average.
DISTRIBUTIONS: Dict[Distribution, Callable[[random.Random, float], float]] = {
    "exponential": lambda chance, seconds: chance.expovariate(1 / seconds),
    "fixed": lambda chance, seconds: seconds,
    "uniform": lambda chance, seconds: chance.uniform(0.0, 2 * seconds),
    "lognormal": lambda chance, seconds: chance.lognormvariate(math.log(seconds) - SIGMA**2 / 2, SIGMA),
}


class _CallName(Constraint):
    """A call: its Python name, or its query without the arguments."""

    def validate(self, value: Any) -> str:
        """Return the name, or raise InvalidArgumentError."""
        if isinstance(value, str) and (value in CALLS or any(_query(name) == value for name in CALLS)):
            return value
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        """State the rule in words."""
        return "a call of the API, as 'volumeCreate' or 'VolumeCreate'"


CallName = Annotated[str, _CallName("CallName")]


def _query(call: str) -> str:
    return str(CALLS[call].query).partition("/{")[0]


class Fault(JsonObjectImpl):
    """A fault, and which requests meet it."""

    kind: Kind = "error"
    probability: Fraction = 1.0
    seconds: Seconds = SECONDS
    #: A part of the request's path that it must have, as "VolumeCreate"; "" for any request.
    on: str = ""
    #: The calls that it must be one of; none for any request.
    calls: List[CallName] = []
    #: How many more requests it may meet; None for any number.
    times: Optional[Annotated[int, IntRange("Count", 0, 2**63 - 1)]] = None
    #: How delays of kind `latency` are distributed.
    distribution: Distribution = "exponential"
    #: The field that kind `missing` leaves out and kind `unknown` adds; "" for one by chance, or a name of our own.
    field: str = ""
    #: Whether a `failover` resets all open connections as it begins.
    resets: Flag = False
    #: What kind `error` answers; a status of 0 is the one that goes with the name.
    error: str = ""
    descr: str = "A fault that was asked for."
    transient: Flag = False
    status: Annotated[int, IntRange("Status", 0, 599)] = 0

    def concerns(self, call: str, words: List[str]) -> bool:
        """Return whether it may meet a request for this call, with these words in its path."""
        if self.times == 0 or (self.on and self.on not in words):
            return False
        return not self.calls or call in self.calls or (call != "" and _query(call) in self.calls)


#: The order in which `Faults.add` and short descriptions take values without keys.
_PLACES = ("kind", "probability", "seconds", "on")


def from_mapping(values: Mapping[str, Any]) -> Fault:
    """Return the fault that a mapping describes.

    :raises ValueError: it describes none; the text names the key.
    """
    fault = read(Fault, values)
    check(fault)
    return fault


def check(fault: Fault) -> None:
    """Raise ValueError if the keys of a fault do not go together."""
    if fault.kind == "error" and not fault.error:
        raise ValueError("kind: missing; one of {}, or the name of an `error`".format(", ".join(KINDS)))
    if fault.error and fault.kind != "error":
        raise ValueError(f"error: {fault.kind!r} answers none; leave out the kind")


def parse(text: str) -> Fault:
    """Return the fault that `KIND[:PROBABILITY[:SECONDS[:ON]]]` or `KIND:KEY=VALUE:...` describes.

    :raises ValueError: it describes none; the text says what is wrong.
    """
    words: Dict[str, str] = {}
    places = list(_PLACES)
    for part in text.split(":"):
        key, equals, value = part.partition("=")
        if not equals:
            if not places:
                raise ValueError(f"too many parts: {part!r}")
            key, value = places.pop(0), part
        if value:
            words[key] = value
    values: Dict[str, Any] = dict(words)
    for key in {"probability", "seconds"} & words.keys():
        try:
            values[key] = float(words[key])
        except ValueError:
            raise ValueError(f"{key}: not a number: {words[key]!r}") from None
    for key in {"resets", "transient"} & words.keys():
        values[key] = {"true": True, "false": False}.get(words[key], words[key])
    if "calls" in words:
        values["calls"] = words["calls"].split(",")
    return from_mapping(values)


class Faults:
    """The faults of a server; may be changed at any time, from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chances, not secrets
        self._faults: List[Fault] = []
        self._lock = threading.Lock()
        self._failing_until = 0.0
        self._skipped = 0.0

    def now(self) -> float:
        """Return the time by which faults last: real time, and what was skipped of it."""
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        """Let faults that last be nearer to their end, as if somebody had waited."""
        self._skipped += seconds

    def seed(self, seed: int) -> None:
        """Begin the chances anew."""
        with self._lock:
            self._random.seed(seed)

    def add(
        self,
        kind: Kind,
        probability: float = 1.0,
        seconds: float = SECONDS,
        on: str = "",
        times: Optional[int] = None,
        distribution: Distribution = "exponential",
        field: str = "",
        resets: bool = False,
        **more: Any,
    ) -> Fault:
        """Let requests meet a fault from now on; see :class:`Fault` for what `more` there is.

        :raises ValueError: a value makes no sense; the text names it.
        """
        values = {"kind": kind, "probability": probability, "seconds": seconds, "on": on, "times": times}
        values.update(distribution=distribution, field=field, resets=resets, **more)
        return self.take(from_mapping(values))

    def take(self, fault: Fault) -> Fault:
        """Let requests meet this fault from now on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let there be no more faults, and end a failover."""
        with self._lock:
            self._faults.clear()
            self._failing_until = 0.0

    def list(self) -> List[Dict[str, Any]]:
        """Return the faults in their order, as plain mappings."""
        with self._lock:
            return [fault.to_json() for fault in self._faults]

    def meet(self, method: str, target: str) -> Encounter:
        """Return what a request meets: delays, and the first of the other faults that concerns it."""
        delay, kind = 0.0, ""
        with self._lock:
            if not self._faults and not self._failing_until:
                return Encounter()
            words, call = target.partition("?")[0].split("/"), _call(method, target)
            met: Optional[Fault] = None
            for fault in self._faults:
                if (met is not None and fault.kind != "latency") or not fault.concerns(call, words):
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                if fault.kind == "latency":
                    delay += DISTRIBUTIONS[fault.distribution](self._random, fault.seconds) if fault.seconds else 0.0
                else:
                    met = fault
            now = self.now()
            if met is not None and met.kind == "failover":
                self._failing_until = now + met.seconds
                kind = "reset all" if met.resets else "transient"
            elif now < self._failing_until:
                kind, met = "transient", None
            elif met is not None:
                kind = met.kind
            return self._encounter(delay, kind, met)

    def _encounter(self, delay: float, kind: str, fault: Optional[Fault]) -> Encounter:
        if kind == "transient":
            return Encounter(delay, error=TransientFault())
        if fault is None:
            return Encounter(delay)
        if kind == "error":
            return Encounter(delay, error=AskedFor(fault.error, fault.descr, fault.transient, fault.status))
        # A source of chances of its own: replies are made by several threads, in any order.
        chances = random.Random(self._random.random()) if kind in ("missing", "unknown") else None  # noqa: S311
        return Encounter(delay, kind, fault.seconds, field=fault.field, chances=chances)


def _call(method: str, target: str) -> str:
    """Return the Python name of the call that a request makes; empty if it makes none."""
    try:
        return str(routes.find(method, target).call.name)
    except UnknownQuery:
        return ""
