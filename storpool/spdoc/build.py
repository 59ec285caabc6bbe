"""Makes the document of the reference from the declarations."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Type

from .. import spapi, sptypes
from ..spapi.call import Call
from ..sptype import JsonObjectImpl, nodes, spType
from ..sptype.annotations import Field
from ..sptype.markers import Since
from . import docstrings, examples, lines, prose
from .errors import ERRORS
from .model import (
    FIRST_VERSION,
    ApiCallDoc,
    ApiDoc,
    ApiSectionDoc,
    AttributeDoc,
    CallExample,
    DictDoc,
    Doc,
    EitherDoc,
    ItemDoc,
    JsonObjectDoc,
    ListDoc,
    TypeDoc,
)

__all__ = ["call_doc", "doc_of", "object_classes", "reference", "scalar_docs"]


def _areas() -> Iterator[ModuleType]:
    """Return the modules that declare types."""
    for module in pkgutil.iter_modules(sptypes.__path__, f"{sptypes.__name__}."):
        if not module.name.endswith(".__main__"):
            yield importlib.import_module(module.name)


def object_classes() -> Dict[str, Type[JsonObjectImpl]]:
    """Return all classes of objects that the API has, by name."""
    return {
        name: cls
        for module in _areas()
        for name, cls in vars(module).items()
        if isinstance(cls, type) and issubclass(cls, JsonObjectImpl) and cls.__module__ == module.__name__
    }


class _Alias(NamedTuple):
    """A scalar type or union that has a name."""

    node: nodes.Node
    text: str
    since: str


@functools.cache
def _aliases() -> Dict[str, _Alias]:
    """Return the named scalar types and unions."""
    texts = {name: text for module in _areas() for name, text in docstrings.of_module(module.__name__).items()}
    found: Dict[str, _Alias] = {}
    # Where type checkers see aliases, `sptypes` hands out nodes at run time and keeps the aliases under this name.
    declarations: Dict[str, Any] = vars(sptypes)["_aliases"]
    for name, declaration in declarations.items():
        marks = getattr(declaration, "__metadata__", ())
        since = next((mark.version for mark in marks if isinstance(mark, Since)), FIRST_VERSION)
        node = spType(declaration)
        if isinstance(node, nodes.Scalar):
            since = node.constraint.since
        found[name] = _Alias(node, texts.get(name, ""), since)
    return found


@functools.cache
def _scalars() -> Dict[nodes.Scalar, TypeDoc]:
    """Return the documents of the named scalar types."""
    found: Dict[nodes.Scalar, TypeDoc] = {}
    for name, (node, text, since) in _aliases().items():
        # A type with two names (FaultSetName is a PlacementGroupName) is listed under the one in its declaration.
        if isinstance(node, nodes.Scalar) and (node not in found or name == node.name):
            doc = found[node] = _scalar_doc(node, name, text, since)
            doc.unit = prose.unit_of(text)
            doc.example = examples.of_node(node)
    return found


def _scalar_doc(node: nodes.Scalar, name: str, text: str = "", since: str = FIRST_VERSION) -> TypeDoc:
    values = getattr(node.constraint, "values", ())
    pattern = getattr(node.constraint, "pattern", "")
    return TypeDoc(name, node.describe(), text, since, values=values, pattern=pattern)


def _names(union: nodes.UnionNode) -> Tuple[str, ...]:
    return tuple(alternative.name for alternative in union.alternatives)


@functools.cache
def _unions() -> Dict[Tuple[str, ...], Tuple[str, _Alias]]:
    """Return the named unions by the names of their alternatives."""
    return {
        _names(alias.node): (name, alias)
        for name, alias in _aliases().items()
        if isinstance(alias.node, nodes.UnionNode)
    }


def doc_of(node: nodes.Node) -> Doc:
    """Return the document of a type."""
    if isinstance(node, nodes.Scalar):
        return _scalars().get(node) or _scalar_doc(node, node.name)
    if isinstance(node, nodes.ObjectNode):
        return _object_doc(node.cls)
    if isinstance(node, nodes.NullOr):
        inner = doc_of(node.wrapped)
        # An optional field that is internal as well may be null for both reasons; say so once.
        return inner if isinstance(inner, EitherDoc) and inner.null else EitherDoc([inner], null=True)
    if isinstance(node, nodes.Wrapper):
        return doc_of(node.wrapped)
    if isinstance(node, nodes.UnionNode):
        name, alias = _unions().get(_names(node), ("", _Alias(node, "", FIRST_VERSION)))
        alternatives = tuple(doc_of(alternative) for alternative in node.alternatives)
        return EitherDoc(
            alternatives, name=name, desc=alias.text, since=alias.since, discriminator=_discriminator(node)
        )
    if isinstance(node, nodes.ListNode):
        return ListDoc(doc_of(node.item), unique=isinstance(node, nodes.SetNode))
    if isinstance(node, nodes.MapNode):
        return DictDoc(doc_of(node.key), doc_of(node.value), node.documented_key)
    if isinstance(node, nodes.Const):
        return TypeDoc(node.name, f"exactly {node.name}", values=(node.value,))
    return TypeDoc(node.name, node.describe())


def _discriminator(node: nodes.UnionNode) -> str:
    """Return the field that decides which of a union's classes an object is of; empty if it is not a field."""
    field = node.discriminator.field if node.discriminator is not None else ""
    classes = [alternative.cls for alternative in node.alternatives if isinstance(alternative, nodes.ObjectNode)]
    return field if any(field in cls.__spfields__ for cls in classes) else ""


