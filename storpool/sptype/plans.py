"""Plans: what msgspec decodes values to, and what is left to do then.

A :class:`Plan` has the type that msgspec decodes to, which checks as much as msgspec can check, and
:meth:`Plan.finish`, which does the rest for many values at once: names are matched together, strings that come again
are shared, records become objects of their classes. :mod:`.fast` makes the plans of nodes, and reads by them.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import (
    AbstractSet,
    Any,
    Dict,
    Iterable,
    List,
    Optional,
    Sequence,
    Set,
)

from . import library
from .constraints import INTERNED_MAX, Regex
from .nodes import ListNode, MapNode, Node, SetNode

Irregular = Dict[type, Set[str]]
"""The fields, by class, that are left to their nodes."""

Values = Sequence[Any]


class Plan:
    """How values of one node are read; this base class leaves them to the node.

    :ivar type: what msgspec decodes to.
    :ivar plain: whether that is what the JSON is, without structs, so that the node can take it.
    :ivar final: whether decoded values stay as they are; then ``finish`` is not called.
    """

    type: Any = Any
    plain = True
    final = False

    def __init__(self, node: Node) -> None:
        self.node = node

    def finish(self, values: Values) -> Values:
        """Return what becomes of values that msgspec decoded.

        :raises Exception: one of them is not good.
        """
        return list(map(self.node.handleVal, values))

    def finish_one(self, value: Any) -> Any:
        """Return what becomes of one value; the same as `finish`, with less ado."""
        return self.finish([value])[0]

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        """Find the fields for which msgspec refuses a value; None where the value is refused as a whole."""
        return None


class Decoded(Plan):
    """Values that msgspec checks completely."""

    final = True

    def __init__(self, node: Node, type_: Any) -> None:
        super().__init__(node)
        self.type = type_


class Matched(Plan):
    """Strings that patterns match; each by one of several constraints, or one of some constants."""

    type = str

    def __init__(self, node: Node, constraints: Sequence[Regex], constants: AbstractSet[str]) -> None:
        super().__init__(node)
        self._constraints = constraints
        self._constants = constants

    def finish(self, values: Values) -> Values:
        texts = [text for text in values if text not in self._constants] if self._constants else values
        for constraint in self._constraints:
            if constraint.match_all(texts):
                return values
            texts = [text for text in texts if not constraint.matches(text)]
        if texts:
            raise ValueError
        return values

    def finish_one(self, value: Any) -> Any:
        if value not in self._constants:
            for constraint in self._constraints:
                if constraint.matches(value):
                    return value
            raise ValueError
        return value


class Interned(Plan):
    """Strings of which there are few: each is checked once, and all records share it."""

    type = str

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._good = _Good(node)

    def finish(self, values: Values) -> Values:
        return list(map(self._good.__getitem__, values))

    def finish_one(self, value: Any) -> Any:
        return self._good[value]


class _Good(Dict[str, str]):
    """The strings that are known to be good."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __missing__(self, text: str) -> str:
        good: str = self._node.handleVal(text)
        if len(self) < INTERNED_MAX:
            self[good] = good
        return good


class OptionalPlan(Plan):
    """Null or a value of the inner plan; ``decoded`` says whether a null may come, or only be the default."""

    def __init__(self, node: Node, inner: Plan, decoded: bool = True) -> None:
        super().__init__(node)
        self.inner = inner
        self.type = Optional[inner.type] if decoded else inner.type
        self.plain = inner.plain
        self.final = inner.final

    def finish(self, values: Values) -> Values:
        present = [value for value in values if value is not None]
        if not present:
            return values
        finished = self.inner.finish(present)
        if len(present) == len(values):
            return finished
        remaining = iter(finished)
        return [None if value is None else next(remaining) for value in values]

    def finish_one(self, value: Any) -> Any:
        return None if value is None else self.inner.finish_one(value)

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        return self.inner.irregular_in(value)


class ListPlan(Plan):
    """Lists and sets, which are lists on the wire."""

    def __init__(self, node: ListNode, item: Plan) -> None:
        super().__init__(node)
        self.item = item
        self.type = List[item.type]  # type: ignore[name-defined]
        self.plain = item.plain
        self._is_set = isinstance(node, SetNode)
        self.final = item.final and not self._is_set

    def finish(self, values: Values) -> Values:
        if not self.item.final:
            flat = values[0] if len(values) == 1 else list(chain.from_iterable(values))
            finished = self.item.finish(flat) if flat else flat
            if finished is not flat:
                remaining = iter(finished)
                values = [list(islice(remaining, len(value))) for value in values]
        return list(map(set, values)) if self._is_set else values

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        return _union_of(self.item, value) if isinstance(value, list) else None


class MapPlan(Plan):
    """Mappings."""

    def __init__(self, node: MapNode, key: Plan, value: Plan) -> None:
        super().__init__(node)
        self.key = key
        self.value = value
        self.type = Dict[key.type, value.type]  # type: ignore[name-defined]
        self.plain = value.plain
        self.final = key.final and value.final

    def finish(self, values: Values) -> Values:
        if not self.key.final:
            keys = list(set().union(*values))
            finished = self.key.finish(keys) if keys else keys
            if finished is not keys and finished != keys:
                names = dict(zip(keys, finished))
                values = [dict(zip(map(names.__getitem__, value), value.values())) for value in values]
        if not self.value.final:
            flat = list(chain.from_iterable(map(dict.values, values)))
            finished = self.value.finish(flat) if flat else flat
            if finished is not flat:
                remaining = iter(finished)
                values = [dict(zip(value, islice(remaining, len(value)))) for value in values]
        return values

    def finish_one(self, value: Any) -> Any:
        key, item = self.key, self.value
        return {
            name if key.final else key.finish_one(name): part if item.final else item.finish_one(part)
            for name, part in value.items()
        }

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        return _union_of(self.value, value.values()) if isinstance(value, dict) else None


def _union_of(plan: Plan, values: Iterable[Any]) -> Optional[Irregular]:
    found: Irregular = {}
    for value in values:
        if not fits(value, plan.type):
            irregular = plan.irregular_in(value)
            if irregular is None:
                return None
            add_irregular(found, irregular)
    return found


def add_irregular(found: Irregular, more: Irregular) -> None:
    """Add fields to those that are left to their nodes."""
    for cls, names in more.items():
        found.setdefault(cls, set()).update(names)


def fits(value: Any, type_: Any) -> bool:
    """Return whether msgspec takes a parsed value for a type."""
    try:
        library.msgspec.convert(value, type_, str_keys=True)
        return True
    except library.REFUSALS:
        return False
