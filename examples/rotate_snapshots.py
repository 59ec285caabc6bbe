"""Delete snapshots that are older than so many days, but keep the newest ones of each volume.

    python examples/rotate_snapshots.py label=nightly --days 14 [--keep 3] [--dry-run]

It takes the snapshots of a tag, such as `snapshot_group.py` makes; their tag `volume` says whose they are.
"""

import time
from typing import Dict, List

from program import connect, has_tag, parser, run, tag

from storpool.sptypes import SnapshotSummary

DAY = 24 * 60 * 60


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the snapshots")
    options.add_argument("--days", type=float, required=True, help="the age from which a snapshot may go")
    options.add_argument("--keep", type=int, default=3, help="how many of each volume stay, however old (%(default)s)")
    options.add_argument("--dry-run", action="store_true", help="only say what would go")
    args = options.parse_args()

    api = connect()
    by_volume: Dict[str, List[SnapshotSummary]] = {}
    for one in api.snapshotsList():
        # Those being deleted are in the list until they are gone; the system's own come and go by themselves.
        if has_tag(one, args.tag) and not one.deleted and not one.transient:
            by_volume.setdefault((one.tags or {}).get("volume", ""), []).append(one)
    oldest = time.time() - args.days * DAY
    for snapshots in by_volume.values():
        snapshots.sort(key=lambda one: one.creationTimestamp, reverse=True)
        for one in snapshots[args.keep :]:
            if one.creationTimestamp > oldest:
                continue
            if not args.dry_run:
                api.snapshotDelete(one.name)
            print(f"{'would delete' if args.dry_run else 'deleted'} {one.name}")


if __name__ == "__main__":
    run(main)
