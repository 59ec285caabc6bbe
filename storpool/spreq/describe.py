"""Shows the reference in the terminal: the queries by area, and all about a query, a type, a field or an error."""

from __future__ import annotations

import difflib
import json
import re
import sys
import textwrap
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from .. import spdoc
from ..spapi.call import CALLS
from ..spcli import is_terminal
from .errors import Failure, dumps
from .queries import matching, query_of, unknown
from .terminal import bold, width

__all__ = ["description", "listing"]

FIRST_VERSION = "1.0.0"
# Longer lines are harder to read, however wide the terminal is.
LONGEST_LINE = 120


def _width() -> int:
    return max(40, min(LONGEST_LINE, width())) if is_terminal(sys.stdout) else LONGEST_LINE


def _wrapped(text: str, indent: str, first: str = "") -> str:
    """Wrap a paragraph; its first line may begin differently from the others."""
    return textwrap.fill(
        text,
        _width(),
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _heading(text: str) -> str:
    return bold(_wrapped(text, "  ", " ").lstrip())


def _command_line(call: spdoc.ApiCallDoc) -> str:
    """Return the query with the names of its arguments, as it is typed."""
    words = [query_of(CALLS[call.call]), *(f"<{name}>" for name in call.args)]
    if call.json is not None:
        words.append("[--json <json>]" if CALLS[call.call].jsonLast else "--json <json>")
    return " ".join(words)


def listing(words: List[str]) -> str:
    """List the queries by area: all, or those that have all the words in their names, titles or areas.

    :raises Failure: there are none.
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
    column = 10 + max(len(_command_line(call)) for _, calls in found for call in calls)
    lines: List[str] = []
    if is_terminal(sys.stdout):
        # Titles have a column of their own. Below a query that reaches into it, the title has a line of its own.
        column = min(column, _width() // 2)
    for area, calls in found:
        lines += ["", _heading(area)]
        for call in calls:
            query = f"  {call.method:4}  {_command_line(call)}"
            if len(query) + 2 > column:
                lines.append(_wrapped(query.strip(), " " * 8, "  ") if is_terminal(sys.stdout) else query)
                query = ""
            line = f"{query:{column}}"
            lines.append(_wrapped(call.name, " " * column, line) if is_terminal(sys.stdout) else line + call.name)
    return "\n".join(lines[1:]) + "\n"


def description(name: str, post: bool) -> str:
    """Return all about a query, a call by its Python name, a type, a field of a type (``Type.field``) or an error.

    :param post: of two queries with the name, choose the POST one.
    :raises Failure: there is nothing of this name.
    """
    found = matching(name, CALLS)
    if post:
        found = {python_name: call for python_name, call in found.items() if call.method == "POST"}
    if found:
        calls = [
            "\n".join(_call(call, section.name))
            for section in spdoc.reference().sections
            for call in section.calls
            if call.call in found
        ]
        return "\n\n\n".join(calls) + "\n"
    lines = None if post else _of_type(name) or _of_error(name)
    if lines is None:
        raise _nothing("POST" if post else "GET", name)
    return "\n".join(lines) + "\n"


def _nothing(method: str, name: str) -> Failure:
    failure = unknown(method, name)
    reference = spdoc.reference()
    others = [*reference.objects, *reference.types, *(error.name for error in reference.errors)]
    known = {item.lower(): item for item in [*map(query_of, CALLS.values()), *others]}
    similar = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    if similar and known[similar[0]] in others:
        failure.summary = f"{name}: no such query, type or error; did you mean {known[similar[0]]}?"
        failure.hint = ""
    return failure


def _of_type(text: str) -> Optional[List[str]]:
    """Describe a type or one of its fields; return None if there is none of this name."""
    reference = spdoc.reference()
    types: Dict[str, spdoc.ItemDoc] = {**spdoc.TypeDoc.types, **reference.types, **reference.objects}
    known = {name.lower(): doc for name, doc in types.items()}
    name, dot, field = text.partition(".")
    doc = known.get(name.lower())
    if doc is None:
        return None
    if not dot:
        return list(_type_lines(doc))
    if not isinstance(doc, spdoc.JsonObjectDoc):
        raise Failure("cliNothingFound", f"{doc.name} has no fields")
    fields = {attribute.lower(): attribute for attribute in doc.attrs}
    if field.lower() not in fields:
        similar = difflib.get_close_matches(field.lower(), fields, n=1)
        hint = f"; did you mean {fields[similar[0]]}?" if similar else f"; it has {', '.join(doc.attrs)}"
        raise Failure("cliNothingFound", f"{doc.name} has no field {field!r}{hint}")
    return list(_field_lines(doc, doc.attrs[fields[field.lower()]]))


def _type_lines(doc: spdoc.ItemDoc) -> Iterator[str]:
    yield _heading(f"{doc.name}: {'; '.join(_history(doc))}".rstrip(": "))
    shown: List[str] = []
    if isinstance(doc, spdoc.JsonObjectDoc):
        yield ""
        yield from _contents(doc, shown)
        if doc.example is not None:
            yield from ("", _heading("Example"), textwrap.indent(dumps(doc.example), "  "))
    else:
        yield from _paragraphs(doc.desc, "  ")
        yield ""
        if isinstance(doc, spdoc.TypeDoc):
            yield _wrapped(f"A value is {doc.rule}.", "  ")
            if doc.example is not None:
                yield f"  Example: {dumps(doc.example)}"
        elif isinstance(doc, spdoc.EitherDoc):
            decides = f"; {doc.discriminator} decides" if doc.discriminator else ""
            yield _wrapped(f"One of: {', '.join(map(_type, doc.alternatives))}{decides}.", "  ")
    uses = spdoc.reference().uses(doc.name)
    if uses:
        yield from ("", _heading("Used by"))
        for use in uses:
            owner = use.owner
            name = query_of(CALLS[owner.call]) if isinstance(owner, spdoc.ApiCallDoc) else owner.name
            yield _wrapped(f"{name}: {', '.join(use.roles)}", "      ", "  ")


def _field_lines(owner: spdoc.JsonObjectDoc, field: spdoc.AttributeDoc) -> Iterator[str]:
    yield _heading(f"{owner.name}.{field.name}")
    yield ""
    yield _wrapped("; ".join([_type(field.type), *_notes(owner, field)]), "  ")
    yield from _paragraphs(field.desc, "  ")
    scalars = _scalars([field.type])
    if scalars:
        yield from ("", _heading("Types"))
        yield from _scalar_lines(scalars)
    example = owner.example.get(field.name) if isinstance(owner.example, dict) else None
    if example is not None:
        yield from ("", f"  Example: {json.dumps(example)}")


def _of_error(name: str) -> Optional[List[str]]:
    """Describe an error of the API; return None if there is none of this name."""
    reference = spdoc.reference()
    error = next((error for error in reference.errors if error.name.lower() == name.lower()), None)
    if error is None:
        return None
    reporter = {"cluster": "the cluster", "bindings": "the bindings", "simulator": "only the simulated cluster"}
    lines = [_heading(f"{error.name}: an error that {reporter[error.whose]} reports")]
    lines += _paragraphs(error.desc, "  ")
    calls = [
        _wrapped(f"{call_error.desc}", "      ", f"  {query_of(CALLS[call.call])}: ")
        for section in reference.sections
        for call in section.calls
        for call_error in call.errors
        if call_error.name == error.name
    ]
    return [*lines, "", _heading("Reported by"), *calls] if calls else lines


def _call(call: spdoc.ApiCallDoc, area: str) -> Iterator[str]:
    yield _heading(f"{query_of(CALLS[call.call])}: {call.name}")
    yield ""
    yield _wrapped(f"storpool_req {'-P ' if call.method == 'POST' else ''}{_command_line(call)}", "      ", "  ")
    yield f"  {call.method} {call.path}"
    yield _wrapped(f"Api.{call.call}({', '.join([*call.args, *(['json'] if call.json else [])])})", "      ", "  ")
    notes = [f"area {area}", *_history(call)]
    notes.append("can span clusters, with -M" if call.multiCluster else "of one cluster")
    yield _wrapped("; ".join(notes), "  ")
    yield from _paragraphs(call.desc, "  ")
    if call.example is not None:
        yield from ("", _heading("Example"))
        yield textwrap.indent(call.example.storpool_req, "  ")
        yield textwrap.indent(dumps(call.example.reply), "  ")
    if call.args:
        yield from ("", _heading("Arguments"))
        for name, argument in call.args.items():
            yield from _entry(name, argument, call.args)
    shown: List[str] = []
    if call.json is not None:
        # An optional body that comes before other parameters may be {}, as older scripts have it.
        optional = ", which may be omitted" if CALLS[call.call].jsonLast else ", which may be {}"
        yield from ("", _heading(f"JSON: {_type(call.json)}{optional if call.jsonOptional else ''}"))
        yield from _contents(call.json, shown)
    yield from ("", _heading(f"Result: {_type(call.returns)}"))
    yield from _contents(call.returns, shown)
    scalars = _scalars(call.parts())
    if scalars:
        yield from ("", _heading("Types"))
        yield from _scalar_lines(scalars)
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


def _contents(doc: spdoc.Doc, shown: List[str]) -> Iterator[str]:
    """Describe the fields of the objects that a type consists of, and of those within them, each class once.

    :param shown: the names of the classes described so far; more are added.
    """
    pending = list(_objects(doc))
    first = True
    while pending:
        item = pending.pop(0)
        if item.name in shown:
            if first:
                yield "  The fields are above."
            continue
        shown.append(item.name)
        if item.name != _type(doc):
            yield from ("", f"  {_heading(item.name)}: {'; '.join(_history(item))}".rstrip(": "))
        yield from _fields(item)
        pending += [inner for attribute in item.attrs.values() for inner in _objects(attribute.type)]
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
        yield from _entry(name, attribute.type, owner.attrs, _notes(owner, attribute), attribute.desc)


def _notes(owner: spdoc.JsonObjectDoc, field: spdoc.AttributeDoc) -> List[str]:
    """Return what there is to say of a field besides its type and description."""
    notes = ["required" if field.required else f"default {_literal(field.default)}"]
    if field.unit:
        notes.append(field.unit)
    if field.since not in (owner.since, FIRST_VERSION):
        notes.append(f"since {field.since}")
    if field.internal:
        notes.append("internal, for debugging only")
    return notes


def _entry(name: str, doc: spdoc.Doc, names: Iterable[str], notes: Sequence[str] = (), text: str = "") -> Iterator[str]:
    """Describe an argument or a field: its name, its type, and what else there is to say of it."""
    # On a narrow terminal the types need more of the room.
    column = min(4 + max(map(len, names)), _width() // (2 if _width() > 60 else 3))
    start = f"  {name:{column - 2}}"
    if len(start) > column:
        yield start.rstrip()
        start = ""
    yield _wrapped("; ".join([_type(doc), *notes]), " " * column, start)
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph:
            yield _wrapped(paragraph, " " * column)


def _type(doc: spdoc.Doc) -> str:
    """Return a type in words."""
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


def _scalar_lines(scalars: Dict[str, spdoc.TypeDoc]) -> Iterator[str]:
    for name, doc in scalars.items():
        yield _wrapped(" ".join([f"{doc.rule}.", *doc.desc.split()]), "      ", f"  {name}: ")


def _scalars(docs: Iterable[spdoc.Doc]) -> Dict[str, spdoc.TypeDoc]:
    """Return the scalar types in these types, by name."""
    found: Dict[str, spdoc.TypeDoc] = {}
    visited: Set[int] = set()
    pending = list(docs)[::-1]
    while pending:
        doc = pending.pop()
        if id(doc) in visited:
            continue
        visited.add(id(doc))
        if isinstance(doc, spdoc.TypeDoc) and doc.name in spdoc.TypeDoc.types:
            found.setdefault(doc.name, doc)
        pending.extend(reversed(doc.parts()))
    return found
