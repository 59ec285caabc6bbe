"""Show which snapshots are older than so many days, and delete them with --delete. The newest of each volume stay.

    python examples/rotate_snapshots.py label=nightly --days 14 [--keep 3] [--delete]

It looks at the snapshots with a tag. Their tag `volume` says which volume each was taken of; `snapshot_group.py` sets
both. Snapshots without a tag `volume` and backups of other clusters are counted and left alone.
"""

import argparse
import time
from typing import Dict, List, NamedTuple

from program import connect, has_tag, parser, run, tag

from storpool.sptypes import SnapshotSummary

DAY = 24 * 60 * 60


class Plan(NamedTuple):
    """What to do with the snapshots."""

    expired: List[SnapshotSummary]
    untagged: int
    backups: int


def keep_count(text: str) -> int:
    """Read how many snapshots to keep; refuse a negative number, which would delete the newest and keep the oldest."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of snapshots")
    return int(text)


def plan(snapshots: List[SnapshotSummary], keep: int, older_than: float) -> Plan:
    """Choose the snapshots to delete: all but the newest `keep` of each volume, if they are older than a timestamp."""
    by_volume: Dict[str, List[SnapshotSummary]] = {}
    untagged = backups = 0
    for snapshot in snapshots:
        # Not `onVolume`: that is the volume whose parent the snapshot is now, '-' for older ones.
        volume = (snapshot.tags or {}).get("volume")
        if snapshot.backup:
            backups += 1
        elif not volume:
            untagged += 1
        else:
            by_volume.setdefault(volume, []).append(snapshot)
    expired = []
    for group in by_volume.values():
        group.sort(key=lambda snapshot: snapshot.creationTimestamp, reverse=True)
        expired += [snapshot for snapshot in group[keep:] if snapshot.creationTimestamp <= older_than]
    return Plan(expired, untagged, backups)


def main() -> None:
    """Show the plan, and carry it out with --delete."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the snapshots")
    options.add_argument("--days", type=float, required=True, help="how old a snapshot must be to be deleted")
    options.add_argument(
        "--keep", type=keep_count, default=3, help="how many snapshots of each volume stay, however old (%(default)s)"
    )
    options.add_argument("--delete", action="store_true", help="delete the snapshots; without it they are only shown")
    args = options.parse_args()

    api = connect()
    snapshots = [
        snapshot
        for snapshot in api.snapshotsList()
        # Deleted snapshots stay in the list until they are gone; the cluster removes transient ones itself.
        if has_tag(snapshot, args.tag) and not snapshot.deleted and not snapshot.transient
    ]
    chosen = plan(snapshots, args.keep, time.time() - args.days * DAY)
    for snapshot in chosen.expired:
        if args.delete:
            api.snapshotDelete(snapshot.name)
        print(f"{'deleted' if args.delete else 'would delete'} {snapshot.name}")
    if chosen.untagged:
        print(f"left alone: {chosen.untagged} without the tag `volume`")
    if chosen.backups:
        print(f"left alone: {chosen.backups} backups of other clusters")


if __name__ == "__main__":
    run(main)
