"""From the declarations to the document."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple, Type

from ..sptype import JsonObjectImpl, nodes, spType
from ..sptype.objects import Field
from . import docstrings, examples, lines, prose
from .errors import ERRORS
from .model import (
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

if TYPE_CHECKING:
    from ..spapi.call import Call

__all__ = ["call_doc", "doc_of", "object_classes", "reference", "scalar_docs"]


def _areas() -> Iterator[ModuleType]:
    """The modules that declare types."""
    from .. import sptypes

    for found in pkgutil.iter_modules(sptypes.__path__, f"{sptypes.__name__}."):
        if not found.name.endswith(".__main__"):
            yield importlib.import_module(found.name)


def object_classes() -> Dict[str, Type[JsonObjectImpl]]:
    """Give all classes of objects that the API has, by name."""
    return {
        name: cls
        for module in _areas()
        for name, cls in vars(module).items()
        if isinstance(cls, type) and issubclass(cls, JsonObjectImpl) and cls.__module__ == module.__name__
    }


@functools.cache
def _named() -> Dict[str, Tuple[nodes.Node, str, str]]:
    """The aliases of scalar types and unions: their node, docstring and version, by name."""
    from .. import sptypes
    from ..sptype.markers import Since

    texts = {name: text for module in _areas() for name, text in docstrings.of_module(module.__name__).items()}
    found: Dict[str, Tuple[nodes.Node, str, str]] = {}
    # Where a checker sees aliases, the run time has put them aside and hands out nodes.
    aliases: Dict[str, Any] = vars(sptypes)["_aliases"]
    for name, declared in aliases.items():
        marks = getattr(declared, "__metadata__", ())
        since = next((mark.version for mark in marks if isinstance(mark, Since)), "1.0.0")
        node = spType(declared)
        found[name] = (node, texts.get(name, ""), node.constraint.since if isinstance(node, nodes.Scalar) else since)
    return found


@functools.cache
def _scalars() -> Dict[nodes.Scalar, TypeDoc]:
    """The documents of the scalar types that have a name of their own."""
    found: Dict[nodes.Scalar, TypeDoc] = {}
    for name, (node, text, since) in _named().items():
        # A type with two names (FaultSetName is a PlacementGroupName) goes by the one that it calls itself.
        if isinstance(node, nodes.Scalar) and (node not in found or name == node.name):
            doc = found[node] = _scalar_doc(node, name, text, since)
            doc.unit = prose.unit_of(text)
            doc.example = examples.of_node(node, name)
    return found


def _scalar_doc(node: nodes.Scalar, name: str, text: str = "", since: str = "1.0.0") -> TypeDoc:
    doc = TypeDoc(name, node.describe(), text, since)
    doc.values = getattr(node.constraint, "values", ())
    doc.pattern = getattr(node.constraint, "pattern", "")
    return doc


@functools.cache
def _unions() -> Dict[Tuple[str, ...], Tuple[str, str, str]]:
    """Name, docstring and version of the unions that have a name, by the names of their alternatives."""
    return {
        tuple(each.name for each in node.alternatives): (name, text, since)
        for name, (node, text, since) in _named().items()
        if isinstance(node, nodes.UnionNode)
    }


def doc_of(node: nodes.Node) -> Doc:
    """Give the document of a type."""
    if isinstance(node, nodes.Scalar):
        return _scalars().get(node) or _scalar_doc(node, node.name)
    if isinstance(node, nodes.ObjectNode):
        return _object_doc(node.cls)
    if isinstance(node, nodes.NullOr):
        inner = doc_of(node.wrapped)
        # Null twice over, as in an optional field that is internal and optional, is null once.
        return inner if isinstance(inner, EitherDoc) and inner.null else EitherDoc([inner], null=True)
    if isinstance(node, nodes.Wrapper):
        return doc_of(node.wrapped)
    if isinstance(node, nodes.UnionNode):
        name, text, since = _unions().get(tuple(each.name for each in node.alternatives), ("", "", "1.0.0"))
        alternatives = [doc_of(each) for each in node.alternatives]
        return EitherDoc(alternatives, name=name, desc=text, since=since, toldApart=_mark(node))
    if isinstance(node, nodes.ListNode):
        return ListDoc(doc_of(node.item), unique=isinstance(node, nodes.SetNode))
    if isinstance(node, nodes.MapNode):
        return DictDoc(doc_of(node.key), doc_of(node.value), node.known)
    if isinstance(node, nodes.Const):
        doc = TypeDoc(node.name, f"exactly {node.name}")
        doc.values = (node.value,)
        return doc
    return TypeDoc(node.name, node.describe())


def _mark(node: nodes.UnionNode) -> str:
    """The field by which a union's objects are told apart, if it is a field."""
    field = node.toldApart.field if node.toldApart is not None else ""
    classes = [each.cls for each in node.alternatives if isinstance(each, nodes.ObjectNode)]
    return field if any(field in cls.__spfields__ for cls in classes) else ""


