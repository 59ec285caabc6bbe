"""Attributes that are computed at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, Type, TypeVar, Union, overload

T = TypeVar("T")

__all__ = ["lazy"]


class lazy(Generic[T]):
    """Compute an attribute when it is first read, and keep it.

    This is `functools.cached_property` without its lock: before Python 3.12 that one holds a lock while it computes,
    and a child that is forked meanwhile waits for it for ever. Two threads may both compute the value here, so it must
    not matter whose result is kept.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    if TYPE_CHECKING:

        @overload
        def __get__(self, owner: None, cls: Type[Any]) -> lazy[T]: ...

        @overload
        def __get__(self, owner: object, cls: Optional[Type[Any]] = None) -> T: ...

    def __get__(self, owner: Any, cls: Optional[Type[Any]] = None) -> Union[T, lazy[T]]:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._compute(owner)
        return value
