"""The reference of the API: a document made from the declarations, and a page made from that document.

Making calls needs nothing from here. The declarations are read when the reference is first asked for.
"""

from __future__ import annotations

from .build import call_doc, doc_of, reference
from .html import Html
from .model import (
    ApiCallDoc,
    ApiDoc,
    ApiSectionDoc,
    AttributeDoc,
    CallExample,
    DictDoc,
    Doc,
    EitherDoc,
    ErrorDoc,
    ItemDoc,
    JsonObjectDoc,
    ListDoc,
    TypeDoc,
    UseDoc,
)

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
    "Html",
    "ItemDoc",
    "JsonObjectDoc",
    "ListDoc",
    "TypeDoc",
    "UseDoc",
    "call_doc",
    "doc_of",
    "reference",
]
