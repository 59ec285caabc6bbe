"""Constraints: what a scalar value must be.

Each is one small object that validates and converts (:meth:`Constraint.validate`), tells its rule in words
(:meth:`Constraint.describe`), and offers the generated decoders a test for values that need no conversion
(:meth:`Constraint.test`). They stand in ``Annotated`` aliases, so a type checker sees ``str`` or ``int`` and the run
time sees the rule. A constraint is told apart by identity: two aliases of the same rule stay two types.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Dict, Optional, Sequence, Set, Tuple

from ..spcatch import InvalidArgumentError, shown

__all__ = ["Constraint", "IntRange", "Name", "NamedEnum", "OneOf", "Regex", "Size", "String", "UnlimitedInt"]

# How many good values a pattern remembers at the most, some 100 bytes each.
_GOOD_MAX = 1 << 16


def to_int(value: Any) -> int:
    """Convert as ``int()`` does: strings of digits and fractions too."""
    try:
        return int(value)
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is not an integer") from None


def to_str(value: Any, label: str) -> str:
    """Convert as ``str()`` does."""
    try:
        return str(value)
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is not a {label}") from None


class Constraint:
    """The base of all constraints.

    :ivar name: what the type is called in the reference and in errors.
    :ivar since: the version of the API that brought it.
    """

    # The exact type for which test() alone decides; None where it decides for every value.
    decides: Optional[type] = None

    def __init__(self, name: str, since: str = "1.0.0") -> None:
        self.name = name
        self.since = since

    def validate(self, value: Any) -> Any:
        """Give the value converted, or raise InvalidArgumentError."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say the rule in words."""
        raise NotImplementedError

    def test(self, var: str, env: Dict[str, Any]) -> Optional[str]:
        """Give an expression over ``var`` that is true for values which stay as they are; objects it needs go into env.

        For others it is false, or raises.
        """
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.describe()}>"

    def bind(self, env: Dict[str, Any], what: str, value: Any) -> str:
        """Put an object into the environment of generated code under a name of its own."""
        name = f"{what}_{re.sub('[^A-Za-z0-9]', '_', self.name)}_{id(self)}"
        env[name] = value
        return name


