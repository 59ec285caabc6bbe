"""Constraints: what a scalar value must be.

Each is one small object that validates and converts (:meth:`Constraint.validate`) and states its rule in words
(:meth:`Constraint.describe`). Constraints stand in ``Annotated`` aliases, so a type checker sees ``str`` or ``int`` and
the run time sees the rule. Constraints compare by identity: two aliases of the same rule stay two types.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from numbers import Number
from typing import Any, Callable, Collection, Sequence, Set, Tuple, TypeVar

from ..spcatch import InvalidArgumentError, shown
from .lazy import lazy

__all__ = ["Constraint", "IntRange", "Name", "NamedEnum", "OneOf", "Regex", "Size", "String", "UnlimitedInt"]

# How many good strings a constraint keeps at most, some 100 bytes each.
INTERNED_MAX = 1 << 16
SEEN_MAX = 1 << 12

T = TypeVar("T")

# Whether values come from a caller. A context variable, since threads convert at the same time, and since conversions
# go through tables, readers and functions of users that would all have to pass a parameter on. Only values that are
# not of the right class as they are look at it.
_from_caller: ContextVar[bool] = ContextVar("storpool.from_caller", default=False)

_BYTES = (bytes, bytearray, memoryview)
_NUMBERS: Any = Number  # narrowed to it, no value could equal an integer to a checker
_TRUTH = {"true": True, "false": False}


def convert_from_caller(convert: Callable[[Any], T], value: Any) -> T:
    """Return ``convert(value)``, where conversions that lose what the caller said are errors.

    Replies are read leniently, as the original does. A request changes something: text as a truth value ("no" is true
    to Python), a fraction where an integer is needed, and bytes as a number or a text are refused.
    """
    token = _from_caller.set(True)
    try:
        return convert(value)
    finally:
        _from_caller.reset(token)


def to_bool(value: Any) -> bool:
    """Convert as ``bool()`` does; of text from a caller, only "true" and "false" are taken, for what they say."""
    if value is True or value is False:
        return bool(value)
    try:
        if _from_caller.get() and isinstance(value, (str, *_BYTES)):
            return _TRUTH[value.lower()]  # type: ignore[index, union-attr]
        return bool(value)
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is neither true nor false") from None


def to_int(value: Any) -> int:
    """Convert as ``int()`` does: strings of digits too, and fractions, which it cuts, unless they are from a caller."""
    if type(value) is int:
        return value
    try:
        number = int(value)
        if _from_caller.get() and (isinstance(value, _BYTES) or (isinstance(value, _NUMBERS) and number != value)):
            raise TypeError
        return number
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is not an integer") from None


def to_str(value: Any, label: str) -> str:
    """Convert as ``str()`` does; bytes from a caller are refused, since that gives ``"b'...'"``."""
    try:
        if isinstance(value, _BYTES) and _from_caller.get():
            raise TypeError
        return str(value)
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is not a {label}") from None


class Constraint:
    """The base of all constraints.

    :ivar name: what the type is called in the reference and in errors.
    :ivar since: the version of the API that brought it.
    """

    def __init__(self, name: str, since: str = "1.0.0") -> None:
        self.name = name
        self.since = since

    def validate(self, value: Any) -> Any:
        """Return the value converted, or raise InvalidArgumentError."""
        raise NotImplementedError

    def describe(self) -> str:
        """State the rule in words."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.describe()}>"


class IntRange(Constraint):
    """An integer from ``low`` to ``high``, both included."""

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


