"""Builds HTML text piece by piece, with arguments escaped."""

from __future__ import annotations

import string
from typing import Any

__all__ = ["Html", "escaped"]

_ESCAPES = str.maketrans({"&": "&amp;", '"': "&quot;", "'": "&apos;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """Escape a text for HTML, attributes included."""
    return text.translate(_ESCAPES)


class _EscapingFormatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return escaped(str(super().format_field(value, format_spec)))


_FORMATTER = _EscapingFormatter()


class Html:
    """HTML text that grows.

    ::

        str(Html().add("<b>{0}</b>", "a < b"))  # <b>a &lt; b</b>
    """

    def __init__(self) -> None:
        self._text = ""

    def add(self, fmt: str, *args: Any, **kwargs: Any) -> Html:
        """Append ``fmt``, formatted as by ``str.format`` with the arguments escaped."""
        self._text += _FORMATTER.vformat(fmt, args, kwargs)
        return self

    def put(self, html: object) -> Html:
        """Append text that is HTML already."""
        self._text += str(html)
        return self

    def back(self, count: int) -> Html:
        """Drop the last ``count`` characters."""
        self._text = self._text[: max(0, len(self._text) - count)]
        return self

    def __str__(self) -> str:
        return self._text
