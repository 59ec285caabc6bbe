"""Back up all volumes with a tag to another location, wait until the data has arrived, and verify it.

    python examples/backup_group.py app=db LOCATION [--timeout 7200]

Prints the global id of the backup of each volume. `volumeFromRemote` takes it to restore the volume.
"""

import time
from typing import Dict, List

from program import Failure, connect, has_tag, parser, run, tag

from storpool import spapi
from storpool.sptypes import SnapshotSummary, VolumesGroupBackupDesc


def clusters(api: spapi.Api, location: str) -> List[str]:
    """List the clusters that are registered at a location."""
    found = [cluster.name for cluster in api.clustersList()["clusters"] if cluster.location == location]
    if not found:
        known = ", ".join(sorted(known.name for known in api.locationsList()["locations"])) or "none"
        raise Failure(f"no cluster is registered at {location}; known locations: {known}")
    return found


def backups(api: spapi.Api, names: List[str]) -> Dict[str, SnapshotSummary]:
    """Return the snapshots of other clusters by their global id."""
    return {snapshot.globalId: snapshot for name in names for snapshot in api.snapshotsList(clusterName=name)}


def main() -> None:
    """Start the backups, wait for them, and verify them."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the volumes")
    options.add_argument("location")
    options.add_argument(
        "--interval", type=float, default=5, metavar="SECONDS", help="between two checks (%(default)s)"
    )
    options.add_argument(
        "--timeout", type=float, default=7200, metavar="SECONDS", help="how long to wait (%(default)s)"
    )
    args = options.parse_args()

    api = connect()
    remote = clusters(api, args.location)
    sizes = {volume.name: volume.size for volume in api.volumesList() if has_tag(volume, args.tag)}
    if not sizes:
        raise Failure("no volume has the tag {}={}".format(*args.tag))
    started = api.volumesGroupBackup(
        VolumesGroupBackupDesc(location=args.location, volumes=sorted(sizes), tags=dict([args.tag]))
    ).backups

    end = time.monotonic() + args.timeout
    while True:
        found = backups(api, remote)
        waiting = [
            name
            for name, backup in started.items()
            if backup.remoteId not in found or found[backup.remoteId].recoveringFromRemote
        ]
        if not waiting:
            break
        if time.monotonic() >= end:
            raise Failure(f"not complete yet: {', '.join(sorted(waiting))}")
        time.sleep(args.interval)

    for name, backup in sorted(started.items()):
        copy = found[backup.remoteId]
        if copy.size != sizes[name] or copy.backupOfGlobalId != backup.snapshotGlobalId:
            raise Failure(f"the backup of {name} does not match it: {copy.globalId} of {copy.size} bytes")
        print(f"{name} {backup.remoteId}")


if __name__ == "__main__":
    run(main)
