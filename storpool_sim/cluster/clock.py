"""Where a simulated cluster takes its time from."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional


class Clock:
    """The time of the machine. A clock of another time overrides `read`.

    :ivar watchers: called whenever the time has leapt.
    """

    def __init__(self) -> None:
        self.watchers: List[Callable[[], None]] = []
        self._held: Optional[float] = None

    def now(self) -> float:
        """Return the seconds since the epoch; while the clock is held, always the same."""
        held = self._held
        return self.read() if held is None else held

    def read(self) -> float:
        """Return the seconds since the epoch, held or not."""
        return time.time()

    def seconds_until(self, when: float) -> Optional[float]:
        """Return how long to wait until it is that late; None when waiting does not help."""
        return max(0.0, when - self.read())

    @contextmanager
    def held(self, at: float) -> Iterator[None]:
        """Let the time stand still at a moment for the length of a `with` block.

        A request that is replayed has only one moment, so it must have only one when it is first handled. Hold the lock
        of the clusters that share the clock.
        """
        before, self._held = self._held, at
        try:
            yield
        finally:
            self._held = before


class ManualClock(Clock):
    """A time that stands still until a test moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self._now = start
        # The server's thread reads while the test's thread moves.
        self._lock = threading.Lock()

    def read(self) -> float:
        """Return the time it was last moved to."""
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
