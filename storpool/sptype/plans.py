"""Plans: what msgspec decodes values to, and what is left to do then.

A :class:`Plan` has the type that msgspec decodes to, which checks as much as msgspec can check, and
:meth:`Plan.finish`, which does the rest for many values at once: names are matched together, strings that come again
are shared, records become objects of their classes. :mod:`.fast` makes the plans of nodes, and reads by them.
"""

from __future__ import annotations

from collections import deque
from itertools import chain, islice, repeat
from operator import is_
from typing import (
    AbstractSet,
    Annotated,
    Any,
    Dict,
    Iterable,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    Union,
)

from ..spcatch import InvalidArgumentError
from . import library
from .annotations import Field
from .constraints import INTERNED_MAX, NamedEnum, Regex
from .nodes import ListNode, MapNode, Node, ObjectNode, SetNode, UnionNode
from .objects import unchecked_class

# How many records become objects at once: few enough to be in the processor's cache meanwhile.
_CHUNK = 250
_MEMORABLE = frozenset((str, int, float, bool, type(None)))

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

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        """Find the fields for which msgspec refuses a value; None where the value is refused as a whole."""
        return None


class Decoded(Plan):
    """Values that msgspec checks completely."""

    final = True

    def __init__(self, node: Node, type_: Any) -> None:
        super().__init__(node)
        self.type = type_


class Always(Plan):
    """``True``: msgspec has no type of one boolean."""

    type = bool

    def finish(self, values: Values) -> Values:
        if not all(values):
            raise ValueError
        return values


class Enumerated(Plan):
    """Integers that stand for names."""

    def __init__(self, node: Node, constraint: NamedEnum) -> None:
        super().__init__(node)
        last = constraint.first + len(constraint.values) - 1
        self.type = Annotated[int, library.msgspec.Meta(ge=constraint.first, le=last)]
        self._names = dict(enumerate(constraint.values, constraint.first))

    def finish(self, values: Values) -> Values:
        return list(map(self._names.__getitem__, values))


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


class Interned(Plan):
    """Strings of which there are few: each is checked once, and all records share it."""

    type = str

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._good = _Good(node)

    def finish(self, values: Values) -> Values:
        return list(map(self._good.__getitem__, values))


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

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        return _union_of(self.value, value.values()) if isinstance(value, dict) else None


def _union_of(plan: Plan, values: Iterable[Any]) -> Optional[Irregular]:
    found: Irregular = {}
    for value in values:
        if not _fits(value, plan.type):
            irregular = plan.irregular_in(value)
            if irregular is None:
                return None
            add_irregular(found, irregular)
    return found


def add_irregular(found: Irregular, more: Irregular) -> None:
    """Add fields to those that are left to their nodes."""
    for cls, names in more.items():
        found.setdefault(cls, set()).update(names)


def _fits(value: Any, type_: Any) -> bool:
    try:
        library.msgspec.convert(value, type_, str_keys=True)
        return True
    except library.REFUSALS:
        return False


