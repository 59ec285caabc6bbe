"""Reads what cases are drawn from off our own declarations: the calls, the scalar types and the classes."""

from __future__ import annotations

from typing import Any, Dict, Optional

from shapes import CallShape, Shape, Surface

from storpool import spapi, spcatch, spjson, sptype, sptypes
from storpool.sptype import constraints, nodes

# Ours differs on purpose: the original refuses a good mode, and takes any name at all for iSCSI.
BETTER = ("mcMode", "iSCSIName", "iSCSIPGName")
# Of what is newer than the original nothing is drawn; what takes more than the original's does is drawn as that has it.
NEWER = "7.4.0"
NARROWER = {
    ("VolumeCreateDesc", "name"): "VolumeName",
    ("VolumeSnapshotDesc", "name"): "VolumeName",
    ("GroupSnapshotSpec", "name"): "SnapshotName",
    ("iSCSITarget", "volume"): "VolumeName",
    ("iSCSICommandCreateTarget", "volumeName"): "VolumeName",
    ("iSCSICommandDeleteTarget", "volumeName"): "VolumeName",
    ("iSCSICommandExport", "volumeName"): "VolumeName",
    ("iSCSICommandExportDelete", "volumeName"): "VolumeName",
}
BUILTINS = {int: "int", str: "str", bool: "bool", float: "float"}


def _scalar(constraint: constraints.Constraint) -> Shape:
    better = constraint.name in BETTER
    if isinstance(constraint, constraints.IntRange):
        return Shape("range", low=constraint.low, high=constraint.high)
    if isinstance(constraint, constraints.Size):
        return Shape("size")
    if isinstance(constraint, constraints.UnlimitedInt):
        return Shape("unlimited", low=constraint.minimum, values=(constraint.unlimited,))
    if isinstance(constraint, constraints.OneOf):
        return Shape("oneOf", values=constraint.values, better=better)
    if isinstance(constraint, constraints.NamedEnum):
        return Shape("enum", low=constraint.first, values=constraint.values)
    if isinstance(constraint, constraints.Regex):
        return Shape("regex", pattern=constraint.pattern, better=better)
    if isinstance(constraint, constraints.String):
        return Shape("text", shorter_than=constraint.shorter_than)
    raise NotImplementedError(f"a value of {constraint!r}")


def _wrapper(kind: str, inner: Shape) -> Shape:
    return Shape(kind, parts=(inner,), better=inner.better)


class _Reader:
    def __init__(self, original: bool) -> None:
        self._original = original
        self._known: Dict[type, Shape] = {}

    def shape_of(self, node: Any) -> Shape:
        """What values of a node look like."""
        if isinstance(node, nodes.Builtin):
            return Shape(BUILTINS[node.type])
        if isinstance(node, nodes.Scalar):
            return _scalar(node.constraint)
        if isinstance(node, nodes.Const):
            return Shape("const", values=(node.value,))
        if isinstance(node, nodes.UnionNode):
            parts = tuple(self.shape_of(part) for part in node.alternatives)
            return Shape("either", parts=parts, kept=node.discriminator is not None)
        if isinstance(node, nodes.MapNode):
            return Shape("map", parts=(self.shape_of(node.key), self.shape_of(node.value)), known=node.documented_key)
        if isinstance(node, nodes.ListNode):
            return Shape("set" if isinstance(node, nodes.SetNode) else "list", parts=(self.shape_of(node.item),))
        if isinstance(node, nodes.ObjectNode):
            return self._object(node.cls)
        if isinstance(node, nodes.WithDefault):
            return self.shape_of(node.wrapped)
        if isinstance(node, nodes.InternalNode):
            return _wrapper("internal", self.shape_of(node.wrapped))
        if isinstance(node, nodes.NullOr):
            return _wrapper("maybe", self.shape_of(node.wrapped))
        raise NotImplementedError(f"a value of {node!r}")

    def _object(self, cls: Any) -> Shape:
        if cls not in self._known:
            shape = self._known[cls] = Shape("object", name=cls.__name__)
            for name, field in cls.__spfields__.items():
                if self._original and field.since == NEWER:
                    continue
                try:
                    field.absent()
                    optional = True
                except spcatch.InvalidArgumentError:
                    optional = False
                narrower = NARROWER.get((cls.__name__, name)) if self._original else None
                part = self.shape_of(getattr(sptypes, narrower) if narrower else field.node)
                shape.fields[name] = (part, optional)
                shape.kept = shape.kept or (part.better and not optional)
        return self._known[cls]

    def _body(self, call: Any) -> Optional[Shape]:
        # A body that stands last came later than the original, and so did the bare list of VolumesReassignWait.
        if call.json is None or (self._original and call.jsonLast):
            return None
        bare = self._original and call.name == "volumesReassignWait"
        return self.shape_of(call.json.inner()[0] if bare else call.json)

    def surface(self) -> Surface:
        """Everything that is declared."""
        calls = [
            CallShape(
                name,
                [self.shape_of(argument._type) for argument in call.args],
                self._body(call),
                call.jsonOptional,
                self.shape_of(call.returns),
            )
            for name, call in spapi.CALLS.items()
            # Dropped from the API, and from the original.
            if not call.until and not (self._original and call.since == NEWER)
        ]
        declared = {name: getattr(sptypes, name) for name in sorted(dir(sptypes)) if not name.startswith("_")}
        types = {
            name: self.shape_of(node)
            for name, node in declared.items()
            if isinstance(node, sptype.Node) and name not in BETTER
        }
        classes = {
            name: self._object(cls)
            for name, cls in declared.items()
            if isinstance(cls, type) and issubclass(cls, spjson.JsonObjectImpl) and cls.__spfields__
            if not (self._original and cls.__since__ == NEWER)
        }
        return Surface(calls, types, classes)


def shape_of(node: Any) -> Shape:
    """What values of a node look like."""
    return _Reader(original=False).shape_of(node)


def surface(original: bool = True) -> Surface:
    """Everything that is declared; unless told otherwise, as far as the original has it."""
    return _Reader(original).surface()
