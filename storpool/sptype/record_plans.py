"""Plans of records: what msgspec decodes them to, and how they become objects of their classes."""

from __future__ import annotations

from collections import deque
from itertools import chain, repeat
from operator import is_
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ..spcatch import InvalidArgumentError
from . import library
from .annotations import Field
from .nodes import ObjectNode, UnionNode
from .objects import unchecked_class
from .plans import Irregular, OptionalPlan, Plan, Values, add_irregular, fits

# How many records become objects at once: few enough to be in the processor's cache meanwhile.
_CHUNK = 250
_MEMORABLE = frozenset((str, int, float, bool, type(None)))


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
        if self.field.required or isinstance(self.field.absent(), (list, set, dict)):
            return [self._by_node(value) if value is library.UNSET else value for value in values]
        absent = self.field.absent()
        return [absent if value is library.UNSET else value for value in values]


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

    def finish_one(self, value: Any) -> Any:
        return self.maker.make_one(library.astuple(value))

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
        elif fits(value[name], field.plan.type):
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
        self._finished_one = [
            (index, field.plan.inner.finish_one, True)
            if isinstance(field.plan, OptionalPlan)
            else (index, field.plan.finish_one, False)
            for index, field in enumerate(fields)
            if not (field.irregular or field.plan.final)
        ]
        self._irregular = [(index, field.finish) for index, field in enumerate(fields) if field.irregular]
        self._unchecked = _unchecked_class(cls)

    def make_one(self, row: Sequence[Any]) -> Any:
        """Make an object of a row.

        :raises Exception: one of its values is not good.
        """
        values = list(row)
        for index, finish, optional in self._finished_one:
            value = values[index]
            if value is not None or not optional:
                values[index] = finish(value)
        for index, finish_all in self._irregular:
            values[index] = finish_all([values[index]])[0]
        made = self._unchecked(*values)
        _set_class(made, self.cls)
        return made

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
