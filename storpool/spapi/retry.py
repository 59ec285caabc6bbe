"""Which failed requests are sent again, and after what pause."""

from __future__ import annotations

import os
from http.client import HTTPException, ImproperConnectionState, InvalidURL, NotConnected
from typing import Callable, NamedTuple, Optional, Union

from .errors import ApiError, ReplyTooLargeError

__all__ = ["RetryPolicy", "may_succeed_later", "spread_pause"]

_TRANSIENT = (
    ConnectionRefusedError,  # the service is starting, or fails over to another node
    ConnectionResetError,  # it has stopped; this includes http.client.RemoteDisconnected
    HTTPException,  # what came is not HTTP, or is cut short
)
_LASTING = (
    InvalidURL,  # nothing was sent, and nothing will be
    ImproperConnectionState,  # likewise
    NotConnected,  # likewise
    ReplyTooLargeError,  # the next reply is as large
)


def may_succeed_later(error: Exception) -> bool:
    """Return whether a request that ended with this error is sent again.

    It is for errors that the cluster, or a proxy before it, calls transient, for refused and reset connections, and for
    replies that are not HTTP or cut short. It is not for time-outs, nor for any other error.
    """
    if isinstance(error, ApiError):
        return error.transient
    return isinstance(error, _TRANSIENT) and not isinstance(error, _LASTING)


def spread_pause(n: int) -> float:
    """Return how many seconds to wait before retry ``n``, from 0: 2 ** n in the mean, between half and three halves.

    All clients of a cluster lose its management service at the same moment. With equal pauses they would come back at
    the same moments, again and again.
    """
    # Not of the random module, which takes long to import.
    chance = int.from_bytes(os.urandom(4), "big") / 2**32
    return (0.5 + chance) * 2**n  # type: ignore[no-any-return]


class RetryPolicy(NamedTuple):
    """When a request is sent again.

    :ivar retries: how many times at most.
    :ivar pause: gives the seconds to wait before a retry, by its number, from 0.
    :ivar timeout: how many seconds the tries and pauses may take together; None for no limit.
    """

    retries: Union[int, float]
    pause: Callable[[int], float]
    timeout: Optional[float]

    def pause_after(self, error: Exception, attempt: int, spent: float) -> Optional[float]:
        """Return how many seconds to wait before the next attempt; None for no such attempt.

        :param attempt: the number of the one that failed, from 0.
        :param spent: the seconds since the first began.
        """
        if attempt >= self.retries or not may_succeed_later(error):
            return None
        pause = self.pause(attempt)
        return None if self.timeout is not None and spent + pause >= self.timeout else pause
