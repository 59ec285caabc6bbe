"""Set and remove tags of many volumes, and of snapshots.

    python examples/retag.py 'web-*' --set env=prod --set team=shop --remove owner [--snapshots] [--dry-run]

Only what differs is changed.
"""

from fnmatch import fnmatchcase
from typing import Dict, List, Union

from program import connect, parser, run, tag

from storpool.sptypes import SnapshotSummary, VolumeSummary


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("pattern", help="which names, as in a shell")
    options.add_argument("--set", type=tag, action="append", default=[], metavar="NAME=VALUE")
    options.add_argument("--remove", action="append", default=[], metavar="NAME")
    options.add_argument("--snapshots", action="store_true", help="snapshots too")
    options.add_argument("--dry-run", action="store_true", help="only say what would change")
    args = options.parse_args()
    # An empty value takes a tag away; other tags stay as they are.
    wanted: Dict[str, str] = {**dict(args.set), **dict.fromkeys(args.remove, "")}
    if not wanted:
        options.error("give --set or --remove")

    api = connect()
    found: List[Union[VolumeSummary, SnapshotSummary]] = list(api.volumesList())
    if args.snapshots:
        found += [one for one in api.snapshotsList() if not one.deleted]
    for one in found:
        tags = one.tags or {}
        change = {name: value for name, value in wanted.items() if tags.get(name, "") != value}
        if not change or not fnmatchcase(one.name, args.pattern):
            continue
        if not args.dry_run and isinstance(one, SnapshotSummary):
            api.snapshotUpdate(one.name, {"tags": change})
        elif not args.dry_run:
            api.volumeUpdate(one.name, {"tags": change})
        print(one.name, *(f"{name}={value}" if value else f"-{name}" for name, value in sorted(change.items())))


if __name__ == "__main__":
    run(main)
