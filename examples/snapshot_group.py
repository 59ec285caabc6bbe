"""Take snapshots of all volumes with a tag at the same moment, so that they are consistent with each other.

    python examples/snapshot_group.py app=db [--label nightly]

Each snapshot is named VOLUME-LABEL-TIME, and has the group's tag and the tags `volume` and `label`.
`rotate_snapshots.py` finds it by these.
"""

import time

from program import Failure, connect, has_tag, parser, run, tag

from storpool.sptypes import GroupSnapshotSpec, GroupSnapshotsSpec


def main() -> None:
    """Take the snapshots."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the volumes")
    options.add_argument("--label", default="manual", help="the tag `label` of the snapshots (%(default)s)")
    args = options.parse_args()

    api = connect()
    volumes = sorted(volume.name for volume in api.volumesList() if has_tag(volume, args.tag))
    if not volumes:
        raise Failure("no volume has the tag {}={}".format(*args.tag))
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    reply = api.snapshotCreateGroup(
        GroupSnapshotsSpec(
            volumes=[
                GroupSnapshotSpec(volume=volume, name=f"{name}-{args.label}-{moment}", tags={"volume": name})
                # An unnamed volume is `~` and its global id; other names and tags cannot contain `~`.
                for volume, name in ((volume, volume.lstrip("~")) for volume in volumes)
            ],
            tags={args.tag[0]: args.tag[1], "label": args.label},
        )
    )
    for snapshot in reply.snapshots:
        print(f"{snapshot.volume} -> {snapshot.snapshot}")


if __name__ == "__main__":
    run(main)
