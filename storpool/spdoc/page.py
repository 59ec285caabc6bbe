"""Renders the document as one self-contained HTML page, with the templates in ``apidoc/``.

The templates escape all that they are given. Jinja2 is needed for building the page only: an installation has the
finished page.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import jinja2
from markupsafe import Markup

from .lines import json_tokens
from .model import ApiCallDoc, ApiDoc, AttributeDoc, Doc, EitherDoc, JsonObjectDoc, TypeDoc, UseDoc
from .prose import paragraphs

__all__ = ["anchors", "render"]


def anchors(api: ApiDoc) -> Dict[str, str]:
    """Return the anchors: of each call by ``call`` and the name of its method, of each type by its name.

    The anchor of a call is the first word of its query (``VolumesList``), that of a type its name. Where several would
    have the same, the first call keeps it, so that old links stay valid.
    """
    found: Dict[str, str] = {}
    taken = {section.id for section in api.sections}

    def take(name: str, *candidates: str) -> None:
        found[name] = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(found[name])

    for section in api.sections:
        for call in section.calls:
            words = call.query.split("/{")[0].split("/")
            name = f"call {call.call}"
            take(name, words[0], "-".join(words), f"{words[0]}-{call.method}", call.call, name.replace(" ", "-"))
    for name in (*api.types, *api.objects):
        take(name, name, f"{name}-type")
    return found


class Piece(NamedTuple):
    """A piece of a text: plain, or code, which may be a link."""

    text: str
    code: bool = False
    anchor: str = ""


def pieces(text: str, known: Dict[str, str]) -> List[List[Piece]]:
    """Split a text into paragraphs of pieces; text between backticks is code, and a link if it is known."""
    found: List[List[Piece]] = []
    for paragraph in paragraphs(text):
        parts = enumerate(re.split(r"`+([^`]+)`+", paragraph))
        found.append([Piece(part, index % 2 == 1, known.get(part, "") if index % 2 else "") for index, part in parts])
    return found


def literal(value: object) -> str:
    """Write a default as JSON has it."""
    return json.dumps([] if isinstance(value, (list, set)) else value)


def highlighted(value: Any) -> Markup:
    """Lay out JSON for reading, as HTML."""
    tokens = ((kind, Markup.escape(text)) for kind, text in json_tokens(value))
    return Markup("").join(
        Markup('<span class="{}">{}</span>').format(kind[0], text) if kind else text for kind, text in tokens
    )


def _area(module: str) -> str:
    """Return the heading of the objects of a module."""
    return {"iscsi": "iSCSI", "iscsi_sessions": "iSCSI sessions", "kvs": "Key-value store"}.get(
        module, module.replace("_", " ").capitalize()
    )


def _kind(doc: Doc) -> str:
    """Return the templates' word for the kind of a type."""
    kinds = {"JsonObjectDoc": "object", "TypeDoc": "type", "ListDoc": "list", "DictDoc": "map", "EitherDoc": "either"}
    return kinds[type(doc).__name__]


def _bodies(doc: Doc) -> List[JsonObjectDoc]:
    """Return the classes that a body or a reply consists of: itself, or those in its lists, mappings and unions."""
    if isinstance(doc, JsonObjectDoc):
        return [doc]
    return list({body.name: body for part in doc.parts() for body in _bodies(part)}.values())


def _by_owner(doc: JsonObjectDoc) -> List[Tuple[str, List[AttributeDoc]]]:
    """Group the fields by the class that declares them: first the class itself, then its base classes."""
    groups: Dict[str, List[AttributeDoc]] = {doc.name: []}
    for attribute in reversed(doc.attrs.values()):
        groups.setdefault(attribute.owner, []).insert(0, attribute)
    return [(owner, fields) for owner, fields in groups.items() if fields]


def _unions(doc: Doc) -> List[EitherDoc]:
    """Return the unions in a type; a marker beside a single type, such as "-", does not count."""
    if isinstance(doc, EitherDoc):
        markers = [item for item in doc.alternatives if isinstance(item, TypeDoc) and len(item.values) == 1]
        if len(doc.alternatives) - len(markers) > 1:
            return [doc]
    return [] if isinstance(doc, JsonObjectDoc) else [union for part in doc.parts() for union in _unions(part)]


def _newer(version: str, than: str) -> bool:
    """Return whether a version is newer: fields inherited from an older class are as old as the class that has them."""
    return [int(part) for part in version.split(".")] > [int(part) for part in than.split(".")]


class _Uses(NamedTuple):
    calls: List[UseDoc]
    classes: List[UseDoc]


def _uses(api: ApiDoc, name: str) -> _Uses:
    uses = api.uses(name)
    calls = [use for use in uses if isinstance(use.owner, ApiCallDoc)]
    return _Uses(calls, [use for use in uses if use not in calls])


def render(api: ApiDoc, version: str, templates: Path) -> str:
    """Return the page.

    :param templates: the directory of the templates.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(templates)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    links = anchors(api)
    # Names that become links where they stand between backticks.
    known = {name.split()[-1]: anchor for name, anchor in links.items()}
    known.update({error.name: f"error-{error.name}" for error in api.errors})
    taken = {*links.values(), *(section.id for section in api.sections)}
    environment.filters.update(
        bodies=_bodies,
        by_owner=_by_owner,
        json=highlighted,
        kind=_kind,
        literal=literal,
        pieces=lambda text: pieces(text, known),
        unions=_unions,
    )
    environment.tests["newer"] = _newer
    environment.globals.update(
        api=api,
        version=version,
        links=links,
        taken=taken,
        uses=lambda name: _uses(api, name),
        areas=[(_area(area), list(docs)) for area, docs in groupby(api.objects.values(), lambda doc: doc.area)],
        style=_source(templates / "style.css"),
        script=_source(templates / "script.js"),
    )
    return environment.get_template("page.html").render()


def _source(path: Path) -> Markup:
    """Return a file of the page itself, unescaped."""
    return Markup(path.read_text(encoding="utf-8"))  # noqa: S704 - our own file
