"""Headings that people read, for the API's names of fields."""

from __future__ import annotations

import re

__all__ = ["heading"]

_SPECIAL = {
    "bw": "bandwidth",
    "creationTimestamp": "created",
    "diskId": "disk",
    "globalId": "global ID",
    "id": "ID",
    "iops": "IOPS",
    "nodeId": "node",
    "parentName": "parent",
    "sectorsCount": "size",
    "serverId": "server",
    "ssd": "SSD",
    "startTime": "started",
    "templateName": "template",
    "used": "used %",
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[^A-Za-z0-9]+")


def heading(name: str) -> str:
    """Return the heading of a column: ``decreased redundancy`` for ``decreasedRedundancy``."""
    return ": ".join(_SPECIAL.get(part) or _words(part) for part in name.split("."))


def _words(name: str) -> str:
    words = _WORD.findall(name)
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words) or name
