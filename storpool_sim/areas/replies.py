"""Replies that several areas give."""

from __future__ import annotations

from ..cluster import Cluster
from ..encode import Wire

__all__ = ["ApiOk", "ok"]


class ApiOk(Wire):
    """What changes answer, in the form of the wire: to make an object of it takes as long as a short request itself."""


def ok(cluster: Cluster) -> ApiOk:
    """The reply to a change, which counts it."""
    return ApiOk({"ok": True, "generation": cluster.changed()})
