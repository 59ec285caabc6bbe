"""The client: path, header, body, and retries of transient errors around a transport."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Optional, Tuple, TypeVar, Union
from urllib.parse import quote

from ..spcatch import InvalidArgumentError
from ..spjson import body_of, check_surrogates, clear_none, parse, use_msgspec
from ..sptype import Regex
from . import options
from .errors import ApiError
from .retry import RetryPolicy, spread_pause
from .transport import REPLY_LIMIT, HTTPTransport, Transport, peer_name

__all__ = ["SP_API_PREFIX", "Client", "clear_none", "read_data"]

SP_API_PREFIX = "/ctrl/1.0"

_C = TypeVar("_C", bound="Client")
_T = TypeVar("_T")

_CLUSTER = Regex("ClusterName or ~ClusterId", r"^[~#]?[A-Za-z0-9_\-.:]+$")
# For `using`, where None says something.
_AS_BEFORE: Any = object()


def _format_path(query: str, multiCluster: bool, clusterName: Optional[str] = None) -> str:
    """Return the path of a query, relayed to another cluster where one is named."""
    remote = "" if clusterName is None else f"/RemoteCommand/{clusterName}"
    return f"{SP_API_PREFIX}{remote}{'/MultiCluster' if multiCluster else ''}/{query}"


class Client:
    """Sends requests to the management service of a cluster.

    Retried, ``transientRetries`` times with ``transientSleep(n)`` seconds between: errors that the cluster marks as
    transient, refused and reset connections, and replies that are not HTTP or are cut short. Not retried: time-outs
    and other socket errors. A change may so be asked for twice when its reply is lost. The last error is raised.
    Connections are kept where the server keeps them; one that it gave up meanwhile is made anew, which is no retry.
    With ``transientRetries=0`` no change is sent twice.

    An object may be shared by threads, and used on both sides of a fork. It is a context manager, which closes the
    connections that are kept.

    :param host: the address of the management service.
    :param port: its port; a string of digits will do.
    :param auth: the token. It shows in no repr, log or exception.
    :param timeout: seconds for connecting, and again for an exchange; None waits for ever.
    :param transientRetries: how many times a request is sent again; infinity for no limit.
    :param transientSleep: gives the pause before a retry, in seconds, by its number, from 0. The default doubles each,
        from 1 on, and spreads them at random by half.
    :param source: the local address to connect from.
    :param multiCluster: send calls that can span clusters to all connected ones.
    :param transport: what to send by, in place of HTTP.
    :param connectTimeout: seconds for connecting to an address, where they are not those of ``timeout``.
    :param retryTimeout: seconds for all tries and pauses of a call together; None for no limit.
    :param replyLimit: how many bytes the body of a reply has at most.
    :raises InvalidArgumentError: an option could never work.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: Any = 80,
        auth: str = "",
        timeout: Optional[float] = 300,
        transientRetries: Union[int, float] = 5,
        transientSleep: Callable[[int], float] = spread_pause,
        source: Optional[str] = None,
        multiCluster: bool = False,
        transport: Optional[Transport] = None,
        *,
        connectTimeout: Optional[float] = None,
        retryTimeout: Optional[float] = None,
        replyLimit: int = REPLY_LIMIT,
    ) -> None:
        use_msgspec()
        self._log = logging.getLogger("storpool.spapi")
        self._host = options.host("host", host)
        self._port = options.port(port)
        self._headers = {"Authorization": f"Storpool v1:{options.token(auth)}"}
        self._clusterName: Optional[str] = None
        self._set_options(timeout, transientRetries, transientSleep, multiCluster, connectTimeout, retryTimeout)
        source, reply_limit = options.source(source), options.byte_count("replyLimit", replyLimit)
        self._transport: Transport = transport or HTTPTransport(
            self._host,
            self._port,
            self._timeout,
            source,
            twice=self._retry.retries > 0,
            connect_timeout=self._connectTimeout,
            reply_limit=reply_limit,
        )

    def _set_options(
        self,
        timeout: Optional[float],
        transientRetries: Union[int, float],
        transientSleep: Callable[[int], float],
        multiCluster: bool,
        connectTimeout: Optional[float],
        retryTimeout: Optional[float],
    ) -> None:
        self._timeout = options.seconds("timeout", timeout)
        self._connectTimeout = options.seconds("connectTimeout", connectTimeout)
        self._retry = RetryPolicy(
            options.retries(transientRetries),
            options.function("transientSleep", transientSleep),
            options.seconds("retryTimeout", retryTimeout),
        )
        self._multiCluster = options.flag("multiCluster", multiCluster)

    def using(
        self: _C,
        *,
        timeout: Optional[float] = _AS_BEFORE,
        transientRetries: Union[int, float] = _AS_BEFORE,
        transientSleep: Callable[[int], float] = _AS_BEFORE,
        multiCluster: bool = _AS_BEFORE,
        clusterName: Optional[str] = _AS_BEFORE,
        connectTimeout: Optional[float] = _AS_BEFORE,
        retryTimeout: Optional[float] = _AS_BEFORE,
    ) -> _C:
        """Return a view of this object with other options, for one call or for many; it shares the connections.

        ::

            api.using(timeout=5, transientRetries=0).volumesList()

        :param clusterName: the cluster that calls go to which name none themselves; None for the one that is asked.
        :raises InvalidArgumentError: an option could never work.
        """

        def chosen(value: Any, before: Any) -> Any:
            return before if value is _AS_BEFORE else value

        view = type(self).__new__(type(self))
        vars(view).update(vars(self))
        view._set_options(
            chosen(timeout, self._timeout),
            chosen(transientRetries, self._retry.retries),
            chosen(transientSleep, self._retry.pause),
            chosen(multiCluster, self._multiCluster),
            chosen(connectTimeout, self._connectTimeout),
            chosen(retryTimeout, self._retry.timeout),
        )
        if clusterName is not _AS_BEFORE:
            view._clusterName = _checked_cluster(clusterName)
        if isinstance(self._transport, HTTPTransport):
            view._transport = self._transport.using(view._timeout, view._connectTimeout, view._retry.retries > 0)
        return view

    def close(self) -> None:
        """Close the connections that are kept. The next call opens one anew."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()

    def __enter__(self: _C) -> _C:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(host={self._host!r}, port={self._port}, multiCluster={self._multiCluster})"

    def __call__(
        self, method: str, multiCluster: bool, query: str, json: Any = None, clusterName: Optional[str] = None
    ) -> Any:
        """Make a request and return the ``data`` of the reply.

        :raises ApiError: the cluster answered with an error, or with something that cannot be used.
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
        read: Callable[[Any, Any], _T],
    ) -> _T:
        """Make a request, again while its errors are transient, and return what ``read`` makes of the reply.

        :param read: takes the status and the body of one reply; returns the result, or raises ApiError.
        """
        clusterName = self._clusterName if clusterName is None else _checked_cluster(clusterName)
        path = _format_path(query, multiCluster and self._multiCluster, clusterName)
        try:
            body = None if json is None else body_of(json)
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidArgumentError(f"cannot be sent as JSON: {exc}", path=".json") from exc
        if body is not None:
            check_surrogates(body, ".json")
        if method == "GET" and body is not None:
            path, body = f"{path}?json={quote(body)}", None
        return self._send(method, path, body, read)

    def _send(self, method: str, path: str, body: Optional[str], read: Callable[[Any, Any], _T]) -> _T:
        attempt, begun = 0, time.monotonic()
        while True:
            started = time.monotonic()
            status: Any = "no answer"
            try:
                # A dict of its own each time: a stand-in for the connection may keep or change it.
                if self._retry.timeout is None:
                    status, payload = self._transport.send(method, path, body, dict(self._headers))
                else:
                    status, payload = self._send_within(self._retry.timeout - (started - begun), method, path, body)
                return read(status, payload)
            except Exception as exc:
                pause = self._retry.pause_after(exc, attempt, time.monotonic() - begun)
                if pause is None:
                    raise
                where = f"{peer_name(self._host, self._port)}: {method} {path}"
                self._log.warning("%s: %s; trying again in %.3g s", where, shown_error(exc), pause)
            finally:
                if self._log.isEnabledFor(logging.DEBUG):
                    spent = (time.monotonic() - started) * 1000
                    self._log.debug("%s %s: %s in %.1f ms, attempt %d", method, path, status, spent, attempt + 1)
            self._sleep(pause)
            attempt += 1

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def _send_within(self, seconds: float, method: str, path: str, body: Optional[str]) -> Tuple[Any, Any]:
        """Send a request that has so many seconds; a transport of others knows nothing of them."""
        if isinstance(self._transport, HTTPTransport):
            return self._transport.send(method, path, body, dict(self._headers), within=seconds)
        return self._transport.send(method, path, body, dict(self._headers))


def _checked_cluster(clusterName: Optional[str]) -> Optional[str]:
    """Return the name of a cluster if it can be one."""
    try:
        return None if clusterName is None else _CLUSTER.validate(clusterName)
    except InvalidArgumentError as exc:
        raise exc.within(".clusterName") from None


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
