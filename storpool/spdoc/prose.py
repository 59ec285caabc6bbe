"""Extracts what docstrings say in fixed forms: errors, deprecation and units."""

from __future__ import annotations

import re
from typing import List, NamedTuple

from .model import ErrorDoc

__all__ = ["CallText", "call_text", "paragraphs", "unit_of"]


class CallText(NamedTuple):
    """The parts of a call's docstring below its title."""

    desc: str
    deprecated: str
    errors: List[ErrorDoc]


def paragraphs(text: str) -> List[str]:
    """Split a text into paragraphs, each in one line."""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def call_text(text: str) -> CallText:
    """Split the docstring of a call into its parts.

    A paragraph ``ApiError: `name` when ...; `name` when ...`` lists its errors, one that begins with
    ``Deprecated since`` says that it is deprecated, and the rest describes it.
    """
    desc: List[str] = []
    deprecated = ""
    errors: List[ErrorDoc] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        line = " ".join(paragraph.split())
        if line.startswith("ApiError:"):
            for entry in re.split(r";\s+(?=`)", line[len("ApiError:") :].strip().rstrip(".")):
                name, when = re.fullmatch(r"`(\w+)` (.+)", entry).groups()  # type: ignore[union-attr]
                errors.append(ErrorDoc(name, when))
        elif line.startswith("Deprecated since "):
            deprecated = line
        else:
            desc.append(paragraph)
    return CallText("\n\n".join(desc), deprecated, errors)


# The first match counts, so the more specific patterns come first.
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
    """Return the unit that the description of a number names, or an empty string."""
    for pattern, unit in _UNITS:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None:
            return found.expand(unit)
    return ""
