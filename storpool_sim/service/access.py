"""Who may use the status page and the control URL with a browser.

Programs on this machine read them without a token, so a page of another origin, which a browser on this machine shows,
must not: neither by a name of its own that leads here (DNS rebinding), nor by a request across origins.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Mapping, Optional, Sequence
from urllib.parse import urlsplit

from ..cluster.errors import SimError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+?)\.?(:\d*)?", re.IGNORECASE)


class Forbidden(SimError):
    """A request comes under a name that is not this server's, or from a page that is not."""

    name = "forbidden"
    status = 403


class Access:
    """The names under which a server answers.

    :param names: those besides the loopback ones, and besides the address at which a request arrives.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = {"localhost", *(name.lower().strip("[]") for name in names)}

    def check(self, headers: Mapping[str, str], arrived_at: Optional[str], page: bool = False) -> None:
        """Refuse a request that a page of another origin may have made.

        :param arrived_at: the address of this machine to which the client has connected.
        :param page: whether it is for the page itself, which may be opened from anywhere.
        :raises Forbidden: it is refused.
        """
        host = headers.get("Host", "")
        match = _HOST.fullmatch(host)
        name = match[1].lower().strip("[]") if match else ""
        if name not in self._names and not is_loopback(name) and name != arrived_at:
            raise Forbidden(f"'{host}' is not a name of this server: see --allow-host.")
        origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "none")
        opened = page and headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
        if (origin is not None and urlsplit(origin).netloc.lower() != host.lower()) or (
            site not in ("same-origin", "none") and not opened
        ):
            raise Forbidden("Pages of other origins are not answered.")


def is_loopback(address: Optional[str]) -> bool:
    """Return whether this is an address by which a machine reaches itself."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
