"""The seam to the reference: what ``spDoc`` gives, wherever it stands."""

from __future__ import annotations

from typing import Any, Callable

__all__ = ["SpDoc"]


class SpDoc:
    """Give an object's entry in the reference.

    :param make: makes the entry, by the module :mod:`storpool.spdoc`, for an object, or for a class that is asked.
    """

    def __init__(self, make: Callable[[Any, Any], Any]) -> None:
        self._make = make

    def __get__(self, instance: Any, owner: type) -> Any:
        # Imported here: the reference is built from the declarations, and only its readers need it.
        from .. import spdoc

        return self._make(spdoc, owner if instance is None else instance)
