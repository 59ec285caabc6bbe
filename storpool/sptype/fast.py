"""Reading with msgspec: from nodes to types that msgspec decodes, and from what it decodes to objects.

The nodes say what a value must be. Here each becomes a :class:`Plan`: the type that msgspec decodes to, which checks
as much as msgspec can check, and :meth:`Plan.finish`, which does the rest for many values at once: names are matched
together, strings that come again are shared, records become objects of their classes.

What msgspec refuses is left to the nodes, so errors, conversions ("10" for 10) and partial results come from them
alone. In a reply only the part that does not fit is: a record of a listing, or, once it was seen not to fit, a field in
all records, which is then decoded as it is and handled by its node.
"""

from __future__ import annotations

import dataclasses
import gc
from collections import deque
from itertools import chain, islice, repeat
from operator import is_
from typing import AbstractSet, Annotated, Any, Dict, Iterable, List, Literal, Optional, Sequence, Set, Tuple, Union

import msgspec
from msgspec.structs import astuple

from ..spcatch import InvalidArgumentError
from .annotations import Field
from .constraints import INTERNED_MAX, IntRange, NamedEnum, OneOf, Regex, Size, String, UnlimitedInt
from .nodes import (
    IRREGULAR,
    Builtin,
    Collection,
    Const,
    ListNode,
    MapNode,
    Node,
    NullOr,
    ObjectNode,
    Scalar,
    SetNode,
    UnionNode,
    Wrapper,
)
from .objects import unchecked_class

__all__ = ["MsgspecReader", "reader_of"]

UNSET = msgspec.UNSET
# How many records become objects at once: few enough to be in the processor's cache meanwhile.
_CHUNK = 250
# From how many parts on the collector of cycles waits: nothing that is made here is garbage, and it would walk the
# growing list again and again to find that out.
_LARGE = 50
_MEMORABLE = frozenset((str, int, float, bool, type(None)))
_REFUSALS = (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError)

#: The fields, by class, that a plan leaves to their nodes.
Irregular = Dict[type, Set[str]]
Values = Sequence[Any]


def reader_of(node: Collection) -> Optional[MsgspecReader]:
    """Return the reader for a node; None where msgspec can check nothing of its values."""
    try:
        return MsgspecReader(node)
    except Exception:
        # A declaration of a user's that msgspec has no type for, as a field that is named `class`.
        return None


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
        self.type = Annotated[int, msgspec.Meta(ge=constraint.first, le=last)]
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
            _add(found, irregular)
    return found


def _add(found: Irregular, more: Irregular) -> None:
    for cls, names in more.items():
        found.setdefault(cls, set()).update(names)


def _fits(value: Any, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_, str_keys=True)
        return True
    except _REFUSALS:
        return False


class FieldPlan:
    """How a field of a record is read: its plan, and what it has where the record has it not."""

    def __init__(self, field: Field, plan: Plan, irregular: bool, lenient: bool) -> None:
        self.field = field
        self.plan = plan
        self._lenient = lenient
        self.default: Any = dataclasses.MISSING
        self.required = field.required
        if not self.required and not irregular:
            absent = field.absent()
            if isinstance(absent, (list, set, dict)):
                irregular = bool(absent)
                self.default = msgspec.field(default_factory=dict if isinstance(absent, dict) else list)
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
        self.default = UNSET

    @property
    def declared(self) -> Tuple[Any, ...]:
        """The field of a struct."""
        where = (self.field.name, self.plan.type)
        return where if self.default is dataclasses.MISSING else (*where, self.default)

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
            return self.field.absent() if value is UNSET else self.field.node.handleVal(value)
        except InvalidArgumentError as exc:
            if not self._lenient:
                raise
            return exc.partial

    def filled(self, values: Values) -> Values:
        """Put what an absent field has where there is no value."""
        return [self._by_node(value) if value is UNSET else value for value in values]


class ObjectPlan(Plan):
    """Records of a class, each a struct until it becomes an object."""

    plain = False

    def __init__(self, node: ObjectNode, fields: Sequence[FieldPlan]) -> None:
        super().__init__(node)
        self.fields = fields
        self.maker = _Maker(node.cls, fields)
        self.type = msgspec.defstruct(
            node.name, [field.declared for field in fields], kw_only=True, gc=False, module=node.cls.__module__
        )

    def finish(self, values: Values) -> Values:
        made: List[Any] = []
        for start in range(0, len(values), _CHUNK):
            made += self.maker.make(list(zip(*map(astuple, values[start : start + _CHUNK]))), len(values))
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
            inner: Optional[Irregular] = None if field.default is dataclasses.MISSING else {}
        elif _fits(value[name], field.plan.type):
            inner = {}
        else:
            inner = field.plan.irregular_in(value[name])
        _add(found, {cls: {name}} if inner is None else inner)
    return found


