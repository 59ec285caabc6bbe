"""Where a simulated cluster takes its time from."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional


class Clock:
    """The time of the machine.

    :ivar watchers: called whenever the time has leapt.
    """

    def __init__(self) -> None:
        self.watchers: List[Callable[[], None]] = []

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return time.time()

    def read(self) -> float:
        """Return the same, whether the clock is held or not."""
        return type(self).now(self)

    def seconds_until(self, when: float) -> Optional[float]:
        """Return how long to wait until it is that late; None when waiting does not help."""
        return max(0.0, when - self.now())

    @contextmanager
    def held(self, at: float) -> Iterator[None]:
        """Let the time stand still at a moment for the length of a `with` block.

        A request that is replayed has only one moment, so it must have only one when it is first handled. Hold the lock
        of the clusters that share the clock.
        """
        # On the object, so that clocks of other classes are held, too.
        attributes = vars(self)
        before = attributes.get("now")
        attributes["now"] = lambda: at
        try:
            yield
        finally:
            if before is None:
                del attributes["now"]
            else:
                attributes["now"] = before


class ManualClock(Clock):
    """A time that stands still until a test moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self._now = start
        # The server's thread reads while the test's thread moves.
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time that it was last moved to."""
        with self._lock:
            return self._now

    def seconds_until(self, when: float) -> Optional[float]:
        """Return None: this time does not pass."""
        return None

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds!r}")
        with self._lock:
            self._now += seconds
        for watcher in list(self.watchers):
            watcher()
