"""Shows the request that a command line would make, without making it."""

from __future__ import annotations

import argparse
import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .. import spapi
from ..spapi.call import Call

__all__ = ["Request", "recorded"]


class Request(NamedTuple):
    """A request as it would be sent."""

    method: str
    path: str
    json: Any

    def text(self) -> str:
        """Lay the request out for people."""
        line = f"{self.method} {self.path}"
        return line if self.json is None else f"{line}\n{json.dumps(self.json, indent=2)}"


class _Recorded(Exception):
    """Carries a request out of the transport; it is no error that the client retries."""


class _Recorder:
    """A transport that sends nothing."""

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        """Raise the request."""
        raise _Recorded(Request(method, path, None if body is None else json.loads(body)))


def recorded(
    args: argparse.Namespace, call: Call, invoke: Callable[[Callable[..., Any], List[Any]], Any], parameters: List[Any]
) -> Request:
    """Return the request that a call would make.

    :param invoke: makes the call, given a method and its parameters.
    :raises InvalidArgumentError: an argument or the body is bad.
    """
    api = spapi.Api(transport=_Recorder(), multiCluster=bool(args.multicluster))
    try:
        invoke(getattr(api, call.name), parameters)
    except _Recorded as exc:
        request: Request = exc.args[0]
        return request
    raise AssertionError(f"{call.name} made no request")