class FieldPlan:
    """How a field of a record is read: its plan, and what it has where the record has it not."""

    def __init__(self, field: Field, plan: Plan, irregular: bool, lenient: bool) -> None:
        self.field = field
        self.plan = plan
        self._lenient = lenient
        self.default: Any = library.dataclasses.MISSING
        self.required = field.required
        if not self.required and not irregular:
            absent = field.absent()
            if isinstance(absent, (list, set, dict)):
                irregular = bool(absent)
                self.default = library.msgspec.field(default_factory=dict if isinstance(absent, dict) else list)
            else:
                # Null is no value that a plan finishes.
                irregular = absent is not None and not plan.final
                self.default = absent
                if absent is None and not isinstance(plan, OptionalPlan):
                    self.plan = OptionalPlan(field.node, plan, decoded=False)
        self.irregular = False
        if irregular:
            self.leave_to_node()

    def leave_to_node(self) -> None:
        """Let the value be decoded as it is, and the node handle it."""
        self.irregular = True
        self.plan = Plan(self.field.node)
        self.default = library.UNSET

    @property
    def declared(self) -> Tuple[Any, ...]:
        """The field of a struct."""
        where = (self.field.name, self.plan.type)
        return where if self.default is library.dataclasses.MISSING else (*where, self.default)

    def finish(self, values: Values) -> Values:
        """Return what becomes of the values of this field in many records; null where one is bad."""
        if self.irregular:
            return self._one_by_one(values)
        if self.plan.final:
            return values
        try:
            return self.plan.finish(values)
        except Exception:
            if not (self._lenient and self.plan.plain):
                raise
            return self._one_by_one(values)

    def _one_by_one(self, values: Values) -> Values:
        finished = []
        known: Dict[Tuple[type, Any], Any] = {}
        for value in values:
            # A word or a number that does not fit may stand in every record.
            key = (type(value), value) if type(value) in _MEMORABLE else None
            if key is not None and key in known:
                finished.append(known[key])
                continue
            found = self._by_node(value)
            if key is not None:
                known[key] = found
            finished.append(found)
        return finished

    def _by_node(self, value: Any) -> Any:
        try:
            return self.field.absent() if value is library.UNSET else self.field.node.handleVal(value)
        except InvalidArgumentError as exc:
            if not self._lenient:
                raise
            return exc.partial

    def filled(self, values: Values) -> Values:
        """Put what an absent field has where there is no value."""
        return [self._by_node(value) if value is library.UNSET else value for value in values]


class ObjectPlan(Plan):
    """Records of a class, each a struct until it becomes an object."""

    plain = False

    def __init__(self, node: ObjectNode, fields: Sequence[FieldPlan]) -> None:
        super().__init__(node)
        self.fields = fields
        self.maker = _Maker(node.cls, fields)
        self.type = library.msgspec.defstruct(
            node.name, [field.declared for field in fields], kw_only=True, gc=False, module=node.cls.__module__
        )

    def finish(self, values: Values) -> Values:
        made: List[Any] = []
        for start in range(0, len(values), _CHUNK):
            made += self.maker.make(list(zip(*map(library.astuple, values[start : start + _CHUNK]))), len(values))
        return made

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        return _irregular_fields(self.node.cls, self.fields, value)  # type: ignore[attr-defined]


def _irregular_fields(cls: type, fields: Sequence[FieldPlan], value: Any) -> Optional[Irregular]:
    if not isinstance(value, dict):
        return None
    found: Irregular = {}
    for field in fields:
        name = field.field.name
        if name not in value:
            inner: Optional[Irregular] = None if field.default is library.dataclasses.MISSING else {}
        elif _fits(value[name], field.plan.type):
            inner = {}
        else:
            inner = field.plan.irregular_in(value[name])
        add_irregular(found, {cls: {name}} if inner is None else inner)
    return found


def _unchecked_class(cls: type) -> type:
    """Return the unchecked class of a class of objects, which is made once; its arguments are the fields in order."""
    made: Optional[type] = cls.__dict__.get("_spunchecked")
    if made is None:
        names = list(cls.__spfields__)  # type: ignore[attr-defined]
        # The standard library writes the fastest function there is that sets many attributes.
        dataclass = library.dataclasses.make_dataclass(cls.__name__, names, repr=False, eq=False) if names else object
        made = unchecked_class(cls, dataclass.__init__)
        type.__setattr__(cls, "_spunchecked", made)
    return made


class _Maker:
    """Makes objects of the columns of many records."""

    def __init__(self, cls: type, fields: Sequence[FieldPlan]) -> None:
        self.cls = cls
        self._finished = [(index, field.finish) for index, field in enumerate(fields) if not field.plan.final]
        self._unchecked = _unchecked_class(cls)

    def make(self, columns: List[Values], count: int) -> List[Any]:
        """Make an object of each row; ``count`` rows, where there are no columns."""
        for index, finish in self._finished:
            columns[index] = finish(columns[index])
        made = list(map(self._unchecked, *columns)) if columns else [self._unchecked() for _ in range(count)]
        deque(map(_set_class, made, repeat(self.cls)), maxlen=0)
        return made


_set_class = vars(object)["__class__"].__set__


