"""What of a reply does not fit its declaration: values that are null in the result, or dropped from it."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple

from ..spcatch import InvalidArgumentError, shown
from .nodes import ListNode, MapNode, Node, NullOr, ObjectNode, UnionNode, Wrapper

__all__ = ["irregular_parts", "summary_of_irregular"]

_PLACES_MAX = 20


def irregular_parts(node: Node, value: Any, place: str = "") -> Iterator[Tuple[str, str]]:
    """Find the parts of parsed JSON that a node does not take: the place of each, without indices, and why."""
    if isinstance(node, Wrapper):
        if value is not None or not isinstance(node, NullOr):
            yield from irregular_parts(node.wrapped, value, place)
    elif isinstance(node, ObjectNode) and isinstance(value, dict):
        fields = node.cls.__spfields__
        for name, field in fields.items():
            if name in value:
                yield from irregular_parts(field.node, value[name], f"{place}.{name}")
            elif field.required:
                yield f"{place}.{name}", "is missing"
        for key in value:
            if key not in fields:
                yield f"{place}.{key}", "is not a field"
    elif isinstance(node, ListNode) and isinstance(value, list):
        for item in value:
            yield from irregular_parts(node.item, item, f"{place}[]")
    elif isinstance(node, MapNode) and isinstance(value, dict):
        for key, item in value.items():
            yield from _refusal(node.key, key, f"{place}.<key>")
            yield from irregular_parts(node.value, item, f"{place}[]")
    elif isinstance(node, UnionNode):
        yield from _of_union(node, value, place)
    else:
        yield from _refusal(node, value, place)


def _of_union(node: UnionNode, value: Any, place: str) -> Iterator[Tuple[str, str]]:
    if node.discriminator is not None and isinstance(value, node.discriminator.kinds):
        try:
            index = node.discriminator.choose(value)
        except Exception:
            yield place, f"{shown(value)} has an unusable {node.discriminator.field}"
            return
        yield from irregular_parts(node.alternatives[index], value, place)
        return
    for alternative in node.alternatives:
        if not list(_refusal(alternative, value, place)):
            yield from irregular_parts(alternative, value, place)
            return
    yield place, f"{shown(value)} is not {node.describe()}"


def _refusal(node: Node, value: Any, place: str) -> Iterator[Tuple[str, str]]:
    try:
        node.handleVal(value)
    except InvalidArgumentError as exc:
        yield place, exc.text


def summary_of_irregular(node: Node, value: Any) -> str:
    """Say in a line what parsed JSON has that a node does not take, with counts; nothing where all of it fits."""
    found: Dict[str, Tuple[int, str]] = {}
    for place, reason in irregular_parts(node, value):
        count, first = found.get(place, (0, reason))
        found[place] = count + 1, first
    said = [f"{place or 'all of it'} ({count}: {reason})" for place, (count, reason) in found.items()]
    more = len(said) - _PLACES_MAX
    return ", ".join([*said[:_PLACES_MAX], f"and {more} places more"] if more > 0 else said)