class _Maker:
    """Makes objects of the columns of many records."""

    def __init__(self, cls: type, fields: Sequence[FieldPlan]) -> None:
        self.cls = cls
        self._finished = [(index, field.finish) for index, field in enumerate(fields) if not field.plan.final]
        names = [field.field.name for field in fields]
        # The standard library writes the fastest function there is that sets many attributes.
        made = dataclasses.make_dataclass(cls.__name__, names, repr=False, eq=False) if names else object
        self._unchecked = unchecked_class(cls, made.__init__)  # type: ignore[misc]

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
            (name, type_) if default is dataclasses.MISSING else (name, type_, default)
            for name, (type_, default) in merged.items()
        ]
        name = "Or".join(kind.name for kind, _ in kinds)
        self.type = msgspec.defstruct(name, declared, kw_only=True, gc=False)
        places = {name: place for place, name in enumerate(self._names)}
        self._places = [[places[field.field.name] for field in fields] for _, fields in kinds]
        self._may_lack = [[place for place in some if declared[place][-1] is UNSET] for some in self._places]
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
        return (Any if first.plan.type is Any else Union[first.plan.type, msgspec.UnsetType]), UNSET

    def finish(self, values: Values) -> Values:
        made: List[Any] = []
        for start in range(0, len(values), _CHUNK):
            made += self._objects(list(map(astuple, values[start : start + _CHUNK])))
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
            if any(map(is_, chain.from_iterable(columns[place] for place in self._may_lack[kind]), repeat(UNSET))):
                fields = self._kinds[kind][1]
                chosen = [
                    column if field.irregular or UNSET not in column else field.filled(column)
                    for field, column in zip(fields, chosen)
                ]
            for index, record in zip(mine, self._makers[kind].make(chosen, len(mine))):
                made[index] = record
        return made

    def _kind_of(self, row: Tuple[Any, ...]) -> int:
        discriminator = self.node.discriminator  # type: ignore[attr-defined]
        mark = row[self._mark]
        first = mark in discriminator.first
        if type(mark) is type(discriminator.first[0]) and first == (row[self._own] is not UNSET):
            return 0 if first else 1
        chosen: int = discriminator.choose({k: v for k, v in zip(self._names, row) if v is not UNSET})
        return chosen

    def irregular_in(self, value: Any) -> Optional[Irregular]:
        found: Irregular = {}
        for kind, fields in self._kinds:
            # What only one kind has may be absent here.
            present = [field for field in fields if isinstance(value, dict) and field.field.name in value]
            irregular = _irregular_fields(kind.cls, present, value)
            if irregular is None:
                return None
            _add(found, irregular)
        shared = [name for name in self._names if isinstance(value, dict) and name not in value]
        for kind, fields in self._kinds:
            for field in fields:
                if field.field.name in shared and field.default is dataclasses.MISSING:
                    _add(found, {kind.cls: {field.field.name}})
        return found


