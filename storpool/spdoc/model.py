"""The document that the reference is: plain facts of calls and types, with no HTML in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, Iterator, List, Mapping, Optional, Sequence

__all__ = [
    "ApiCallDoc",
    "ApiDoc",
    "ApiSectionDoc",
    "AttributeDoc",
    "DictDoc",
    "Doc",
    "EitherDoc",
    "ItemDoc",
    "JsonObjectDoc",
    "ListDoc",
    "TypeDoc",
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
    """

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
    """

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
    """

    def __init__(
        self, name: str, type: Doc, desc: str, since: str, required: bool, default: Any = None, internal: bool = False
    ) -> None:
        super().__init__(name, desc, since)
        self.type = type
        self.required = required
        self.default = default
        self.internal = internal

    def parts(self) -> Sequence[Doc]:
        return (self.type,)


class JsonObjectDoc(ItemDoc):
    """A class of objects.

    :ivar area: the module of `sptypes` that declares it.
    """

    def __init__(
        self, name: str, desc: str, since: str, until: str, area: str, attrs: Callable[[], Dict[str, AttributeDoc]]
    ) -> None:
        super().__init__(name, desc, since, until)
        self.area = area
        self._attrs = attrs
        self._made: Optional[Dict[str, AttributeDoc]] = None

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
    """

    def __init__(
        self, alternatives: Sequence[Doc], null: bool = False, name: str = "", desc: str = "", since: str = "1.0.0"
    ) -> None:
        names = [each.name for each in alternatives] + ["null"] * null
        super().__init__(name or " or ".join(names), desc, since)
        self.alternatives = tuple(alternatives)
        self.null = null

    def parts(self) -> Sequence[Doc]:
        return self.alternatives


class ApiCallDoc(ItemDoc):
    """A call.

    :ivar name: its title; ``call``, the name of its method.
    :ivar method: GET or POST.
    :ivar query: the path below the prefix, with placeholders; ``path``, the whole path.
    :ivar args: the documents of the arguments in the path, by their names.
    :ivar json: the document of the body; None where there is none. ``jsonOptional`` tells whether it can be left out.
    :ivar returns: the document of the result.
    :ivar multiCluster: whether it can span clusters.
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
    ) -> None:
        super().__init__(name, desc, since, until)
        self.call = call
        self.method = method
        self.query = query
        self.path = path
        self.args = args
        self.json = json
        self.returns = returns
        self.jsonOptional = jsonOptional
        self.multiCluster = multiCluster

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
    """

    def __init__(
        self, name: str, sections: List[ApiSectionDoc], objects: Dict[str, JsonObjectDoc], types: Dict[str, ItemDoc]
    ) -> None:
        super().__init__(name)
        self.sections = sections
        self.objects = objects
        self.types = types

    def parts(self) -> Sequence[Doc]:
        return (*self.sections, *self.objects.values(), *self.types.values())
