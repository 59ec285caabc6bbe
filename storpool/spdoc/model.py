"""The document that the reference is: plain facts of calls and types, with no HTML in them.

::

    ApiDoc                         spdoc.reference()
    ├── sections: ApiSectionDoc    an area, in the order of the API
    │   └── calls: ApiCallDoc      method, path, args, json, returns, errors, example
    ├── objects: JsonObjectDoc     the classes by name
    │   └── attrs: AttributeDoc    the fields by name: type, unit, required, default, internal
    ├── types: TypeDoc, EitherDoc  the scalar types and unions that have names
    ├── errors: ErrorDoc           the cluster's errors, whatever the call
    └── uses(name): UseDoc         where a class or type is used

The type of a field, an argument, a body or a reply is one of TypeDoc (a scalar), JsonObjectDoc, ListDoc, DictDoc and
EitherDoc (a union, or null). All but ListDoc and DictDoc may be looked up by their ``name``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, Iterator, List, Mapping, Optional, Sequence

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


class Doc:
    """The base of all parts of the document.

    :ivar name: what it is called.
    :ivar desc: what it means; paragraphs of plain text, code between backticks.
    """

    def __init__(self, name: str, desc: str = "") -> None:
        self.name = name
        self.desc = desc

    def parts(self) -> Sequence[Doc]:
        """The documents of the types that this one is made of."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class ItemDoc(Doc):
    """Something with a history.

    :ivar since: the version of the API that brought it.
    :ivar until: the version after which it is gone, or empty.
    :ivar deprecated: since when it should not be used any more, and what should be instead; or empty.
    """

    deprecated = ""

    def __init__(self, name: str, desc: str = "", since: str = "1.0.0", until: str = "") -> None:
        super().__init__(name, desc)
        self.since = since
        self.until = until


class _Types(Mapping[str, "TypeDoc"]):
    """The scalar types by name, gathered when they are first looked at."""

    def __init__(self) -> None:
        self._found: Optional[Dict[str, TypeDoc]] = None

    def _types(self) -> Dict[str, TypeDoc]:
        if self._found is None:
            from . import build

            self._found = build.scalar_docs()
        return self._found

    def __getitem__(self, name: str) -> TypeDoc:
        return self._types()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types())

    def __len__(self) -> int:
        return len(self._types())

    def __repr__(self) -> str:
        return repr(self._types())


class TypeDoc(ItemDoc):
    """A scalar type.

    :ivar rule: what a value must be, in words.
    :ivar values: all values, where they are few and listed; else empty.
    :ivar pattern: the regular expression that a value matches as a whole, or empty.
    :ivar unit: of what it is a count, or empty.
    :ivar example: a plausible value.
    """

    values: Sequence[Any] = ()
    pattern = ""
    unit = ""
    example: Any = None

    types: ClassVar[Mapping[str, TypeDoc]] = _Types()

    def __init__(self, name: str, rule: str, desc: str = "", since: str = "1.0.0", until: str = "") -> None:
        super().__init__(name, desc, since, until)
        self.rule = rule


class AttributeDoc(ItemDoc):
    """A field of an object.

    :ivar type: the document of its type.
    :ivar required: whether it must be present.
    :ivar default: the value when it is absent.
    :ivar internal: whether it is for debugging only.
    :ivar unit: of what a number is a count, or empty.
    :ivar owner: the name of the class that declares it, which may be a base class of the one that has it.
    """

    def __init__(
        self,
        name: str,
        type: Doc,
        desc: str,
        since: str,
        required: bool,
        default: Any = None,
        internal: bool = False,
        unit: str = "",
        owner: str = "",
    ) -> None:
        super().__init__(name, desc, since)
        self.type = type
        self.required = required
        self.default = default
        self.internal = internal
        self.unit = unit
        self.owner = owner

    def parts(self) -> Sequence[Doc]:
        return (self.type,)


