"""Revert a volume to a snapshot.

    python examples/restore_volume.py VOLUME SNAPSHOT [--detach]

The program takes a snapshot of the present state first. A volume cannot be reverted while it is attached for writing;
with --detach it is detached, reverted, and attached again. Stop the programs that use it before!
"""

from typing import Dict, List

from program import Failure, connect, parser, run

from storpool.sptypes import VolumeReassignDesc, VolumeRevertDesc, VolumeSnapshotDesc


def main() -> None:
    """Save the present state, and revert the volume."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("snapshot")
    options.add_argument("--detach", action="store_true", help="detach the volume while it is being reverted")
    args = options.parse_args()

    api = connect()
    api.snapshotList(args.snapshot)  # fails if there is none, before anything changes
    places: Dict[str, List[int]] = {"rw": [], "ro": []}
    for attachment in api.attachmentsList():
        if attachment.volume == args.volume:
            places[attachment.rights].append(attachment.client)
    if places["rw"] and not args.detach:
        raise Failure(f"{args.volume} is attached to client {places['rw'][0]}; give --detach to detach it meanwhile")

    before = api.snapshotCreate(args.volume, VolumeSnapshotDesc(tags={"before-restore": args.volume.lstrip("~")}))
    print(f"saved the present state as ~{before.snapshotGlobalId}")
    attached = bool(places["rw"] or places["ro"])
    if attached and args.detach:
        api.volumesReassignWait([VolumeReassignDesc(volume=args.volume, detach="all")])
    try:
        api.volumeRevert(args.volume, VolumeRevertDesc(toSnapshot=args.snapshot))
        print(f"reverted {args.volume} to {args.snapshot}")
    finally:
        if attached and args.detach:
            again = VolumeReassignDesc(volume=args.volume, rw=places["rw"] or None, ro=places["ro"] or None)
            api.volumesReassignWait([again])


if __name__ == "__main__":
    run(main)
