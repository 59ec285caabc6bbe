"""Show what each cluster has that this one knows of: volumes, snapshots, space, disks.

    python examples/inventory.py [--json]

A cluster that cannot be reached is in the list too, with the reason; the exit status is then 1.
"""

import json
from typing import Dict, Optional, Union

from program import FAILURES, connect, human, parser, print_table, run

from storpool import spapi

HEADING = ("CLUSTER", "VOLUMES", "SNAPSHOTS", "SIZE", "STORED", "DISKS", "DOWN")
Figures = Dict[str, Union[str, int]]


def look(api: spapi.Api, cluster: Optional[str]) -> Figures:
    """Count what is in a cluster; None is the one that is asked."""
    snapshots = {one.globalId: one for one in api.snapshotsSpace(clusterName=cluster)}
    # This list may have snapshots in it, too.
    volumes = [one for one in api.volumesSpace(clusterName=cluster) if one.globalId not in snapshots]
    disks = api.disksList(clusterName=cluster)
    return {
        "volumes": len(volumes),
        "snapshots": len(snapshots),
        "size": sum(one.size for one in volumes),
        "stored": sum(one.storedSize for one in volumes) + sum(one.storedSize for one in snapshots.values()),
        "disks": len(disks),
        "down": sum(not one.up for one in disks.values()),
    }


def main() -> int:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("--json", action="store_true", help="for programs")
    args = options.parse_args()

    api = connect()
    found: Dict[str, Figures] = {"(this one)": look(api, None)}
    for cluster in api.clustersList()["clusters"]:
        try:
            found[cluster.name] = look(api, cluster.name)
        except FAILURES as exc:
            found[cluster.name] = {"error": str(exc)}
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        rows = []
        for name, one in found.items():
            if "error" in one:
                rows.append([name, one["error"], *[""] * 5])
            else:
                sizes = {key: human(int(one[key])) for key in ("size", "stored")}
                rows.append([name, *{**one, **sizes}.values()])
        print_table(HEADING, rows)
    return int(any("error" in one for one in found.values()))


if __name__ == "__main__":
    run(main)