class KindsPlan(Plan):
    """Records of one of two classes: a struct has the fields of both, and becomes an object of the class it is of."""

    plain = False

    def __init__(self, node: UnionNode, kinds: Sequence[Tuple[ObjectNode, Sequence[FieldPlan]]]) -> None:
        super().__init__(node)
        self._kinds = kinds
        merged: Dict[str, Tuple[Any, Any]] = {}
        for _, fields in kinds:
            for field in fields:
                name = field.field.name
                if name not in merged:
                    merged[name] = self._merged(name)
        self._names = tuple(merged)
        declared = [
            (name, type_) if default is library.dataclasses.MISSING else (name, type_, default)
            for name, (type_, default) in merged.items()
        ]
        name = "Or".join(kind.name for kind, _ in kinds)
        self.type = library.msgspec.defstruct(name, declared, kw_only=True, gc=False)
        places = {name: place for place, name in enumerate(self._names)}
        self._places = [[places[field.field.name] for field in fields] for _, fields in kinds]
        self._may_lack = [[place for place in some if declared[place][-1] is library.UNSET] for some in self._places]
        self._makers = [_Maker(kind.cls, fields) for kind, fields in kinds]
        self._mark = places[node.discriminator.field]  # type: ignore[union-attr]
        self._own = places[node.discriminator.own]  # type: ignore[union-attr, index]

    def _merged(self, name: str) -> Tuple[Any, Any]:
        """Return the type and the default of a field of the struct.

        Where the kinds differ, it takes anything, and their nodes handle it; where not all have it, it may be absent.
        """
        here = [field for _, fields in self._kinds for field in fields if field.field.name == name]
        first = here[0]
        if any(field.plan.type != first.plan.type for field in here):
            for field in here:
                field.leave_to_node()
        if len(here) == len(self._kinds) and all(field.default is first.default for field in here):
            return first.plan.type, first.default
        return (Any if first.plan.type is Any else Union[first.plan.type, library.msgspec.UnsetType]), library.UNSET

    def finish(self, values: Values) -> Values:
        made: List[Any] = []
        for start in range(0, len(values), _CHUNK):
            made += self._objects(list(map(library.astuple, values[start : start + _CHUNK])))
        return made

    def _objects(self, rows: List[Tuple[Any, ...]]) -> List[Any]:
        kinds = list(map(self._kind_of, rows))
        made: List[Any] = [None] * len(rows)
        for kind, places in enumerate(self._places):
            mine = [index for index, found in enumerate(kinds) if found == kind]
            if not mine:
                continue
            columns = list(zip(*[rows[index] for index in mine]))
            chosen: List[Values] = [columns[place] for place in places]
            if any(
                map(is_, chain.from_iterable(columns[place] for place in self._may_lack[kind]), repeat(library.UNSET))
            ):
                fields = self._kinds[kind][1]
                chosen = [
                    column if field.irregular or library.UNSET not in column else field.filled(column)
                    for field, column in zip(fields, chosen)
                ]
            for index, record in zip(mine, self._makers[kind].make(chosen, len(mine))):
                made[index] = record
        return made

    def _kind_of(self, row: Tuple[Any, ...]) -> int:
        discriminator = self.node.discriminator  # type: ignore[attr-defined]
        mark = row[self._mark]
        first = mark in discriminator.first
        if type(mark) is type(discriminator.first[0]) and first == (row[self._own] is not library.UNSET):
            return 0 if first else 1
        chosen: int = discriminator.choose({k: v for k, v in zip(self._names, row) if v is not library.UNSET})
        return chosen

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        found: Irregular = {}
        for kind, fields in self._kinds:
            # What only one kind has may be absent here.
            present = [field for field in fields if isinstance(value, dict) and field.field.name in value]
            irregular = _irregular_fields(kind.cls, present, value)
            if irregular is None:
                return None
            add_irregular(found, irregular)
        shared = [name for name in self._names if isinstance(value, dict) and name not in value]
        for kind, fields in self._kinds:
            for field in fields:
                if field.field.name in shared and field.default is library.dataclasses.MISSING:
                    add_irregular(found, {kind.cls: {field.field.name}})
        return found
