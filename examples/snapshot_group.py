"""Snapshot all volumes with a tag at one moment, so that what is on them fits together.

    python examples/snapshot_group.py app=db [--label nightly]

Each snapshot is called VOLUME-LABEL-TIME, and tagged with the volume, the label and the group's tag: by these
`rotate_snapshots.py` finds them.
"""

import time

from program import Failure, connect, has_tag, parser, run, tag

from storpool.sptypes import GroupSnapshotSpec, GroupSnapshotsSpec


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the volumes")
    options.add_argument("--label", default="manual", help="what kind of snapshot this is (%(default)s)")
    args = options.parse_args()

    api = connect()
    volumes = sorted(one.name for one in api.volumesList() if has_tag(one, args.tag))
    if not volumes:
        raise Failure("no volume has the tag {}={}".format(*args.tag))
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    made = api.snapshotCreateGroup(
        GroupSnapshotsSpec(
            volumes=[
                GroupSnapshotSpec(volume=name, name=f"{name}-{args.label}-{moment}", tags={"volume": name})
                for name in volumes
            ],
            tags={args.tag[0]: args.tag[1], "label": args.label},
        )
    )
    for one in made.snapshots:
        print(f"{one.volume} -> {one.snapshot}")


if __name__ == "__main__":
    run(main)
