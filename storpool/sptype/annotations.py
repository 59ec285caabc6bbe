"""From declarations to nodes: annotations and the old functional notation alike."""

from __future__ import annotations

from typing import Annotated, Any, Dict, Literal, Mapping, Sequence, Union, get_args, get_origin

from ..spcatch import InvalidArgumentError
from .constraints import Constraint, OneOf
from .markers import BodyOf, Discriminator, InternalOf, Key, Since
from .nodes import (
    Builtin,
    Const,
    InternalNode,
    ListNode,
    MapNode,
    Maybe,
    Node,
    NullOr,
    Scalar,
    SetNode,
    UnionNode,
    WithDefault,
)

__all__ = ["MISSING", "Field", "evaluate", "field_of", "spType"]

MISSING: Any = object()
"""Stands for a default that is not declared."""

_NoneType = type(None)
_scalars: Dict[Constraint, Scalar] = {}


class Field:
    """A field of a class: its node, its default, the version that brought it, the class that declares it."""

    __slots__ = ("default", "name", "node", "owner", "since")

    def __init__(self, name: str, node: Node, default: Any, since: str, owner: type) -> None:
        self.name = name
        self.node = node
        self.default = default
        self.since = since
        self.owner = owner

    def absent(self) -> Any:
        """Return the value where the field is absent, or raise InvalidArgumentError."""
        # `= []` in a declaration means empty; each object gets a list of its own.
        if self.default is MISSING or isinstance(self.default, (list, set, dict)):
            return self.node.defaultVal()
        return self.default

    @property
    def required(self) -> bool:
        """Whether the field must be present."""
        try:
            self.absent()
        except InvalidArgumentError:
            return True
        return False


def evaluate(annotation: Any, names: Dict[str, Any]) -> Any:
    """Return the annotation itself where it is a string.

    :param names: the names of the module that declares it. They are those of the time when it was imported: whatever
        test suites put in the place of modules later, declarations keep their meaning.
    """
    if not isinstance(annotation, str):
        return annotation
    return eval(annotation, names)  # noqa: S307 - source code of the module, not data


def field_of(owner: type, name: str, default: Any, since: str) -> Field:
    """Make the field that a class declares under this name.

    :param default: the declared default, or :data:`MISSING`.
    :param since: the version that brought the class; a marker of the field's own takes precedence.
    """
    annotation = evaluate(vars(owner)["__annotations__"][name], vars(owner)["__spnames__"])
    if get_origin(annotation) is Annotated:
        since = next((mark.version for mark in reversed(annotation.__metadata__) if isinstance(mark, Since)), since)
    node = spType(annotation)
    if default is None and isinstance(node, NullOr):
        node = Maybe(node.wrapped)
    return Field(name, node, default, since, owner)


def spType(declared: Any) -> Node:
    """Turn a declaration into a node.

    Taken are: a node; a class or a function that converts (``int``, a JsonObject class); ``[X]``, ``{X}`` and
    ``{K: V}`` for a list, a set and a mapping; a plain value, meaning its type with that value as default; and
    annotations.

    :raises TypeError: it is none of these.
    """
    if isinstance(declared, Node):
        return declared
    if isinstance(declared, type) and isinstance(getattr(declared, "__spnode__", None), Node):
        return declared.__spnode__  # type: ignore[attr-defined, no-any-return]
    origin = get_origin(declared)
    if origin is not None:
        return _of_annotation(origin, declared)
    if declared is Any:
        return Builtin(_anything)
    if isinstance(declared, (list, set)) and len(declared) == 1:
        item = spType(next(iter(declared)))
        return ListNode(item) if isinstance(declared, list) else SetNode(item)
    if isinstance(declared, dict) and len(declared) == 1:
        key, value = next(iter(declared.items()))
        return (
            MapNode(Builtin(str), spType(value), key) if isinstance(key, str) else MapNode(spType(key), spType(value))
        )
    if isinstance(declared, (str, int, float, bool)):
        return WithDefault(Builtin(type(declared)), declared)
    if callable(declared):
        return Builtin(declared)
    raise TypeError(f"{declared!r} declares no type")


def _anything(value: Any) -> Any:
    return value


def _of_annotation(origin: Any, declared: Any) -> Node:
    args = get_args(declared)
    if origin is Annotated:
        return _of_marks(args[0], args[1:])
    if origin is Literal:
        return Const(args[0]) if len(args) == 1 else Scalar(OneOf("OneOf", *args))
    if origin is Union:
        return _union(args)
    if origin in (list, Sequence, _Sequence):
        return ListNode(spType(args[0]))
    if origin is set:
        return SetNode(spType(args[0]))
    if origin in (dict, _Mapping):
        return MapNode(spType(args[0]), spType(args[1]))
    raise TypeError(f"{declared!r} declares no type")


_Sequence = get_origin(Sequence[int])
_Mapping = get_origin(Mapping[int, int])


def _union(args: Sequence[Any], discriminator: Any = None) -> Node:
    others = [spType(arg) for arg in args if arg is not _NoneType]
    node = others[0] if len(others) == 1 else UnionNode(others, discriminator)
    return node if len(others) == len(args) else NullOr(node)


def _of_marks(bare: Any, marks: Sequence[Any]) -> Node:
    """The node of ``Annotated[bare, *marks]``."""
    for mark in marks:
        if isinstance(mark, Constraint):
            if mark not in _scalars:
                if not getattr(mark, "values", True):
                    mark.values = get_args(bare)  # type: ignore[attr-defined]
                _scalars[mark] = Scalar(mark)
            return _scalars[mark]
        if isinstance(mark, InternalOf):
            return InternalNode(spType(mark.annotation))
        if isinstance(mark, BodyOf):
            return spType(mark.annotation)
        if isinstance(mark, Discriminator):
            return _union(get_args(bare), mark)
        if isinstance(mark, Key):
            key, value = get_args(bare)
            return MapNode(spType(key), spType(value), mark.name)
    return spType(bare)
