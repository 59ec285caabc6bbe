"""Keys that no declaration knows, in the values of callers: a misspelt ``size`` must not vanish unseen."""

from __future__ import annotations

import logging
from typing import Any, Iterator

from .nodes import ListNode, MapNode, Node, ObjectNode, UnionNode, Wrapper

__all__ = ["unknown_keys", "warn_of_unknown"]
_log = logging.getLogger("storpool.sptype")


def unknown_keys(node: Node, value: Any, path: str = "") -> Iterator[str]:
    """Find the keys of a value that the declarations of a node do not have, as paths."""
    if isinstance(node, ObjectNode):
        if isinstance(value, dict):
            fields = node.cls.__spfields__
            for key, part in value.items():
                if key not in fields:
                    yield f"{path}.{key}"
                elif isinstance(part, (dict, list)):
                    yield from unknown_keys(fields[key].node, part, f"{path}.{key}")
    elif isinstance(node, ListNode):
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, (dict, list)):
                    yield from unknown_keys(node.item, item, f"{path}[{index}]")
    elif isinstance(node, MapNode):
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, (dict, list)):
                    yield from unknown_keys(node.value, item, f"{path}[{key!r}]")
    else:
        # Of the alternatives of a union, the value is of the one that knows most of its keys.
        found = [list(unknown_keys(inner, value, path)) for inner in node.inner() if _takes(inner, value)]
        yield from min(found, key=len, default=[])


def _takes(node: Node, value: Any) -> bool:
    """Return whether a node takes such a container at all."""
    if isinstance(node, (UnionNode, Wrapper)):
        return any(_takes(inner, value) for inner in node.inner())
    return isinstance(node, ListNode if isinstance(value, list) else (MapNode, ObjectNode))


def _taking(node: Node, value: Any) -> Node:
    """Find the node that takes such a container, below those that only wrap others or choose among them."""
    while isinstance(node, (UnionNode, Wrapper)):
        node = next(inner for inner in node.inner() if _takes(inner, value))
    return node


def warn_of_unknown(node: Node, value: Any, call: str = "") -> None:
    """Log the keys that a caller gave and no declaration knows.

    :param call: the name of the call that the value is the body of.
    """
    if not isinstance(value, (dict, list)):
        return
    try:
        if isinstance(node, ObjectNode) and node.flat_names.issuperset(value):
            return  # as nearly always
        paths = list(unknown_keys(node, value))
    except Exception:
        return  # A value that holds itself, or that cannot be looked at; the conversion says what is wrong with it.
    for path in paths:
        where = f"{call}: {_taking(node, value).name}" if call else _taking(node, value).name
        _log.warning("%s%s is not a field; the value is dropped", where, path)
