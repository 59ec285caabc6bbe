"""What handlers return besides objects of the bindings."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from ..cluster import Cluster

__all__ = ["Deferred", "OkJson", "RawJson", "ok"]


class RawJson(NamedTuple):
    """A result that is plain JSON already, for replies that are long."""

    value: Any


class OkJson(RawJson):
    """What changes answer, as plain JSON: to make an object of it takes as long as a short request itself."""


class Deferred(NamedTuple):
    """What a handler returns when the result comes later."""

    #: Whether it can come now; called with the cluster's lock held.
    ready: Callable[[], bool]
    #: The result.
    result: Callable[[], Any]
    #: When it comes at the latest, by the cluster's clock; None for no such limit.
    until: Optional[float] = None


def ok(cluster: Cluster) -> OkJson:
    """Count a change, and return the reply to it."""
    return OkJson({"ok": True, "generation": cluster.changed()})
