"""Move all data off a disk that is to be replaced, and wait until it is empty.

    python examples/drain_disk.py DISK [--timeout 86400] [--eject]

The data is copied to other disks first, so all copies stay available. The cluster continues when the program is
interrupted; `--cancel` stops it. With --eject the empty disk is taken out of service, and can then be pulled.
"""

import time

from program import Failure, connect, parser, run

from storpool import spapi
from storpool.sptypes import UpDiskSummary


def find(api: spapi.Api, number: int) -> UpDiskSummary:
    """Return the record of a disk; fail if it is down."""
    disk = api.disksList().get(number)
    if disk is None:
        raise Failure(f"there is no disk {number}")
    if not isinstance(disk, UpDiskSummary):
        raise Failure(f"disk {number} is down: nothing can be moved off it")
    return disk


def main() -> None:
    """Drain the disk, or cancel that."""
    options = parser(__doc__)
    options.add_argument("disk", type=int)
    options.add_argument(
        "--interval", type=float, default=10, metavar="SECONDS", help="between two checks (%(default)s)"
    )
    options.add_argument(
        "--timeout", type=float, default=86400, metavar="SECONDS", help="how long to wait (%(default)s)"
    )
    options.add_argument("--eject", action="store_true", help="take the disk out of service once it is empty")
    options.add_argument("--cancel", action="store_true", help="use the disk again")
    args = options.parse_args()

    api = connect()
    disk = find(api, args.disk)
    if args.cancel:
        api.diskSoftEjectCancel(args.disk)
        print(f"disk {args.disk} is in use again")
        return

    api.diskSoftEject(args.disk)
    end = time.monotonic() + args.timeout
    left = None
    while not disk.empty:
        if disk.objectsAllocated != left:
            left = disk.objectsAllocated
            print(f"disk {args.disk}: {left} objects left", flush=True)
        if time.monotonic() >= end:
            raise Failure(f"disk {args.disk} still has {left} objects; the cluster continues to move them")
        time.sleep(args.interval)
        disk = find(api, args.disk)
    print(f"disk {args.disk} is empty")
    if args.eject:
        api.diskEject(args.disk)
        print(f"disk {args.disk} ({disk.model}, {disk.serial}) may be pulled from server {disk.serverId}")


if __name__ == "__main__":
    run(main)
