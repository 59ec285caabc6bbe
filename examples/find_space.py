"""Show how full a placement group is, and which volumes and snapshots fill it.

    python examples/find_space.py GROUP [--top 10]

FREED is the space that deleting a snapshot would free. For a snapshot with children it is 0: they need its data.
"""

from typing import Dict, Union

from program import connect, human, parser, print_table, run

from storpool.sptypes import SnapshotSpace, UpDiskSummary, VolumeSpace


def main() -> None:
    """Print the disks of the group, and the largest volumes and snapshots on it."""
    options = parser(__doc__)
    options.add_argument("group")
    options.add_argument("--top", type=int, default=10, help="how many to show (%(default)s)")
    args = options.parse_args()

    api = connect()
    numbers = api.placementGroupDescribe(args.group).disks
    disks = [disk for disk in api.disksList().values() if disk.id in numbers and isinstance(disk, UpDiskSummary)]
    used, total = sum(disk.objectsOnDiskSize for disk in disks), sum(disk.sectorsCount * 512 for disk in disks)
    share = f", {100 * used / total:.1f}%" if total else ""
    print(f"{args.group}: {len(disks)} of {len(numbers)} disks up, {human(used)} of {human(total)} used{share}")

    # By id, because the list of volumes may contain snapshots too.
    found: Dict[str, Union[VolumeSpace, SnapshotSpace]] = {}
    found.update((volume.globalId, volume) for volume in api.volumesSpace())
    found.update((snapshot.globalId, snapshot) for snapshot in api.snapshotsSpace())
    records = [
        record for record in found.values() if args.group in (record.placeAll, record.placeTail, record.placeHead)
    ]
    records.sort(key=lambda record: record.storedSize, reverse=True)
    print_table(
        ("KIND", "NAME", "STORED", "COPIES", "FREED"),
        [
            (
                "snapshot" if isinstance(record, SnapshotSpace) else "volume",
                record.name,
                human(record.storedSize),
                record.replication,
                human(record.spaceUsed) if isinstance(record, SnapshotSpace) else "-",
            )
            for record in records[: args.top]
        ],
    )


if __name__ == "__main__":
    run(main)
