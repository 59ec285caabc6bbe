"""From declarations to nodes: annotations and the old functional notation alike."""

from __future__ import annotations

import re
import sys
import types
import typing
from typing import (
    Annotated,
    Any,
    Dict,
    List,
    Literal,
    Mapping,
    Optional,
    Sequence,
    Union,
    get_args,
    get_origin,
)

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

__all__ = ["MISSING", "Field", "annotation_of", "annotations_of", "field_names", "field_of", "spType"]

MISSING: Any = object()
"""Stands for a default that is not declared."""

Names = Optional[Dict[str, Any]]
"""The names of a module; None where there is none to ask."""

_NoneType = type(None)
_CLASS_VARIABLE = re.compile(r"['\"]?(\w+\.)*ClassVar\b")
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


def field_names(namespace: Mapping[str, Any]) -> List[str]:
    """Return the names of the fields that the body of a class declares; no annotation is evaluated.

    :param namespace: the names that the body has bound.
    """
    return [
        name
        for name, note in _unevaluated(namespace).items()
        if not name.startswith("_") and not _CLASS_VARIABLE.match(str(note))
    ]


def _unevaluated(namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the annotations in a class's namespace, as strings where they were not evaluated yet."""
    if sys.version_info >= (3, 14) and "__annotations__" not in namespace:
        # The body has left a function that evaluates them. They may name what the module defines later.
        import annotationlib  # it takes long, and our own declarations do not come here

        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        if annotate is None:
            return {}
        try:
            return annotationlib.call_annotate_function(annotate, annotationlib.Format.STRING)
        except Exception:
            # Some expressions have no form as a string, as f"{x}".
            return annotationlib.call_annotate_function(annotate, annotationlib.Format.VALUE)
    annotations: Mapping[str, Any] = namespace.get("__annotations__", {})
    return annotations


def annotations_of(declared: Any) -> Mapping[str, Any]:
    """Return the annotations of a function, or a class's own; they may be evaluated by that.

    :raises TypeError: they cannot be evaluated.
    """
    annotations: Mapping[str, Any]
    try:
        if sys.version_info < (3, 14) and isinstance(declared, type):
            # As an attribute, a class without any would have those of its base on Python 3.9.
            annotations = vars(declared).get("__annotations__", {})
        else:
            annotations = declared.__annotations__
    except Exception as exc:
        raise TypeError(f"the annotations of {declared.__qualname__} cannot be evaluated: {exc}") from exc
    return annotations


def annotation_of(owner: type, name: str) -> Any:
    """Return what declares a field: its annotation, evaluated, or the node that the functional notation gives.

    :param owner: the class that declares the field.
    :raises TypeError: the annotation cannot be evaluated.
    """
    node = vars(owner).get("__spnodes__", {}).get(name)
    return _evaluated(annotations_of(owner)[name], vars(owner)["__spnames__"]) if node is None else node


def _evaluated(annotation: Any, names: Dict[str, Any]) -> Any:
    """Return what an annotation says that is a string or a reference to a class defined later.

    :param names: the names of the module that declares it. They are those of the time when it was imported: whatever
        test suites put in the place of modules later, declarations keep their meaning.
    :raises TypeError: it cannot be evaluated, or is a string again.
    """
    value = annotation
    # An annotation in quotes is a string in a string where the module postpones the evaluation.
    for _ in range(2):
        value = getattr(value, "__forward_arg__", value)
        if not isinstance(value, str):
            return value
        try:
            value = eval(value, names)  # noqa: S307 - source code of the module, not data
        except Exception as exc:
            raise TypeError(f"the annotation {value!r} cannot be evaluated: {exc}") from exc
    if isinstance(value, str):
        raise TypeError(f"the annotation {annotation!r} is a string, {value!r}, and no type")
    return value


def field_of(owner: type, name: str, default: Any, since: str) -> Field:
    """Make the field that a class declares under this name.

    :param default: the declared default, or :data:`MISSING`.
    :param since: the version that brought the class; a marker of the field's own takes precedence.
    :raises TypeError: the declaration says no type.
    """
    try:
        annotation = annotation_of(owner, name)
        if get_origin(annotation) is Annotated:
            since = next((mark.version for mark in reversed(annotation.__metadata__) if isinstance(mark, Since)), since)
        node = spType(annotation, vars(owner)["__spnames__"])
    except TypeError as exc:
        raise TypeError(f"{owner.__qualname__}.{name}: {exc}") from exc
    if default is None and isinstance(node, NullOr):
        node = Maybe(node.wrapped)
    return Field(name, node, default, since, owner)


def spType(declared: Any, names: Names = None) -> Node:
    """Turn a declaration into a node.

    Taken are: a node; a class or a function that converts (``int``, a JsonObject class); ``[X]``, ``{X}`` and
    ``{K: V}`` for a list, a set and a mapping; a plain value, meaning its type with that value as default; and
    annotations.

    :param names: of an annotation, the names of the module that has it. Strings and forward references in it are
        evaluated with them.
    :raises TypeError: it is none of these.
    """
    if isinstance(declared, Node):
        return declared
    if isinstance(declared, type) and isinstance(getattr(declared, "__spnode__", None), Node):
        return declared.__spnode__  # type: ignore[attr-defined, no-any-return]
    # Not by ForwardRef itself: to have it from typing imports more than all of this, on Python 3.14 and newer.
    if hasattr(declared, "__forward_arg__") or (isinstance(declared, str) and names is not None):
        return spType(_evaluated(declared, names or {}), names)
    origin = get_origin(declared)
    if origin is not None:
        return _of_annotation(origin, declared, names)
    if declared is Any:
        return Builtin(_anything)
    if isinstance(declared, (list, set)) and len(declared) == 1:
        item = spType(next(iter(declared)), names)
        return ListNode(item) if isinstance(declared, list) else SetNode(item)
    if isinstance(declared, dict) and len(declared) == 1:
        key, value = next(iter(declared.items()))
        if isinstance(key, str):
            return MapNode(Builtin(str), spType(value, names), key)
        return MapNode(spType(key, names), spType(value, names))
    if isinstance(declared, (str, int, float, bool)):
        return WithDefault(Builtin(type(declared)), declared)
    if _ALIAS is not None and isinstance(declared, _ALIAS):
        return spType(declared.__value__, names)  # type: ignore[attr-defined]
    if callable(declared):
        return Builtin(declared)
    raise TypeError(f"{declared!r} declares no type")


def _anything(value: Any) -> Any:
    return value


def _of_annotation(origin: Any, declared: Any, names: Names) -> Node:
    args = get_args(declared)
    if origin is Annotated:
        return _of_marks(args[0], args[1:], names)
    if origin is Literal:
        return Const(args[0]) if len(args) == 1 else Scalar(OneOf("OneOf", *args))
    if origin in _UNIONS:
        return _union(args, names)
    if origin in (list, Sequence, _Sequence):
        return ListNode(spType(args[0], names))
    if origin is set:
        return SetNode(spType(args[0], names))
    if origin in (dict, _Mapping):
        return MapNode(spType(args[0], names), spType(args[1], names))
    raise TypeError(f"{declared!r} declares no type")


_Sequence = get_origin(Sequence[int])
_Mapping = get_origin(Mapping[int, int])
# `X | Y`, from Python 3.10 on, and `type X = ...`, from 3.12 on.
_UNIONS = (Union, getattr(types, "UnionType", Union))
_ALIAS: Optional[type] = getattr(typing, "TypeAliasType", None)


def _union(args: Sequence[Any], names: Names, discriminator: Any = None) -> Node:
    others = [spType(arg, names) for arg in args if arg is not _NoneType]
    node = others[0] if len(others) == 1 else UnionNode(others, discriminator)
    return node if len(others) == len(args) else NullOr(node)


def _of_marks(bare: Any, marks: Sequence[Any], names: Names) -> Node:
    """The node of ``Annotated[bare, *marks]``."""
    for mark in marks:
        if isinstance(mark, Constraint):
            if mark not in _scalars:
                if not getattr(mark, "values", True):
                    mark.values = get_args(bare)  # type: ignore[attr-defined]
                _scalars[mark] = Scalar(mark)
            return _scalars[mark]
        if isinstance(mark, InternalOf):
            return InternalNode(spType(mark.annotation, names))
        if isinstance(mark, BodyOf):
            return spType(mark.annotation, names)
        if isinstance(mark, Discriminator):
            return _union(get_args(bare), names, mark)
        if isinstance(mark, Key):
            key, value = get_args(bare)
            return MapNode(spType(key, names), spType(value, names), mark.name)
    return spType(bare, names)
