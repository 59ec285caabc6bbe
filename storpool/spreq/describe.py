"""The reference in the terminal: the queries by area, and all about one of them."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Set, Tuple

from .. import spdoc
from ..spapi.call import CALLS
from .errors import Failure, dumps
from .queries import matching, query_of, unknown

__all__ = ["description", "listing"]

FIRST_VERSION = "1.0.0"
# Wider lines are harder to read, however wide the terminal is.
WIDEST = 120


def _width() -> int:
    if _on_terminal():
        return max(40, min(WIDEST, shutil.get_terminal_size().columns))
    return WIDEST


def _wrapped(text: str, indent: str, first: str = "") -> str:
    """Fold a paragraph; its first line may begin with something else than the others."""
    return textwrap.fill(
        text,
        _width(),
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _heading(text: str) -> str:
    text = _wrapped(text, "  ", " ").lstrip()
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not _on_terminal()
    return text if plain else f"\033[1m{text}\033[0m"


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _typed(call: spdoc.ApiCallDoc) -> str:
    """How a call is asked for, with the names of its arguments."""
    words = [query_of(CALLS[call.call]), *(f"<{name}>" for name in call.args)]
    if call.json is not None:
        words.append("[--json <json>]" if CALLS[call.call].jsonLast else "--json <json>")
    return " ".join(words)


def listing(words: List[str]) -> str:
    """List the queries by area: those that have all the words in their names, titles or areas.

    :raises SystemExit: there are none.
    """
    wanted = [word.lower() for word in words]
    found: List[Tuple[str, List[spdoc.ApiCallDoc]]] = []
    for section in spdoc.reference().sections:
        calls = [
            call
            for call in section.calls
            if all(word in f"{section.name} {call.query} {call.call} {call.name}".lower() for word in wanted)
        ]
        if calls:
            found.append((section.name, calls))
    if not found:
        raise Failure("cliNothingFound", f"No query has {' and '.join(map(repr, words))} in its name, title or area")
    column = 10 + max(len(_typed(call)) for _, calls in found for call in calls)
    lines: List[str] = []
    if _on_terminal():
        # Titles have a column, and stand below those queries that reach into it.
        column = min(column, _width() // 2)
    for area, calls in found:
        lines += ["", _heading(area)]
        for call in calls:
            query = f"  {call.method:4}  {_typed(call)}"
            if len(query) + 2 > column:
                lines.append(query)
                query = ""
            line = f"{query:{column}}"
            lines.append(_wrapped(call.name, " " * column, line) if _on_terminal() else line + call.name)
    return "\n".join(lines[1:]) + "\n"


def description(query: str, post: bool) -> str:
    """Tell all about a query, or about each of those that have the name; ``post`` chooses between them.

    :raises SystemExit: there is none.
    """
    found = matching(query, CALLS) or {name: call for name, call in CALLS.items() if name == query}
    if post:
        found = {name: call for name, call in found.items() if call.method == "POST"}
    if not found:
        raise unknown("POST" if post else "GET", query)
    calls = [
        "\n".join(_call(call, section.name))
        for section in spdoc.reference().sections
        for call in section.calls
        if call.call in found
    ]
    return "\n\n\n".join(calls) + "\n"


def _call(call: spdoc.ApiCallDoc, area: str) -> Iterator[str]:
    yield _heading(f"{call.query.partition('/{')[0]}: {call.name}")
    yield ""
    yield f"  storpool_req {'-P ' if call.method == 'POST' else ''}{_typed(call)}"
    yield f"  {call.method} {call.path}"
    yield f"  Api.{call.call}({', '.join([*call.args, *(['json'] if call.json else [])])})"
    notes = [f"area {area}", *_history(call)]
    notes.append("can span clusters, with -M" if call.multiCluster else "of one cluster")
    yield f"  {'; '.join(notes)}"
    yield from _paragraphs(call.desc, "  ")
    if call.example is not None:
        yield from ("", _heading("Example"))
        yield textwrap.indent(call.example.storpool_req, "  ")
        yield textwrap.indent(dumps(call.example.reply), "  ")
    if call.args:
        yield from ("", _heading("Arguments"))
        for name, each in call.args.items():
            yield from _entry(name, each, call.args)
    told: List[str] = []
    if call.json is not None:
        # Where it is optional, older scripts give an empty one.
        optional = ", which may be left out" if CALLS[call.call].jsonLast else ", which may be {}"
        yield from ("", _heading(f"JSON: {_type(call.json)}{optional if call.jsonOptional else ''}"))
        yield from _contents(call.json, told)
    yield from ("", _heading(f"Result: {_type(call.returns)}"))
    yield from _contents(call.returns, told)
    scalars = _scalars(call)
    if scalars:
        yield from ("", _heading("Types"))
        for name, each in scalars.items():
            yield _wrapped(" ".join([f"{each.rule}.", *each.desc.split()]), "      ", f"  {name}: ")
    if call.errors:
        yield from ("", _heading("Errors"))
        for error in call.errors:
            yield _wrapped(error.desc, "      ", f"  {error.name}: ")


def _history(item: spdoc.ItemDoc) -> Iterator[str]:
    if item.since != FIRST_VERSION:
        yield f"since {item.since}"
    if item.until:
        yield f"gone after {item.until}"
    if item.deprecated:
        yield item.deprecated


def _paragraphs(text: str, indent: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph:
            yield from ("", _wrapped(paragraph, indent))


def _contents(doc: spdoc.Doc, told: List[str]) -> Iterator[str]:
    """The fields of the objects that a type is made of, and of those within them, each class once."""
    pending = list(_objects(doc))
    first = True
    while pending:
        each = pending.pop(0)
        if each.name in told:
            if first:
                yield "  The fields are above."
            continue
        told.append(each.name)
        if each.name != _type(doc):
            yield from ("", f"  {_heading(each.name)}: {'; '.join(_history(each))}".rstrip(": "))
        yield from _fields(each)
        pending += [inner for attribute in each.attrs.values() for inner in _objects(attribute.type)]
        first = False


def _objects(doc: spdoc.Doc) -> Iterator[spdoc.JsonObjectDoc]:
    if isinstance(doc, spdoc.JsonObjectDoc):
        yield doc
    else:
        for part in doc.parts():
            yield from _objects(part)


def _fields(owner: spdoc.JsonObjectDoc) -> Iterator[str]:
    if owner.desc:
        yield _wrapped(owner.desc, "  ")
    if not owner.attrs:
        yield "  It has no fields."
    for name, attribute in owner.attrs.items():
        notes = ["required" if attribute.required else f"default {_literal(attribute.default)}"]
        if attribute.unit:
            notes.append(attribute.unit)
        if attribute.since not in (owner.since, FIRST_VERSION):
            notes.append(f"since {attribute.since}")
        if attribute.internal:
            notes.append("internal, for debugging only")
        yield from _entry(name, attribute.type, owner.attrs, notes, attribute.desc)


def _entry(name: str, doc: spdoc.Doc, names: Iterable[str], notes: Sequence[str] = (), text: str = "") -> Iterator[str]:
    """An argument or a field: its name, its type, and what there is to say of it."""
    column = 4 + max(map(len, names))
    yield _wrapped("; ".join([_type(doc), *notes]), " " * column, f"  {name:{column - 2}}")
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph:
            yield _wrapped(paragraph, " " * column)


def _type(doc: spdoc.Doc) -> str:
    """A type in words."""
    if isinstance(doc, spdoc.ListDoc):
        return f"{'set' if doc.unique else 'list'} of {_type(doc.item)}"
    if isinstance(doc, spdoc.DictDoc):
        key = _type(doc.key) if doc.known is None else dumps(doc.known)
        return f"mapping of {key} to {_type(doc.value)}"
    if isinstance(doc, spdoc.EitherDoc):
        return " or ".join([*map(_type, doc.alternatives), *["null"] * doc.null])
    return doc.name


def _literal(value: Any) -> str:
    return dumps(sorted(value)) if isinstance(value, set) else dumps(value)


def _scalars(call: spdoc.ApiCallDoc) -> Dict[str, spdoc.TypeDoc]:
    """The scalar types that a call comes across, by name."""
    found: Dict[str, spdoc.TypeDoc] = {}
    seen: Set[int] = set()
    pending: List[spdoc.Doc] = list(reversed(call.parts()))
    while pending:
        doc = pending.pop()
        if id(doc) in seen:
            continue
        seen.add(id(doc))
        if isinstance(doc, spdoc.TypeDoc) and doc.name in spdoc.TypeDoc.types:
            found.setdefault(doc.name, doc)
        pending.extend(reversed(doc.parts()))
    return found
