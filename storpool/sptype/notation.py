"""The functional notation of declarations, as programs written for the original use it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Type, TypeVar, cast

from .annotations import spType
from .nodes import Const, InternalNode, ListNode, Maybe, Node, SetNode, UnionNode
from .objects import JsonObjectImpl, JsonObjectMeta

__all__ = ["JsonObject", "const", "either", "eitherOr", "internal", "longType", "maybe", "spDict", "spList", "spSet"]

T = TypeVar("T")

longType = int
"""An integer of any size; the name is from the time of Python 2."""


def maybe(declared: Any) -> Node:
    """Null when absent or null, else a value of the type."""
    return Maybe(spType(declared))


def internal(declared: Any) -> Node:
    """Null when absent; a present value must be of the type. For debugging only."""
    return InternalNode(spType(declared))


def const(value: Any) -> Node:
    """Exactly this value; it is also what an absent field has."""
    return Const(value)


def either(*declared: Any) -> Node:
    """The first of these types that accepts the value."""
    return UnionNode([spType(alternative) for alternative in declared])


def eitherOr(declared: Any, default: Any) -> Node:
    """This constant, or a value of the type."""
    return UnionNode([Const(default), spType(declared)])


def spList(declared: Any) -> Node:
    """A list of values of the type."""
    return ListNode(spType(declared[0] if isinstance(declared, list) else declared))


def spSet(declared: Any) -> Node:
    """A set of values of the type."""
    return SetNode(spType(next(iter(declared)) if isinstance(declared, set) else declared))


def spDict(declared: Dict[Any, Any]) -> Node:
    """A mapping with keys and values of these types."""
    return spType(declared)


def JsonObject(**fields: Any) -> Callable[[Type[T]], Type[T]]:
    """Decorate a class: make it an object class with these fields, after those that it inherits.

    ::

        @JsonObject(name=str, size=maybe(int))
        class Thing(object): ...
    """

    def decorate(cls: Type[T]) -> Type[T]:
        bases = cls.__bases__ if cls.__bases__ != (object,) else ()
        if not any(isinstance(base, JsonObjectMeta) for base in bases):
            bases = (*bases, JsonObjectImpl)
        # The class is made anew; what making it the first time left in it goes.
        made_up = {
            "__dict__",
            "__weakref__",
            "__slots__",
            "__annotations_cache__",
            "_spfields",
            "_spnode",
            "_spread",
            "_spunchecked",
            *vars(cls).get("__spown__", ()),
        }
        kept = {name: value for name, value in vars(cls).items() if name not in made_up}
        kept.update(kept.get("__spdefaults__", {}))
        nodes = {name: spType(declared) for name, declared in fields.items()}
        kept["__spnodes__"] = {**kept.get("__spnodes__", {}), **nodes}
        made = JsonObjectMeta(cls.__name__, bases, kept)
        return cast("Type[T]", made)

    return decorate
