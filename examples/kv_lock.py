"""Run a command while holding a lock that is shared by all hosts of the cluster.

    python examples/kv_lock.py [--wait 60] LOCK -- COMMAND [ARGUMENT...]

The lock is a key in the cluster's key-value store. A conditional write changes the bucket only if nobody else has
changed it since it was read, so only one of two hosts gets the lock. The exit status is that of the command.
"""

import os
import platform
import subprocess
import time

from program import Failure, connect, parser, run

from storpool import spapi
from storpool.sptypes import KeyValueBucket, KeyValueBucketSetDesc

BUCKET = "locks"


def bucket(api: spapi.Api) -> KeyValueBucket:
    """Read the bucket; make it if it is missing."""
    try:
        return api.kvsList(BUCKET)
    except spapi.ApiError as exc:
        if exc.name != "objectDoesNotExist":
            raise
    try:
        api.kvsCreate(BUCKET)
    except spapi.ApiError as exc:
        # Another host has just made it.
        if exc.name != "objectExists":
            raise
    return api.kvsList(BUCKET)


def take(api: spapi.Api, lock: str, owner: str, wait: float) -> None:
    """Take the lock; fail after `wait` seconds."""
    end = time.monotonic() + wait
    while True:
        seen = bucket(api)
        holder = (seen.pairs or {}).get(lock)
        # When the reply to a write is lost, the write is retried and refused, though the lock is ours.
        if holder == owner:
            return
        if holder is None and api.kvsTryUpdate(
            BUCKET, KeyValueBucketSetDesc(runIfVersionIs=seen.version, set={lock: owner})
        ):
            return
        if time.monotonic() >= end:
            raise Failure(
                f"{lock} is held by {holder or 'another host'}; if that host is dead, free the lock with --release"
            )
        time.sleep(0.5)


def release(api: spapi.Api, lock: str, owner: str = "") -> None:
    """Free the lock if this owner holds it; without an owner, free it in any case."""
    while True:
        seen = bucket(api)
        holder = (seen.pairs or {}).get(lock)
        if holder is None or (owner and holder != owner):
            return
        if api.kvsTryUpdate(BUCKET, KeyValueBucketSetDesc(runIfVersionIs=seen.version, set={lock: ""})):
            return


def main() -> int:
    """Run the command with the lock, or free the lock."""
    options = parser(__doc__)
    options.add_argument("lock")
    options.add_argument("command", nargs="*")
    options.add_argument(
        "--wait", type=float, default=60, metavar="SECONDS", help="how long to wait for the lock (%(default)s)"
    )
    options.add_argument("--release", action="store_true", help="free the lock, whoever holds it")
    args = options.parse_args()
    if bool(args.command) == args.release:
        options.error("give a command, or --release")

    api = connect()
    if args.release:
        release(api, args.lock)
        return 0
    owner = f"{platform.node()} process {os.getpid()}"
    take(api, args.lock, owner, args.wait)
    try:
        return subprocess.run(args.command, check=False).returncode
    finally:
        release(api, args.lock, owner)


if __name__ == "__main__":
    run(main)
