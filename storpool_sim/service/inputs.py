"""Types of what people give the simulator itself, in the bindings' own type system, and how it is read."""

from __future__ import annotations

from typing import Annotated, Any, Type, TypeVar, cast

from storpool.spcatch import InvalidArgumentError, shown
from storpool.sptype import IntRange, JsonObjectImpl
from storpool.sptype.constraints import Constraint, OneOf
from storpool.sptype.nodes import Node
from storpool.sptype.unknown import unknown_keys

_Input = TypeVar("_Input", bound=JsonObjectImpl)


class FloatRange(Constraint):
    """A number from ``low`` to ``high``, both included."""

    def __init__(self, name: str, low: float, high: float) -> None:
        super().__init__(name)
        self.low = low
        self.high = high

    def validate(self, value: Any) -> float:
        """Return the number, or raise InvalidArgumentError."""
        # True would be 1; "1" is what somebody forgot to convert.
        if isinstance(value, (int, float)) and type(value) is not bool and self.low <= value <= self.high:
            return value
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        """State the rule in words."""
        return f"a number from {self.low:g} to {self.high:g}"


Fraction = Annotated[float, FloatRange("Fraction", 0, 1)]
#: At most some thirty years, beyond which clocks and dates would not go.
Seconds = Annotated[float, FloatRange("Seconds", 0, 1e9)]
Bytes = Annotated[int, IntRange("Bytes", 0, 2**63 - 1)]
Flag = Annotated[bool, OneOf("Flag", True, False)]


def read(cls: Type[_Input], values: Any) -> _Input:
    """Make an object of what somebody wrote, in which each key is one of those that there are.

    :raises ValueError: the text names the key, and says what is wrong.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{shown(values)} is not a mapping")
    refuse_unknown_keys(cls.__spnode__, values)
    try:
        return cast(_Input, cls.__spnode__.handleVal(values))
    except InvalidArgumentError as exc:
        raise ValueError(f"{exc.path}: {exc.text}".lstrip(".")) from exc


def refuse_unknown_keys(node: Node, values: Any, path: str = "") -> None:
    """Raise ValueError, whose text names it, if there is a key that the declarations of a node do not have."""
    for unknown in unknown_keys(node, values, path):
        raise ValueError(f"{unknown.lstrip('.')}: no such key")
