"""Nodes: what a declaration means, as a small tree that every reader of declarations walks.

A node validates and converts (``handleVal``), returns the value of an absent field (``defaultVal``), and has a ``name``
for errors and the reference. What a node accepts, what it makes of it, and what it says of the rest is decided here and
nowhere else. A library may read well-formed values faster (:attr:`Collection.reader_of`); whatever it does not read
comes here.
"""

from __future__ import annotations

import json
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Dict,
    FrozenSet,
    List,
    Mapping,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

from ..spcatch import InvalidArgumentError, shown
from .constraints import Constraint, convert_from_caller, to_bool, to_int, to_str
from .lazy import lazy
from .reference import SpDoc

if TYPE_CHECKING:
    from .markers import Discriminator

__all__ = [
    "Builtin",
    "Const",
    "InternalNode",
    "ListNode",
    "MapNode",
    "Maybe",
    "Node",
    "NullOr",
    "ObjectNode",
    "Scalar",
    "SetNode",
    "UnionNode",
    "WithDefault",
]


class Node:
    """The base of all nodes."""

    name: str

    def handleVal(self, value: Any) -> Any:
        """Validate and convert a value, or raise InvalidArgumentError."""
        raise NotImplementedError

    def from_caller(self, value: Any) -> Any:
        """Do the same for a value that a caller gives for a request: what is meant must not be in doubt.

        See :func:`.constraints.convert_from_caller`.
        """
        return convert_from_caller(self.handleVal, value)

    def defaultVal(self) -> Any:
        """Return the value of a field that is absent, or raise InvalidArgumentError."""
        raise InvalidArgumentError(f"is missing; needed is {self.describe()}")

    def describe(self) -> str:
        """Say what a value must be."""
        return self.name

    def inner(self) -> Sequence[Node]:
        """Return the nodes below this one."""
        return ()

    spDoc = SpDoc(lambda spdoc, node: spdoc.doc_of(node))

    def __call__(self, value: Any) -> Any:
        return self.handleVal(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


_BUILTINS: Dict[Any, Tuple[str, Callable[[Any], Any]]] = {
    int: ("an integer", to_int),
    str: ("a string", lambda value: to_str(value, "string")),
    bool: ("true or false", to_bool),
}


class Builtin(Node):
    """``int``, ``str``, ``bool``, ``float``, or any other class or function that converts."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self.type = convert
        self.name = getattr(convert, "__name__", None) or type(convert).__name__
        self._words, self._convert = _BUILTINS.get(convert, (self.name, self._call))

    def _call(self, value: Any) -> Any:
        try:
            return self.type(value)
        except InvalidArgumentError:
            raise
        except Exception as exc:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}: {type(exc).__name__}") from exc

    def handleVal(self, value: Any) -> Any:
        return self._convert(value)

    def describe(self) -> str:
        return "a number" if self.type is float else self._words


class Scalar(Node):
    """A scalar type of the API: a constraint."""

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint
        self.name = constraint.name
        self.handleVal = constraint.validate  # type: ignore[method-assign]

    def describe(self) -> str:
        return self.constraint.describe()


class Const(Node):
    """Exactly one value, which is also what an absent field has."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.name = json.dumps(value)

    def handleVal(self, value: Any) -> Any:
        try:
            if value == self.value:
                return value
        except Exception:  # noqa: S110 - a hostile __eq__ is a refusal like any other
            pass
        raise InvalidArgumentError(f"{shown(value)} is not {self.name}")

    def defaultVal(self) -> Any:
        return self.value


class Wrapper(Node):
    """A node that adds to one other."""

    def __init__(self, inner: Node, name: str) -> None:
        self.wrapped = inner
        self.name = name

    def handleVal(self, value: Any) -> Any:
        return self.wrapped.handleVal(value)

    def describe(self) -> str:
        return self.wrapped.describe()

    def inner(self) -> Sequence[Node]:
        return (self.wrapped,)


class NullOr(Wrapper):
    """Null, or a value of the inner type; a field of it must be present."""

    def __init__(self, inner: Node, name: str = "") -> None:
        super().__init__(inner, name or f"Either(null, {inner.name})")

    def handleVal(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.wrapped.handleVal(value)
        except InvalidArgumentError as exc:
            exc.partial = None  # a union has no partial result, and this is one with null
            raise

    def describe(self) -> str:
        return f"null, or {self.wrapped.describe()}"


class Maybe(NullOr):
    """Null, or a value of the inner type; null when absent."""

    def __init__(self, inner: Node) -> None:
        super().__init__(inner, f"Optional({inner.name})")

    def handleVal(self, value: Any) -> Any:
        return None if value is None else self.wrapped.handleVal(value)

    def defaultVal(self) -> None:
        return None


class InternalNode(Wrapper):
    """For debugging only: null when absent; a present value must be of the inner type."""

    def __init__(self, inner: Node) -> None:
        super().__init__(inner, f"Internal({inner.name})")

    def defaultVal(self) -> None:
        return None


class WithDefault(Wrapper):
    """A value of the inner type, with another value when absent."""

    def __init__(self, inner: Node, default: Any) -> None:
        super().__init__(inner, f"{inner.name}, default={json.dumps(default, default=repr)}")
        self.default = default

    def defaultVal(self) -> Any:
        return self.default


class UnionNode(Node):
    """One of several types: the one that the discriminator chooses, or else the first that accepts the value."""

    def __init__(self, alternatives: Sequence[Node], discriminator: Optional[Discriminator] = None) -> None:
        self.alternatives = tuple(alternatives)
        self.discriminator = discriminator
        self.name = f"Either({', '.join(node.name for node in self.alternatives)})"

    def handleVal(self, value: Any) -> Any:
        if self.discriminator is not None and isinstance(value, self.discriminator.kinds):
            try:
                index = self.discriminator.choose(value)
            except Exception as exc:
                raise InvalidArgumentError(f"{shown(value)} has an unusable {self.discriminator.field}") from exc
            return self.alternatives[index].handleVal(value)
        errors = []
        for node in self.alternatives:
            try:
                return node.handleVal(value)
            except InvalidArgumentError as exc:
                errors.append(exc)
        # Of constants beside one other type there is nothing to say that their names do not.
        constants = [node.name for node in self.alternatives if isinstance(node, Const)]
        others = [error for node, error in zip(self.alternatives, errors) if not isinstance(node, Const)]
        if len(others) == 1:
            named = "".join(f", nor {name}" for name in constants if name != '""')
            raise InvalidArgumentError(others[0].text + named, path=others[0].path)
        reasons = "; ".join(f"{node.name}: {error}" for node, error in zip(self.alternatives, errors))
        raise InvalidArgumentError(f"{shown(value)} fits none of these: {reasons}")

    def describe(self) -> str:
        return ", or ".join(node.describe() for node in self.alternatives)

    def inner(self) -> Sequence[Node]:
        return self.alternatives


class Reader(Protocol):
    """Reads well-formed values faster than a node; see :attr:`Collection.reader_of`."""

    def convert(self, value: Any) -> Any:
        """Return what the node makes of a value, or :data:`IRREGULAR`."""

    def decode(self, reply: bytes) -> Any:
        """Return what the node makes of the ``data`` of a reply, or :data:`IRREGULAR`.

        Where the node would fail with a partial result, that is what is returned.
        """


IRREGULAR: Any = type("Irregular", (), {"__repr__": lambda _: "IRREGULAR"})()
"""What a reader returns for a value that it leaves to the node."""


READER_MIN = 8
"""How many parts a value has for which asking the reader pays."""


class Collection(Node):
    """A node of values that have parts.

    :cvar reader_of: returns the reader for a node, or None where there is none; the package sets it.
    """

    reader_of: ClassVar[Optional[Callable[[Collection], Optional[Reader]]]] = None
    _reader: Optional[Reader]

    @property
    def reader(self) -> Optional[Reader]:
        """What reads values for this node; None where there is no such."""
        try:
            return self._reader
        except AttributeError:
            if Collection.reader_of is None:
                return None
            self._reader = Collection.reader_of(self)
            return self._reader

    def handleVal(self, value: Any) -> Any:
        reader = self.reader if type(value) in (list, dict) and len(value) >= READER_MIN else None
        made = IRREGULAR if reader is None else reader.convert(value)
        return self.convert_collecting(value) if made is IRREGULAR else made

    def build(self, parts: Any) -> Any:
        """Make the collection of its parts, which may be kept."""
        return parts

    def convert_collecting(self, value: Any) -> Any:
        """Convert part by part, going on past bad ones; raise at the end with what was built."""
        raise NotImplementedError


class ListNode(Collection):
    """A list; empty when absent. Any iterable is taken."""

    brackets = "[]"

    def __init__(self, item: Node) -> None:
        self.item = item
        self.name = f"{self.brackets[0]}{item.name}{self.brackets[1]}"

    def convert_collecting(self, value: Any) -> Any:
        try:
            items = list(value)
        except Exception:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}") from None
        built: List[Any] = []
        first: Optional[InvalidArgumentError] = None
        for index, item in enumerate(items):
            try:
                built.append(self.item.handleVal(item))
            except InvalidArgumentError as exc:
                if exc.partial is not None:
                    built.append(exc.partial)
                first = first or exc.within(f"[{index}]")
        if first is not None:
            first.partial = self.build(built)
            raise first
        return self.build(built)

    def defaultVal(self) -> Any:
        return self.build([])

    def describe(self) -> str:
        return f"a list, each item {self.item.describe()}"

    def inner(self) -> Sequence[Node]:
        return (self.item,)


class SetNode(ListNode):
    """A set; empty when absent. A list on the wire."""

    brackets = "{}"

    def build(self, parts: Any) -> Any:
        return set(parts)

    def describe(self) -> str:
        return f"a set, each item {self.item.describe()}"


class MapNode(Collection):
    """A mapping; empty when absent. ``documented_key`` is the one key that is documented, where there is one."""

    def __init__(self, key: Node, value: Node, documented_key: Optional[str] = None) -> None:
        self.key = key
        self.value = value
        self.documented_key = documented_key
        key_name = key.name if documented_key is None else WithDefault(key, documented_key).name
        self.name = f"{{{key_name}: {value.name}}}"

    def convert_collecting(self, value: Any) -> Any:
        try:
            items = list(value.items())
            pairs = [(key, item) for key, item in items]
        except Exception:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}") from None
        built: Dict[Any, Any] = {}
        first: Optional[InvalidArgumentError] = None
        for key, item in pairs:
            try:
                good = self.key.handleVal(key)
                hash(good)
            except InvalidArgumentError as exc:
                first = first or exc.within(f".<key {shown(key)}>")
                continue
            except Exception:
                first = first or InvalidArgumentError(f"{shown(key)} cannot be a key")
                continue
            try:
                built[good] = self.value.handleVal(item)
            except InvalidArgumentError as exc:
                built[good] = exc.partial
                first = first or exc.within(f"[{shown(good)}]")
        if first is not None:
            first.partial = built
            raise first
        return built

    def defaultVal(self) -> Any:
        return {}

    def describe(self) -> str:
        return f"a mapping, each key {self.key.describe()}, each value {self.value.describe()}"

    def inner(self) -> Sequence[Node]:
        return (self.key, self.value)


