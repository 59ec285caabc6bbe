"""The tasks that recover and relocate data."""

from __future__ import annotations

from typing import Annotated

from ..sptype import Example, Internal, JsonObjectImpl
from .scalars import DiskId

__all__ = ["Task"]


class Task(JsonObjectImpl):
    """Recovery or relocation of data on a disk."""

    diskId: DiskId
    """The disk that the task runs on."""

    transactionId: Annotated[int, Example(2147)]
    """The same for all tasks, on any disk, that stem from one action, such as the reallocation of a volume. It is 0 for
    the recovery of a disk and 1 for transfers by a bridge; other numbers are of the relocator or the balancer.
    """

    allObjects: Annotated[int, Example(320)]
    """How many objects the task covers in total."""

    completedObjects: Annotated[int, Example(214)]
    """How many objects are finished."""

    dispatchedObjects: Annotated[int, Example(216)]
    """How many objects are begun."""

    unresolvedObjects: Internal[int] = None
    """How many objects are not resolved yet; internal."""