class JsonObjectDoc(ItemDoc):
    """A class of objects.

    :ivar area: the module of `sptypes` that declares it.
    """

    def __init__(
        self,
        name: str,
        desc: str,
        since: str,
        until: str,
        area: str,
        attrs: Callable[[], Dict[str, AttributeDoc]],
        example: Callable[[], Any] = lambda: None,
    ) -> None:
        super().__init__(name, desc, since, until)
        self.area = area
        self._attrs = attrs
        self._example = example
        self._made: Optional[Dict[str, AttributeDoc]] = None

    @property
    def example(self) -> Any:
        """A plausible object, as JSON has it."""
        return self._example()

    @property
    def attrs(self) -> Dict[str, AttributeDoc]:
        """The fields by name, base classes' first."""
        # Made when asked for: an object may hold objects of its own class.
        if self._made is None:
            self._made = self._attrs()
        return self._made

    def parts(self) -> Sequence[Doc]:
        return tuple(self.attrs.values())


class ListDoc(Doc):
    """A list, or a set.

    :ivar item: the document of the type of its elements.
    :ivar unique: whether it is a set.
    """

    def __init__(self, item: Doc, unique: bool = False) -> None:
        super().__init__(f"{{{item.name}}}" if unique else f"[{item.name}]")
        self.item = item
        self.unique = unique

    def parts(self) -> Sequence[Doc]:
        return (self.item,)


class DictDoc(Doc):
    """A mapping.

    :ivar key: the document of the type of its keys.
    :ivar value: that of its values.
    :ivar known: the one documented key, where there is one.
    """

    def __init__(self, key: Doc, value: Doc, known: Optional[str] = None) -> None:
        super().__init__(f"{{{key.name if known is None else repr(known)}: {value.name}}}")
        self.key = key
        self.value = value
        self.known = known

    def parts(self) -> Sequence[Doc]:
        return (self.key, self.value)


class EitherDoc(ItemDoc):
    """One of several types, or null.

    :ivar alternatives: the documents of the types.
    :ivar null: whether null is one of them.
    :ivar toldApart: the field by which objects of the types are told apart, or empty.
    """

    def __init__(
        self,
        alternatives: Sequence[Doc],
        null: bool = False,
        name: str = "",
        desc: str = "",
        since: str = "1.0.0",
        toldApart: str = "",
    ) -> None:
        names = [each.name for each in alternatives] + ["null"] * null
        super().__init__(name or " or ".join(names), desc, since)
        self.alternatives = tuple(alternatives)
        self.null = null
        self.toldApart = toldApart

    def parts(self) -> Sequence[Doc]:
        return self.alternatives


class ErrorDoc(Doc):
    """An error: its name, and in ``desc`` when it comes.

    :ivar whose: who answers with it: the ``cluster``, the ``bindings``, or only the ``simulator``.
    :ivar status: the HTTP status that the simulated cluster gives it; 0 where there is none.
    """

    def __init__(self, name: str, desc: str, whose: str = "cluster", status: int = 0) -> None:
        super().__init__(name, desc)
        self.whose = whose
        self.status = status


class CallExample:
    """A call with plausible values.

    :ivar args: the arguments in the path, by their names.
    :ivar json: the body, as JSON has it; None where there is none.
    :ivar reply: the data of the reply, as JSON has it.
    :ivar python: the call in Python; ``curl`` and ``storpool_req``, the same on the command line.
    """

    def __init__(self, args: Dict[str, Any], json: Any, reply: Any, python: str, curl: str, storpool_req: str) -> None:
        self.args = args
        self.json = json
        self.reply = reply
        self.python = python
        self.curl = curl
        self.storpool_req = storpool_req


class UseDoc(Doc):
    """A place where a type is used.

    :ivar owner: the call or the class of objects.
    :ivar roles: for a call, ``argument``, ``body`` and ``result``; for a class, the names of its fields.
    """

    def __init__(self, owner: Doc, roles: Sequence[str]) -> None:
        super().__init__(owner.name)
        self.owner = owner
        self.roles = list(roles)


