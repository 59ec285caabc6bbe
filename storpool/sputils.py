"""Small things that scripts use: units, and waiting for a path."""

from __future__ import annotations

import os
import time
from typing import TypeVar, Union

__all__ = ["GB", "KB", "MB", "TB", "msec", "pathPollWait", "pr", "sec", "usec"]

T = TypeVar("T")

sec = 1.0
msec = sec / 1000
usec = msec / 1000

KB = 1024
MB = 1024 * KB
GB = 1024 * MB
TB = 1024 * GB


def pr(x: T) -> T:
    """Print a value and give it back."""
    print(x)
    return x


def pathPollWait(
    path: Union[str, os.PathLike[str]], shouldExist: bool, isLink: bool, pollTime: float, maxTime: float
) -> bool:
    """Wait until a path is there, or until it is gone; a link that leads nowhere is not there.

    :param shouldExist: what to wait for.
    :param isLink: insist that it is a symbolic link as long as it is there.
    :param pollTime: seconds between looks.
    :param maxTime: seconds to wait at most.
    :returns: whether it came about in time.
    :raises AssertionError: there is something that is no link.
    """
    started = time.monotonic()
    waited = 0.0
    while _exists(path, isLink) != shouldExist:
        if waited >= maxTime:
            return False
        time.sleep(pollTime)
        # Looks that take long count too, and with no pause between looks only the clock moves.
        waited = max(waited + pollTime, time.monotonic() - started)
    return True


def _exists(path: Union[str, os.PathLike[str]], isLink: bool) -> bool:
    if not os.path.exists(path):
        return False
    if isLink and not os.path.islink(path) and os.path.lexists(path):
        raise AssertionError(f"{os.fspath(path)} is not a symbolic link")
    return True
