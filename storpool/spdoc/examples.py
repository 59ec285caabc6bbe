"""Plausible values, made from the types: what a call's request and reply look like.

A value is looked for by the field, then by the type, then by the unit; the first that the type accepts is taken, so an
example cannot go against the declaration that it is made from.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Set

from ..sptype import nodes
from ..sptype.constraints import NamedEnum, OneOf
from ..sptype.objects import Field
from .samples import BY_FIELD, BY_TYPE, BY_UNIT, LEFT_OUT, LIKELY, SHOWN

__all__ = ["of_body", "of_class", "of_node"]

_MISSING: Any = object()


def of_node(node: nodes.Node, name: str = "", unit: str = "") -> Any:
    """Give an example of a type, as JSON has it in a reply."""
    return _Maker(request=False).value(node, "", name, unit)


def of_body(node: nodes.Node) -> Any:
    """Give an example of a body of a request, as JSON has it."""
    return _Maker(request=True).value(node, "", "", "")


def of_class(cls: type) -> Any:
    """Give an example of an object; one of a request has not all that may be left out."""
    node = cls.__spnode__  # type: ignore[attr-defined]
    return of_body(node) if cls in _classes_of_requests() else of_node(node)


@functools.cache
def _classes_of_requests() -> FrozenSet[type]:
    from ..spapi.call import CALLS

    found: Set[type] = set()
    pending: List[nodes.Node] = [call.json for call in CALLS.values() if call.json is not None]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.ObjectNode):
            if node.cls in found:
                continue
            found.add(node.cls)
            pending.extend(field.node for field in node.cls.__spfields__.values())
        pending.extend(node.inner())
    return frozenset(found)


def _accepted(node: nodes.Node, value: Any) -> bool:
    try:
        taken = node.handleVal(value)
    except Exception:
        return False
    if isinstance(node, (nodes.Builtin, nodes.Scalar)) and not isinstance(_constraint(node), NamedEnum):
        # Types convert what they can; an example is what they would make of it.
        return type(taken) is type(value) and bool(taken == value)
    return True


def _constraint(node: nodes.Node) -> Any:
    return node.constraint if isinstance(node, nodes.Scalar) else None


class _Maker:
    def __init__(self, request: bool) -> None:
        self.request = request

    def value(self, node: nodes.Node, owner: str, name: str, unit: str) -> Any:
        """Give a value for a field of the class ``owner``, or for what is in one."""
        if isinstance(node, nodes.Const):
            return node.value
        if isinstance(node, nodes.Wrapper):
            return self.value(node.wrapped, owner, name, unit)
        of_field = (BY_FIELD.get(f"{owner}.{name}", _MISSING), BY_FIELD.get(name, _MISSING))
        for sample in (*of_field, *self._of_type(node), BY_UNIT.get(unit, _MISSING)):
            if sample is not _MISSING and _accepted(node, sample):
                return sample
        if isinstance(node, nodes.ObjectNode):
            return self._object(node)
        if isinstance(node, nodes.MapNode):
            values = self._each(node.value) or [self.value(node.value, owner, name, unit)]
            return {str(node.known or self._key(node.key, value)): value for value in values}
        if isinstance(node, nodes.ListNode):
            return self._items(node, owner, name, unit)
        if isinstance(node, nodes.UnionNode):
            # The one that is not a mere marker, such as "" or "-".
            usual = [each for each in node.alternatives if not isinstance(each, nodes.Const)]
            return self.value((usual or node.alternatives)[0], owner, name, unit)
        return _fallback(node)

    def _of_type(self, node: nodes.Node) -> Iterator[Any]:
        if isinstance(node, nodes.Scalar):
            yield BY_TYPE.get(node.name, _MISSING)
            if isinstance(node.constraint, OneOf):
                yield next((each for each in node.constraint.values if each in LIKELY), _MISSING)

    def _key(self, node: nodes.Node, value: Any) -> Any:
        """The key of a value in a mapping: its own name or number, where it has one that can be a key."""
        own = [value.get(each) for each in ("name", "id")] if isinstance(value, dict) else []
        return next(
            (each for each in own if each is not None and _accepted(node, each)), self.value(node, "", "key", "")
        )

    def _each(self, node: nodes.Node) -> List[Any]:
        """One of each, for a union of objects."""
        if isinstance(node, nodes.UnionNode) and all(isinstance(each, nodes.ObjectNode) for each in node.alternatives):
            return [self.value(each, "", "", "") for each in node.alternatives]
        return []

    def _items(self, node: nodes.ListNode, owner: str, name: str, unit: str) -> List[Any]:
        item = node.item
        if isinstance(item, nodes.ObjectNode) and self.request:
            return [self._object(item, shown) for shown in SHOWN.get(item.name, ("",))]
        return self._each(item) or [self.value(item, owner, name, unit)]

    def _object(self, node: nodes.ObjectNode, shown: str = "") -> Dict[str, Any]:
        fields = node.cls.__spfields__
        if self.request:
            more = (shown or SHOWN.get(node.name, ("",))[0]).split()
            names = [name for name, field in fields.items() if field.required and name not in more] + more
        else:
            # What it is called comes first.
            names = [name for name, field in fields.items() if _is_usual(field, node.name)]
            names.sort(key=lambda name: ("name", "id").index(name) if name in ("name", "id") else 2)
        return {name: self.value(fields[name].node, node.name, name, _unit(fields[name])) for name in names}


def _is_usual(field: Field, owner: str) -> bool:
    """Whether replies mostly have the field."""
    if any(isinstance(each, nodes.InternalNode) for each in wrapped(field.node)):
        return False
    return field.required or not {field.name, f"{owner}.{field.name}"} & LEFT_OUT


def wrapped(node: nodes.Node) -> Iterator[nodes.Node]:
    """The wrappers around a node, the outermost first, and the node."""
    while isinstance(node, nodes.Wrapper):
        yield node
        node = node.wrapped
    yield node


def _unit(field: Field) -> str:
    from . import docstrings, prose

    return prose.unit_of(docstrings.of_class(field.owner).get(field.name, ""))


def _fallback(node: nodes.Node) -> Any:
    """A value of a type of which nothing more is known."""
    constraint = _constraint(node)
    if isinstance(constraint, OneOf):
        return constraint.values[0]
    if isinstance(constraint, NamedEnum):
        return constraint.first + 1
    plain: Mapping[Any, Any] = {int: 4, str: "text", bool: False, float: 1.5}
    candidates = [plain.get(getattr(node, "type", None)), 1, 0, 512, "a", "0", ""]
    return next((each for each in candidates if each is not None and _accepted(node, each)), None)