class ApiCallDoc(ItemDoc):
    """A call.

    :ivar name: its title; ``call``, the name of its method, and ``signature`` what that takes.
    :ivar method: GET or POST.
    :ivar query: the path below the prefix, with placeholders; ``path``, the whole path.
    :ivar args: the documents of the arguments in the path, by their names.
    :ivar json: the document of the body; None where there is none. ``jsonOptional`` tells whether it can be left out.
    :ivar returns: the document of the result.
    :ivar multiCluster: whether it can span clusters.
    :ivar errors: the cluster's errors that are known of this call in particular, each with when it comes.
    """

    if TYPE_CHECKING:
        json: Optional[Doc]

    def __init__(
        self,
        name: str,
        desc: str,
        call: str,
        method: str,
        query: str,
        path: str,
        args: Dict[str, Doc],
        json: Optional[Doc],
        returns: Doc,
        jsonOptional: bool = False,
        multiCluster: bool = False,
        since: str = "1.0.0",
        until: str = "",
        deprecated: str = "",
        errors: Sequence[ErrorDoc] = (),
        example: Optional[Callable[[], CallExample]] = None,
        signature: str = "",
    ) -> None:
        super().__init__(name, desc, since, until)
        self.deprecated = deprecated
        self.call = call
        self.method = method
        self.query = query
        self.path = path
        self.args = args
        self.json = json
        self.returns = returns
        self.jsonOptional = jsonOptional
        self.multiCluster = multiCluster
        self.errors = list(errors)
        self.signature = signature
        self._example = example

    @property
    def example(self) -> Optional[CallExample]:
        """The call with plausible values; None for one made by hand."""
        return self._example() if self._example is not None else None

    def parts(self) -> Sequence[Doc]:
        body = () if self.json is None else (self.json,)
        return (*self.args.values(), *body, self.returns)


class ApiSectionDoc(Doc):
    """An area of the API.

    :ivar id: the name with hyphens for blanks.
    :ivar calls: the documents of its calls, as declared.
    """

    def __init__(self, name: str, desc: str = "", calls: Sequence[ApiCallDoc] = ()) -> None:
        super().__init__(name, desc)
        self.id = name.replace(" ", "-")
        self.calls = list(calls)

    def parts(self) -> Sequence[Doc]:
        return self.calls


class ApiDoc(Doc):
    """The whole reference.

    :ivar sections: the areas, in order.
    :ivar objects: all classes of objects, by name.
    :ivar types: the scalar types and unions that have names, by name.
    :ivar errors: what the names of the cluster's errors mean, whatever the call.
    """

    def __init__(
        self,
        name: str,
        sections: List[ApiSectionDoc],
        objects: Dict[str, JsonObjectDoc],
        types: Dict[str, ItemDoc],
        errors: Sequence[ErrorDoc] = (),
    ) -> None:
        super().__init__(name)
        self.sections = sections
        self.objects = objects
        self.types = types
        self.errors = list(errors)
        self._uses: Optional[Dict[str, List[UseDoc]]] = None

    def parts(self) -> Sequence[Doc]:
        return (*self.sections, *self.objects.values(), *self.types.values())

    def describes(self, doc: Doc) -> bool:
        """Whether the type is here under its name; one that stands in a field only may be called like another."""
        item = self.objects.get(doc.name) or self.types.get(doc.name)
        # Unions are made where they stand; the rest is one of a kind.
        return item is doc or (isinstance(doc, EitherDoc) and isinstance(item, EitherDoc))

    def uses(self, name: str) -> List[UseDoc]:
        """The calls, then the classes, that use the class or type of this name themselves."""
        if self._uses is None:
            self._uses = self._find_uses()
        return self._uses.get(name, [])

    def _find_uses(self) -> Dict[str, List[UseDoc]]:
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
                for each in call.args.values():
                    add(call, "argument", each)
                if call.json is not None:
                    add(call, "body", call.json)
                add(call, "result", call.returns)
        for each in self.objects.values():
            for attribute in each.attrs.values():
                add(each, attribute.name, attribute.type)
        for item in self.types.values():
            for part in item.parts():
                add(item, "alternative", part)
        return found
