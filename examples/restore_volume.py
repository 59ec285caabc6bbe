"""Put a volume back to what a snapshot holds.

    python examples/restore_volume.py VOLUME SNAPSHOT [--detach]

What the volume holds now goes into a snapshot first. A volume cannot be reverted while a client has it attached for
writing; with --detach it is detached, and attached again as it was. Stop what uses it before!
"""

from typing import Dict, List

from program import Failure, connect, parser, run

from storpool.sptypes import VolumeReassignDesc, VolumeRevertDesc, VolumeSnapshotDesc


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("snapshot")
    options.add_argument("--detach", action="store_true", help="detach the volume while it is reverted")
    args = options.parse_args()

    api = connect()
    api.snapshotList(args.snapshot)  # an error if there is none, before anything changes
    places: Dict[str, List[int]] = {"rw": [], "ro": []}
    for one in api.attachmentsList():
        if one.volume == args.volume:
            places[one.rights].append(one.client)
    if places["rw"] and not args.detach:
        raise Failure(f"{args.volume} is attached to client {places['rw'][0]}; --detach takes it off meanwhile")

    before = api.snapshotCreate(args.volume, VolumeSnapshotDesc(tags={"before-restore": args.volume.lstrip("~")}))
    print(f"what was there is in ~{before.snapshotGlobalId}")
    attached = bool(places["rw"] or places["ro"])
    if attached and args.detach:
        api.volumesReassignWait({"reassign": [VolumeReassignDesc(volume=args.volume, detach="all")]})
    try:
        api.volumeRevert(args.volume, VolumeRevertDesc(toSnapshot=args.snapshot))
        print(f"{args.volume} is as {args.snapshot}")
    finally:
        if attached and args.detach:
            again = VolumeReassignDesc(volume=args.volume, rw=places["rw"] or None, ro=places["ro"] or None)
            api.volumesReassignWait({"reassign": [again]})


if __name__ == "__main__":
    run(main)
