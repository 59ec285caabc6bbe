"""Dates at which snapshots are deleted."""

from __future__ import annotations

from typing import Optional

from ..cluster import Cluster
from ..cluster.errors import InvalidParam


def delete_date(cluster: Cluster, date: Optional[int], after: Optional[int]) -> Optional[int]:
    """Return the date that a request gives; None if it gives none, or asks for none."""
    if date is not None and after is not None:
        raise InvalidParam("Give targetDeleteDate or deleteAfter, not both.")
    if after is not None:
        if after < 0:
            raise InvalidParam(f"deleteAfter is negative: {after}")
        return cluster.now() + after if after else None
    if date is not None and date != 0 and date <= cluster.now():
        raise InvalidParam(f"targetDeleteDate is in the past: {date}")
    return date or None
