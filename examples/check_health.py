"""Check the cluster, for Nagios and the like: a line, and a status of 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

    python examples/check_health.py [--free 15] [--prometheus /var/lib/node_exporter/storpool.prom]

With --prometheus it also writes the figures as a file for node_exporter's textfile collector.
"""

import os
from typing import Dict, List

from program import FAILURES, Failure, connect, parser, run

from storpool import spapi
from storpool.sptypes import UpDiskSummary

WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


class Health:
    """What is wrong, and the figures."""

    def __init__(self) -> None:
        self.problems: List[str] = []
        self.status = 0
        self.figures: Dict[str, float] = {}

    def problem(self, status: int, text: str) -> None:
        """Take note of a problem."""
        self.status = max(self.status, status)
        self.problems.append(text)


def look(api: spapi.Api, health: Health, leastFree: float) -> None:
    """Look at services, disks, volumes and room."""
    services = api.servicesList()
    health.figures["storpool_cluster_running"] = float(services.clusterStatus == "running")
    if services.clusterStatus != "running":
        health.problem(2, f"the cluster is {services.clusterStatus}")
    for kind in ("mgmt", "servers", "bridges", "iscsiTargets"):
        for number, one in getattr(services, kind).items():
            health.figures[f'storpool_service_running{{kind="{kind}",id="{number}"}}'] = float(one.running)
            if not one.running:
                health.problem(1, f"{kind} {number} is {one.status}")

    for disk in api.disksList().values():
        up = isinstance(disk, UpDiskSummary)
        health.figures[f'storpool_disk_up{{disk="{disk.id}"}}'] = float(up)
        if isinstance(disk, UpDiskSummary):
            used, size = disk.objectsOnDiskSize, disk.sectorsCount * 512
            health.figures[f'storpool_disk_used_bytes{{disk="{disk.id}"}}'] = used
            health.figures[f'storpool_disk_size_bytes{{disk="{disk.id}"}}'] = size
            if used > size * (1 - leastFree / 100):
                health.problem(1, f"disk {disk.id} is {100 * used / size:.0f}% full")
        else:
            health.problem(1, f"disk {disk.id} of server {disk.serverId} is down")

    states = api.volumesQuickStatus().values()
    down = [one.name for one in states if one.status in ("down", "data lost")]
    degraded = [one.name for one in states if one.decreasedRedundancy and one.name not in down]
    health.figures["storpool_volumes_down"] = len(down)
    health.figures["storpool_volumes_degraded"] = len(degraded)
    if down:
        health.problem(2, f"{len(down)} volumes and snapshots are down, {down[0]} among them")
    if degraded:
        health.problem(1, f"{len(degraded)} volumes and snapshots lack copies")

    for template in api.volumeTemplatesStatus():
        room = template.stored
        health.figures[f'storpool_template_free_bytes{{template="{template.name}"}}'] = room.free
        if room.capacity and 100 * room.free / room.capacity < leastFree:
            health.problem(1, f"template {template.name} has {100 * room.free / room.capacity:.0f}% left")


def write(path: str, figures: Dict[str, float]) -> None:
    """Write the figures; who reads the file finds all of them or the old ones."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        for name, value in figures.items():
            file.write(f"{name} {value:.0f}\n")
    os.replace(f"{path}.new", path)


def main() -> int:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("--free", type=float, default=10, metavar="PERCENT", help="least free space (%(default)s)")
    options.add_argument("--prometheus", metavar="FILE", help="where to write the figures")
    args = options.parse_args()

    health = Health()
    try:
        # A check that waits through five retries is of no use.
        look(connect(timeout=15, transientRetries=0), health, args.free)
    except (Failure, *FAILURES) as exc:
        health.problem(3, f"{type(exc).__name__}: {exc}")
    # A file from before says nothing of now.
    if args.prometheus and health.status < 3:
        write(args.prometheus, health.figures)
    elif args.prometheus and os.path.exists(args.prometheus):
        os.unlink(args.prometheus)
    print(f"STORPOOL {WORDS[health.status]} - {'; '.join(health.problems) or 'all is well'}")
    return health.status


if __name__ == "__main__":
    run(main)