class Size(Constraint):
    """A positive whole multiple of ``unit`` bytes."""

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
    r"""A string that a pattern matches as a whole.

    :param interned: whether a cluster has few of them, which come back in record after record, as names of templates
        do: good ones are then kept, up to a limit, and all records share one string.
    :param alphabet: characters of which every string is good, other than the empty one and the reserved words. Other
        strings may be good too. With it, many strings are checked at once much faster than by the pattern.
    :param one_line: whether no match has a line feed in it: many strings are then matched at once, a line each.
    :param rule: the pattern in words, for errors: what follows "is not a volume name: ".
    """

    shorter_than = 0
    reserved: Tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        pattern: str,
        since: str = "1.0.0",
        interned: bool = False,
        alphabet: str = "",
        one_line: bool = False,
        rule: str = "",
    ) -> None:
        super().__init__(name, since)
        self.rule = rule
        self.pattern = pattern
        self.interned = interned
        self.alphabet = alphabet
        self.one_line = one_line
        self._seen: Set[str] = set()

    # Patterns are compiled at first use: importing the bindings compiles none.

    @lazy
    def _whole(self) -> str:
        # Reserved words are part of the pattern that is matched, the length is not.
        words = "|".join(map(re.escape, self.reserved))
        return f"(?!(?:{words})$)(?:{self.pattern})" if words else f"(?:{self.pattern})"

    @lazy
    def _fullmatch(self) -> Callable[[str], Any]:
        return re.compile(self._whole).fullmatch

    @lazy
    def _match_lines(self) -> Callable[[str], Any]:
        return re.compile(f"(?:{self._whole}\n)*", re.MULTILINE).fullmatch

    @lazy
    def _alphabet_bytes(self) -> bytes:
        return self.alphabet.encode()

    def matches(self, text: str) -> bool:
        """Return whether a string is good."""
        # Programs come with the same strings again and again.
        if text in self._seen:
            return True
        if (self.shorter_than and len(text) >= self.shorter_than) or not self._fullmatch(text):
            return False
        if type(text) is str and len(self._seen) < SEEN_MAX:
            self._seen.add(text)
        return True

    def match_all(self, texts: Collection[str]) -> bool:
        """Return whether all of many strings are good; faster than to ask for each."""
        if not texts:
            return True
        if self.shorter_than and len(max(texts, key=len)) >= self.shorter_than:
            return False
        if self.alphabet and self._all_of_alphabet(texts):
            return True
        lines = "\n".join([*texts, ""]) if self.one_line else ""
        # A string with a line feed in it must not pass for two.
        if lines.count("\n") == len(texts) and self._match_lines(lines):
            return True
        return all(map(self.matches, texts))

    def _all_of_alphabet(self, texts: Collection[str]) -> bool:
        try:
            others = "".join(texts).encode("ascii").translate(None, self._alphabet_bytes)
        except UnicodeEncodeError:
            return False
        return not others and "" not in texts and not any(word in texts for word in self.reserved)

    def validate(self, value: Any) -> str:
        if value is None:
            raise InvalidArgumentError(f"None is not {self._kind}")
        text = to_str(value, self.name)
        if self.matches(text):
            return text
        most = f"at most {self.shorter_than - 1}"
        if self.shorter_than and len(text) >= self.shorter_than:
            reason = f"it has {len(text)} characters, and {most} are allowed"
        elif text in self.reserved:
            reason = "it is a reserved word"
        elif self.rule:
            reason = f"{self.rule}, {most}" if self.shorter_than else self.rule
        else:
            reason = f"it does not match {self.pattern}"
        raise InvalidArgumentError(f"{shown(value)} is not {self._kind}: {reason}")

    @property
    def _kind(self) -> str:
        """The name of the type as a sentence has it: "a volume name" for VolumeName."""
        spaced = re.sub(r"(?<=[A-Za-z])(?=[A-Z][a-z])", " ", self.name)
        words = [word.lower() if word.istitle() else word for word in spaced.split()]
        return f"{'an' if words[0][0] in 'aeioAEIO' else 'a'} {' '.join(words)}"

    def describe(self) -> str:
        return f"a string that matches {self.pattern}"


class Name(Regex):
    """A name: a string that a pattern matches as a whole, shorter than a limit, and none of the reserved words."""

    def __init__(
        self,
        name: str,
        pattern: str,
        shorter_than: int,
        reserved: Sequence[str] = (),
        since: str = "1.0.0",
        interned: bool = False,
        alphabet: str = "",
        one_line: bool = False,
        rule: str = "",
    ) -> None:
        super().__init__(name, pattern, since, interned, alphabet, one_line, rule)
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
