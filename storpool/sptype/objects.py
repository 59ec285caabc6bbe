"""Objects: the base of all classes of the API, and how their declarations become fields.

A class is declared by annotations. Nothing of them is looked at when the class is made: the fields, their nodes and
the decoder come at first use. Values live in slots, so reading one costs an ordinary attribute read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, NoReturn, Tuple, TypeVar, Union

from ..spcatch import InvalidArgumentError, shown
from . import decoder

if TYPE_CHECKING:
    from dataclasses import InitVar

    from typing_extensions import dataclass_transform

    from .nodes import Node, ObjectNode

    def _positional(*, default: object = ..., kw_only: bool = False) -> Any:
        """Tell checkers of a parameter that may be given by position."""
else:
    _positional = None

    def dataclass_transform(**_options: Any) -> Any:
        """Do nothing: it is for type checkers."""
        return lambda cls: cls


__all__ = ["Field", "JsonObjectImpl", "unknown_keys"]

_MISSING: Any = object()
_T = TypeVar("_T")


class Field:
    """A field of a class: its node, its default, the version that brought it, the class that declares it."""

    __slots__ = ("default", "name", "node", "owner", "since")

    def __init__(self, name: str, node: Node, default: Any, since: str, owner: type) -> None:
        self.name = name
        self.node = node
        self.default = default
        self.since = since
        self.owner = owner

    def absent(self) -> Any:
        """Give the value where the field is absent, or raise InvalidArgumentError."""
        # `= []` in a declaration means empty; each object gets a list of its own.
        if self.default is _MISSING or isinstance(self.default, (list, set, dict)):
            return self.node.defaultVal()
        return self.default

    @property
    def required(self) -> bool:
        """Whether the field must be present."""
        try:
            self.absent()
        except InvalidArgumentError:
            return True
        return False


def _declared(annotations: Mapping[str, Any]) -> List[str]:
    """The names of the fields among a class's annotations."""
    return [
        name
        for name, note in annotations.items()
        if not name.startswith("_") and not str(note).startswith(("ClassVar", "typing.ClassVar"))
    ]


@dataclass_transform(kw_only_default=True, field_specifiers=(_positional,))
class JsonObjectMeta(type):
    """Makes classes of annotated declarations."""

    if TYPE_CHECKING:
        # For each class of its own; filled at first use.
        __spfields__: Dict[str, Field]
        __spnode__: ObjectNode
    __since__: str
    __until__: str

    def __new__(
        mcs, name: str, bases: Tuple[type, ...], namespace: Dict[str, Any], since: str = "", until: str = "", **kw: Any
    ) -> JsonObjectMeta:
        own = _declared(namespace.get("__annotations__", {}))
        inherited = {slot for base in bases for parent in base.__mro__ for slot in parent.__dict__.get("__slots__", ())}
        # A slot and a class attribute of the same name do not go together: defaults are kept aside.
        namespace["__spdefaults__"] = {field: namespace.pop(field) for field in own if field in namespace}
        namespace.setdefault("__slots__", tuple(field for field in own if field not in inherited))
        namespace["__spown__"] = tuple(own)
        namespace["__spmaking__"] = None
        namespace["__since__"] = since or "1.0.0"
        namespace["__until__"] = until
        return super().__new__(mcs, name, bases, namespace, **kw)

    def __init__(cls, name: str, bases: Tuple[type, ...], namespace: Dict[str, Any], **_kw: Any) -> None:
        super().__init__(name, bases, namespace)

    if not TYPE_CHECKING:

        @property
        def __spfields__(cls) -> Dict[str, Field]:
            fields = cls.__dict__.get("_spfields")
            if fields is None:
                fields = _resolve(cls)
                type.__setattr__(cls, "_spfields", fields)
            return fields

        @property
        def __spnode__(cls) -> ObjectNode:
            node = cls.__dict__.get("_spnode")
            if node is None:
                from .nodes import ObjectNode

                node = ObjectNode(cls)
                type.__setattr__(cls, "_spnode", node)
            return node

        @property
        def __signature__(cls) -> Any:
            # What an interactive session completes and shows.
            from inspect import Parameter, Signature

            parameters = [Parameter("json", Parameter.POSITIONAL_OR_KEYWORD, default=None)]
            for name, field in cls.__spfields__.items():
                default = Parameter.empty if field.required else field.absent()
                parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=field.node.name))
            return Signature(parameters)

        def __call__(cls, json: Any = None, **fields: Any) -> Any:
            """Make an object of a mapping, of keywords, or of both; an instance is given back as it is."""
            if json is None:
                given: Any = fields
            elif fields:
                try:
                    given = {**dict(json), **fields}
                except Exception:
                    raise InvalidArgumentError(f"{shown(json)} is not a mapping", root=cls.__name__) from None
            elif type(json) is not dict and isinstance(json, cls):
                return json
            else:
                given = json
            node, knows = cls.__spmaking__ or cls._making()
            try:
                known = type(given) is dict and knows(given)
            except Exception:
                known = False
            if not known:
                warn_of_unknown(node, given)
            return node.handleVal(given)

        def _making(cls) -> Tuple[ObjectNode, Callable[[Any], bool]]:
            """Give the node, and what tells whether it has all the keys of a dict, as fast as that can be told."""
            node = cls.__spnode__
            flat = not any(field.node.keyed for field in cls.__spfields__.values())
            made = (node, frozenset(cls.__spfields__).issuperset if flat else node.knows)
            type.__setattr__(cls, "__spmaking__", made)
            return made

    def twin(cls) -> type:
        """Make a class of the same layout whose attributes are stored without validation; decoders build in it."""
        # Both, or CPython does not see that stores are plain ones: they share a slot of the type.
        plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
        return type.__new__(_TwinMeta, cls.__name__, (cls,), {"__slots__": (), **plain})


