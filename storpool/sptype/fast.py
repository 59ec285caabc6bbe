"""Reading with msgspec: from nodes to plans, and from the bytes of a reply to objects.

What msgspec refuses is left to the nodes, so errors, conversions ("10" for 10) and partial results come from them
alone. In a reply only the part that does not fit is: a record of a listing, or, once it was seen not to fit, a field in
all records, which is then decoded as it is and handled by its node.
"""

from __future__ import annotations

import gc
from typing import Annotated, Any, Dict, List, Literal, Optional, Sequence, Tuple, Union

from ..spcatch import InvalidArgumentError
from . import library
from .constraints import IntRange, OneOf, Regex, Size, String, UnlimitedInt
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
    UnionNode,
    Wrapper,
)
from .plans import (
    Decoded,
    Interned,
    Irregular,
    ListPlan,
    MapPlan,
    Matched,
    OptionalPlan,
    Plan,
    add_irregular,
)
from .record_plans import FieldPlan, KindsPlan, ObjectPlan

__all__ = ["MsgspecReader", "described", "reader_of", "use_msgspec"]

# From how many parts on the collector of cycles waits: nothing that is made here is garbage, and it would walk the
# growing list again and again to find that out.
_LARGE = 50


def use_msgspec() -> bool:
    """Let msgspec read what is well-formed from now on; return whether it can."""
    if not library.load():
        return False
    Collection.reader_of = staticmethod(reader_of)
    return True


def reader_of(node: Collection) -> Optional[MsgspecReader]:
    """Return the reader for a node; None where msgspec can check nothing of its values."""
    try:
        return MsgspecReader(node)
    except Exception:
        # A declaration of a user's that msgspec has no type for, as a field that is named `class`.
        return None


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
            FieldPlan(field, self.of(field.node), name in irregular, self._lenient)
            for name, field in node.cls.__spfields__.items()
        ]
        self._within.pop()
        return fields

    def _of_map(self, node: MapNode) -> Plan:
        key = self.of(node.key)
        # A key that is no string on the wire comes as one of digits, which msgspec reads only where it is an integer.
        if key.type is str or _is_key(key):
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
            return _of_choice(node, constants, last)
        return Plan(node)


def _of_choice(node: Node, constants: Sequence[Any], last: Plan) -> Plan:
    try:
        type_: Any = Union[Literal[tuple(constants)], last.type]
        library.msgspec.json.Decoder(type_)
    except TypeError:
        return Plan(node)  # msgspec takes no union of an integer with other integers
    return Decoded(node, type_)


def _is_key(plan: Plan) -> bool:
    return isinstance(plan, Decoded) and getattr(plan.type, "__origin__", plan.type) in (int, str)


def _of_const(node: Const) -> Plan:
    if type(node.value) in (str, int):
        return Decoded(node, Literal[node.value])
    return Plan(node)


