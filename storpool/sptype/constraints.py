"""Constraints: what a scalar value must be.

Each is one small object that validates and converts (:meth:`Constraint.validate`), tells its rule in words
(:meth:`Constraint.describe`), and offers the generated decoders a short way for usual values: a test for those that
need no conversion (:meth:`Constraint.test`), or a table of some and what they become (:meth:`Constraint.table`). They
stand in ``Annotated`` aliases, so a type checker sees ``str`` or ``int`` and the run time sees the rule. A constraint
is told apart by identity: two aliases of the same rule stay two types.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Collection, Dict, Optional, Sequence, Set, Tuple

from ..spcatch import InvalidArgumentError, shown

__all__ = ["Constraint", "IntRange", "Name", "NamedEnum", "OneOf", "Regex", "Size", "String", "UnlimitedInt"]

# How many good values a constraint remembers at the most, some 100 bytes each.
_KNOWN_MAX = 1 << 16
# How many good strings of requests a constraint remembers; programs come with the same ones again and again.
_SEEN_MAX = 1 << 12
# A pattern whose first alternative is some characters in any order, but perhaps for a mark before them.
_ANY_OF_CHARACTERS = r"\^(?:\\?[^\w\\\[(]\?)?(\[(?:[^\^\]\\]|\\\W)+\])[+*]\$(?:\||\Z)"
# A pattern of groups of some characters, joined by dots.
_DOTTED = r"\^?(\[(?:[^\^\]\\.]|\\[^\w.])+\])\+(?:\\\.\1\+)+\$"
# What in a pattern could match the end of a line, or look beyond one.
_ACROSS_LINES = r"\[\^|\\\w|\(\?|[\x00-\x1f]"


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

    # The builtin type that values are converted to before anything else, where there is such.
    kind: Optional[type] = None

    def __init__(self, name: str, since: str = "1.0.0") -> None:
        self.name = name
        self.since = since

    def validate(self, value: Any) -> Any:
        """Give the value converted, or raise InvalidArgumentError."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say the rule in words."""
        raise NotImplementedError

    def test(self, var: str) -> Optional[str]:
        """Give an expression over ``var`` that is true for values which stay as they are, and false for others."""
        return None

    def table(self) -> Optional[Dict[Any, Any]]:
        """Give a table of values that are known to be good, and what they become, where there is such."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.describe()}>"


class IntRange(Constraint):
    """An integer from ``low`` to ``high``, both included."""

    kind = int

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

    def test(self, var: str) -> str:
        return f"type({var}) is int and {self.low} <= {var} <= {self.high}"


class Size(Constraint):
    """A positive whole multiple of ``unit`` bytes."""

    kind = int

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

    def test(self, var: str) -> str:
        # For powers of two, which all units are so far, a mask is faster than a division.
        rest = f"& {self.unit - 1}" if self.unit & (self.unit - 1) == 0 else f"% {self.unit}"
        return f"type({var}) is int and {var} > 0 and not {var} {rest}"


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

    def test(self, var: str) -> str:
        return f"type({var}) is int and {var} >= {self.minimum} or {var} == {self.unlimited!r}"


class OneOf(Constraint):
    """One of a few values, which the ``Literal`` beside it in the annotation gives, or the caller."""

    def __init__(self, name: str, *values: Any, since: str = "1.0.0") -> None:
        super().__init__(name, since)
        self.values: Tuple[Any, ...] = values

    def validate(self, value: Any) -> Any:
        try:
            if value in self.values:
                return self.values[self.values.index(value)] if isinstance(value, str) else value
        except Exception:  # noqa: S110 - a hostile __eq__ is a refusal like any other
            pass
        raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}")

    def describe(self) -> str:
        return "one of " + ", ".join(repr(value) for value in self.values)

    def table(self) -> Optional[Dict[Any, Any]]:
        # Among numbers, 1, 1.0 and True are the same key.
        return {value: value for value in self.values} if all(type(value) is str for value in self.values) else None


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

    def table(self) -> Dict[Any, Any]:
        # As a key of a mapping the integer comes as a string.
        return {key: name for index, name in enumerate(self.values, self.first) for key in (index, str(index))}


def _in_class(characters: str) -> bytes:
    """Those of ASCII that a class of a pattern, ``[a-z]``, has."""
    return bytes(code for code in range(128) if re.match(characters, chr(code)))


class Regex(Constraint):
    """A string that a pattern matches as a whole.

    ``few`` says that a cluster has few of them, which come again in record after record, as the names of templates do:
    good ones are then remembered, up to a limit, and all the records share one string.
    """

    shorter_than = 0
    reserved: Tuple[str, ...] = ()

    def __init__(self, name: str, pattern: str, since: str = "1.0.0", few: bool = False) -> None:
        super().__init__(name, since)
        self.pattern = pattern
        # Good ones, up to a limit.
        self.seen: Set[str] = set()
        self._known: Optional[Dict[str, str]] = {} if few else None

    @functools.cached_property
    def _whole(self) -> str:
        # Reserved words are part of the pattern that is matched, the length is not.
        words = "|".join(map(re.escape, self.reserved))
        return f"(?!(?:{words})$)(?:{self.pattern})" if words else f"(?:{self.pattern})"

    @functools.cached_property
    def fullmatch(self) -> Callable[[str], Any]:
        """What matches a whole string, whatever its length; compiled at first use, since importing compiles nothing."""
        return re.compile(self._whole).fullmatch

    @functools.cached_property
    def _match_lines(self) -> Optional[Callable[[str], Any]]:
        if re.search(_ACROSS_LINES, self.pattern):
            return None
        return re.compile(f"(?:{self._whole}\n)*", re.MULTILINE).fullmatch

    @functools.cached_property
    def _characters(self) -> bytes:
        """Those that good strings, not empty and not reserved, may have in any order; others may be good too."""
        found = re.match(_ANY_OF_CHARACTERS, self.pattern)
        return _in_class(found[1]) if found else b""

    @functools.cached_property
    def _dotted(self) -> Tuple[bytes, bytes]:
        """What the groups of good strings are made of, and the dots of a good string, its end and one before it."""
        found = re.fullmatch(_DOTTED, self.pattern)
        return (_in_class(found[1]), b"." * (self.pattern.count(found[1]) + 1)) if found else (b"", b"")

    @functools.cached_property
    def _refused(self) -> Tuple[str, ...]:
        """What is not good although it has no other characters."""
        return self.reserved if self.fullmatch("") else ("", *self.reserved)

    def matches(self, text: str) -> bool:
        """Tell whether a string is good."""
        if (self.shorter_than and len(text) >= self.shorter_than) or not self.fullmatch(text):
            return False
        if type(text) is str and len(self.seen) < _SEEN_MAX:
            self.seen.add(text)
        return True

    def match_all(self, texts: Collection[str]) -> bool:
        """Tell whether all of many strings are good, faster than one by one."""
        if not texts:
            return True
        lengths = {*map(len, texts)} if self.shorter_than or self._characters else set()
        if self.shorter_than and max(lengths) >= self.shorter_than:
            return False
        # Deleting all good characters costs less than a match.
        if self._characters:
            left = "".join(texts).encode(errors="surrogatepass").translate(None, self._characters)
            if not left and (lengths.isdisjoint(map(len, self._refused)) or not any(w in texts for w in self._refused)):
                return True
        good, dots = self._dotted
        if good:
            dotted = "." + ".\n.".join(texts) + ".\n"
            if (
                dotted.encode(errors="surrogatepass").translate(None, good) == (dots + b"\n") * len(texts)
                and ".." not in dotted
            ):
                return True
        if self._match_lines is None:
            return all(map(self.matches, texts))
        # One match costs less than many; a string with an end of line in it must not pass for two.
        whole = "\n".join([*texts, ""])
        return whole.count("\n") == len(texts) and self._match_lines(whole) is not None

    def validate(self, value: Any) -> str:
        if value is None:
            raise InvalidArgumentError(f"None is not a {self.name}")
        text = to_str(value, self.name)
        if self.matches(text):
            if self._known is not None and type(value) is str and len(self._known) < _KNOWN_MAX:
                self._known[text] = text
            return text
        if self.shorter_than and len(text) >= self.shorter_than:
            reason = f"has {len(text)} characters, and at most {self.shorter_than - 1} are allowed"
        else:
            reason = "is a reserved word" if text in self.reserved else f"does not match {self.pattern}"
        raise InvalidArgumentError(f"{shown(value)} is not a valid {self.name}: it {reason}")

    def describe(self) -> str:
        return f"a string that matches {self.pattern}"

    def table(self) -> Optional[Dict[Any, Any]]:
        return self._known


class Name(Regex):
    """A name: a string that a pattern matches as a whole, shorter than a limit, and none of the reserved words."""

    def __init__(
        self,
        name: str,
        pattern: str,
        shorter_than: int,
        reserved: Sequence[str] = (),
        since: str = "1.0.0",
        few: bool = False,
    ) -> None:
        super().__init__(name, pattern, since, few)
        self.shorter_than = shorter_than
        self.reserved = tuple(reserved)

    def describe(self) -> str:
        reserved = f", other than {' and '.join(map(repr, self.reserved))}" if self.reserved else ""
        return f"a string of at most {self.shorter_than - 1} characters that matches {self.pattern}{reserved}"


class String(Constraint):
    """A string shorter than a limit, whatever its characters; as in the original, anything that has a length passes."""

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

    def test(self, var: str) -> str:
        return f"type({var}) is str and len({var}) < {self.shorter_than}"
