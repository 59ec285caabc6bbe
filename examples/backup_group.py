"""Back up all volumes with a tag to another location, wait for the data to arrive, and check that it has.

    python examples/backup_group.py app=db LOCATION [--timeout 7200]

Prints, for each volume, the global id of its backup, by which `volumeFromRemote` brings it back.
"""

import time
from typing import Dict, List

from program import Failure, connect, has_tag, parser, run, tag

from storpool import spapi
from storpool.sptypes import SnapshotSummary, VolumesGroupBackupDesc


def clusters(api: spapi.Api, location: str) -> List[str]:
    """List the clusters that are registered at a location."""
    found = [one.name for one in api.clustersList()["clusters"] if one.location == location]
    if not found:
        known = ", ".join(sorted(one.name for one in api.locationsList()["locations"])) or "none"
        raise Failure(f"no cluster is registered at {location}; known locations: {known}")
    return found


def backups(api: spapi.Api, names: List[str]) -> Dict[str, SnapshotSummary]:
    """Give what lies in other clusters, by its global id."""
    return {one.globalId: one for name in names for one in api.snapshotsList(clusterName=name)}


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("tag", type=tag, metavar="NAME=VALUE", help="the tag of the volumes")
    options.add_argument("location")
    options.add_argument("--interval", type=float, default=5, metavar="SECONDS", help="between looks (%(default)s)")
    options.add_argument("--timeout", type=float, default=7200, metavar="SECONDS", help="at most (%(default)s)")
    args = options.parse_args()

    api = connect()
    there = clusters(api, args.location)
    sizes = {one.name: one.size for one in api.volumesList() if has_tag(one, args.tag)}
    if not sizes:
        raise Failure("no volume has the tag {}={}".format(*args.tag))
    made = api.volumesGroupBackup(
        VolumesGroupBackupDesc(location=args.location, volumes=sorted(sizes), tags=dict([args.tag]))
    ).backups

    end = time.monotonic() + args.timeout
    while True:
        found = backups(api, there)
        waiting = [
            name for name, one in made.items() if one.remoteId not in found or found[one.remoteId].recoveringFromRemote
        ]
        if not waiting:
            break
        if time.monotonic() >= end:
            raise Failure(f"not there yet: {', '.join(sorted(waiting))}")
        time.sleep(args.interval)

    for name, one in sorted(made.items()):
        copy = found[one.remoteId]
        if copy.size != sizes[name] or copy.backupOfGlobalId != one.snapshotGlobalId:
            raise Failure(f"{args.location} has something else for {name}: {copy.globalId} of {copy.size} bytes")
        print(f"{name} {one.remoteId}")


if __name__ == "__main__":
    run(main)