def _of_scalar(node: Scalar) -> Plan:
    constraint = node.constraint
    limits: Any = library.msgspec.Meta
    if isinstance(constraint, Regex):
        return Interned(node) if constraint.interned else Matched(node, [constraint], frozenset())
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
        self._irregular: Irregular = {}
        self._strict: Optional[Plan] = None
        self._plan()
        if self._current[0].type is Any:
            raise TypeError(node)

    def convert(self, value: Any) -> Any:
        """Return what the node makes of a value, or IRREGULAR."""
        plan = self._strict
        if plan is None:
            plan = _Plans({}, lenient=False).of(self._node)
            # msgspec looks into a struct when it first meets it, and a thread that meets it meanwhile would crash: no
            # other thread gets it before.
            library.msgspec.json.Decoder(plan.type)
            self._strict = plan
        try:
            if isinstance(plan, ObjectPlan):
                return plan.finish_one(library.msgspec.convert(value, plan.type, str_keys=True))
            with _Paused(len(value)):
                return self._finished(plan, library.msgspec.convert(value, plan.type, str_keys=True))
        except Exception:
            return IRREGULAR

    def decode(self, reply: bytes) -> Any:
        """Return what the node makes of the ``data`` of a reply, or IRREGULAR; see :class:`.nodes.Reader`."""
        # Both belong together, whatever another thread learns meanwhile.
        plan, decoder = self._current
        with _Paused(len(reply) // 100):
            try:
                found = decoder.decode(reply)
                if found.error is not library.UNSET or found.data is library.UNSET:
                    return IRREGULAR
                return self._finished(plan, found.data)
            except library.msgspec.ValidationError:
                pass
            except library.msgspec.DecodeError:
                return IRREGULAR  # no JSON, or not as json has it
            except Exception:  # noqa: S110 - some part is not good: its record is left to the node
                pass
            try:
                return self._record_by_record(plan, reply)
            except Exception:
                return IRREGULAR

    def _finished(self, plan: Plan, value: Any) -> Any:
        return value if plan.final else plan.finish([value])[0]

    def _plan(self) -> None:
        """Make what depends on the fields that are irregular."""
        plan = _Plans(self._irregular, lenient=True).of(self._node)
        fields = [("data", Union[plan.type, library.msgspec.UnsetType], library.UNSET), ("error", Any, library.UNSET)]
        self._current: Tuple[Plan, Any] = plan, library.msgspec.json.Decoder(library.msgspec.defstruct("Reply", fields))

    def _record_by_record(self, plan: Plan, reply: bytes) -> Any:
        """Read a reply of which some part is irregular, and learn which."""
        kind: Any = library.msgspec.Raw
        if isinstance(plan, MapPlan):
            kind = Dict[plan.key.type, library.msgspec.Raw]  # type: ignore[name-defined]
        elif isinstance(plan, ListPlan):
            kind = List[library.msgspec.Raw]
        found: Any = library.msgspec.json.decode(
            reply, type=library.msgspec.defstruct("Reply", [("data", kind), ("error", Any, library.UNSET)])
        )
        if found.error is not library.UNSET:
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
        decoder = library.msgspec.json.Decoder(plan.type)
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
            except library.msgspec.ValidationError:
                if self._learn(plan, raw):
                    finish()
                    plan = self._record_plan()
                    decoder = library.msgspec.json.Decoder(plan.type)
                try:
                    waiting.append((index, decoder.decode(raw)))
                except library.msgspec.ValidationError:
                    records[index] = _by_node(node, raw)
        finish()
        return records

    def _record_plan(self) -> Plan:
        plan, _ = self._current
        return plan.value if isinstance(plan, MapPlan) else plan.item if isinstance(plan, ListPlan) else plan

    def _learn(self, plan: Plan, raw: Any) -> bool:
        """Leave the fields for which msgspec refuses a record to their nodes; return whether there are such."""
        found = plan.irregular_in(library.msgspec.json.decode(raw))
        known = {cls: set(names) for cls, names in self._irregular.items()}
        before = sum(map(len, known.values()))
        add_irregular(known, found or {})
        if sum(map(len, known.values())) == before:
            return False
        self._irregular = known
        self._plan()
        return True


_NOTHING: Any = object()


def _by_node(node: Node, raw: Any) -> Any:
    try:
        return node.handleVal(library.msgspec.json.decode(raw))
    except InvalidArgumentError as exc:
        return _NOTHING if exc.partial is None else exc.partial


def described(node: ObjectNode) -> List[str]:
    """Return lines that show the struct which msgspec decodes the records of a class to, and what is left to do."""
    plan = _Plans({}, lenient=True).of(node)
    fields = plan.fields if isinstance(plan, ObjectPlan) else ()
    lines = [f"class {node.name}(library.msgspec.Struct):"]
    for field in fields:
        type_ = repr(field.plan.type).replace("typing.", "") if not isinstance(field.plan.type, type) else None
        finished = "" if field.plan.final else f"  # then: {type(field.plan).__name__}"
        lines.append(f"    {field.field.name}: {type_ or field.plan.type.__name__}{finished}")
    return lines
