"""What can go wrong in a call.

::

    Exception
    ├── StorPoolError                 the base of all errors of the bindings' own
    │   ├── InvalidArgumentError      a bad argument or option; nothing was sent
    │   ├── ApiError                  the cluster refused, or its reply cannot be used
    │   │   └── UnusableReplyError    the reply has data of which nothing can be made; an InvalidArgumentError too
    │   ├── SPConfigException         a configuration file cannot be used; of storpool.spconfig
    │   └── ReplyTooLargeError        the reply is larger than the caller allows; an HTTPException too
    ├── http.client.HTTPException     the reply is not HTTP, or is cut short
    └── OSError                       no connection, or it broke; time-outs
"""

from __future__ import annotations

from http.client import HTTPException
from typing import Any, Optional, Type

from ..spcatch import InvalidArgumentError, StorPoolError

__all__ = ["ApiError", "InvalidArgumentError", "ReplyTooLargeError", "StorPoolError", "UnusableReplyError"]

_EXCERPT_CHARS = 300
# What a proxy or a restarting management service answers for a while.
_TRANSIENT_STATUSES = (502, 503, 504)


class ApiError(StorPoolError):
    """The cluster answered with an error, or with something that cannot be used.

    :ivar status: the HTTP status; errors come with 200 too.
    :ivar json: the reply, parsed; None where it is not JSON.
    :ivar name: the kind of error: ``objectDoesNotExist``, ``busy``, ``invalidParam``, ...
    :ivar desc: the cluster's description of what is wrong.
    :ivar transient: whether trying again may help; the client does so by itself.
    """

    # Test suites make errors by __new__ and set what they need.
    status: Any = None
    json: Any = None
    name: str = "<Missing error name>"
    desc: str = "<Missing error description>"
    transient: bool = False

    def __init__(self, status: Any, json: Any) -> None:
        super().__init__()
        self.status = status
        self.json = json
        error = json.get("error") if isinstance(json, dict) else None
        if isinstance(error, dict):
            self.name = str(error.get("name", self.name))
            self.desc = str(error.get("descr", self.desc))
            self.transient = bool(error.get("transient", self.transient))
        elif error is not None:
            self.desc = str(error)

    @classmethod
    def unusable(cls, status: Any, payload: Any, why: str, reply: Any = None) -> ApiError:
        """Make the error for a reply that is not one of the API: ``why`` not, followed by an excerpt of it."""
        text = payload[: _EXCERPT_CHARS * 4].decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)
        made = cls(status, reply)
        made.name = "unusableReply"
        made.desc = f"HTTP status {status}: {why}: {text[:_EXCERPT_CHARS]!r}"
        made.transient = status in _TRANSIENT_STATUSES
        return made

    def __str__(self) -> str:
        return f"{self.name}: {self.desc}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status!r}, name={self.name!r}, desc={self.desc!r})"

    def __reduce__(self) -> Any:
        return _remake, (type(self), self.__dict__.copy())


class UnusableReplyError(ApiError, InvalidArgumentError):
    """The reply's data does not fit what the call returns: the declared type could not be made even in part."""

    def __init__(self, data: Any, call: str, cause: Optional[InvalidArgumentError] = None) -> None:
        ApiError.__init__(self, 200, {"data": data})
        self.text = str(cause)
        self.partial = None
        self.path = ""
        self.root = call
        self.name = "unusableReply"
        self.desc = f"what {call} got does not fit: {cause}"

    def __str__(self) -> str:
        return ApiError.__str__(self)


class ReplyTooLargeError(StorPoolError, HTTPException):
    """The body of a reply is larger than ``replyLimit``. It is not read further, and the request is not sent again.

    :ivar limit: how many bytes were allowed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"the reply is larger than {self.limit} bytes"


def _remake(cls: Type[ApiError], attributes: Any) -> ApiError:
    made = cls.__new__(cls)
    made.__dict__.update(attributes)
    return made
