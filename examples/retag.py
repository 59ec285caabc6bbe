"""Set and remove tags of many volumes and snapshots.

    python examples/retag.py 'web-*' --set env=prod --set team=shop --remove owner [--snapshots] [--dry-run]

Volumes that have the wanted tags already are not touched.
"""

from fnmatch import fnmatchcase
from typing import Dict, List, Union

from program import connect, parser, run, tag

from storpool.sptypes import SnapshotSummary, SnapshotUpdateDesc, VolumeSummary, VolumeUpdateDesc


def main() -> None:
    """Change the tags."""
    options = parser(__doc__)
    options.add_argument("pattern", help="which names, as a shell pattern")
    options.add_argument("--set", type=tag, action="append", default=[], metavar="NAME=VALUE")
    options.add_argument("--remove", action="append", default=[], metavar="NAME")
    options.add_argument("--snapshots", action="store_true", help="snapshots too")
    options.add_argument("--dry-run", action="store_true", help="only show what would change")
    args = options.parse_args()
    # An empty value removes a tag; other tags stay as they are.
    wanted: Dict[str, str] = {**dict(args.set), **dict.fromkeys(args.remove, "")}
    if not wanted:
        options.error("give --set or --remove")

    api = connect()
    found: List[Union[VolumeSummary, SnapshotSummary]] = list(api.volumesList())
    if args.snapshots:
        found += [snapshot for snapshot in api.snapshotsList() if not snapshot.deleted]
    for record in found:
        tags = record.tags or {}
        change = {name: value for name, value in wanted.items() if tags.get(name, "") != value}
        if not change or not fnmatchcase(record.name, args.pattern):
            continue
        if not args.dry_run and isinstance(record, SnapshotSummary):
            api.snapshotUpdate(record.name, SnapshotUpdateDesc(tags=change))
        elif not args.dry_run:
            api.volumeUpdate(record.name, VolumeUpdateDesc(tags=change))
        print(record.name, *(f"{name}={value}" if value else f"-{name}" for name, value in sorted(change.items())))


if __name__ == "__main__":
    run(main)
