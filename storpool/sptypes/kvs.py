"""The key-value store: pairs of strings in buckets that have versions."""

from __future__ import annotations

from typing import Annotated, Dict, Optional

from ..sptype import Example, JsonObjectImpl
from .scalars import KvsKeyName, KvsName

__all__ = ["KeyValueBucket", "KeyValueBucketSetDesc", "KeyValueBucketsList"]


class KeyValueBucket(JsonObjectImpl, since="7.2.0"):
    """One bucket, with its pairs."""

    name: KvsName
    """The bucket's name."""

    version: Annotated[int, Example(17)]
    """A counter that goes up at each change of the bucket."""

    pairs: Annotated[Optional[Dict[KvsKeyName, str]], Example({"db-1": "2026-01-01"})] = None
    """Short strings of free form, by key."""


class KeyValueBucketsList(JsonObjectImpl, since="7.2.0"):
    """The buckets that exist in the cluster."""

    buckets: Annotated[Dict[KvsName, int], Example({"backups": 17})] = {}
    """The version of each bucket, by the bucket's name."""


class KeyValueBucketSetDesc(JsonObjectImpl, since="7.2.0"):
    """A request to change pairs of a bucket."""

    runIfVersionIs: Annotated[Optional[int], Example(17)] = None
    """The version that the bucket must have: with any other, nothing is done. Null applies the change in any case."""

    set: Annotated[Dict[KvsKeyName, str], Example({"db-1": "2026-01-01"})] = {}
    """The pairs to set or change. An empty value deletes the key."""
