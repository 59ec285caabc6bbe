"""Writes declarations in the notation of `tests/data/surface.json`, which says what the API is."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Tuple

from storpool import sptypes
from storpool.sptype import constraints, nodes
from storpool.sptype.annotations import Field


def _aliases() -> Tuple[Dict[nodes.Node, str], Dict[Tuple[str, ...], str]]:
    """The names of scalar types by their node, those of unions by the names of their alternatives."""
    scalars: Dict[nodes.Node, str] = {}
    unions: Dict[Tuple[str, ...], str] = {}
    for name in sptypes.__all__:
        node = getattr(sptypes, name)
        if isinstance(node, nodes.Scalar):
            # A type with two names (FaultSetName is a PlacementGroupName) goes by the one that it calls itself.
            if node not in scalars or name == node.name:
                scalars[node] = name
        elif isinstance(node, nodes.UnionNode):
            unions[tuple(each.name for each in node.alternatives)] = name
    return scalars, unions


SCALARS, UNIONS = _aliases()


def written(node: Optional[nodes.Node]) -> Optional[str]:
    """Write a type."""
    if node is None:
        return None
    if node in SCALARS:
        return SCALARS[node]
    if isinstance(node, nodes.UnionNode) and tuple(each.name for each in node.alternatives) in UNIONS:
        return UNIONS[tuple(each.name for each in node.alternatives)]
    return spelled(node)


def spelled(node: nodes.Node) -> str:
    """Write a type out, even where it has a name."""
    if isinstance(node, nodes.Scalar):
        return _constraint(node.constraint)
    if isinstance(node, nodes.Const):
        return f"const({json.dumps(node.value)})"
    if isinstance(node, nodes.Maybe):
        return f"maybe({written(node.wrapped)})"
    if isinstance(node, nodes.NullOr):
        return f"either(const(null), {written(node.wrapped)})"
    if isinstance(node, nodes.InternalNode):
        return normal(f"internal({written(node.wrapped)})")
    if isinstance(node, nodes.UnionNode):
        return f"either({', '.join(str(written(each)) for each in node.alternatives)})"
    if isinstance(node, nodes.ListNode):
        inside = written(node.item)
        return f"set{{{inside}}}" if isinstance(node, nodes.SetNode) else f"[{inside}]"
    if isinstance(node, nodes.MapNode):
        key = written(node.key) if node.documented_key is None else json.dumps(node.documented_key)
        return f"{{{key}: {written(node.value)}}}"
    return node.name


def normal(text: str) -> str:
    """Write alike what cannot differ: absence makes an internal field null, whatever is inside."""
    return text.replace("internal(either(const(null), ", "internal(maybe(")


def _constraint(rule: Any) -> str:
    label = f"label={json.dumps(rule.name)}"
    if isinstance(rule, constraints.IntRange):
        return f"intRange({rule.low}, {rule.high}, {label})"
    if isinstance(rule, constraints.Size):
        assert rule.unit == sptypes.SECTOR_SIZE
        return f"size(positive multiple of SECTOR_SIZE, {label})"
    if isinstance(rule, constraints.UnlimitedInt):
        return f"unlimitedInt(min={rule.minimum}, unlimited={json.dumps(rule.unlimited)}, {label})"
    if isinstance(rule, constraints.OneOf):
        return f"oneOf({', '.join(json.dumps(each) for each in rule.values)}, {label})"
    if isinstance(rule, constraints.NamedEnum):
        return f"namedEnum({', '.join(rule.values)}; first={rule.first}, {label})"
    if isinstance(rule, constraints.Name):
        limits = f"shorter_than={rule.shorter_than}, reserved={json.dumps(list(rule.reserved))}"
        return f"name({json.dumps(rule.pattern)}, {limits}, {label})"
    if isinstance(rule, constraints.Regex):
        return f"regex({json.dumps(rule.pattern)}, {label})"
    assert isinstance(rule, constraints.String), rule
    return f"string(shorter_than={rule.shorter_than}, {label})"


def declared(field: Field) -> str:
    """Write the type of a field, with its default where the type does not say it."""
    text = str(written(field.node))
    try:
        implied = field.node.defaultVal()
    except Exception:
        implied = ...
    absent = ... if field.required else field.absent()
    if absent is ... or absent == implied:
        return text
    return f"{text} = {json.dumps(absent)}"
