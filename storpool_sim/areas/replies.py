"""Replies that several areas give."""

from __future__ import annotations

from storpool.spapi import ApiOk

from ..cluster import Cluster

__all__ = ["ApiOk", "ok"]


def ok(cluster: Cluster) -> ApiOk:
    """The reply to a change, which counts it."""
    return ApiOk(generation=cluster.changed())
