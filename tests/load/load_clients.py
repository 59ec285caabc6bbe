"""Clients of a simulated cluster, many in one process: a program of its own, started by the test beside this.

It reads what to do from standard input, works until the time is over, and prints what it did and what went wrong. Half
of the clients share one Api, the others have one each.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from typing import Any, Callable, Dict, List, Optional

from storpool.spapi import Api, ApiError

SHARED = ("shared-0", "shared-1")
BUCKETS = ("bucket-0", "bucket-1", "bucket-2", "bucket-3")
SECTOR = 512
MiB = 1 << 20

#: Names of errors that come with faults after the request was done: whether it was, the client cannot know.
UNKNOWN = ("RemoteDisconnected", "ConnectionResetError", "IncompleteRead", "unusableReply")


class Connections:
    """Counts the connections that are made."""

    def __init__(self) -> None:
        self.made = 0
        connect, lock = http.client.HTTPConnection.connect, threading.Lock()

        def counted(connection: http.client.HTTPConnection) -> None:
            with lock:
                self.made += 1
            connect(connection)

        http.client.HTTPConnection.connect = counted  # type: ignore[method-assign]


class Client:
    """One of them."""

    def __init__(self, api: Api, number: int, allowed: List[str]) -> None:
        self.api = api
        self.number = number
        self.allowed = allowed
        self.random = random.Random(number)
        self.volume = f"own-{number}"
        self.size = MiB
        self.tags: Dict[str, str] = {}
        self.turn = 0
        #: What was done for sure, and what may have been, by where.
        self.done: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.failures: List[str] = []
        self.expected: Counter[str] = Counter()
        self.requests = 0
        #: The values of this client's tag on each shared volume that may be the last.
        self.last: Dict[str, List[Optional[str]]] = {name: [None] for name in SHARED}

    def run(self, deadline: float) -> None:
        """Work until then."""
        try:
            self.certainly(lambda: self.api.volumeCreate({"name": self.volume, "size": self.size, "replication": 2}))
            while time.monotonic() < deadline and not self.failures:
                self.random.choice([self.count, self.grow, self.tag, self.own, self.own, self.look])()
            self.certainly(lambda: self.api.volumesReassignWait([{"volume": self.volume, "detach": "all"}]))
            self.certainly(lambda: self.api.volumeDelete(self.volume))
        except Exception as exc:
            self.failures.append(f"client {self.number}: {type(exc).__name__}: {exc}")

    def ask(self, call: Callable[[], Any]) -> Optional[str]:
        """Make a call; gives the name of the error that was asked for, None when there was none."""
        self.requests += 1
        try:
            self.result = call()
            return None
        except ApiError as exc:
            name = exc.name
            error: Exception = exc
        except (OSError, http.client.HTTPException) as exc:
            name = type(exc).__name__
            error = exc
        if name not in self.allowed:
            raise error
        self.expected[name] += 1
        return name

    def certainly(self, call: Callable[[], Any]) -> None:
        """Make a call until it is done; having been done before is as good."""
        while True:
            try:
                if self.ask(call) is None:
                    return
            except ApiError as exc:
                if exc.name not in ("objectExists", "objectDoesNotExist") or not self.allowed:
                    raise
                return

    def counted(self, where: str, call: Callable[[], Any]) -> bool:
        """Make a call that adds something somewhere; whether it has, as far as one knows."""
        error = self.ask(call)
        if error is None:
            self.done[where] += 1
        elif error in UNKNOWN:
            self.unknown[where] += 1
        return error is None

    def count(self) -> None:
        """Add one to a counter that all share, guarded by the version of its bucket."""
        bucket = self.random.choice(BUCKETS)
        if self.ask(lambda: self.api.kvsList(bucket)) is not None:
            return
        found = self.result
        pairs = {"n": str(int(found.pairs.get("n", "0")) + 1)}
        error = self.ask(lambda: self.api.kvsTryUpdate(bucket, {"runIfVersionIs": found.version, "set": pairs}))
        if error is None and self.result:
            self.done[bucket] += 1
        elif error in UNKNOWN:
            self.unknown[bucket] += 1

    def grow(self) -> None:
        """Make a volume that all share a sector larger."""
        name = self.random.choice(SHARED)
        self.counted(name, lambda: self.api.volumeUpdate(name, {"sizeAdd": SECTOR}))

    def tag(self) -> None:
        """Set one's own tag on a volume that all share."""
        name = self.random.choice(SHARED)
        self.turn += 1
        value = str(self.turn)
        error = self.ask(lambda: self.api.volumeUpdate(name, {"tags": {f"client-{self.number}": value}}))
        if error is None:
            self.last[name] = [value]
        elif error in UNKNOWN:
            self.last[name].append(value)

    def own(self) -> None:
        """Change one's own volume, and find it as one left it."""
        self.turn += 1
        value = str(self.turn)
        rights = self.random.choice(["rw", "ro"])
        self.certainly(lambda: self.api.volumeUpdate(self.volume, {"size": self.size + SECTOR, "tags": {"t": value}}))
        self.size += SECTOR
        self.certainly(
            lambda: self.api.volumesReassignWait(
                [{"volume": self.volume, rights: [1 + self.number % 2], "detach": "all"}]
            )
        )
        self.certainly(lambda: self.api.volumeList(self.volume))
        (found,) = self.result
        if (found.name, found.size, found.tags) != (self.volume, self.size, {"t": value}):
            self.failures.append(f"client {self.number}: not as it was left: {found.size}, {found.tags}")

    def look(self) -> None:
        """List everything, and find one's own among it."""
        self.certainly(self.api.volumesList)
        if [one.size for one in self.result if one.name == self.volume] != [self.size]:
            self.failures.append(f"client {self.number}: not in the list as it was left")


def main() -> None:
    task = json.load(sys.stdin)
    connections = Connections()
    # Where faults are to be met, each must show; without retries changes go over connections of their own.
    options = {**task["api"], "timeout": 60, "transientRetries": 0 if task["allowed"] else 5}
    shared = Api(**options)
    clients = [Client(shared if number % 2 else Api(**options), number, task["allowed"]) for number in task["clients"]]
    deadline = time.monotonic() + task["seconds"]
    threads = [threading.Thread(target=one.run, args=(deadline,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in clients:
        one.api.close()
    totals = {name: sum((getattr(one, name) for one in clients), Counter()) for name in ("done", "unknown", "expected")}
    print(
        json.dumps(
            {
                **totals,
                "failures": [failure for one in clients for failure in one.failures],
                "requests": sum(one.requests for one in clients),
                "connections": connections.made,
                "last": {f"client-{one.number}": one.last for one in clients},
            }
        )
    )


if __name__ == "__main__":
    main()
