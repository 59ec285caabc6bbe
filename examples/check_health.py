"""Check the cluster for Nagios: print a line, and exit with 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN.

    python examples/check_health.py [--free 15] [--prometheus /var/lib/node_exporter/storpool.prom]

With --prometheus it also writes metrics to a file for node_exporter's textfile collector.
"""

import os
from typing import Dict, List

from program import FAILURES, Failure, connect, parser, run

from storpool import spapi
from storpool.sptypes import UpDiskSummary

WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


class Health:
    """The problems found, and the metrics."""

    def __init__(self) -> None:
        self.problems: List[str] = []
        self.status = 0
        self.metrics: Dict[str, float] = {}

    def problem(self, status: int, text: str) -> None:
        """Record a problem."""
        self.status = max(self.status, status)
        self.problems.append(text)


def check(api: spapi.Api, health: Health, least_free: float) -> None:
    """Check services, disks, volumes and free space."""
    services = api.servicesList()
    health.metrics["storpool_cluster_running"] = float(services.clusterStatus == "running")
    if services.clusterStatus != "running":
        health.problem(2, f"the cluster is {services.clusterStatus}")
    for kind in ("mgmt", "servers", "bridges", "iscsiTargets"):
        for number, service in getattr(services, kind).items():
            health.metrics[f'storpool_service_running{{kind="{kind}",id="{number}"}}'] = float(service.running)
            if not service.running:
                health.problem(1, f"{kind} {number} is {service.status}")

    for disk in api.disksList().values():
        up = isinstance(disk, UpDiskSummary)
        health.metrics[f'storpool_disk_up{{disk="{disk.id}"}}'] = float(up)
        if isinstance(disk, UpDiskSummary):
            used, size = disk.objectsOnDiskSize, disk.sectorsCount * 512
            health.metrics[f'storpool_disk_used_bytes{{disk="{disk.id}"}}'] = used
            health.metrics[f'storpool_disk_size_bytes{{disk="{disk.id}"}}'] = size
            if used > size * (1 - least_free / 100):
                health.problem(1, f"disk {disk.id} is {100 * used / size:.0f}% full")
        else:
            health.problem(1, f"disk {disk.id} of server {disk.serverId} is down")

    states = api.volumesQuickStatus().values()
    down = [state.name for state in states if state.status in ("down", "data lost")]
    degraded = [state.name for state in states if state.decreasedRedundancy and state.name not in down]
    health.metrics["storpool_volumes_down"] = len(down)
    health.metrics["storpool_volumes_degraded"] = len(degraded)
    if down:
        health.problem(2, f"{len(down)} volumes and snapshots are down, {down[0]} among them")
    if degraded:
        health.problem(1, f"{len(degraded)} volumes and snapshots lack copies")

    for template in api.volumeTemplatesStatus():
        space = template.stored
        health.metrics[f'storpool_template_free_bytes{{template="{template.name}"}}'] = space.free
        if space.capacity and 100 * space.free / space.capacity < least_free:
            health.problem(1, f"template {template.name} has {100 * space.free / space.capacity:.0f}% left")


def write(path: str, metrics: Dict[str, float]) -> None:
    """Write the metrics; a reader sees the old file or the whole new one."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        for name, value in metrics.items():
            file.write(f"{name} {value:.0f}\n")
    os.replace(f"{path}.new", path)


def main() -> int:
    """Check, print, and return the exit status."""
    options = parser(__doc__)
    options.add_argument(
        "--free", type=float, default=10, metavar="PERCENT", help="warn when less is free (%(default)s)"
    )
    options.add_argument("--prometheus", metavar="FILE", help="the file for the metrics")
    args = options.parse_args()

    health = Health()
    try:
        # Monitoring wants an answer in seconds: no retries.
        check(connect(timeout=15, transientRetries=0), health, args.free)
    except (Failure, *FAILURES) as exc:
        health.problem(3, f"{type(exc).__name__}: {exc}")
    # Old metrics are worse than none.
    if args.prometheus and health.status < 3:
        write(args.prometheus, health.metrics)
    elif args.prometheus and os.path.exists(args.prometheus):
        os.unlink(args.prometheus)
    print(f"STORPOOL {WORDS[health.status]} - {'; '.join(health.problems) or 'all is well'}")
    return health.status


if __name__ == "__main__":
    run(main)
