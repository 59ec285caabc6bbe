"""How the class of a record is chosen where it may be of one or of another.

Each function here returns the index of the alternative that a record is of, by what differs and not by trying: a
malformed record stays of its own kind.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

UP_GENERATIONS = (-1, "-1")


def up_or_down(*own_of_up: str) -> Callable[[Mapping[str, Any]], int]:
    """Return a function that chooses by `generationLeft`: 0 for a disk that is up, 1 for one that is down.

    `own_of_up` names fields that only the record of a disk that is up has.
    """
    own = frozenset(own_of_up)

    def up_or_down_of(record: Mapping[str, Any]) -> int:
        if "generationLeft" not in record:
            return 0
        if record["generationLeft"] not in UP_GENERATIONS:
            return 1
        # -1 alone does not make a disk up: a record with no other field of such a disk is that of one that is down.
        return 1 if own.isdisjoint(record) else 0

    return up_or_down_of


_OWN_OF_SNAPSHOTS = frozenset(("onVolume", "autoName", "bound", "deleted", "transient", "recoveringFromRemote"))


def snapshot_or_volume(record: Mapping[str, Any]) -> int:
    """Return 0 for the status of a snapshot and 1 for that of a volume, by `snapshot`.

    A record that has all fields of the other kind, or none of its own kind, is of the kind that its fields say.
    """
    if record.get("snapshot"):
        return 1 if "onVolume" not in record and _OWN_OF_SNAPSHOTS.isdisjoint(record) else 0
    return 1 if "onVolume" not in record or not _OWN_OF_SNAPSHOTS.issubset(record) else 0
