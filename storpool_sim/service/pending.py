"""Answers that come when something has happened, without keeping anyone else waiting.

A handler that cannot answer yet returns a `Deferred`; the dispatcher makes a `PendingReply` of it, which a server
awaits and everyone else waits for.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator, List, Optional

from ..cluster import Cluster
from .messages import Reply


class PendingReply:
    """A reply that is not there yet.

    :param poll: returns the reply, or None while there is none.
    :param due: returns when, by the clusters' clock, there may be one without anybody doing anything; None if never.
    """

    def __init__(
        self, clusters: List[Cluster], poll: Callable[[], Optional[Reply]], due: Callable[[], Optional[float]]
    ) -> None:
        self.poll = poll
        #: As a `Reply` has it: what was asked for has been done.
        self.error = ""
        self._clusters = clusters
        self._due = due

    def wait(self) -> Reply:
        """Wait for it, in this thread."""
        woken = threading.Event()
        with self._watched(woken.set):
            while True:
                woken.clear()
                reply = self.poll()
                if reply is not None:
                    return reply
                woken.wait(self._seconds())

    async def arrive(self) -> Reply:
        """Wait for it, and let others run."""
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        with self._watched(lambda: loop.call_soon_threadsafe(woken.set)):
            while True:
                woken.clear()
                reply = self.poll()
                if reply is not None:
                    return reply
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), self._seconds())

    def _seconds(self) -> Optional[float]:
        due = self._due()
        return None if due is None else self._clusters[0].clock.seconds_until(due)

    @contextmanager
    def _watched(self, callback: Callable[[], Any]) -> Iterator[None]:
        """Call a function, in any thread, whenever there may be a reply."""
        watched = [cluster.watchers for cluster in self._clusters]
        watched += [cluster.clock.watchers for cluster in self._clusters]
        for watchers in watched:
            watchers.append(callback)
        try:
            yield
        finally:
            for watchers in watched:
                watchers.remove(callback)
