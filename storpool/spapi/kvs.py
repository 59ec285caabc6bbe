"""Calls for the key-value store."""

from __future__ import annotations

from typing import Optional

from ..sptype import Json
from ..sptypes.kvs import KeyValueBucket, KeyValueBucketSetDesc, KeyValueBucketsList
from ..sptypes.replies import ApiOk
from ..sptypes.scalars import KvsKeyName, KvsName
from .call import GET, POST, Section
from .errors import ApiError


class KeyValueStore(Section, title="Key Value Store"):
    """A small store of string pairs for the whole cluster, grouped in buckets that count their changes."""

    @GET("KV", since="7.2.0")
    def kvsBuckets(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> KeyValueBucketsList:
        """List all buckets.

        The version of each bucket, keyed by its name.
        """
        ...

    @GET("KV/List/{bucketName}", since="7.2.0")
    def kvsList(
        self, bucketName: KvsName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> KeyValueBucket:
        """List the pairs of a bucket."""
        ...

    @GET("KV/Get/{bucketName}/{keyName}", since="7.2.0")
    def kvsGet(
        self,
        bucketName: KvsName,
        keyName: KvsKeyName,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> KeyValueBucket:
        """Get one pair of a bucket.

        The pair comes in a record of its bucket, with the bucket's version.
        """
        ...

    @POST("KV/Create/{bucketName}", since="7.2.0")
    def kvsCreate(
        self, bucketName: KvsName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Create a bucket."""
        ...

    @POST("KV/Delete/{bucketName}", since="7.2.0")
    def kvsDelete(
        self, bucketName: KvsName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Delete a bucket."""
        ...

    @POST("KV/Set/{bucketName}", since="7.2.0")
    def kvsUpdate(
        self,
        bucketName: KvsName,
        json: Json[KeyValueBucketSetDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Set, change or delete pairs of a bucket.

        An empty value deletes its key. The version of the bucket grows with each change; with `runIfVersionIs` the
        request applies only when the bucket is at that version.

        ApiError: `runIfVersionIsMismatch` when the bucket is at another version than `runIfVersionIs`.
        """
        ...

    def kvsTryUpdate(self, bucketName: KvsName, json: Json[KeyValueBucketSetDesc]) -> bool:
        """Set, change or delete pairs of a bucket unless it is at another version.

        The same as `kvsUpdate`, but answers whether the request was applied: False when the bucket is at another
        version than `runIfVersionIs`. Any other failure is raised.
        """
        try:
            self.kvsUpdate(bucketName, json)
        except ApiError as err:
            if err.name == "runIfVersionIsMismatch":
                return False
            raise
        return True
