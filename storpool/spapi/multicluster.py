"""What all clusters of a multicluster answer, each for itself."""

from __future__ import annotations

from typing import Any, Callable, Generic, List, Optional, TypeVar

from ..spcatch import InvalidArgumentError, shown
from .call import Call
from .client import Client
from .errors import ApiError, UnusableReplyError

__all__ = ["AllClusters", "ClusterAnswer"]

T = TypeVar("T")


class ClusterAnswer(Generic[T]):
    """What one cluster of a multicluster answered.

    :ivar clusterName: its name; None where the reply does not tell.
    :ivar clusterId: its id; None where the reply does not tell.
    :ivar error: why there is no result; None where there is one.
    """

    def __init__(
        self, clusterName: Optional[str], clusterId: Optional[str], result: Optional[T], error: Optional[ApiError]
    ) -> None:
        self.clusterName = clusterName
        self.clusterId = clusterId
        self.error = error
        self._result = result

    @property
    def result(self) -> T:
        """What the call gives.

        :raises ApiError: the cluster answered with an error.
        """
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.clusterName or self.clusterId!r}: {self.error or 'a result'}>"


class AllClusters(Client):
    """Adds to the client the requests that every cluster answers for itself."""

    def allClusters(self, call: Callable[..., T], *args: Any) -> List[ClusterAnswer[T]]:
        """Make a call in every cluster of the multicluster, each answering for itself.

        ::

            for answer in api.allClusters(api.volumesList):
                print(answer.clusterName, answer.error or len(answer.result))

        It is for calls that read and can span clusters, and for `volumeTemplatesStatus` and `clustersList`. Unlike with
        `Api(multiCluster=True)`, results are not merged, and a cluster that cannot answer does not keep the answers of
        others back. Newer than the original 7.3.0.

        :param call: a method of an Api: `api.volumesList`, or `Api.volumesList`.
        :param args: the call's arguments, without `clusterName` and `returnRawAPIData`.
        :raises InvalidArgumentError: it is no such call, or an argument is bad.
        :raises ApiError: the request itself was refused.
        """
        declared: Optional[Call] = getattr(call, "spCall", None)
        if declared is None or not declared.allClusters:
            raise InvalidArgumentError(
                f"{shown(call)} is not a call that all clusters can answer", root="allClusters", path=".call"
            )
        data = self(declared.method, False, f"MultiCluster/AllClusters/{declared.written(args)}", None)
        clusters = data.get("clusters") if isinstance(data, dict) else None
        if not isinstance(clusters, list) or not all(isinstance(each, dict) for each in clusters):
            raise UnusableReplyError(
                data, declared.name, InvalidArgumentError("has no list of clusters that are objects", path=".data")
            )
        return [_answer(declared, each) for each in clusters]


def _answer(call: Call, cluster: Any) -> ClusterAnswer[Any]:
    response, result, error = cluster.get("response"), None, None
    try:
        if "error" in cluster:
            error = ApiError(200, cluster)
        elif isinstance(response, dict) and "error" in response:
            error = ApiError(200, response)
        elif isinstance(response, dict) and "data" in response:
            result = call.converted(response["data"])
        else:
            error = ApiError.unusable(200, b"", "neither a response with data nor an error", cluster)
    except ApiError as exc:
        error = exc
    return ClusterAnswer(cluster.get("clusterName"), cluster.get("clusterId"), result, error)
