"""What handlers return besides objects of the bindings."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from ..cluster import Cluster

__all__ = ["Deferred", "OkJson", "RawJson", "ok"]


class RawJson(NamedTuple):
    """A result that is ready for JSON, for long replies."""

    value: Any


class OkJson(RawJson):
    """The reply to a change, ready for JSON: making an object of it would take as long as a short request itself."""


class Deferred(NamedTuple):
    """A result that comes later."""

    #: Return whether it can come now; called with the cluster's lock held.
    ready: Callable[[], bool]
    #: Return the result.
    result: Callable[[], Any]
    #: When it comes at the latest, by the cluster's clock; None for no such limit.
    until: Optional[float] = None


def ok(cluster: Cluster, **fields: Any) -> OkJson:
    """Count a change, and return the reply to it, with the fields that it has besides."""
    return OkJson({"ok": True, "generation": cluster.changed(), **fields})
