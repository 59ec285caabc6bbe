"""Show the data transfers between disks until all are done.

    python examples/watch_tasks.py [--interval 2] [--timeout 3600]

The exit status is 1 when tasks are left after the timeout.
"""

import time
from typing import Dict, Tuple

from program import Failure, connect, parser, run

from storpool.sptypes import Task

CAUSES = {0: "recovery", 1: "bridge"}


def line(task: Task) -> str:
    """Describe a task."""
    cause = CAUSES.get(task.transactionId, "rebalancing")
    done = 100 * task.completedObjects // max(1, task.allObjects)
    return f"disk {task.diskId}: {cause}, {task.completedObjects} of {task.allObjects} objects, {done}%"


def main() -> None:
    """Print each change of each task."""
    options = parser(__doc__)
    options.add_argument(
        "--interval", type=float, default=2, metavar="SECONDS", help="between two checks (%(default)s)"
    )
    options.add_argument(
        "--timeout", type=float, default=3600, metavar="SECONDS", help="how long to wait (%(default)s)"
    )
    args = options.parse_args()

    api = connect()
    end = time.monotonic() + args.timeout
    shown: Dict[Tuple[int, int], str] = {}
    while True:
        tasks = {(task.diskId, task.transactionId): line(task) for task in api.tasksList()}
        for key, text in tasks.items():
            if shown.get(key) != text:
                print(text, flush=True)
        for disk, _ in sorted(shown.keys() - tasks.keys()):
            print(f"disk {disk}: done", flush=True)
        shown = tasks
        if not tasks:
            return
        if time.monotonic() >= end:
            raise Failure(f"{len(tasks)} tasks are still running")
        time.sleep(args.interval)


if __name__ == "__main__":
    run(main)