class _Plans:
    """Makes the plans of a node and of the nodes below it.

    :param irregular: the fields to leave to their nodes.
    :param lenient: whether a bad value is replaced by its partial result; else finishing fails.
    """

    def __init__(self, irregular: Irregular, lenient: bool) -> None:
        self._irregular = irregular
        self._lenient = lenient
        self._within: List[type] = []

    def of(self, node: Node) -> Plan:
        """Make the plan of a node."""
        if isinstance(node, NullOr):
            return OptionalPlan(node, self.of(node.wrapped))
        if isinstance(node, Wrapper):
            return self.of(node.wrapped)
        if isinstance(node, ListNode):
            return ListPlan(node, self.of(node.item))
        if isinstance(node, MapNode):
            return self._of_map(node)
        if isinstance(node, ObjectNode):
            return Plan(node) if node.cls in self._within else ObjectPlan(node, self._fields(node))
        if isinstance(node, UnionNode):
            return self._of_union(node)
        if isinstance(node, Const):
            return _of_const(node)
        if isinstance(node, Scalar):
            return _of_scalar(node)
        if isinstance(node, Builtin) and node.type in (int, str, float, bool):
            return Decoded(node, node.type)
        return Plan(node)

    def _fields(self, node: ObjectNode) -> List[FieldPlan]:
        irregular = self._irregular.get(node.cls, ())
        self._within.append(node.cls)
        fields = [
            FieldPlan(field, self.of(field.node), name in irregular, self._lenient)  # type: ignore[arg-type]
            for name, field in node.cls.__spfields__.items()
        ]
        self._within.pop()
        return fields

    def _of_map(self, node: MapNode) -> Plan:
        key = self.of(node.key)
        # A key that is no string on the wire comes as one of digits, which msgspec reads only where it is an integer.
        if key.type is str or isinstance(key, Enumerated) or _is_integer(key):
            return MapPlan(node, key, self.of(node.value))
        return Plan(node)

    def _of_union(self, node: UnionNode) -> Plan:
        kinds, discriminator = node.alternatives, node.discriminator
        if discriminator is not None:
            records = [kind for kind in kinds if isinstance(kind, ObjectNode)]
            if len(records) == len(kinds) == 2 and discriminator.own is not None:
                return KindsPlan(node, [(kind, self._fields(kind)) for kind in records])
            return Plan(node)
        constants = [kind.value for kind in kinds[:-1] if isinstance(kind, Const)]
        patterns = [
            kind.constraint for kind in kinds if isinstance(kind, Scalar) and isinstance(kind.constraint, Regex)
        ]
        if len(constants) + len(patterns) == len(kinds) and all(type(value) is str for value in constants):
            return Interned(node) if patterns[-1].interned else Matched(node, patterns, frozenset(constants))
        last = self.of(kinds[-1])
        if len(constants) == len(kinds) - 1 and last.final and all(type(value) in (str, int) for value in constants):
            return Decoded(node, Union[Literal[tuple(constants)], last.type])
        return Plan(node)


def _is_integer(plan: Plan) -> bool:
    return isinstance(plan, Decoded) and getattr(plan.type, "__origin__", plan.type) is int


def _of_const(node: Const) -> Plan:
    if node.value is True:
        return Always(node)
    if type(node.value) in (str, int):
        return Decoded(node, Literal[node.value])
    return Plan(node)


def _of_scalar(node: Scalar) -> Plan:
    constraint = node.constraint
    limits: Any = msgspec.Meta
    if isinstance(constraint, Regex):
        return Interned(node) if constraint.interned else Matched(node, [constraint], frozenset())
    if isinstance(constraint, NamedEnum):
        return Enumerated(node, constraint)
    type_: Any = None
    if isinstance(constraint, IntRange) and max(abs(constraint.low), abs(constraint.high)) < 2**63:
        type_ = Annotated[int, limits(ge=constraint.low, le=constraint.high)]
    elif isinstance(constraint, Size):
        type_ = Annotated[int, limits(gt=0, multiple_of=constraint.unit)]
    elif isinstance(constraint, UnlimitedInt):
        type_ = Union[Literal[constraint.unlimited], Annotated[int, limits(ge=constraint.minimum)]]
    elif isinstance(constraint, OneOf) and all(type(value) in (str, int) for value in constraint.values):
        type_ = Literal[constraint.values]
    elif isinstance(constraint, String):
        type_ = Annotated[str, limits(max_length=constraint.shorter_than - 1)]
    return Plan(node) if type_ is None else Decoded(node, type_)


class _Paused:
    """Let the collector of cycles wait, where there is much to make."""

    def __init__(self, count: int) -> None:
        self._paused = count > _LARGE and gc.isenabled()

    def __enter__(self) -> None:
        if self._paused:
            gc.disable()

    def __exit__(self, *_exc: object) -> None:
        if self._paused:
            gc.enable()


