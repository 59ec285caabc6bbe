"""What the docstrings say between the lines: errors, deprecation and units, which stand in them in fixed forms."""

from __future__ import annotations

import re
from typing import List, NamedTuple

from .model import ErrorDoc

__all__ = ["CallText", "call_text", "paragraphs", "unit_of"]


class CallText(NamedTuple):
    """The docstring of a call, below its title, taken apart."""

    desc: str
    deprecated: str
    errors: List[ErrorDoc]


def paragraphs(text: str) -> List[str]:
    """The paragraphs of a text, each in one line."""
    return [" ".join(each.split()) for each in re.split(r"\n\s*\n", text) if each.strip()]


def call_text(text: str) -> CallText:
    """Take the docstring of a call apart.

    A paragraph ``ApiError: `name` when ...; `name` when ...`` has its errors, one that begins with ``Deprecated since``
    says so, and the rest describes it.
    """
    desc: List[str] = []
    deprecated = ""
    errors: List[ErrorDoc] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith("ApiError:"):
            for each in re.split(r";\s+(?=`)", " ".join(paragraph.split())[len("ApiError:") :].strip().rstrip(".")):
                name, when = re.fullmatch(r"`(\w+)` (.+)", each).groups()  # type: ignore[union-attr]
                errors.append(ErrorDoc(name, when))
        elif paragraph.startswith("Deprecated since "):
            deprecated = " ".join(paragraph.split())
        else:
            desc.append(paragraph)
    return CallText("\n\n".join(desc), deprecated, errors)


# In this order: what is more particular comes first.
_UNITS = (
    (r"unix timestamp", "Unix time in seconds"),
    (r"\bsectors of (\d+) bytes", r"sectors of \1 bytes"),
    (r"\bKB per second", "KB per second"),
    (r"\bbytes per second", "bytes per second"),
    (r"\boperations per second", "operations per second"),
    (r"\bmicroseconds", "microseconds"),
    (r"\bmilliseconds", "milliseconds"),
    (r"\bseconds", "seconds"),
    (r"\b(?:in|of|new|received) bytes|^bytes\b", "bytes"),
    (r"\bin bits", "bits"),
)


def unit_of(text: str) -> str:
    """The unit that the description of a number names, or an empty string."""
    for pattern, unit in _UNITS:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            return found.expand(unit)
    return ""