@functools.cache
def _object_doc(cls: Type[JsonObjectImpl]) -> JsonObjectDoc:
    def attrs() -> Dict[str, AttributeDoc]:
        return {name: _attribute_doc(field) for name, field in cls.__spfields__.items()}

    return JsonObjectDoc(
        cls.__name__,
        inspect.cleandoc(cls.__doc__ or ""),
        cls.__since__,
        cls.__until__,
        area=cls.__module__.rpartition(".")[2],
        make_attrs=attrs,
        make_example=functools.partial(examples.of_class, cls),
    )


def _attribute_doc(field: Field) -> AttributeDoc:
    text = docstrings.of_class(field.owner).get(field.name, "")
    type_ = doc_of(field.node)
    return AttributeDoc(
        field.name,
        type_,
        text,
        field.since,
        field.required,
        default=None if field.required else field.absent(),
        internal=any(isinstance(node, nodes.InternalNode) for node in examples.with_wrappers(field.node)),
        unit=(prose.unit_of(text) or _unit_of(type_)) if _is_number(type_) else "",
        owner=field.owner.__name__,
    )


def _is_number(doc: Doc) -> bool:
    """Return whether a value of the type may be a number."""
    if isinstance(doc, EitherDoc):
        return any(map(_is_number, doc.alternatives))
    return isinstance(doc, TypeDoc) and (doc.name == "int" or "integer" in doc.rule or "multiple" in doc.rule)


def _unit_of(doc: Doc) -> str:
    if isinstance(doc, EitherDoc):
        return next(filter(None, map(_unit_of, doc.alternatives)), "")
    return doc.unit if isinstance(doc, TypeDoc) else ""


def scalar_docs() -> Dict[str, TypeDoc]:
    """Return the documents of all scalar types by name: those of `sptypes`, and those that occur in a field only."""
    found = {name: doc_of(alias.node) for name, alias in _aliases().items()}
    pending: List[nodes.Node] = [field.node for cls in object_classes().values() for field in cls.__spfields__.values()]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.Scalar):
            found.setdefault(node.name, doc_of(node))
        # This does not descend into classes: all of them are in the list already.
        pending.extend(node.inner())
    return {name: doc for name, doc in found.items() if isinstance(doc, TypeDoc)}


class _ScalarTypes(Mapping[str, TypeDoc]):
    """The scalar types by name, collected when they are first looked at."""

    def __init__(self) -> None:
        self._docs: Optional[Dict[str, TypeDoc]] = None

    def _collected(self) -> Dict[str, TypeDoc]:
        if self._docs is None:
            self._docs = scalar_docs()
        return self._docs

    def __getitem__(self, name: str) -> TypeDoc:
        return self._collected()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._collected())

    def __len__(self) -> int:
        return len(self._collected())

    def __repr__(self) -> str:
        return repr(self._collected())


TypeDoc.types = _ScalarTypes()


def call_doc(call: Call, name: str, text: str) -> ApiCallDoc:
    """Return the document of a call, with this title and this text."""
    desc, deprecated, errors = prose.call_text(text)
    return ApiCallDoc(
        name=name,
        desc=desc,
        call=call.name,
        method=call.method,
        query=call.query,
        path=call.path,
        args={argument._name: doc_of(argument._type) for argument in call.args},
        json=None if call.json is None else doc_of(call.json),
        returns=doc_of(call.returns),
        jsonOptional=call.jsonOptional,
        multiCluster=call.multiCluster,
        since=call.since,
        until=call.until,
        deprecated=deprecated,
        errors=errors,
        make_example=functools.partial(_example, call),
        signature=_signature(call),
    )


def _signature(call: Call) -> str:
    parameters = list(inspect.signature(call.function or call.compile()).parameters.values())[1:]
    texts = [
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default}"
        for parameter in parameters
    ]
    return f"{call.name}({', '.join(texts)})"


def _example(call: Call) -> CallExample:
    args = {argument._name: examples.of_node(argument._type) for argument in call.args}
    body = None if call.json is None else examples.of_body(call.json)
    return CallExample(
        args=args,
        json=body,
        reply=examples.of_node(call.returns),
        python=lines.python(call, args, body),
        curl=lines.curl(call, args, body),
        storpool_req=lines.storpool_req(call, args, body),
    )


@functools.cache
def reference() -> ApiDoc:
    """Return the document of the whole API."""
    sections: Dict[Any, ApiSectionDoc] = {}
    for cls in spapi.Api.__mro__:
        if issubclass(cls, spapi.Section) and cls.title and "title" in vars(cls):
            sections[cls] = ApiSectionDoc(cls.title, inspect.cleandoc(cls.__doc__ or ""))
    for call in spapi.CALLS.values():
        sections[call.section].calls.append(call_doc(call, call.title, call.text))
    objects = {name: doc_of(cls.__spnode__) for name, cls in object_classes().items()}
    types = {name: doc_of(alias.node) for name, alias in _aliases().items()}
    return ApiDoc(
        "StorPool API",
        list(sections.values()),
        {name: doc for name, doc in objects.items() if isinstance(doc, JsonObjectDoc)},
        {name: doc for name, doc in types.items() if isinstance(doc, ItemDoc)},
        ERRORS,
    )
