"""Makes plausible values from types: what the request and the reply of a call look like.

A value comes from the field's declaration (`Example`), or else from a table by the type or the unit. The first that the
type accepts is used, so an example never contradicts its declaration.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, Set, Tuple

from ..spapi.call import CALLS
from ..sptype import nodes
from ..sptype.annotations import Field, annotation_of
from ..sptype.constraints import NamedEnum, OneOf
from ..sptype.markers import Example
from . import docstrings, prose
from .samples import BY_INHERITED_FIELD, BY_TYPE, BY_UNIT, KEY, LIKELY, OMITTED_IN_REPLIES, SHOWN_IN_REQUESTS

__all__ = ["of_body", "of_class", "of_node", "with_wrappers"]

Samples = Tuple[Any, ...]


def of_node(node: nodes.Node) -> Any:
    """Return an example of a type, as JSON has it in a reply."""
    return _Maker(request=False).value(node, (), "")


def of_body(node: nodes.Node) -> Any:
    """Return an example of the body of a request, as JSON has it."""
    return _Maker(request=True).value(node, (), "")


def of_class(cls: type) -> Any:
    """Return an example of an object; that of a request omits most of what is optional."""
    node = cls.__spnode__  # type: ignore[attr-defined]
    return of_body(node) if cls in _request_classes() else of_node(node)


@functools.cache
def _request_classes() -> FrozenSet[type]:
    """Return the classes of bodies, and of the objects within them."""
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


def _accepts(node: nodes.Node, value: Any) -> bool:
    try:
        converted = node.handleVal(value)
    except Exception:
        return False
    if isinstance(node, (nodes.Builtin, nodes.Scalar)) and not isinstance(_constraint(node), NamedEnum):
        # Types convert what they can. An example must not need that.
        return type(converted) is type(value) and bool(converted == value)
    return True


def _constraint(node: nodes.Node) -> Any:
    return node.constraint if isinstance(node, nodes.Scalar) else None


class _Maker:
    def __init__(self, request: bool) -> None:
        self.request = request

    def value(self, node: nodes.Node, samples: Samples, unit: str) -> Any:
        """Return a value of a type: the first of the samples that fits, or one by the type or the unit."""
        if isinstance(node, nodes.Const):
            return node.value
        if isinstance(node, nodes.Wrapper):
            return self.value(node.wrapped, samples, unit)
        by_unit = (BY_UNIT[unit],) if unit in BY_UNIT else ()
        for sample in (*samples, *self._of_type(node), *by_unit):
            if _accepts(node, sample):
                return sample
        if isinstance(node, nodes.ObjectNode):
            return self._object(node)
        if isinstance(node, nodes.MapNode):
            values = self._of_alternatives(node.value) or [self.value(node.value, samples, unit)]
            return {str(node.documented_key or self._key(node.key, value)): value for value in values}
        if isinstance(node, nodes.ListNode):
            return self._items(node, samples, unit)
        if isinstance(node, nodes.UnionNode):
            # A marker such as "" or "-" is no good example if there is anything else.
            values = [alternative for alternative in node.alternatives if not isinstance(alternative, nodes.Const)]
            return self.value((values or node.alternatives)[0], samples, unit)
        return _fallback(node)

    def _of_type(self, node: nodes.Node) -> Iterator[Any]:
        if isinstance(node, nodes.Scalar):
            if node.name in BY_TYPE:
                yield BY_TYPE[node.name]
            if isinstance(node.constraint, OneOf):
                yield from [value for value in node.constraint.values if value in LIKELY][:1]

    def _key(self, node: nodes.Node, value: Any) -> Any:
        """Return the key of a value in a mapping: the value's own name or id, where it has one that fits."""
        ids = [value[name] for name in ("name", "id") if name in value] if isinstance(value, dict) else []
        return next((id for id in ids if id is not None and _accepts(node, id)), self.value(node, (KEY,), ""))

    def _of_alternatives(self, node: nodes.Node) -> List[Any]:
        """Return an object of each class of a union of classes."""
        if isinstance(node, nodes.UnionNode) and all(isinstance(item, nodes.ObjectNode) for item in node.alternatives):
            return [self.value(alternative, (), "") for alternative in node.alternatives]
        return []

    def _items(self, node: nodes.ListNode, samples: Samples, unit: str) -> List[Any]:
        item = node.item
        if isinstance(item, nodes.ObjectNode) and self.request:
            return [self._object(item, shown) for shown in SHOWN_IN_REQUESTS.get(item.name, ("",))]
        return self._of_alternatives(item) or [self.value(item, samples, unit)]

    def _object(self, node: nodes.ObjectNode, shown: str = "") -> Dict[str, Any]:
        fields = node.cls.__spfields__
        if self.request:
            optional = (shown or SHOWN_IN_REQUESTS.get(node.name, ("",))[0]).split()
            names = [name for name, field in fields.items() if field.required and name not in optional] + optional
        else:
            # The name or id comes first.
            names = [name for name, field in fields.items() if _is_common(field, node.name)]
            names.sort(key=lambda name: ("name", "id").index(name) if name in ("name", "id") else 2)
        return {
            name: self.value(fields[name].node, _samples(fields[name], node.name), _unit(fields[name]))
            for name in names
        }


def _samples(field: Field, class_name: str) -> Samples:
    """Return the examples of a field of this class: one for the inherited field, and the one in its declaration."""
    annotation = annotation_of(field.owner, field.name)
    declared = [mark.value for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, Example)]
    place = f"{class_name}.{field.name}"
    return (*([BY_INHERITED_FIELD[place]] if place in BY_INHERITED_FIELD else []), *reversed(declared))


def _is_common(field: Field, class_name: str) -> bool:
    """Return whether most replies have the field."""
    if any(isinstance(node, nodes.InternalNode) for node in with_wrappers(field.node)):
        return False
    return field.required or not {field.name, f"{class_name}.{field.name}"} & OMITTED_IN_REPLIES


def with_wrappers(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the wrappers around a node, the outermost first, and then the node."""
    while isinstance(node, nodes.Wrapper):
        yield node
        node = node.wrapped
    yield node


def _unit(field: Field) -> str:
    return prose.unit_of(docstrings.of_class(field.owner).get(field.name, ""))


def _fallback(node: nodes.Node) -> Any:
    """Return a value of a type of which nothing else is known."""
    constraint = _constraint(node)
    if isinstance(constraint, OneOf):
        return constraint.values[0]
    if isinstance(constraint, NamedEnum):
        return constraint.first + 1
    by_builtin: Mapping[Any, Any] = {int: 4, str: "text", bool: False, float: 1.5}
    candidates = [by_builtin.get(getattr(node, "type", None)), 1, 0, 512, "a", "0", ""]
    return next((value for value in candidates if value is not None and _accepts(node, value)), None)