def _has_objects(node: Node) -> bool:
    return isinstance(node, ObjectNode) or any(map(_has_objects, node.inner()))


class FieldLike(Protocol):
    """What an object node needs of a field; see :class:`storpool.sptype.annotations.Field`."""

    name: str
    node: Node

    def absent(self) -> Any:
        """Return the value where the field is absent, or raise InvalidArgumentError."""

    @property
    def required(self) -> bool:
        """Whether the field must be present."""
        ...


_new = object.__new__
_set = object.__setattr__
_EACH_ITS_OWN: Any = object()


def build(cls: Any, values: Mapping[str, Any]) -> Any:
    """Make an object with these values, which are taken as they are."""
    made = _new(cls)
    for name, value in values.items():
        _set(made, name, value)
    return made


class ObjectNode(Collection):
    """An object of a class of the API."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.name = cls.__name__

    @lazy
    def flat_names(self) -> FrozenSet[str]:
        """The names of the fields, if none of them has objects in it; empty else."""
        fields = self.cls.__spfields__
        return frozenset(() if any(map(_has_objects, (field.node for field in fields.values()))) else fields)

    @lazy
    def _fields(self) -> List[Tuple[str, Callable[[Any], Any], FieldLike, Any]]:
        """The fields: name, what converts a value, and the value where it is absent, if all objects may share it."""
        found = []
        for name, field in self.cls.__spfields__.items():
            absent = _EACH_ITS_OWN if field.required else field.absent()
            shared = absent is None or type(absent) in (bool, int, str)
            found.append((name, field.node.handleVal, field, absent if shared else _EACH_ITS_OWN))
        return found

    def handleVal(self, value: Any) -> Any:
        reader = self.reader if type(value) is dict else None
        made = IRREGULAR if reader is None else reader.convert(value)
        return self.convert_collecting(value) if made is IRREGULAR else made

    def convert_collecting(self, value: Any) -> Any:
        """Convert field by field, going on past bad ones; unknown keys are dropped."""
        cls = self.cls
        if isinstance(value, cls):
            return value
        try:
            given = {} if value is None else dict(value)
        except Exception:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}", root=self.name) from None
        made = _new(cls)
        first: Optional[InvalidArgumentError] = None
        for name, handle, field, default in self._fields:
            try:
                if name in given:
                    value = handle(given[name])
                else:
                    value = field.absent() if default is _EACH_ITS_OWN else default
                _set(made, name, value)
            except InvalidArgumentError as exc:
                _set(made, name, exc.partial)
                first = first or exc.within(f".{name}", root=self.name)
        if first is not None:
            first.partial = made
            raise first
        return made

    def describe(self) -> str:
        article = "an" if self.name[:1] in "AEIOUi" else "a"
        return f"{article} {self.name}, or a mapping with its fields"
