"""The errors that any call may end with. The errors of one call in particular are in its docstring."""

from __future__ import annotations

from typing import Tuple

from .model import ErrorDoc

__all__ = ["ERRORS"]

ERRORS: Tuple[ErrorDoc, ...] = (
    ErrorDoc(
        "objectDoesNotExist",
        "The request names something that does not exist: a volume, a snapshot, a template or a group; also the "
        "template of a new volume.",
        status=404,
    ),
    ErrorDoc(
        "objectExists",
        "The name is in use, or the snapshot to copy from a remote location has been copied already.",
        status=409,
    ),
    ErrorDoc(
        "busy",
        "Something is in use: the volume to delete is attached, the volume to attach `rw` is attached elsewhere, or "
        "the volume to detach is open.",
        status=409,
    ),
    ErrorDoc(
        "invalidParam",
        "The cluster does not accept a value; or a client is not registered, or has 1024 attachments already.",
        status=400,
    ),
    ErrorDoc(
        "insufficientResources",
        "There is not enough space, or there are not enough servers or fault sets for the replication.",
        status=507,
    ),
    ErrorDoc(
        "runIfVersionIsMismatch",
        "The condition of a conditional write to the key-value store did not hold.",
        status=409,
    ),
    ErrorDoc(
        "unusableReply",
        "The reply is not JSON, as that of a proxy, or has no data, or has data that do not fit the declared type. It "
        "is transient if the HTTP status is 502, 503 or 504.",
        "bindings",
    ),
    ErrorDoc("clusterDown", "The whole cluster is down.", "simulator", 503),
    ErrorDoc("unauthorized", "The request does not have the cluster's token.", "simulator", 401),
    ErrorDoc("unknownQuery", "There is no such call.", "simulator", 404),
    ErrorDoc("jsonError", "The body, or the argument `json` of a GET request, is not JSON.", "simulator", 400),
    ErrorDoc("bodyTooLarge", "The body is longer than 16 MiB.", "simulator", 413),
    ErrorDoc("notSimulated", "The call exists, but the simulated cluster does not support it.", "simulator", 501),
)
