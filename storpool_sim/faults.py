"""Faults on demand.

    sim.faults.add("transient", probability=0.1)
    sim.faults.add("latency", seconds=0.2)
    sim.faults.add("reset", on="VolumeCreate", times=1)

Each request is held against the faults in their order; the chances come from one seeded source, so that the same
requests in the same order meet the same faults.

| kind | what happens |
|---|---|
| `transient` | nothing is done; the answer is the error `transientFault`, with status 503 and `transient` true |
| `latency` | the answer comes later: by `seconds` on average, distributed exponentially |
| `reset` | nothing is done; the connection is reset |
| `lost` | the request is done, and the connection is reset instead of an answer |
| `half-closed` | nothing is done; the server ends its side of the connection, and keeps the other open for `seconds` |
| `truncated` | the request is done, and half of the answer arrives |
| `garbage` | the request is done, and what arrives is no JSON |
| `refused` | for `seconds` new connections are refused, and those that are open reset |
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import List, Literal, Optional, Tuple, get_args

from .errors import SimError

Kind = Literal["transient", "latency", "reset", "lost", "half-closed", "truncated", "garbage", "refused"]
KINDS: Tuple[Kind, ...] = get_args(Kind)

#: For faults that last, when no time is given.
SECONDS = 0.5


class TransientFault(SimError):
    """A failure that goes away when the client tries again."""

    name = "transientFault"
    status = 503
    transient = True


@dataclass
class Fault:
    """One fault, and whom it meets."""

    kind: Kind
    probability: float = 1.0
    seconds: float = SECONDS
    #: A part of the request's path that it must have, as "VolumeCreate"; "" for any request.
    on: str = ""
    #: How many more requests it may meet; None for any number.
    times: Optional[int] = None


class Faults:
    """The faults of a server; may be changed at any time, from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chances, not secrets
        self._faults: List[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: Kind,
        probability: float = 1.0,
        seconds: float = SECONDS,
        on: str = "",
        times: Optional[int] = None,
    ) -> Fault:
        """Let requests meet a fault from now on."""
        if kind not in KINDS:
            raise ValueError("{!r} is none of the faults {}".format(kind, ", ".join(KINDS)))
        if not 0 <= probability <= 1:
            raise ValueError(f"not a probability: {probability!r}")
        if seconds < 0:
            raise ValueError(f"not a time: {seconds!r}")
        fault = Fault(kind, probability, seconds, on, times)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let there be no more faults."""
        with self._lock:
            self._faults.clear()

    def met(self, target: str) -> Tuple[float, Optional[Fault]]:
        """How late a request is answered, and the first of the other faults that it meets."""
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
                    delay += self._random.expovariate(1 / fault.seconds) if fault.seconds else 0.0
                else:
                    found = fault
        return delay, found


def parse(text: str) -> Fault:
    """The fault that `KIND[:PROBABILITY[:SECONDS[:ON]]]` describes; ValueError when it does none."""
    kind, probability, seconds, on = [*text.split(":"), "", "", ""][:4]
    return Faults().add(
        kind,  # type: ignore[arg-type]  # looked at by `add`
        float(probability or 1.0),
        float(seconds or SECONDS),
        on,
    )
