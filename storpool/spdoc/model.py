"""The document model of the reference: plain facts about calls and types, without HTML.

::

    ApiDoc                         spdoc.reference()
    ├── sections: ApiSectionDoc    an area, in the order of the API
    │   └── calls: ApiCallDoc      method, path, args, json, returns, errors, example
    ├── objects: JsonObjectDoc     the classes by name
    │   └── attrs: AttributeDoc    the fields by name: type, unit, required, default, internal
    ├── types: TypeDoc, EitherDoc  the scalar types and unions that have names
    ├── errors: ErrorDoc           the errors that any call may end with
    └── uses(name): UseDoc         where a class or type is used

The type of a field, an argument, a body or a reply is one of TypeDoc (a scalar), JsonObjectDoc, ListDoc, DictDoc and
EitherDoc (a union, or null). All but ListDoc and DictDoc may be looked up by their ``name``.

Documents compare by identity. Each class lists all its fields, so that its constructor can be read off.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Dict, List, Mapping, Optional, Sequence

__all__ = [
    "ApiCallDoc",
    "ApiDoc",
    "ApiSectionDoc",
    "AttributeDoc",
    "CallExample",
    "DictDoc",
    "Doc",
    "EitherDoc",
    "ErrorDoc",
    "ItemDoc",
    "JsonObjectDoc",
    "ListDoc",
    "TypeDoc",
    "UseDoc",
]

FIRST_VERSION = "1.0.0"


class Doc:
    """The base of all parts of the document.

    :ivar name: what the part is called.
    :ivar desc: what it means: paragraphs of plain text, code between backticks.
    """

    name: str
    desc: str

    def parts(self) -> Sequence[Doc]:
        """Return the documents of the types that this one is made of."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class ItemDoc(Doc):
    """The base of what has a history.

    :ivar since: the version of the API that added it.
    :ivar until: the last version of the API that has it; empty while it exists.
    :ivar deprecated: the version that deprecated it and what to use instead; empty if it is not deprecated.
    """

    since: str
    until: str
    deprecated: str = ""


@dataclass(eq=False, repr=False)
class TypeDoc(ItemDoc):
    """A scalar type.

    :ivar rule: what a value must be, in words.
    :ivar values: all values, where they are few and listed; else empty.
    :ivar pattern: the regular expression that a value matches as a whole, or empty.
    :ivar unit: what a number counts, such as "bytes"; or empty.
    :ivar example: a plausible value.
    :cvar types: all scalar types by name.
    """

    name: str
    rule: str
    desc: str = ""
    since: str = FIRST_VERSION
    until: str = ""
    values: Sequence[Any] = ()
    pattern: str = ""
    unit: str = ""
    example: Any = None

    types: ClassVar[Mapping[str, TypeDoc]] = {}


@dataclass(eq=False, repr=False)
class AttributeDoc(ItemDoc):
    """A field of an object.

    :ivar type: the document of its type.
    :ivar required: whether it must be present.
    :ivar default: the value when it is absent.
    :ivar internal: whether it is for debugging only.
    :ivar unit: what a number counts, such as "bytes"; or empty.
    :ivar owner: the name of the class that declares it, which may be a base class.
    """

    name: str
    type: Doc
    desc: str
    since: str
    required: bool
    default: Any = None
    internal: bool = False
    unit: str = ""
    owner: str = ""
    until: str = ""

    def parts(self) -> Sequence[Doc]:
        return (self.type,)


@dataclass(eq=False, repr=False)
class JsonObjectDoc(ItemDoc):
    """A class of objects.

    :ivar area: the module of `sptypes` that declares it.
    :ivar make_attrs: makes ``attrs``, when they are first read: an object may hold objects of its own class.
    :ivar make_example: makes ``example``.
    """

    name: str
    desc: str
    since: str
    until: str
    area: str
    make_attrs: Callable[[], Dict[str, AttributeDoc]]
    make_example: Callable[[], Any] = lambda: None

    @functools.cached_property
    def attrs(self) -> Dict[str, AttributeDoc]:
        """The fields by name, base classes' first."""
        return self.make_attrs()

    @property
    def example(self) -> Any:
        """A plausible object, as JSON has it."""
        return self.make_example()

    def parts(self) -> Sequence[Doc]:
        return tuple(self.attrs.values())


@dataclass(eq=False, repr=False)
class ListDoc(Doc):
    """A list or a set.

    :ivar item: the document of the type of its elements.
    :ivar unique: whether it is a set.
    """

    item: Doc
    unique: bool = False
    desc: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{{{self.item.name}}}" if self.unique else f"[{self.item.name}]"

    def parts(self) -> Sequence[Doc]:
        return (self.item,)


@dataclass(eq=False, repr=False)
class DictDoc(Doc):
    """A mapping.

    :ivar key: the document of the type of its keys.
    :ivar value: the document of the type of its values.
    :ivar known: the only documented key, where there is one.
    """

    key: Doc
    value: Doc
    known: Optional[str] = None
    desc: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        key = self.key.name if self.known is None else repr(self.known)
        self.name = f"{{{key}: {self.value.name}}}"

    def parts(self) -> Sequence[Doc]:
        return (self.key, self.value)


@dataclass(eq=False, repr=False)
class EitherDoc(ItemDoc):
    """A union: one of several types, or null.

    :ivar alternatives: the documents of the types.
    :ivar null: whether null is one of them.
    :ivar discriminator: the field that decides which of the types an object is of, or empty.
    """

    alternatives: Sequence[Doc]
    null: bool = False
    name: str = ""
    desc: str = ""
    since: str = FIRST_VERSION
    discriminator: str = ""
    until: str = ""

    def __post_init__(self) -> None:
        names = [alternative.name for alternative in self.alternatives] + ["null"] * self.null
        self.name = self.name or " or ".join(names)

    def parts(self) -> Sequence[Doc]:
        return self.alternatives