class IntRange(Constraint):
    """An integer from ``low`` to ``high``, both included."""

    decides = int

    def __init__(self, name: str, low: int, high: int, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.low = low
        self.high = high

    def validate(self, value: Any) -> int:
        number = to_int(value)
        if self.low <= number <= self.high:
            return number
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return f"an integer from {self.low} to {self.high}"

    def test(self, var: str, env: Dict[str, Any]) -> str:
        return f"(type({var}) is int and {self.low} <= {var} <= {self.high})"


class Size(Constraint):
    """A positive whole multiple of ``unit`` bytes."""

    decides = int

    def __init__(self, name: str, unit: int, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.unit = unit

    def validate(self, value: Any) -> int:
        number = to_int(value)
        if number > 0 and number % self.unit == 0:
            return number
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return f"a positive multiple of {self.unit}"

    def test(self, var: str, env: Dict[str, Any]) -> str:
        # For powers of two, which all units are so far, a mask is faster than a division.
        rest = f"& {self.unit - 1}" if self.unit & (self.unit - 1) == 0 else f"% {self.unit}"
        return f"(type({var}) is int and {var} > 0 and not {var} {rest})"


class UnlimitedInt(Constraint):
    """An integer of at least ``minimum``, or the marker ``unlimited`` for no limit."""

    def __init__(self, name: str, minimum: int, unlimited: str, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.minimum = minimum
        self.unlimited = unlimited

    def validate(self, value: Any) -> Any:
        if type(value) is str and value == self.unlimited:
            return value
        number = to_int(value)
        if number >= self.minimum:
            return number
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return f"an integer of at least {self.minimum}, or {self.unlimited!r} for no limit"

    def test(self, var: str, env: Dict[str, Any]) -> str:
        return f"({var} == {self.unlimited!r} or type({var}) is int and {var} >= {self.minimum})"


class OneOf(Constraint):
    """One of a few values, which the ``Literal`` beside it in the annotation gives, or the caller."""

    def __init__(self, name: str, *values: Any, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.values: Tuple[Any, ...] = values

    def validate(self, value: Any) -> Any:
        try:
            if value in self.values:
                return value
        except Exception:  # noqa: S110 - a hostile __eq__ is a refusal like any other
            pass
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return "one of " + ", ".join(repr(value) for value in self.values)

    def test(self, var: str, env: Dict[str, Any]) -> str:
        return f"({var} in {self.bind(env, 'values', frozenset(self.values))})"


class NamedEnum(Constraint):
    """An integer on the wire that stands for a name: the first name is ``first``, the next one more, and so on."""

    def __init__(self, name: str, *names: str, first: int = 0, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.values: Tuple[str, ...] = names
        self.first = first

    def validate(self, value: Any) -> str:
        index = to_int(value) - self.first
        if 0 <= index < len(self.values):
            return self.values[index]
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return f"an integer from {self.first} to {self.first + len(self.values) - 1}, standing for " + ", ".join(
            self.values
        )


class Regex(Constraint):
    """A string that a pattern matches as a whole.

    Good strings are remembered, up to a limit: the same names come in every record, and again with every listing.
    """

    decides = str
    shorter_than = 0
    reserved: Tuple[str, ...] = ()

    def __init__(self, name: str, pattern: str, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.pattern = pattern
        self._good: Set[str] = set()

    @functools.cached_property
    def _fullmatch(self) -> Callable[[str], Any]:
        # Compiled at first use: importing compiles no pattern. Reserved words are part of it, the length is not.
        words = "|".join(map(re.escape, self.reserved))
        return re.compile(f"(?!(?:{words})\\Z)(?:{self.pattern})" if words else self.pattern).fullmatch

    def validate(self, value: Any) -> str:
        if value is None:
            raise InvalidArgumentError(f"None is not a {self.name}")
        text = to_str(value, self.name)
        if self.shorter_than and len(text) >= self.shorter_than:
            reason = f"has {len(text)} characters, and at most {self.shorter_than - 1} are allowed"
        elif self._fullmatch(text):
            return text
        else:
            reason = "is a reserved word" if text in self.reserved else f"does not match {self.pattern}"
        raise InvalidArgumentError(f"{shown(value)} is not a valid {self.name}: it {reason}")

    def describe(self) -> str:
        return f"a string that matches {self.pattern}"

    def test(self, var: str, env: Dict[str, Any]) -> str:
        # Matching what is no string raises, and so tells as well as a test of the type that it is not well-formed.
        good, matches = self.bind(env, "good", self._good), self.bind(env, "matches", self._fullmatch)
        short = f" and len({var}) < {self.shorter_than}" if self.shorter_than else ""
        return f"({var} in {good} or {matches}({var}){short} and (len({good}) > {_GOOD_MAX} or not {good}.add({var})))"


class Name(Regex):
    """A name: a string that a pattern matches as a whole, shorter than a limit, and none of the reserved words."""

    def __init__(
        self,
        name: str,
        pattern: str,
        shorter_than: int,
        reserved: Sequence[str] = (),
        since: str = "1.0.0",
    ) -> None:
        super().__init__(name, pattern, since)
        self.shorter_than = shorter_than
        self.reserved = tuple(reserved)

    def describe(self) -> str:
        reserved = f", other than {' and '.join(map(repr, self.reserved))}" if self.reserved else ""
        return f"a string of at most {self.shorter_than - 1} characters that matches {self.pattern}{reserved}"


class String(Constraint):
    """A string shorter than a limit, whatever its characters; as in the original, anything that has a length passes."""

    decides = str

    def __init__(self, name: str, shorter_than: int, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.shorter_than = shorter_than

    def validate(self, value: Any) -> Any:
        try:
            length = len(value)
        except Exception:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}") from None
        if length < self.shorter_than:
            return value
        raise InvalidArgumentError(
            f"{shown(value)} is not a valid {self.name}: it has {length} characters, "
            f"and at most {self.shorter_than - 1} are allowed"
        )

    def describe(self) -> str:
        return f"a string of at most {self.shorter_than - 1} characters"

    def test(self, var: str, env: Dict[str, Any]) -> str:
        return f"(type({var}) is str and len({var}) < {self.shorter_than})"
