"""Faults on demand.

    sim.faults.add("transient", probability=0.1)
    sim.faults.add("latency", seconds=0.2, distribution="lognormal")
    sim.faults.add("reset", on="VolumeCreate", times=1)

Each request is held against the faults in their order; the chances come from one seeded source, so that the same
requests in the same order meet the same faults. `docs/simulator.md` tells what each kind does.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Callable, Dict, List, Literal, Mapping, Optional, Tuple, get_args

from storpool.spapi.call import CALLS
from storpool.sptype.nodes import ListNode, MapNode, ObjectNode, UnionNode, Wrapper

from ..cluster.errors import SimError
from .encoding import dumps
from .messages import GARBAGE, Reply

Kind = Literal[
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


class TransientFault(SimError):
    """A failure that goes away when the client tries again."""

    name = "transientFault"
    status = 503
    transient = True


@dataclass
class Fault:
    """One fault, and whom it meets.

    :raises ValueError: one of the values makes no sense; the text names it.
    """

    kind: Kind
    probability: float = 1.0
    seconds: float = SECONDS
    #: A part of the request's path that it must have, as "VolumeCreate"; "" for any request.
    on: str = ""
    #: How many more requests it may meet; None for any number.
    times: Optional[int] = None
    #: How delays of kind `latency` are distributed.
    distribution: Distribution = "exponential"
    #: The field that kind `missing` leaves out and kind `unknown` adds; "" for one by chance, or a name of our own.
    field: str = ""
    #: Whether a `failover` resets all open connections as it begins.
    resets: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError("{!r} is none of the faults {}".format(self.kind, ", ".join(KINDS)))
        if not _is_number(self.probability) or not 0 <= self.probability <= 1:
            raise ValueError(f"probability: not a number from 0 to 1: {self.probability!r}")
        if not _is_number(self.seconds) or self.seconds < 0:
            raise ValueError(f"seconds: not a time: {self.seconds!r}")
        if not isinstance(self.on, str):
            raise ValueError(f"on: not a part of a path: {self.on!r}")
        if self.times is not None and (type(self.times) is not int or self.times < 0):
            raise ValueError(f"times: not a count: {self.times!r}")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError("distribution: {!r} is none of {}".format(self.distribution, ", ".join(DISTRIBUTIONS)))
        if not isinstance(self.field, str):
            raise ValueError(f"field: not a name: {self.field!r}")
        if type(self.resets) is not bool:
            raise ValueError(f"resets: neither true nor false: {self.resets!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


class Faults:
    """The faults of a server; may be changed at any time, from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chances, not secrets
        self._faults: List[Fault] = []
        self._lock = threading.Lock()
        self._failingUntil = 0.0

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
    ) -> Fault:
        """Let requests meet a fault from now on; see :class:`Fault`."""
        return self.take(Fault(kind, probability, seconds, on, times, distribution, field, resets))

    def take(self, fault: Fault) -> Fault:
        """Let requests meet this fault from now on."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let there be no more faults, and end a failover."""
        with self._lock:
            self._faults.clear()
            self._failingUntil = 0.0

    def list(self) -> List[Dict[str, Any]]:
        """The faults in their order, as plain mappings."""
        with self._lock:
            return [asdict(one) for one in self._faults]

    def met(self, target: str) -> Tuple[float, Optional[Fault]]:
        """How late a request is answered, and the first of the other faults that it meets.

        A failover is met as what it is to this request: `transient` or `reset`.
        """
        parts = target.partition("?")[0].split("/")
        delay, found = 0.0, None
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or (fault.on and fault.on not in parts) or (found and fault.kind != "latency"):
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                if fault.kind == "latency":
                    delay += DISTRIBUTIONS[fault.distribution](self._random, fault.seconds) if fault.seconds else 0.0
                else:
                    found = fault
            now = time.monotonic()
            if found is not None and found.kind == "failover":
                self._failingUntil = now + found.seconds
                found = replace(found, kind="reset" if found.resets else "transient")
            elif now < self._failingUntil:
                found = Fault("transient")
        return delay, found

    def corrupted(self, fault: Fault, reply: Reply) -> bytes:
        """The body of a reply, and what a fault makes of it; most leave it as it is."""
        if fault.kind == "garbage":
            return GARBAGE
        if fault.kind not in ("missing", "unknown") or reply.error:
            return reply.body
        body = json.loads(reply.body)
        objects = [one for one in _objects(CALLS[reply.call].returns, body["data"]) if one]
        if fault.kind == "missing" and fault.field:
            objects = [one for one in objects if fault.field in one]
        if not objects:
            return reply.body
        with self._lock:
            one = self._random.choice(objects)
            if fault.kind == "unknown":
                one[fault.field or "fieldOfTomorrow"] = self._random.randrange(1000)
            else:
                del one[fault.field or self._random.choice(sorted(one))]
        return dumps(body)


def _objects(node: Any, data: Any) -> List[Dict[str, Any]]:
    """The objects in a reply, in their order; mappings that are no objects are looked through."""
    if isinstance(node, Wrapper):
        return _objects(node.wrapped, data)
    if isinstance(node, UnionNode):
        return next(filter(None, (_objects(one, data) for one in node.alternatives)), [])
    if isinstance(node, ListNode) and isinstance(data, list):
        return [found for one in data for found in _objects(node.item, one)]
    if isinstance(node, MapNode) and isinstance(data, dict):
        return [found for one in data.values() for found in _objects(node.value, one)]
    if isinstance(node, ObjectNode) and isinstance(data, dict):
        fields = node.cls.__spfields__
        within = [_objects(fields[name].node, one) for name, one in data.items() if name in fields]
        return [data, *(found for some in within for found in some)]
    return []


def from_mapping(values: Mapping[str, Any]) -> Fault:
    """The fault that a mapping describes; ValueError when it does none."""
    fields = Fault.__dataclass_fields__
    unknown = [name for name in values if name not in fields]
    if unknown:
        raise ValueError("no such key: {}; there are {}".format(unknown[0], ", ".join(fields)))
    if "kind" not in values:
        raise ValueError("kind: missing; one of {}".format(", ".join(KINDS)))
    return Fault(**values)


def parse(text: str) -> Fault:
    """The fault that `KIND[:PROBABILITY[:SECONDS[:ON]]]` or `KIND:KEY=VALUE:...` describes; ValueError when none."""
    words: Dict[str, str] = {}
    places = ["kind", "probability", "seconds", "on"]
    for part in text.split(":"):
        key, equals, value = part.partition("=")
        if not equals:
            if not places:
                raise ValueError(f"too many parts: {part!r}")
            key, value = places.pop(0), part
        if value:
            words[key] = value
    values: Dict[str, Any] = dict(words)
    for key, number in (("probability", float), ("seconds", float), ("times", int)):
        if key in words:
            try:
                values[key] = number(words[key])
            except ValueError:
                raise ValueError(f"{key}: not a number: {words[key]!r}") from None
    if "resets" in words:
        values["resets"] = {"true": True, "false": False}.get(words["resets"], words["resets"])
    return from_mapping(values)
