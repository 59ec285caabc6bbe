"""Nodes: what a declaration means, as a small tree that every reader of declarations walks.

A node validates and converts (``handleVal``), gives the value of an absent field (``defaultVal``), and has a ``name``
for errors and the reference. Nodes of lists, sets, mappings and objects get a generated fast path at their first use
(:mod:`.decoder`); what that refuses goes through the exact path here, which goes on past bad parts and collects what
could be built. Both give the same results.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple, Type

from ..spcatch import InvalidArgumentError, shown
from . import decoder
from .constraints import Constraint, to_int, to_str

if TYPE_CHECKING:
    from ..spdoc import Doc
    from .markers import ToldApart
    from .objects import JsonObjectImpl

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

    def defaultVal(self) -> Any:
        """Give the value of a field that is absent, or raise InvalidArgumentError."""
        raise InvalidArgumentError(f"is missing; needed is {self.describe()}")

    def describe(self) -> str:
        """Say in words what a value must be."""
        return self.name

    def test(self, var: str) -> Optional[str]:
        """Give an expression that is true for values which stay as they are; None where there is no such test."""
        return None

    def inner(self) -> Sequence[Node]:
        """The nodes below this one."""
        return ()

    @functools.cached_property
    def keyed(self) -> bool:
        """Whether values have objects in them, and so keys that may be misspelt."""
        return any(node.keyed for node in self.inner())

    def knows(self, value: Any) -> bool:
        """Tell whether a caller's value surely has no key that no declaration knows."""
        return type(value) not in (dict, list)

    @property
    def spDoc(self) -> Doc:
        """What the reference says of the type."""
        from .. import spdoc

        return spdoc.doc_of(self)

    def __call__(self, value: Any) -> Any:
        return self.handleVal(value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _builtin_bool(value: Any) -> bool:
    try:
        return bool(value)
    except Exception:
        raise InvalidArgumentError(f"{shown(value)} is neither true nor false") from None


_BUILTINS: Dict[Any, Tuple[str, Callable[[Any], Any]]] = {
    int: ("an integer", to_int),
    str: ("a string", lambda value: to_str(value, "string")),
    bool: ("true or false", _builtin_bool),
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

    def test(self, var: str) -> Optional[str]:
        if self.type is bool:
            return f"{var} is True or {var} is False"
        return f"type({var}) is {self.name}" if self.type in (int, str, float) else None


class Scalar(Node):
    """A scalar type of the API: a constraint."""

    def __init__(self, constraint: Constraint) -> None:
        self.constraint = constraint
        self.name = constraint.name
        self.handleVal = constraint.validate  # type: ignore[method-assign]

    def describe(self) -> str:
        return self.constraint.describe()

    def test(self, var: str) -> Optional[str]:
        return self.constraint.test(var)


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

    def test(self, var: str) -> str:
        if self.value is None or type(self.value) is bool:
            return f"{var} is {self.value}"
        if type(self.value) is str:
            return f"{var} == {self.value!r}"
        return f"type({var}) is {type(self.value).__name__} and {var} == {self.value!r}"


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

    def knows(self, value: Any) -> bool:
        return self.wrapped.knows(value)


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
    """One of several types: told apart by a mark where there is one, else the first that accepts the value."""

    def __init__(self, alternatives: Sequence[Node], told_apart: Optional[ToldApart] = None) -> None:
        self.alternatives = tuple(alternatives)
        self.toldApart = told_apart
        self.name = f"Either({', '.join(node.name for node in self.alternatives)})"

    def handleVal(self, value: Any) -> Any:
        if self.toldApart is not None and isinstance(value, self.toldApart.kinds):
            try:
                index = self.toldApart.choose(value)
            except Exception as exc:
                raise InvalidArgumentError(f"{shown(value)} has an unusable {self.toldApart.field}") from exc
            return self.alternatives[index].handleVal(value)
        reasons = []
        for node in self.alternatives:
            try:
                return node.handleVal(value)
            except InvalidArgumentError as exc:
                reasons.append(f"{node.name}: {exc}")
        raise InvalidArgumentError(f"{shown(value)} fits none of these: {'; '.join(reasons)}")

    def describe(self) -> str:
        return ", or ".join(node.describe() for node in self.alternatives)

    def inner(self) -> Sequence[Node]:
        return self.alternatives

    def knows(self, value: Any) -> bool:
        for node in self.alternatives:  # noqa: SIM110 - a generator would take twice as long
            if node.knows(value):
                return True
        return False


class Collection(Node):
    """A node with a generated fast path, made when the first value comes that something can be learnt from."""

    learnt = 0
    owned = False

    def build(self, made: Any) -> Any:
        """Make the collection of a list or mapping that is nobody else's."""
        return made

    def owning(self) -> Collection:
        """Give a node of the same type for values that nobody else has: what is good as it is in them is not copied."""
        node: Collection = object.__new__(type(self))
        node.__dict__ = {**self.__dict__, "owned": True}
        node.__dict__.pop("handleVal", None)
        return node

    def handleVal(self, value: Any) -> Any:
        if type(value) in (list, dict) and not value:
            return self.exact(value)
        # From now on the instance's own attribute, the generated function, is what callers find.
        decode = decoder.generate(self, value)
        self.__dict__["handleVal"] = decode
        return decode(value)

    def exact(self, value: Any) -> Any:
        """Convert part by part, going on past bad ones; raise at the end with what was built."""
        raise NotImplementedError


class ListNode(Collection):
    """A list; empty when absent. Any iterable is taken."""

    brackets = "[]"

    def __init__(self, item: Node) -> None:
        self.item = item
        self.name = f"{self.brackets[0]}{item.name}{self.brackets[1]}"

    def exact(self, value: Any) -> Any:
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

    def knows(self, value: Any) -> bool:
        return type(value) is list and (not self.keyed or all(map(self.item.knows, value)))


class SetNode(ListNode):
    """A set; empty when absent. A list on the wire."""

    brackets = "{}"

    def build(self, made: Any) -> Any:
        return set(made)

    def describe(self) -> str:
        return f"a set, each item {self.item.describe()}"


class MapNode(Collection):
    """A mapping; empty when absent. ``known`` is its one documented key, where it has such."""

    def __init__(self, key: Node, value: Node, known: Optional[str] = None) -> None:
        self.key = key
        self.value = value
        self.known = known
        key_name = key.name if known is None else WithDefault(key, known).name
        self.name = f"{{{key_name}: {value.name}}}"

    def exact(self, value: Any) -> Any:
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

    def knows(self, value: Any) -> bool:
        return type(value) is dict and (not self.keyed or all(map(self.value.knows, value.values())))


class ObjectNode(Collection):
    """An object of a class of the API."""

    def __init__(self, cls: Type[JsonObjectImpl]) -> None:
        self.cls = cls
        self.name = cls.__name__

    def exact(self, value: Any) -> Any:
        """Convert field by field, going on past bad ones; unknown keys are dropped."""
        cls = self.cls
        if isinstance(value, cls):
            return value
        try:
            given = {} if value is None else dict(value)
        except Exception:
            raise InvalidArgumentError(f"{shown(value)} is not {self.describe()}", root=self.name) from None
        values: Dict[str, Any] = {}
        first: Optional[InvalidArgumentError] = None
        for name, field in cls.__spfields__.items():
            try:
                values[name] = field.node.handleVal(given[name]) if name in given else field.absent()
            except InvalidArgumentError as exc:
                values[name] = exc.partial
                first = first or exc.within(f".{name}", root=self.name)
        built = decoder.build(cls, values)
        if first is not None:
            first.partial = built
            raise first
        return built

    @functools.cached_property
    def keyed(self) -> bool:
        return True

    @functools.cached_property
    def _declared(self) -> Tuple[FrozenSet[str], List[Tuple[str, Node]]]:
        fields = self.cls.__spfields__
        return frozenset(fields), [(name, field.node) for name, field in fields.items() if field.node.keyed]

    def knows(self, value: Any) -> bool:
        if type(value) is not dict:
            return isinstance(value, self.cls)
        names, nested = self._declared
        if not names.issuperset(value):
            return False
        return not nested or all(node.knows(value[name]) for name, node in nested if name in value)

    def describe(self) -> str:
        article = "an" if self.name[:1] in "AEIOUi" else "a"
        return f"{article} {self.name}, or a mapping with its fields"
