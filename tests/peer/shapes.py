"""What a value of a declared type looks like, as far as making one at random needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple


@dataclass
class Shape:
    """One type. Which of the fields mean something depends on the kind."""

    kind: str
    # regex, text
    pattern: str = ""
    shorter_than: int = 30
    # range
    low: int = 0
    high: int = 0
    # oneOf, const (one of them), enum, unlimited (the marker)
    values: Tuple[Any, ...] = ()
    # maybe, internal, nullOr, list, set; map (key, value); either
    parts: Tuple[Shape, ...] = ()
    # map: the one documented key
    known: Optional[str] = None
    # either, object: ours differs from the original on purpose where a value is malformed, so none such is drawn
    kept: bool = False
    # scalars, and maybe of them: ours and the original accept different values on purpose
    better: bool = False
    # object: its class, and for each field the type and whether it may be absent
    name: str = ""
    fields: Dict[str, Tuple[Shape, bool]] = field(default_factory=dict)


@dataclass
class CallShape:
    """One call."""

    name: str
    args: List[Shape]
    json: Optional[Shape]
    json_optional: bool
    returns: Shape


@dataclass
class Surface:
    """Everything that cases are drawn from."""

    calls: List[CallShape]
    types: Dict[str, Shape]
    classes: Dict[str, Shape]


EMPTY = Surface([], {}, {})
