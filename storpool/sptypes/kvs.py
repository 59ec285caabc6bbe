"""The key-value store: pairs of strings in buckets that have versions."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptype import JsonObjectImpl
from .scalars import KvsKeyName, KvsName

__all__ = ["KeyValueBucket", "KeyValueBucketSetDesc", "KeyValueBucketsList"]


class KeyValueBucket(JsonObjectImpl, since="7.2.0"):
    """One bucket, with its pairs."""

    name: KvsName
    """The bucket's name."""

    version: int
    """A counter that goes up at each change of the bucket."""

    pairs: Optional[Dict[KvsKeyName, str]] = None
    """Short strings of free form, by key."""


class KeyValueBucketsList(JsonObjectImpl, since="7.2.0"):
    """The buckets that exist in the cluster."""

    buckets: Dict[KvsName, int] = {}
    """The version of each bucket, by the bucket's name."""


class KeyValueBucketSetDesc(JsonObjectImpl, since="7.2.0"):
    """A request to change pairs of a bucket."""

    runIfVersionIs: Optional[int] = None
    """The version that the bucket must have: with any other, nothing is done. Null applies the change in any case."""

    set: Dict[KvsKeyName, str] = {}
    """The pairs to set or change. An empty value deletes the key."""
