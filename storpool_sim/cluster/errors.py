"""What a cluster answers when it refuses a request.

    SimError
    ├── ObjectDoesNotExist       no such volume, snapshot, template, group, disk...
    ├── ObjectExists             the name is taken
    ├── Busy                     in use: attached, open, followed by others
    ├── InvalidParam             a value that cannot be taken
    │   └── UnknownClient        whose text clients compare to the letter
    ├── InsufficientResources    cannot fit, or too few servers for the copies
    ├── RunIfVersionIsMismatch   a conditional write that lost
    ├── ClusterDown              too few nodes or servers are up to ask
    ├── Unauthorized             no token, or another one
    ├── UnknownQuery             no such call
    ├── NotSimulated             a call of the API that is not simulated yet
    ├── InvalidJSON              the body is not JSON
    └── BodyTooLarge             the body is over 16 MiB

The names are those of real clusters, and so are the situations of the first six. The statuses, and the names from
ClusterDown on, are the simulator's own policy: nothing is on record about them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Dict


class SimError(Exception):
    """A refusal; `name` is what the client sees, `status` the HTTP status that goes with it."""

    name: ClassVar[str] = "internalError"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False

    def __init__(self, descr: str) -> None:
        super().__init__(descr)
        self.descr = descr

    def reply(self) -> Dict[str, Any]:
        """Return the body of the answer."""
        return {"error": {"name": self.name, "descr": self.descr, "transient": self.transient}}


class ObjectDoesNotExist(SimError):
    """What the request names does not exist."""

    name = "objectDoesNotExist"
    status = 404


class ObjectExists(SimError):
    """The name is taken."""

    name = "objectExists"
    status = 409


class Busy(SimError):
    """The object is in use."""

    name = "busy"
    status = 409


class InvalidParam(SimError):
    """A value is wrong, by itself or for this object."""

    name = "invalidParam"
    status = 400


class UnknownClient(InvalidParam):
    """A client that the cluster does not have."""

    def __init__(self) -> None:
        # The Kubernetes driver compares this text as a whole.
        super().__init__("No such client registered")


class InsufficientResources(SimError):
    """There is no room, or there are too few servers."""

    name = "insufficientResources"
    status = 507


class RunIfVersionIsMismatch(SimError):
    """The condition of a conditional write did not hold."""

    name = "runIfVersionIsMismatch"
    status = 409


class ClusterDown(SimError):
    """The cluster as a whole is down."""

    name = "clusterDown"
    status = 503


class Unauthorized(SimError):
    """The request did not carry the cluster's token."""

    name = "unauthorized"
    status = 401


class UnknownQuery(SimError):
    """The path is not that of a call."""

    name = "unknownQuery"
    status = 404


class NotSimulated(SimError):
    """The call exists, but not here."""

    name = "notSimulated"
    status = 501


class InvalidJSON(SimError):
    """The body, or the `json` argument, could not be parsed."""

    name = "invalidJSON"
    status = 400


class BodyTooLarge(SimError):
    """The body is longer than the cluster reads."""

    name = "bodyTooLarge"
    status = 413