@dataclass(eq=False, repr=False)
class ErrorDoc(Doc):
    """An error: its name, and in ``desc`` when it occurs.

    :ivar whose: who reports it: the ``cluster``, the ``bindings``, or only the ``simulator``.
    :ivar status: the HTTP status that the simulated cluster gives it; 0 where there is none.
    """

    name: str
    desc: str
    whose: str = "cluster"
    status: int = 0


@dataclass
class CallExample:
    """A call with plausible values.

    :ivar args: the arguments in the path, by their names.
    :ivar json: the body, as JSON has it; None where there is none.
    :ivar reply: the data of the reply, as JSON has it.
    :ivar python: the call in Python.
    :ivar curl: the same call with curl.
    :ivar storpool_req: the same call with storpool_req.
    """

    args: Dict[str, Any]
    json: Any
    reply: Any
    python: str
    curl: str
    storpool_req: str


@dataclass(eq=False, repr=False)
class UseDoc(Doc):
    """A place where a type is used.

    :ivar owner: the call or the class of objects.
    :ivar roles: for a call, ``argument``, ``body`` and ``result``; for a class, the names of its fields.
    """

    owner: Doc
    roles: List[str]
    desc: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.owner.name


@dataclass(eq=False, repr=False)
class ApiCallDoc(ItemDoc):
    """A call.

    :ivar name: its title.
    :ivar call: the name of its method.
    :ivar method: GET or POST.
    :ivar query: the path below the prefix, with placeholders.
    :ivar path: the whole path, with placeholders.
    :ivar args: the documents of the arguments in the path, by their names.
    :ivar json: the document of the body; None where there is none.
    :ivar returns: the document of the result.
    :ivar jsonOptional: whether the body can be left out.
    :ivar multiCluster: whether the call can span clusters.
    :ivar errors: the errors of the cluster that are known of this call in particular, each with when it occurs.
    :ivar make_example: makes ``example``; None for a call made by hand.
    :ivar signature: the name of its method and its parameters.
    """

    name: str
    desc: str
    call: str
    method: str
    query: str
    path: str
    args: Dict[str, Doc]
    json: Optional[Doc]
    returns: Doc
    jsonOptional: bool = False
    multiCluster: bool = False
    since: str = FIRST_VERSION
    until: str = ""
    deprecated: str = ""
    errors: List[ErrorDoc] = field(default_factory=list)
    make_example: Optional[Callable[[], CallExample]] = None
    signature: str = ""

    @property
    def example(self) -> Optional[CallExample]:
        """The call with plausible values; None for a call made by hand."""
        return self.make_example() if self.make_example is not None else None

    def parts(self) -> Sequence[Doc]:
        body = () if self.json is None else (self.json,)
        return (*self.args.values(), *body, self.returns)


@dataclass(eq=False, repr=False)
class ApiSectionDoc(Doc):
    """An area of the API.

    :ivar calls: the documents of its calls, in the order of their declarations.
    :ivar id: the name, with hyphens for blanks.
    """

    name: str
    desc: str = ""
    calls: List[ApiCallDoc] = field(default_factory=list)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.name.replace(" ", "-")

    def parts(self) -> Sequence[Doc]:
        return self.calls


@dataclass(eq=False, repr=False)
class ApiDoc(Doc):
    """The whole reference.

    :ivar sections: the areas, in order.
    :ivar objects: all classes of objects, by name.
    :ivar types: the scalar types and unions that have names, by name.
    :ivar errors: the errors that any call may end with.
    """

    name: str
    sections: List[ApiSectionDoc]
    objects: Dict[str, JsonObjectDoc]
    types: Dict[str, ItemDoc]
    errors: Sequence[ErrorDoc] = ()
    desc: str = ""

    def parts(self) -> Sequence[Doc]:
        return (*self.sections, *self.objects.values(), *self.types.values())

    def describes(self, doc: Doc) -> bool:
        """Return whether the reference lists this very type under its name.

        A type that occurs in a field only may have the name of another one.
        """
        item = self.objects.get(doc.name) or self.types.get(doc.name)
        # Unions are made anew wherever they occur; there is one document of each other type.
        return item is doc or (isinstance(doc, EitherDoc) and isinstance(item, EitherDoc))

    def uses(self, name: str) -> List[UseDoc]:
        """Return the calls, then the classes, that use the class or type of this name directly."""
        return self._uses.get(name, [])

    @functools.cached_property
    def _uses(self) -> Dict[str, List[UseDoc]]:
        found: Dict[str, List[UseDoc]] = {}

        def add(owner: Doc, role: str, doc: Doc) -> None:
            if self.describes(doc):
                uses = found.setdefault(doc.name, [])
                if not uses or uses[-1].owner is not owner:
                    uses.append(UseDoc(owner, []))
                if role not in uses[-1].roles:
                    uses[-1].roles.append(role)
            else:
                for part in doc.parts():
                    add(owner, role, part)

        for section in self.sections:
            for call in section.calls:
                for argument in call.args.values():
                    add(call, "argument", argument)
                if call.json is not None:
                    add(call, "body", call.json)
                add(call, "result", call.returns)
        for owner in self.objects.values():
            for attribute in owner.attrs.values():
                add(owner, attribute.name, attribute.type)
        for item in self.types.values():
            for part in item.parts():
                add(item, "alternative", part)
        return found
