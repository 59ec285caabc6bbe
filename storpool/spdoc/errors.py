"""What the names of errors mean, whatever the call. What is known of one call in particular, its docstring says."""

from __future__ import annotations

from typing import Tuple

from .model import ErrorDoc

__all__ = ["ERRORS"]

ERRORS: Tuple[ErrorDoc, ...] = (
    ErrorDoc(
        "objectDoesNotExist",
        "What the request names is not there: a volume, a snapshot, a template, a group; the template that a new "
        "volume is to follow, too.",
        status=404,
    ),
    ErrorDoc(
        "objectExists",
        "The name is taken, or a snapshot that is to be copied from a remote location is here already.",
        status=409,
    ),
    ErrorDoc(
        "busy",
        "Something is in use: a volume that is to be deleted is attached, one that is to be attached `rw` is attached "
        "elsewhere, one that is to be detached is open.",
        status=409,
    ),
    ErrorDoc(
        "invalidParam",
        "The cluster does not take a value; or a client is not registered, or has 1024 attachments already.",
        status=400,
    ),
    ErrorDoc(
        "insufficientResources",
        "What is wanted cannot fit, or there are not enough servers or fault sets for the replication.",
        status=507,
    ),
    ErrorDoc(
        "runIfVersionIsMismatch",
        "The condition of a conditional write to the key-value store did not hold.",
        status=409,
    ),
    ErrorDoc(
        "unusableReply",
        "The reply is not JSON, has no data, or has data that nothing can be made of, as a proxy's. It is transient "
        "with the HTTP statuses 502, 503 and 504.",
        "bindings",
    ),
    ErrorDoc("clusterDown", "The cluster as a whole is down.", "simulator", 503),
    ErrorDoc("unauthorized", "The request does not carry the cluster's token.", "simulator", 401),
    ErrorDoc("unknownQuery", "There is no such call.", "simulator", 404),
    ErrorDoc("jsonError", "The body, or a GET's argument `json`, is not JSON.", "simulator", 400),
    ErrorDoc("bodyTooLarge", "The body is longer than 16 MiB.", "simulator", 413),
    ErrorDoc("notSimulated", "The call exists, and the simulated cluster does not play it.", "simulator", 501),
)
