"""Chooses records and fields of a result: ``--filter``, ``--sort`` and ``--columns``.

A filter compares fields with values::

    size>10G and (tags.app==postgres or name=~^os-) and not deleted

``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` compare numbers, sizes (10G) and dates (2026-01-31) as such and all else as
text; ``=~`` searches for a regular expression; a field alone must not be false, zero or empty.
"""

from __future__ import annotations

import datetime
import difflib
import operator
import re
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .body import converted
from .errors import Failure
from .headings import heading

__all__ = ["USED", "Selection", "fields_of", "records_in", "selection", "value_at"]

USED = "used"
"""The name of a field that is calculated: how full a disk or the space of a template is, in percent."""

Record = Dict[str, Any]
Test = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<op>==|!=|<=|>=|=~|<|>|\(|\))|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()=!<>"']+))"""
)
_COMPARISONS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
                ">=": operator.ge}  # fmt: skip
_ORDERS = ("<", "<=", ">", ">=")


def value_at(record: Record, path: str) -> Any:
    """Return the value of a field, such as ``tags.app``; None if there is none."""
    if path in record:
        return record[path]
    name, _, below = path.partition(".")
    inner = record.get(name)
    if below and isinstance(inner, dict):
        return value_at(inner, below)
    return _used(record) if path == USED else None


def _used(record: Record) -> Optional[float]:
    """Return how full a disk or the space of a template is, in percent; None for other records."""
    stored = record.get("stored")
    space: Record = stored if isinstance(stored, dict) else record
    try:
        if record.get("sectorsCount"):
            part: float = record["objectsOnDiskSize"] / (512 * record["sectorsCount"])
        else:
            part = 1 - space["free"] / space["capacity"]
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    return round(100 * part, 1)


def records_in(data: Any) -> Optional[List[Record]]:
    """Return the records of a result: a list, a mapping from names or ids, or the only field that is one of these.

    None if there are none. A record in a mapping gets its key as its name or id, if it lacks that.
    """
    if isinstance(data, list):
        return data if all(isinstance(item, dict) for item in data) else None
    if not isinstance(data, dict):
        return None
    if data and all(isinstance(item, dict) for item in data.values()):
        key = "id" if all(name.lstrip("-").isdigit() for name in data) else "name"
        return [
            item if str(item.get(key)) == name else {key: int(name) if key == "id" else name, **item}
            for name, item in data.items()
        ]
    only = next(iter(data.values())) if len(data) == 1 else None
    return records_in(only) if isinstance(only, (list, dict)) else None


class _Fields:
    """The fields that the options mention, as users wrote them."""

    def __init__(self) -> None:
        self._paths: Dict[str, str] = {}

    def add(self, path: str) -> str:
        """Note that a field is mentioned, and return it."""
        self._paths[path] = path
        return path

    def name(self, path: str) -> str:
        """Return the API's name of a field."""
        return self._paths[path]

    def value(self, record: Record, path: str) -> Any:
        """Return the value of a field of a record."""
        return value_at(record, self._paths[path])

    def find(self, known: Sequence[str]) -> None:
        """Find the fields among those of the records: by their names in any case, or by their headings in tables.

        :raises Failure: there is no such field.
        """
        names = {**{_simple(heading(name)): name for name in known}, **{_simple(name): name for name in known}}
        for path in self._paths:
            name, dot, below = path.partition(".")
            if path in known or path == USED:
                continue
            if _simple(name) not in names:
                similar = difflib.get_close_matches(_simple(name), names, n=1, cutoff=0.6)
                hint = f"; did you mean {names[similar[0]]}?" if similar else f"; there are {', '.join(known)}"
                raise Failure("cliUnknownField", f"There is no field {name!r} in the result{hint}")
            self._paths[path] = f"{names[_simple(name)]}{dot}{below}"


def _simple(name: str) -> str:
    return re.sub(r"\W", "", name).lower()


class Selection(NamedTuple):
    """Which records and fields of a result to show, and in what order.

    :ivar columns: the fields to show; None for all.
    :ivar sort: the field to sort by; empty for the order of the API.
    :ivar descending: whether to sort in descending order.
    :ivar test: tells whether to show a record.
    :ivar fields: the fields that are mentioned.
    """

    columns: Optional[List[str]]
    sort: str
    descending: bool
    test: Optional[Test]
    fields: _Fields

    def apply(self, data: Any) -> Any:
        """Return the chosen part of a result.

        :raises Failure: there are no records in it, or none of them has one of the fields.
        """
        records = records_in(data)
        if records is None:
            if not isinstance(data, dict) or self.test is not None or self.sort:
                raise Failure("cliNoRecords", "The result is not a list of records: --filter and --sort need one")
            self.fields.find(list(data))
            return self._reduced(data)
        if records:
            self.fields.find(fields_of(records))
        if self.test is not None:
            records = [record for record in records if self.test(record)]
        if self.sort:
            present = [record for record in records if self._sort_value(record) not in (None, "-")]
            absent = [record for record in records if self._sort_value(record) in (None, "-")]
            records = sorted(present, key=lambda record: _order(self._sort_value(record)), reverse=self.descending)
            records += absent
        return [self._reduced(record) for record in records]

    def _sort_value(self, record: Record) -> Any:
        return self.fields.value(record, self.sort)

    def _reduced(self, record: Record) -> Record:
        return record if self.columns is None else {path: value_at(record, path) for path in self.chosen() or ()}

    def chosen(self) -> Optional[List[str]]:
        """Return the fields to show by the API's names, as far as the records have shown them."""
        return None if self.columns is None else [self.fields.name(path) for path in self.columns]