@functools.cache
def _object_doc(cls: Type[JsonObjectImpl]) -> JsonObjectDoc:
    def attrs() -> Dict[str, AttributeDoc]:
        return {name: _attribute_doc(field) for name, field in cls.__spfields__.items()}

    area = cls.__module__.rpartition(".")[2]
    text = inspect.cleandoc(cls.__doc__ or "")
    example = functools.partial(examples.of_class, cls)
    return JsonObjectDoc(cls.__name__, text, cls.__since__, cls.__until__, area, attrs, example)


def _attribute_doc(field: Field) -> AttributeDoc:
    text = docstrings.of_class(field.owner).get(field.name, "")
    default = None if field.required else field.absent()
    internal = any(isinstance(node, nodes.InternalNode) for node in examples.wrapped(field.node))
    type_ = doc_of(field.node)
    unit = (prose.unit_of(text) or _unit_of(type_)) if _is_number(type_) else ""
    owner = field.owner.__name__
    return AttributeDoc(field.name, type_, text, field.since, field.required, default, internal, unit, owner)


def _is_number(doc: Doc) -> bool:
    """Whether a value of the type may be a number."""
    if isinstance(doc, EitherDoc):
        return any(_is_number(each) for each in doc.alternatives)
    return isinstance(doc, TypeDoc) and (doc.name == "int" or "integer" in doc.rule or "multiple" in doc.rule)


def _unit_of(doc: Doc) -> str:
    if isinstance(doc, EitherDoc):
        return next(filter(None, map(_unit_of, doc.alternatives)), "")
    return doc.unit if isinstance(doc, TypeDoc) else ""


def scalar_docs() -> Dict[str, TypeDoc]:
    """Give the documents of all scalar types by name: those of `sptypes`, and the ones that stand in a field only."""
    found = {name: doc_of(node) for name, (node, _text, _since) in _named().items()}
    pending: List[nodes.Node] = [field.node for cls in object_classes().values() for field in cls.__spfields__.values()]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.Scalar):
            found.setdefault(node.name, doc_of(node))
        # Classes are in the list themselves.
        pending.extend(node.inner())
    return {name: doc for name, doc in found.items() if isinstance(doc, TypeDoc)}


def call_doc(call: Call, name: str, text: str) -> ApiCallDoc:
    """Give the document of a call, under this title and with this text."""
    desc, deprecated, errors = prose.call_text(text)
    return ApiCallDoc(
        name=name,
        desc=desc,
        call=call.name,
        method=call.method,
        query=call.query,
        path=call.path,
        args={each._name: doc_of(each._type) for each in call.args},
        json=None if call.json is None else doc_of(call.json),
        returns=doc_of(call.returns),
        jsonOptional=call.jsonOptional,
        multiCluster=call.multiCluster,
        since=call.since,
        until=call.until,
        deprecated=deprecated,
        errors=errors,
        example=functools.partial(_example, call),
        signature=_signature(call),
    )


def _signature(call: Call) -> str:
    parameters = list(inspect.signature(call.function or call.compile()).parameters.values())[1:]
    ends = ("" if each.default is each.empty else f"={each.default}" for each in parameters)
    return f"{call.name}({', '.join(each.name + end for each, end in zip(parameters, ends))})"


def _example(call: Call) -> CallExample:
    args = {each._name: examples.of_node(each._type, each._name) for each in call.args}
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
    """Give the document of the whole API."""
    from .. import spapi

    sections: Dict[Any, ApiSectionDoc] = {}
    for cls in spapi.Api.__mro__:
        if issubclass(cls, spapi.Section) and cls.title and "title" in vars(cls):
            sections[cls] = ApiSectionDoc(cls.title, inspect.cleandoc(cls.__doc__ or ""))
    for call in spapi.CALLS.values():
        sections[call.section].calls.append(call_doc(call, call.title, call.text))
    objects = {name: doc_of(cls.__spnode__) for name, cls in object_classes().items()}
    types = {name: doc_of(node) for name, (node, _text, _since) in _named().items()}
    return ApiDoc(
        "StorPool API",
        list(sections.values()),
        {name: doc for name, doc in objects.items() if isinstance(doc, JsonObjectDoc)},
        {name: doc for name, doc in types.items() if isinstance(doc, ItemDoc)},
        ERRORS,
    )
