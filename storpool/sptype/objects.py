"""Objects: the base of all classes of the API, and how their declarations become fields.

A class is declared by annotations. Nothing of them is looked at when the class is made: the fields and their nodes come
at first use. Values live in slots, so reading one costs an ordinary attribute read.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Mapping, NoReturn, Tuple, Union

from ..spcatch import InvalidArgumentError, shown
from .annotations import MISSING, Field, annotations_of, field_names, field_of, spType
from .nodes import Node, ObjectNode, WithDefault, build
from .reference import SpDoc
from .unknown import warn_of_unknown

if TYPE_CHECKING:
    from dataclasses import InitVar

    from typing_extensions import dataclass_transform

    def _positional(*, default: object = ..., kw_only: bool = False) -> Any:
        """Tell checkers of a parameter that may be given by position."""
else:
    _positional = None

    def dataclass_transform(**_options: Any) -> Any:
        """Do nothing: it is for type checkers."""
        return lambda cls: cls


__all__ = ["JsonObjectImpl", "JsonObjectMeta", "as_dict", "unchecked_class"]


@dataclass_transform(kw_only_default=True, field_specifiers=(_positional,))
class JsonObjectMeta(type):
    """Makes classes of annotated declarations."""

    # No annotations here: a class would give them for its own where it has none in its namespace.
    __since__ = ""
    __until__ = ""
    if TYPE_CHECKING:

        @property
        def __spfields__(cls) -> Dict[str, Field]:
            """The fields by name; made at first use."""
            raise NotImplementedError

        @property
        def __spnode__(cls) -> ObjectNode:
            """The node of the class; made at first use."""
            raise NotImplementedError

    def __new__(
        mcs, name: str, bases: Tuple[type, ...], namespace: Dict[str, Any], since: str = "", until: str = "", **kw: Any
    ) -> JsonObjectMeta:
        own = list(dict.fromkeys([*field_names(namespace), *namespace.get("__spnodes__", ())]))
        inherited = {slot for base in bases for parent in base.__mro__ for slot in parent.__dict__.get("__slots__", ())}
        # A slot and a class attribute of the same name do not go together: defaults are kept aside.
        namespace["__spdefaults__"] = {field: namespace.pop(field) for field in own if field in namespace}
        namespace.setdefault("__slots__", tuple(field for field in own if field not in inherited))
        namespace["__spown__"] = tuple(own)
        namespace["__spnames__"] = getattr(sys.modules.get(namespace.get("__module__", "")), "__dict__", {})
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
                node = ObjectNode(cls)
                type.__setattr__(cls, "_spnode", node)
            return node

        @property
        def __signature__(cls) -> Any:
            # What an interactive session completes and shows. Imported here: the module takes long to import, and who
            # asks for signatures has it already.
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
            node = cls.__dict__.get("_spnode") or cls.__spnode__
            warn_of_unknown(node, given)
            return node.from_caller(given)


class _UncheckedMeta(JsonObjectMeta):
    """Makes unchecked classes, which are called as any class is."""

    __call__ = type.__call__


def unchecked_class(cls: type, init: Callable[..., None]) -> type:
    """Make a class of the same layout whose attributes are stored without validation.

    Objects are made in it by ``init``, and are then given their real class.
    """
    # Both, or CPython does not see that stores are plain ones: they share a slot of the type.
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type.__new__(_UncheckedMeta, cls.__name__, (cls,), {"__slots__": (), "__init__": init, **plain})


def _resolve(cls: type) -> Dict[str, Field]:
    """Make the fields of a class from its annotations, base classes' first."""
    fields: Dict[str, Field] = {}
    for owner in reversed(cls.__mro__):
        own: Tuple[str, ...] = owner.__dict__.get("__spown__", ())
        # What stands below an `if` in the body may not be declared after all.
        declared = {**annotations_of(owner), **owner.__dict__.get("__spnodes__", {})} if own else {}
        for name in filter(declared.__contains__, own):
            default = owner.__dict__["__spdefaults__"].get(name, MISSING)
            fields[name] = field_of(owner, name, default, owner.__dict__["__since__"])
    return fields


def as_dict(made: JsonObjectImpl) -> Dict[str, Any]:
    """Return all fields, base classes' first, with the values as they are."""
    cls = type(made)
    try:
        names, read = cls.__dict__["_spread"]
    except KeyError:
        names = tuple(cls.__spfields__)
        read = attrgetter(*names) if len(names) > 1 else lambda o: [getattr(o, name) for name in names]
        type.__setattr__(cls, "_spread", (names, read))
    return dict(zip(names, read(made)))


class _Definitions:
    """The nodes of the fields of a class, by name, as the original gives them."""

    def __get__(self, _instance: Any, owner: Any) -> Dict[str, Node]:
        return {
            name: WithDefault(field.node, field.default) if isinstance(field.default, (bool, int, str)) else field.node
            for name, field in owner.__spfields__.items()
        }


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

    spDoc = SpDoc(lambda spdoc, it: spdoc.doc_of(spType(it if isinstance(it, type) else type(it))))
    __jsonAttrDefs__ = _Definitions()

    def to_json(self) -> Dict[str, Any]:
        """Return all declared fields, base classes' first, with the values as they are: nested objects stay objects."""
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
                value = field.node.from_caller(value)
            except InvalidArgumentError as exc:
                raise exc.within(f".{name}", exc.partial, cls.__name__) from None
            object.__setattr__(self, name, value)

        # What `vars(made)` gives in the original. Values live in slots: reading a field does not come by here.
        @property
        def __jsonAttrs__(self) -> Dict[str, Any]:
            return as_dict(self)

        @property
        def __dict__(self) -> Dict[str, Any]:
            return {"__jsonAttrs__": as_dict(self)}

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"{name!r} of {type(self).__name__!r} cannot be deleted")

    def __reduce__(self) -> Tuple[Any, ...]:
        # copy, deepcopy and pickle: the same class and fields, whatever they hold.
        return build, (type(self), self.to_json())
