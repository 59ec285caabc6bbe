"""The client: path, header, body, and retries of transient errors around a transport."""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import Any, Callable, Optional, TypeVar
from urllib.parse import quote

from ..spcatch import InvalidArgumentError, shown
from ..spjson import body_of, clear_none, parse, use_msgspec
from ..sptype import Regex
from .errors import ApiError
from .transport import HTTPTransport, Transport

__all__ = ["SP_API_PREFIX", "Client", "clear_none", "read_data"]

T = TypeVar("T")

SP_API_PREFIX = "/ctrl/1.0"

_CLUSTER = Regex("ClusterName or ~ClusterId", r"^[~#]?[A-Za-z0-9_\-.:]+$")
_DEBUG = 10  # logging.DEBUG, of a module that is imported when there is an Api


def _format_path(query: str, multiCluster: bool, clusterName: Optional[str] = None) -> str:
    """Give the path of a query, relayed to another cluster where one is named."""
    remote = "" if clusterName is None else f"/RemoteCommand/{clusterName}"
    return f"{SP_API_PREFIX}{remote}{'/MultiCluster' if multiCluster else ''}/{query}"


def _port(port: Any) -> int:
    try:
        number = int(port)
        if 0 < number < 65536:
            return number
    except Exception:  # noqa: S110 - refused below like a number out of range
        pass
    raise InvalidArgumentError(f"{shown(port)} is not a port, an integer from 1 to 65535", root="Api", path=".port")


class Client:
    """Sends requests to the management service of a cluster.

    Retried, ``transientRetries`` times with ``transientSleep(n)`` seconds between: errors that the cluster marks as
    transient, refused and reset connections, and replies that are not HTTP or are cut short. Not retried: time-outs
    and other socket errors. A change may so be asked for twice when its reply is lost. The last error is raised.
    Connections are kept where the server keeps them; one that it gave up meanwhile is made anew, which is no retry.
    With ``transientRetries=0`` no change is sent twice.

    An object may be shared by threads, and used on both sides of a fork.

    :param host: the address of the management service.
    :param port: its port; a string of digits will do.
    :param auth: the token. It shows in no repr, log or exception.
    :param timeout: seconds for connecting, and again for an exchange; None waits for ever.
    :param source: the local address to connect from.
    :param multiCluster: send calls that can span clusters to all connected ones.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: Any = 80,
        auth: str = "",
        timeout: Optional[float] = 300,
        transientRetries: int = 5,
        transientSleep: Callable[[int], float] = lambda n: 2**n,
        source: Optional[str] = None,
        multiCluster: bool = False,
        transport: Optional[Transport] = None,
    ) -> None:
        # Imported here: it would be a quarter of what importing the bindings takes.
        import logging

        use_msgspec()
        self._log = logging.getLogger("storpool.spapi")
        self._host = host
        self._port = _port(port)
        self._source = source
        self._timeout = timeout
        self._transientRetries = transientRetries
        self._transientSleep = transientSleep
        self._multiCluster = multiCluster
        try:
            f"Storpool v1:{auth}".encode("latin-1")
        except UnicodeError:
            raise InvalidArgumentError("has characters that HTTP cannot carry", root="Api", path=".auth") from None
        if any(ord(char) < 32 or ord(char) == 127 for char in str(auth)):
            raise InvalidArgumentError("has control characters", root="Api", path=".auth")
        self._headers = {"Authorization": f"Storpool v1:{auth}"}
        self._transport: Transport = transport or HTTPTransport(
            host, self._port, timeout, source, twice=transientRetries > 0
        )

    def close(self) -> None:
        """Close the connections that are kept. The next call opens one anew."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(host={self._host!r}, port={self._port}, multiCluster={self._multiCluster})"

    def __call__(
        self, method: str, multiCluster: bool, query: str, json: Any = None, clusterName: Optional[str] = None
    ) -> Any:
        """Make a request and give the ``data`` of the reply.

        :raises ApiError: the cluster answered with an error, or with what is no answer.
        :raises OSError: no connection, a broken one, a time-out.
        :raises http.client.HTTPException: what came is not HTTP, or is cut short.
        """
        return self.exchange(method, multiCluster, query, json, clusterName, read_data)

    def exchange(
        self,
        method: str,
        multiCluster: bool,
        query: str,
        json: Any,
        clusterName: Optional[str],
        read: Callable[[Any, Any], T],
    ) -> T:
        """Make a request and return what ``read(status, payload)`` makes of the reply.

        ``read`` raises ApiError for a reply that is an error, and a transient one is retried.
        """
        if clusterName is not None:
            try:
                clusterName = _CLUSTER.validate(clusterName)
            except InvalidArgumentError as exc:
                raise exc.within(".clusterName") from None
        path = _format_path(query, multiCluster and self._multiCluster, clusterName)
        try:
            body = None if json is None else body_of(json)
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidArgumentError(f"cannot be sent as JSON: {exc}", path=".json") from None
        if method == "GET" and body is not None:
            path, body = f"{path}?json={quote(body)}", None
        return self._retried(method, path, body, read)

    def _retried(self, method: str, path: str, body: Optional[str], read: Callable[[Any, Any], T]) -> T:
        attempt = 0
        while True:
            started = time.monotonic()
            status: Any = "no answer"
            try:
                # A dict of its own each time: who stands in for the connection may keep or change it.
                status, payload = self._transport.send(method, path, body, dict(self._headers))
                return read(status, payload)
            except ApiError as exc:
                if not exc.transient or attempt >= self._transientRetries:
                    raise
                error: Exception = exc
            except (ConnectionRefusedError, ConnectionResetError, HTTPException) as exc:
                if attempt >= self._transientRetries:
                    raise
                error = exc
            finally:
                if self._log.isEnabledFor(_DEBUG):
                    spent = (time.monotonic() - started) * 1000
                    self._log.debug("%s %s: %s in %.1f ms, attempt %d", method, path, status, spent, attempt + 1)
            pause = self._transientSleep(attempt)
            self._log.warning("%s %s: %s; trying again in %s s", method, path, shown_error(error), pause)
            time.sleep(pause)
            attempt += 1


def shown_error(error: Exception) -> str:
    """Name an error in a line."""
    return f"{type(error).__name__}: {error}"[:500]


def read_data(status: Any, payload: Any) -> Any:
    """Return the data of a reply, or raise ApiError."""
    try:
        reply = parse(payload)
    except (ValueError, RecursionError) as exc:
        raise ApiError.unusable(status, payload, f"not JSON ({type(exc).__name__})") from None
    if isinstance(reply, dict):
        if "error" in reply:
            raise ApiError(status, reply)
        if status == 200 and "data" in reply:
            return reply["data"]
    raise ApiError.unusable(status, payload, "neither data nor an error", reply)
