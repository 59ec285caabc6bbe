"""When snapshots are to be deleted."""

from __future__ import annotations

from typing import Optional

from ..cluster import Cluster
from ..cluster.errors import InvalidParam


def delete_date(cluster: Cluster, date: Optional[int], after: Optional[int]) -> Optional[int]:
    """The date of a request; None for no date, or when it says nothing."""
    if date is not None and after is not None:
        raise InvalidParam("Give targetDeleteDate or deleteAfter, not both.")
    if after is not None:
        if after < 0:
            raise InvalidParam(f"deleteAfter is negative: {after}")
        return cluster.now() + after if after else None
    if date is not None and date != 0 and date <= cluster.now():
        raise InvalidParam(f"targetDeleteDate is in the past: {date}")
    return date or None