class MsgspecReader:
    """Reads the values of a node with msgspec."""

    def __init__(self, node: Collection) -> None:
        self._node = node
        self._strict = _Plans({}, lenient=False).of(node)
        if self._strict.type is Any:
            raise TypeError(node)
        self._irregular: Irregular = {}
        self._plan()

    def convert(self, value: Any) -> Any:
        """Return what the node makes of a value, or IRREGULAR."""
        with _Paused(len(value)):
            try:
                return self._finished(self._strict, msgspec.convert(value, self._strict.type, str_keys=True))
            except Exception:
                return IRREGULAR

    def decode(self, reply: bytes) -> Any:
        """Return what the node makes of the ``data`` of a reply, or IRREGULAR; see :class:`.nodes.Reader`."""
        with _Paused(len(reply) // 100):
            try:
                found = self._whole.decode(reply)
                if found.error is UNSET and found.data is not UNSET:
                    return self._finished(self._lenient, found.data)
                return IRREGULAR
            except msgspec.ValidationError:
                pass
            except Exception:
                return IRREGULAR  # no JSON, or not as json has it
            try:
                return self._record_by_record(reply)
            except Exception:
                return IRREGULAR

    def _finished(self, plan: Plan, value: Any) -> Any:
        return value if plan.final else plan.finish([value])[0]

    def _plan(self) -> None:
        """Make what depends on the fields that are irregular."""
        plan = _Plans(self._irregular, lenient=True).of(self._node)
        fields = [("data", Union[plan.type, msgspec.UnsetType], UNSET), ("error", Any, UNSET)]
        self._whole = msgspec.json.Decoder(msgspec.defstruct("Reply", fields))
        self._lenient = plan

    def _record_by_record(self, reply: bytes) -> Any:
        """Read a reply of which some part is irregular, and learn which."""
        plan = self._lenient
        kind: Any = msgspec.Raw
        if isinstance(plan, MapPlan):
            kind = Dict[plan.key.type, msgspec.Raw]  # type: ignore[name-defined]
        elif isinstance(plan, ListPlan):
            kind = List[msgspec.Raw]
        found = msgspec.json.decode(reply, type=msgspec.defstruct("Reply", [("data", kind), ("error", Any, UNSET)]))
        if found.error is not UNSET:
            return IRREGULAR
        if isinstance(plan, MapPlan):
            keys = list(found.data) if plan.key.final else plan.key.finish(list(found.data))
            values = self._records(list(found.data.values()), self._node.value)  # type: ignore[attr-defined]
            return {key: None if value is _NOTHING else value for key, value in zip(keys, values)}
        if isinstance(plan, ListPlan):
            items = self._records(found.data, self._node.item)  # type: ignore[attr-defined]
            return self._node.build([item for item in items if item is not _NOTHING])
        (value,) = self._records([found.data], self._node)
        return IRREGULAR if value is _NOTHING else value

    def _records(self, raws: Sequence[Any], node: Node) -> List[Any]:
        """Read records, each for itself where it is irregular; those of which nothing can be made are left empty."""
        records: List[Any] = [_NOTHING] * len(raws)
        plan = self._record_plan()
        decoder = msgspec.json.Decoder(plan.type)
        waiting: List[Tuple[int, Any]] = []

        def finish() -> None:
            values = [value for _, value in waiting]
            try:
                finished = values if plan.final else plan.finish(values)
            except Exception:
                finished = [_by_node(node, raws[index]) for index, _ in waiting]
            for (index, _), record in zip(waiting, finished):
                records[index] = record
            waiting.clear()

        for index, raw in enumerate(raws):
            try:
                waiting.append((index, decoder.decode(raw)))
            except msgspec.ValidationError:
                if self._learn(plan, raw):
                    finish()
                    plan = self._record_plan()
                    decoder = msgspec.json.Decoder(plan.type)
                try:
                    waiting.append((index, decoder.decode(raw)))
                except msgspec.ValidationError:
                    records[index] = _by_node(node, raw)
        finish()
        return records

    def _record_plan(self) -> Plan:
        plan = self._lenient
        return plan.value if isinstance(plan, MapPlan) else plan.item if isinstance(plan, ListPlan) else plan

    def _learn(self, plan: Plan, raw: Any) -> bool:
        """Leave the fields for which msgspec refuses a record to their nodes; return whether there are such."""
        found = plan.irregular_in(msgspec.json.decode(raw))
        known = {cls: set(names) for cls, names in self._irregular.items()}
        before = sum(map(len, known.values()))
        _add(known, found or {})
        if sum(map(len, known.values())) == before:
            return False
        self._irregular = known
        self._plan()
        return True


_NOTHING: Any = object()


def _by_node(node: Node, raw: Any) -> Any:
    try:
        return node.handleVal(msgspec.json.decode(raw))
    except InvalidArgumentError as exc:
        return _NOTHING if exc.partial is None else exc.partial
