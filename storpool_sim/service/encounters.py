"""What a fault does to a request. The server and the transport in process both go by this.

A request that meets a fault is late by `delay`; then `before` says whether the connection breaks with nothing done, or
raises the error that is the answer; and `after` says what becomes of the reply.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Literal, NamedTuple, Optional, Tuple, Type

from storpool.spapi.call import CALLS
from storpool.sptype.nodes import ListNode, MapNode, ObjectNode, UnionNode, Wrapper

from ..cluster.errors import SimError
from .encoding import dumps
from .messages import Reply

#: What a proxy may say in the cluster's stead.
GARBAGE = b"<html><body><h1>It works!</h1>"


class TransientFault(SimError):
    """A failure that goes away when the client tries again."""

    name = "transientFault"
    status = 503
    transient = True

    def __init__(self) -> None:
        super().__init__("A fault that was asked for.")


class AskedFor(SimError):
    """An error of any name.

    :param status: 0 for the status that the simulator gives errors of that name, or 400.
    """

    def __init__(self, name: str, descr: str, transient: bool, status: int) -> None:
        super().__init__(descr)
        known = {error.name: error.status for error in _errors(SimError)}
        # What is a constant of each other error is this one's own.
        self.__dict__.update(name=name, transient=transient, status=status or known.get(name, 400))


def _errors(base: Type[SimError]) -> Iterator[Type[SimError]]:
    for error in base.__subclasses__():
        yield error
        yield from _errors(error)


class Break(NamedTuple):
    """What happens to connections.

    - `reset`, `reset all`: the request's own connection is reset, or all that are open
    - `refuse`: they are reset, and for `seconds` new ones are refused
    - `half-close`: the server ends its side, and keeps the other open for `seconds`
    - `truncate`: it ends in the middle of the reply
    """

    kind: Literal["reset", "reset all", "refuse", "half-close", "truncate"]
    seconds: float = 0.0


@dataclass(frozen=True)
class Encounter:
    """A fault that a request meets, and a delay; with neither, for most requests."""

    delay: float = 0.0
    kind: str = ""
    seconds: float = 0.0
    #: What is answered, with nothing done.
    error: Optional[SimError] = None
    #: The field that a reply lacks, or has besides its own; "" for one by chance.
    field: str = ""
    chances: Optional[random.Random] = None

    def before(self) -> Optional[Break]:
        """Return what happens to connections before anything is done; None if nothing does.

        :raises SimError: this is the answer.
        """
        if self.error is not None:
            raise self.error
        if self.kind == "reset":
            return Break("reset")
        if self.kind == "reset all":
            return Break("reset all")
        if self.kind == "refused":
            return Break("refuse", self.seconds)
        return Break("half-close", self.seconds) if self.kind == "half-closed" else None

    def after(self, reply: Reply) -> Tuple[Reply, Optional[Break]]:
        """Return what becomes of a reply, and of the connection by which it was to go."""
        if self.kind == "lost":
            return reply, Break("reset")
        if self.kind == "truncated":
            return reply, Break("truncate")
        if self.kind == "garbage":
            return reply._replace(body=GARBAGE), None
        if self.kind in ("missing", "unknown") and not reply.error:
            return reply._replace(body=self._corrupted(reply)), None
        return reply, None

    def _corrupted(self, reply: Reply) -> bytes:
        """Return the body of a reply in which one of the objects lacks a field, or has one that nobody knows."""
        body = json.loads(reply.body)
        objects = [found for found in _objects(CALLS[reply.call].returns, body["data"]) if found]
        if self.kind == "missing" and self.field:
            objects = [found for found in objects if self.field in found]
        if not objects or self.chances is None:
            return reply.body
        chosen = self.chances.choice(objects)
        if self.kind == "unknown":
            chosen[self.field or "fieldOfTomorrow"] = self.chances.randrange(1000)
        else:
            del chosen[self.field or self.chances.choice(sorted(chosen))]
        return dumps(body)


def _objects(node: Any, data: Any) -> List[Dict[str, Any]]:
    """Return the objects in a reply, in their order; mappings that are no objects are looked through."""
    if isinstance(node, Wrapper):
        return _objects(node.wrapped, data)
    if isinstance(node, UnionNode):
        return next(filter(None, (_objects(inner, data) for inner in node.alternatives)), [])
    if isinstance(node, ListNode) and isinstance(data, list):
        return [found for item in data for found in _objects(node.item, item)]
    if isinstance(node, MapNode) and isinstance(data, dict):
        return [found for item in data.values() for found in _objects(node.value, item)]
    if isinstance(node, ObjectNode) and isinstance(data, dict):
        fields = node.cls.__spfields__
        inner = [_objects(fields[name].node, item) for name, item in data.items() if name in fields]
        return [data, *(found for objects in inner for found in objects)]
    return []
