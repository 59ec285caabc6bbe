"""Run a command while holding a lock that all hosts of the cluster know.

    python examples/kv_lock.py [--wait 60] LOCK -- COMMAND [ARGUMENT...]

The lock is a key in the cluster's key-value store. A write that says which version of the bucket it has seen is
done only if that is still the version: of two who see the lock free, one gets it. The exit status is the command's.
"""

import os
import platform
import subprocess
import time

from program import Failure, connect, parser, run

from storpool import spapi
from storpool.sptypes import KeyValueBucket

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
        # Somebody else was quicker.
        if exc.name != "objectExists":
            raise
    return api.kvsList(BUCKET)


def take(api: spapi.Api, lock: str, owner: str, wait: float) -> None:
    """Take the lock, or give up after so many seconds."""
    end = time.monotonic() + wait
    while True:
        seen = bucket(api)
        holder = (seen.pairs or {}).get(lock)
        # A reply may get lost after the write was done, and the write be tried again: then it is ours already.
        if holder == owner:
            return
        if holder is None and api.kvsTryUpdate(BUCKET, {"runIfVersionIs": seen.version, "set": {lock: owner}}):
            return
        if time.monotonic() >= end:
            raise Failure(f"{lock} is held by {holder or 'another'}; `--release` takes it from who has died")
        time.sleep(0.5)


def release(api: spapi.Api, lock: str, owner: str = "") -> None:
    """Give the lock back; without an owner, whoever has it."""
    while True:
        seen = bucket(api)
        holder = (seen.pairs or {}).get(lock)
        if holder is None or (owner and holder != owner):
            return
        if api.kvsTryUpdate(BUCKET, {"runIfVersionIs": seen.version, "set": {lock: ""}}):
            return


def main() -> int:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("lock")
    options.add_argument("command", nargs="*")
    options.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for the lock (%(default)s)")
    options.add_argument("--release", action="store_true", help="take the lock away from whoever has it")
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
