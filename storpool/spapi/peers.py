"""Calls for the nodes of the storage network."""

from __future__ import annotations

from typing import Dict, Optional

from ..sptypes.peers import PeerDesc
from ..sptypes.scalars import PeerId
from .call import GET, Section


class Peers(Section, title="Peers"):
    """The nodes that the beacon service sees on the storage network."""

    @GET("NetworkPeersList")
    def peersList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> Dict[PeerId, PeerDesc]:
        """List the nodes of the storage network.

        All nodes that run the beacon service, keyed by their IDs, with the networks that each uses and its MAC
        addresses there.
        """
        ...
