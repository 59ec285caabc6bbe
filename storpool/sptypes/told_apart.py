"""How records that may be of one class or of another are told apart.

Each function here answers the index of the alternative that a record is of, by what differs and not by trying: a
malformed record stays of its own kind.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

UP_GENERATIONS = (-1, "-1")


def up_or_down(*own_of_up: str) -> Callable[[Mapping[str, Any]], int]:
    """Tell the records of disks that are up (0) from those of disks that are down (1), by `generationLeft`.

    `own_of_up` names fields that only the record of a disk that is up has.
    """
    own = frozenset(own_of_up)

    def up_or_down_of(record: Mapping[str, Any]) -> int:
        if "generationLeft" not in record:
            return 0
        if record["generationLeft"] not in UP_GENERATIONS:
            return 1
        # -1 alone does not make a disk up: with nothing else of such a disk, the record is that of one that is down.
        return 1 if own.isdisjoint(record) else 0

    return up_or_down_of


_OWN_OF_SNAPSHOTS = frozenset(("onVolume", "autoName", "bound", "deleted", "transient", "recoveringFromRemote"))


def snapshot_or_volume(record: Mapping[str, Any]) -> int:
    """Tell the status of a snapshot (0) from that of a volume (1), by `snapshot`.

    Only a record that has all of the other kind's fields, or none of its own, is taken for what its fields say.
    """
    if record.get("snapshot"):
        return 1 if "onVolume" not in record and _OWN_OF_SNAPSHOTS.isdisjoint(record) else 0
    return 1 if "onVolume" not in record or not _OWN_OF_SNAPSHOTS.issubset(record) else 0
