"""The reference of the API: a document made from the declarations, and the page made from that document.

Nothing here is needed for making calls; the declarations are only read when the reference is asked for.
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
