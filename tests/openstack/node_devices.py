"""The simulated cluster's devices: files, which Cinder and Nova take for block devices."""

from __future__ import annotations

import os
from typing import Any, Tuple

from oslo_concurrency import processutils


def execute(*command: str, **kwargs: Any) -> Tuple[str, str]:
    """Run what os-brick runs as root."""
    if command[:2] == ("blockdev", "--getsize64"):
        # It does not measure files.
        return f"{os.stat(command[2]).st_size}\n", ""
    return processutils.execute(*command)


def write(path: str, data: bytes, offset: int = 0) -> None:
    """Write to a device, as one inside the instance would."""
    with open(path, "r+b") as device:
        device.seek(offset)
        device.write(data)


def read(path: str, size: int, offset: int = 0) -> bytes:
    """Read from a device."""
    with open(path, "rb") as device:
        device.seek(offset)
        return device.read(size)
