"""The key-value store."""

from __future__ import annotations

from storpool.sptypes import KeyValueBucketSetDesc, KeyValueBucketsList

from ..cluster import Cluster
from ..cluster.errors import ObjectDoesNotExist, ObjectExists, RunIfVersionIsMismatch
from ..cluster.model import Bucket
from .registry import handles
from .results import OkJson, RawJson, ok


@handles
def kvsBuckets(cluster: Cluster) -> KeyValueBucketsList:
    """Return the version of each bucket."""
    return KeyValueBucketsList(buckets={name: bucket.version for name, bucket in sorted(cluster.buckets.items())})


@handles
def kvsList(cluster: Cluster, bucketName: str) -> RawJson:
    """Return all pairs of a bucket."""
    bucket = _bucket(cluster, bucketName)
    return RawJson({"name": bucketName, "version": bucket.version, "pairs": dict(bucket.pairs)})


@handles
def kvsGet(cluster: Cluster, bucketName: str, keyName: str) -> RawJson:
    """Return one pair of a bucket."""
    bucket = _bucket(cluster, bucketName)
    if keyName not in bucket.pairs:
        raise ObjectDoesNotExist(f"Key '{keyName}' does not exist in bucket '{bucketName}'.")
    return RawJson({"name": bucketName, "version": bucket.version, "pairs": {keyName: bucket.pairs[keyName]}})


@handles
def kvsCreate(cluster: Cluster, bucketName: str) -> OkJson:
    """Create an empty bucket."""
    if bucketName in cluster.buckets:
        raise ObjectExists(f"Bucket '{bucketName}' already exists.")
    cluster.buckets[bucketName] = Bucket()
    return ok(cluster)


@handles
def kvsDelete(cluster: Cluster, bucketName: str) -> OkJson:
    """Delete a bucket with all that is in it."""
    _bucket(cluster, bucketName)
    del cluster.buckets[bucketName]
    return ok(cluster)


@handles
def kvsUpdate(cluster: Cluster, bucketName: str, json: KeyValueBucketSetDesc) -> OkJson:
    """Set pairs, and delete those with an empty value, if the bucket is at the version that the request asks for."""
    bucket = _bucket(cluster, bucketName)
    if json.runIfVersionIs is not None and json.runIfVersionIs != bucket.version:
        raise RunIfVersionIsMismatch(
            f"Bucket '{bucketName}' is at version {bucket.version}, not at {json.runIfVersionIs}."
        )
    if json.set:
        # Ours: a request that sets something is one change, whether or not the values are new.
        bucket.version += 1
    for key, value in json.set.items():
        if value:
            bucket.pairs[key] = value
        else:
            bucket.pairs.pop(key, None)
    return ok(cluster)


def _bucket(cluster: Cluster, name: str) -> Bucket:
    if name not in cluster.buckets:
        raise ObjectDoesNotExist(f"Bucket '{name}' does not exist.")
    return cluster.buckets[name]
