"""Helpers for scripts: units, and waiting for a path."""

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
    """Print a value and return it."""
    print(x)
    return x


def pathPollWait(
    path: Union[str, os.PathLike[str]], shouldExist: bool, isLink: bool, pollTime: float, maxTime: float
) -> bool:
    """Wait until a path exists, or until it no longer does. A broken link counts as absent.

    :param shouldExist: whether to wait for the path to exist, or to disappear.
    :param isLink: fail if the path exists and is not a symbolic link.
    :param pollTime: seconds between checks.
    :param maxTime: the longest time to wait, in seconds.
    :returns: whether it happened in time.
    :raises AssertionError: the path exists and is not a link.
    """
    started = time.monotonic()
    waited = 0.0
    while _exists(path, isLink) != shouldExist:
        if waited >= maxTime:
            return False
        time.sleep(pollTime)
        # The time that the checks take counts, too; without a pause between them it is all there is.
        waited = max(waited + pollTime, time.monotonic() - started)
    return True


def _exists(path: Union[str, os.PathLike[str]], isLink: bool) -> bool:
    if not os.path.exists(path):
        return False
    if isLink and not os.path.islink(path) and os.path.lexists(path):
        raise AssertionError(f"{os.fspath(path)} is not a symbolic link")
    return True
