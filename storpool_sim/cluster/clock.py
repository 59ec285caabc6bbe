"""Where the simulated cluster takes its time from."""

from __future__ import annotations

import threading
import time
from typing import Callable, List, Optional


class Clock:
    """The time of the machine.

    :ivar watchers: called whenever the time has leapt.
    """

    def __init__(self) -> None:
        self.watchers: List[Callable[[], None]] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def seconds_until(self, when: float) -> Optional[float]:
        """How long to wait until it is that late; None when waiting does not bring it about."""
        return max(0.0, when - self.now())


class ManualClock(Clock):
    """A time that stands still until a test moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        super().__init__()
        self._now = start
        # The server's thread reads while the test's thread moves.
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time it was last moved to."""
        with self._lock:
            return self._now

    def seconds_until(self, when: float) -> Optional[float]:
        """None: this time does not pass."""
        return None

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds!r}")
        with self._lock:
            self._now += seconds
        for one in list(self.watchers):
            one()
