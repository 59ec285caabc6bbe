"""Calls for block device clients."""

from __future__ import annotations

from typing import List, Optional

from ..sptypes.requests import ClientActiveRequests
from ..sptypes.scalars import ClientId
from ..sptypes.services import ClientConfigStatus
from .call import GET, Section


class Clients(Section, title="Clients"):
    """The block device clients: how far they follow the configuration, and their requests in flight."""

    @GET("ClientsConfigDump")
    def clientsConfigDump(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[ClientConfigStatus]:
        """Show how far the clients follow the configuration.

        For each client: the generation of the cluster's configuration, the generation that the client has reached,
        and whether it is still catching up. Here `delay` is always 0.
        """
        ...

    @GET("ClientConfigWait/{clientId}")
    def clientConfigWait(
        self, clientId: ClientId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[ClientConfigStatus]:
        """Wait for a client to catch up with the configuration.

        The call returns when the client has reached the generation that was current when the call was made. The reply
        has the form of that of `clientsConfigDump`, and `delay` tells how long the client took.
        """
        ...

    @GET("ClientActiveRequests/{clientId}")
    def clientActiveRequests(
        self, clientId: ClientId, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ClientActiveRequests:
        """List the active requests of a client.

        Details of each request in flight on the client. Addresses and sizes are in bytes.
        """
        ...
