"""The type system: declarations (annotations, or the old functional notation) become nodes, nodes read values.

:func:`spType` turns any declaration into a node. Constraints (:class:`Name`, :class:`IntRange`, ...) and marks
(:class:`Since`, :class:`Internal`, ...) stand in annotations; :class:`JsonObjectImpl` is the base of annotated classes.
"""

from __future__ import annotations

from .annotations import spType
from .constraints import IntRange, Name, NamedEnum, OneOf, Regex, Size, String, UnlimitedInt
from .fast import use_msgspec
from .markers import Discriminator, Example, Internal, Json, JsonList, Key, Since
from .nodes import Node
from .notation import JsonObject, const, either, eitherOr, internal, longType, maybe, spDict, spList, spSet
from .objects import JsonObjectImpl

SpType = Node
"""What the original calls a node."""

__all__ = [
    "Discriminator",
    "Example",
    "IntRange",
    "Internal",
    "Json",
    "JsonList",
    "JsonObject",
    "JsonObjectImpl",
    "Key",
    "Name",
    "NamedEnum",
    "Node",
    "OneOf",
    "Regex",
    "Since",
    "Size",
    "SpType",
    "String",
    "UnlimitedInt",
    "const",
    "either",
    "eitherOr",
    "internal",
    "longType",
    "maybe",
    "spDict",
    "spList",
    "spSet",
    "spType",
    "use_msgspec",
]
