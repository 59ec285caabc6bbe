"""Show the volumes, snapshots, space and disks of this cluster and of each cluster connected to it.

    python examples/inventory.py [--json]

A cluster that cannot be reached is listed with the reason; the exit status is then 1.
"""

import json
from typing import Dict, Optional, Union

from program import FAILURES, connect, human, parser, print_table, run

from storpool import spapi

HEADING = ("CLUSTER", "VOLUMES", "SNAPSHOTS", "SIZE", "STORED", "DISKS", "DOWN")
Figures = Dict[str, Union[str, int]]


def count(api: spapi.Api, cluster: Optional[str]) -> Figures:
    """Count what is in a cluster; None is this one."""
    snapshots = {snapshot.globalId: snapshot for snapshot in api.snapshotsSpace(clusterName=cluster)}
    # This list may contain snapshots too.
    volumes = [volume for volume in api.volumesSpace(clusterName=cluster) if volume.globalId not in snapshots]
    disks = api.disksList(clusterName=cluster)
    return {
        "volumes": len(volumes),
        "snapshots": len(snapshots),
        "size": sum(volume.size for volume in volumes),
        "stored": sum(volume.storedSize for volume in volumes)
        + sum(snapshot.storedSize for snapshot in snapshots.values()),
        "disks": len(disks),
        "down": sum(not disk.up for disk in disks.values()),
    }


def main() -> int:
    """Print the figures; return 1 if those of a cluster are missing."""
    options = parser(__doc__)
    options.add_argument("--json", action="store_true", help="print JSON")
    args = options.parse_args()

    api = connect()
    found: Dict[str, Figures] = {"(this one)": count(api, None)}
    for cluster in api.clustersList()["clusters"]:
        try:
            found[cluster.name] = count(api, cluster.name)
        except FAILURES as exc:
            found[cluster.name] = {"error": str(exc)}
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        rows = []
        for name, figures in found.items():
            if "error" in figures:
                rows.append([name, figures["error"], *[""] * 5])
            else:
                sizes = {key: human(int(figures[key])) for key in ("size", "stored")}
                rows.append([name, *{**figures, **sizes}.values()])
        print_table(HEADING, rows)
    return int(any("error" in figures for figures in found.values()))


if __name__ == "__main__":
    run(main)