class _TwinMeta(JsonObjectMeta):
    """Makes twins, which are called as any class is."""

    __call__ = type.__call__


def _resolve(cls: type) -> Dict[str, Field]:
    """Make the fields of a class from its annotations, base classes' first."""
    from .annotations import field_of

    fields: Dict[str, Field] = {}
    for owner in reversed(cls.__mro__):
        own: Tuple[str, ...] = owner.__dict__.get("__spown__", ())
        for name in own:
            fields[name] = field_of(owner, name, owner.__dict__["__spdefaults__"].get(name, _MISSING))
    return fields


def as_dict(made: JsonObjectImpl) -> Dict[str, Any]:
    """Give all fields, base classes' first, with the values as they are."""
    cls = type(made)
    read = cls.__dict__.get("_spread")
    if read is None:
        read = decoder.reader(cls)
        type.__setattr__(cls, "_spread", read)
    fields: Dict[str, Any] = read(made)
    return fields


def unknown_keys(node: Node, value: Any, path: str = "") -> Iterator[str]:
    """Find the keys in a caller's value that no declaration knows, as paths."""
    from .nodes import ListNode, MapNode, ObjectNode

    if isinstance(node, ObjectNode):
        if isinstance(value, dict):
            fields = node.cls.__spfields__
            for key, item in value.items():
                if key not in fields:
                    yield f"{path}.{key}"
                elif isinstance(item, (dict, list)):
                    yield from unknown_keys(fields[key].node, item, f"{path}.{key}")
    elif isinstance(node, ListNode):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from unknown_keys(node.item, item, f"{path}[{index}]")
    elif isinstance(node, MapNode):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from unknown_keys(node.value, item, f"{path}[{key!r}]")
    else:
        # Of a union's alternatives the value is of the one that knows most of it.
        found = [list(unknown_keys(inner, value, path)) for inner in node.inner() if _holds(inner, value)]
        yield from min(found, key=len, default=[])


def _holds(node: Node, value: Any) -> bool:
    """Whether a node takes such a container at all."""
    from .nodes import ListNode, MapNode, ObjectNode, UnionNode, Wrapper

    if isinstance(node, (UnionNode, Wrapper)):
        return any(_holds(inner, value) for inner in node.inner())
    return isinstance(node, ListNode if isinstance(value, list) else (MapNode, ObjectNode))


def _taking(node: Node, value: Any) -> Node:
    """Find the node that takes such a container, within those that only add to others or choose among them."""
    from .nodes import UnionNode, Wrapper

    while isinstance(node, (UnionNode, Wrapper)):
        node = next(inner for inner in node.inner() if _holds(inner, value))
    return node


def warn_of_unknown(node: Node, value: Any, call: str = "") -> None:
    """Log the keys which a caller gave and no declaration knows: a misspelt ``size`` must not vanish unseen."""
    if type(value) is dict or isinstance(value, (dict, list)):
        try:
            if node.knows(value):
                return
            unknown = list(unknown_keys(node, value))
        except Exception:
            return  # A value that holds itself, or that cannot be looked at; the conversion says what it makes of it.
        if unknown:
            root = _taking(node, value)
            # Imported where it is needed: it would be a quarter of what importing the bindings takes.
            import logging

            log = logging.getLogger("storpool.sptype")
            for path in unknown:
                log.warning("%s%s%s is not a field; the value is dropped", call, call and ": ", root.name + path)


class JsonObjectImpl(metaclass=JsonObjectMeta):
    """The base of all object classes.

    Made of one mapping, or keywords, or both, in which case keywords win. Values are validated and converted, on
    assignment too; keys that are not declared are dropped, with a warning in the log. Objects are always true, and
    equal only to themselves.

    :raises InvalidArgumentError: a missing or bad field; ``partial`` is the object with null in such fields.
    """

    __slots__ = ("__weakref__",)

    if TYPE_CHECKING:
        json: InitVar[Union[Mapping[str, Any], JsonObjectImpl, None]] = _positional(default=None, kw_only=False)

    def to_json(self) -> Dict[str, Any]:
        """Give all declared fields, base classes' first, with the values as they are: nested objects stay objects."""
        return as_dict(self)

    def toJson(self) -> Dict[str, Any]:
        """Same as :meth:`to_json`."""
        return self.to_json()

    def _asdict(self) -> Dict[str, Any]:
        return self.to_json()

    def __iter__(self) -> Iterator[Tuple[str, Any]]:
        return iter(self.to_json().items())

    def __str__(self) -> str:
        return str(self.to_json())

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self)
        return f"{type(self).__name__}({fields})"

    if not TYPE_CHECKING:
        # Out of the checkers' sight, or any name at all would be an attribute to them.
        # There is no __getattr__: with one, reading a field would be several times slower.

        def __setattr__(self, name: str, value: Any) -> None:
            cls = type(self)
            field = cls.__spfields__.get(name)
            if field is None:
                raise AttributeError(f"{cls.__name__!r} object has no attribute {name!r}")
            try:
                value = field.node.handleVal(value)
            except InvalidArgumentError as exc:
                raise exc.within(f".{name}", exc.partial, cls.__name__) from None
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"{name!r} of {type(self).__name__!r} cannot be deleted")

    def __reduce__(self) -> Tuple[Any, ...]:
        # copy, deepcopy and pickle: the same class and fields, whatever they hold.
        return decoder.build, (type(self), self.to_json())
