"""Show how full a placement group is, and which volumes and snapshots fill it.

    python examples/find_space.py GROUP [--top 10]

FREED is what deleting a snapshot would give back. A snapshot with children frees nothing: they need its data.
"""

from typing import Dict, Union

from program import connect, human, parser, print_table, run

from storpool.sptypes import SnapshotSpace, UpDiskSummary, VolumeSpace


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("group")
    options.add_argument("--top", type=int, default=10, help="how many to show (%(default)s)")
    args = options.parse_args()

    api = connect()
    numbers = api.placementGroupDescribe(args.group).disks
    disks = [one for one in api.disksList().values() if one.id in numbers and isinstance(one, UpDiskSummary)]
    used, total = sum(one.objectsOnDiskSize for one in disks), sum(one.sectorsCount * 512 for one in disks)
    share = f", {100 * used / total:.1f}%" if total else ""
    print(f"{args.group}: {len(disks)} of {len(numbers)} disks up, {human(used)} of {human(total)} used{share}")

    # By id: the list of volumes may have snapshots in it, too.
    found: Dict[str, Union[VolumeSpace, SnapshotSpace]] = {}
    found.update((one.globalId, one) for one in api.volumesSpace())
    found.update((one.globalId, one) for one in api.snapshotsSpace())
    here = [one for one in found.values() if args.group in (one.placeAll, one.placeTail, one.placeHead)]
    here.sort(key=lambda one: one.storedSize, reverse=True)
    print_table(
        ("KIND", "NAME", "STORED", "COPIES", "FREED"),
        [
            (
                "snapshot" if isinstance(one, SnapshotSpace) else "volume",
                one.name,
                human(one.storedSize),
                one.replication,
                human(one.spaceUsed) if isinstance(one, SnapshotSpace) else "-",
            )
            for one in here[: args.top]
        ],
    )


if __name__ == "__main__":
    run(main)
