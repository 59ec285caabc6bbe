"""Calls for the active requests of all peers."""

from __future__ import annotations

from typing import Optional

from ..sptype import Json
from ..sptypes.requests import AllPeersActiveRequests, AllPeersActiveRequestsQuery
from .call import GET, Section


class ActiveRequests(Section, title="Active requests"):
    """One query that asks every peer for its state and its requests in flight."""

    @GET("AllPeersActiveRequests", since="5.5.0")
    def allPeersActiveRequests(
        self,
        json: Optional[Json[AllPeersActiveRequestsQuery]] = None,
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> AllPeersActiveRequests:
        """Ask all peers for their state and active requests.

        The reply is a mixed list: how asking each peer went, the state of disks, and the requests in flight. The
        `status` of an entry tells its kind.

        The optional body sets `msecsTimeout`, how long to wait for the peers: milliseconds, 0 for no limit.
        """
        ...