def _order(value: Any) -> Tuple[int, Any, str]:
    """Return what to sort a value by: numbers before texts, and numbers within texts as numbers."""
    if isinstance(value, (int, float)):
        return (0, value, "")
    parts = re.split(r"(\d+)", str(value))
    return (1, [(int(part), "") if part.isdigit() else (-1, part) for part in parts], str(value))


def selection(columns: Optional[str], sort: Optional[str], filter_text: Optional[str]) -> Optional[Selection]:
    """Parse the options; return None if none of them is given.

    :raises Failure: the filter makes no sense.
    """
    if columns is None and sort is None and filter_text is None:
        return None
    chosen = None if columns is None else [path.strip() for path in columns.split(",") if path.strip()]
    descending = (sort or "").startswith("-")
    key = (sort or "")[1:] if descending else sort
    if chosen == [] or key == "":
        raise Failure("cliParseArgs", f"{'--columns' if chosen == [] else '--sort'} needs the name of a field")
    fields = _Fields()
    for path in [*(chosen or []), *([key] if key else [])]:
        fields.add(path)
    test = None if filter_text is None else _FilterParser(filter_text, fields).parse()
    return Selection(chosen, key or "", descending, test, fields)


class _Token(NamedTuple):
    text: str
    kind: str
    start: int


class _FilterParser:
    """Parses a filter by recursive descent: or, and, not, comparison."""

    def __init__(self, text: str, fields: _Fields) -> None:
        self._fields = fields
        self._text = text
        self._tokens = self._split()
        self._next = 0

    def parse(self) -> Test:
        """Return the test that the filter stands for."""
        test = self._any_of()
        if self._peek() is not None:
            raise self._error("expected 'and' or 'or'")
        return test

    def _split(self) -> List[_Token]:
        tokens = []
        position = 0
        while self._text[position:].strip():
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._error("cannot be parsed", position)
            kind = match.lastgroup or ""
            tokens.append(_Token(match[kind], kind, match.start(kind)))
            position = match.end()
        return tokens

    def _error(self, complaint: str, position: Optional[int] = None) -> Failure:
        if position is None:
            token = self._peek()
            position = len(self._text) if token is None else token.start
        place = f"at {self._text[position:]!r}" if position < len(self._text) else "at the end"
        example = "Example: --filter 'size>10G and tags.app==postgres'"
        return Failure("cliInvalidFilter", f"The filter is wrong {place}: {complaint}", hint=example)

    def _peek(self) -> Optional[_Token]:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, *texts: str) -> str:
        """Return the next token and go past it, if it is an operator or a keyword among these; else nothing."""
        token = self._peek()
        if token is None or token.kind not in ("op", "word") or token.text not in texts:
            return ""
        self._next += 1
        return token.text

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("or"):
            tests.append(self._all_of())
        return lambda record: any(test(record) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._single()]
        while self._take("and"):
            tests.append(self._single())
        return lambda record: all(test(record) for test in tests)

    def _single(self) -> Test:
        if self._take("not"):
            test = self._single()
            return lambda record: not test(record)
        if self._take("("):
            test = self._any_of()
            if not self._take(")"):
                raise self._error("expected ')'")
            return test
        path = self._fields.add(self._operand("a field"))
        value = self._fields.value
        op = self._take(*_COMPARISONS, "=~")
        if not op:
            return lambda record: value(record, path) not in (None, "", "-", 0, False, [], {})
        if op == "=~":
            pattern = self._pattern(self._operand("a regular expression"))
            return lambda record: pattern.search(_text(value(record, path))) is not None
        wanted = self._operand("a value")
        return lambda record: _compare(value(record, path), op, wanted)

    def _operand(self, meaning: str) -> str:
        token = self._peek()
        if token is None or token.kind == "op":
            raise self._error(f"expected {meaning}")
        self._next += 1
        return token.text

    def _pattern(self, text: str) -> re.Pattern[str]:
        try:
            return re.compile(text)
        except re.error as exc:
            self._next -= 1
            raise self._error(f"not a regular expression: {exc}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _compare(value: Any, op: str, wanted: str) -> bool:
    if isinstance(value, (list, tuple)):
        if op == "!=":
            return not any(_compare(item, "==", wanted) for item in value)
        return any(_compare(item, op, wanted) for item in value)
    if value is None:
        return (op == "==") == (wanted == "null") if op in ("==", "!=") else False
    compare: Callable[[Any, Any], bool] = _COMPARISONS[op]
    number = _number(wanted)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and number is not None:
        return compare(value, number)
    if isinstance(value, str) and op in _ORDERS and number is not None:
        own = _number(value)
        return own is not None and compare(own, number)
    return compare(_text(value), wanted)


def _number(text: str) -> Optional[float]:
    """Return the number that a text stands for: a number, a size, or the Unix time of a date."""
    size: Optional[float] = converted(text)
    if size is not None:
        return size
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def fields_of(records: Iterable[Record]) -> List[str]:
    """Return the fields that the records have, in order."""
    return list(dict.fromkeys(name for record in records for name in record))
