"""The document as one self-contained HTML page: what the templates in ``apidoc/`` need to know of it.

The templates are rendered by Jinja2, which only building the page needs. All that goes into them is escaped there.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Tuple

from .lines import json_tokens
from .model import ApiCallDoc, ApiDoc, AttributeDoc, Doc, EitherDoc, JsonObjectDoc, TypeDoc, UseDoc
from .prose import paragraphs

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["TEMPLATES", "anchors", "render"]

TEMPLATES = Path(__file__).resolve().parents[2] / "apidoc"
"""Where the templates are in a source tree; an installation has the finished page instead."""


def anchors(api: ApiDoc) -> Dict[str, str]:
    """Give the anchor of each call by the name of its method, and of each type by its name.

    A call's anchor is its query's first word (``VolumesList``), a type's is its name. Where several would have the
    same, the first call keeps it, so that old links go where they went.
    """
    found: Dict[str, str] = {}
    taken = {section.id for section in api.sections}

    def take(name: str, *wanted: str) -> None:
        found[name] = next(each for each in wanted if each not in taken)
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
    """Give the paragraphs of a text; what stands between backticks is code, and a link if it is known."""
    found: List[List[Piece]] = []
    for paragraph in paragraphs(text):
        parts = enumerate(re.split(r"`+([^`]+)`+", paragraph))
        found.append([Piece(part, index % 2 == 1, known.get(part, "") if index % 2 else "") for index, part in parts])
    return found


def literal(value: object) -> str:
    """A default as JSON would have it."""
    return json.dumps([] if isinstance(value, (list, set)) else value)


def highlighted(value: Any) -> Markup:
    """Give JSON for reading, as HTML."""
    from markupsafe import Markup

    tokens = ((kind, Markup.escape(text)) for kind, text in json_tokens(value))
    return Markup("").join(
        Markup('<span class="{}">{}</span>').format(kind[0], text) if kind else text for kind, text in tokens
    )


def _area(module: str) -> str:
    """What the objects of a module are called together."""
    return {"iscsi": "iSCSI", "iscsi_sessions": "iSCSI sessions", "kvs": "Key-value store"}.get(
        module, module.replace("_", " ").capitalize()
    )


def _kind(doc: Doc) -> str:
    """What the templates call the kinds of types."""
    kinds = {"JsonObjectDoc": "object", "TypeDoc": "type", "ListDoc": "list", "DictDoc": "map", "EitherDoc": "either"}
    return kinds[type(doc).__name__]


def _bodies(doc: Doc) -> List[JsonObjectDoc]:
    """The classes of objects that a body or a reply consists of: itself, or what is in its lists, maps and unions."""
    if isinstance(doc, JsonObjectDoc):
        return [doc]
    return list({each.name: each for part in doc.parts() for each in _bodies(part)}.values())


def _by_owner(doc: JsonObjectDoc) -> List[Tuple[str, List[AttributeDoc]]]:
    """The fields by the class that declares them: those of the class itself first, then each base class's."""
    groups: Dict[str, List[AttributeDoc]] = {doc.name: []}
    for attribute in reversed(doc.attrs.values()):
        groups.setdefault(attribute.owner, []).insert(0, attribute)
    return [(owner, fields) for owner, fields in groups.items() if fields]


def _unions(doc: Doc) -> List[EitherDoc]:
    """The unions in a type as it stands in a line; a marker beside a type, such as "-", makes none."""
    if isinstance(doc, EitherDoc):
        real = [each for each in doc.alternatives if not (isinstance(each, TypeDoc) and len(each.values) == 1)]
        if len(real) > 1:
            return [doc]
    return [] if isinstance(doc, JsonObjectDoc) else [each for part in doc.parts() for each in _unions(part)]


def _newer(version: str, than: str) -> bool:
    """Whether a version is newer; a class has its base classes' fields as long as itself only, however old they are."""
    return [int(part) for part in version.split(".")] > [int(part) for part in than.split(".")]


class _Uses(NamedTuple):
    calls: List[UseDoc]
    classes: List[UseDoc]


def _uses(api: ApiDoc, name: str) -> _Uses:
    uses = api.uses(name)
    calls = [each for each in uses if isinstance(each.owner, ApiCallDoc)]
    return _Uses(calls, [each for each in uses if not isinstance(each.owner, ApiCallDoc)])


def render(api: ApiDoc, version: str) -> str:
    """Write the page.

    :raises ImportError: Jinja2 is not installed.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(TEMPLATES)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    links = anchors(api)
    # What may stand between backticks in a text and is then a link.
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
        areas=[(_area(area), list(each)) for area, each in groupby(api.objects.values(), lambda each: each.area)],
        style=_source("style.css"),
        script=_source("script.js"),
    )
    return environment.get_template("page.html").render()


def _source(name: str) -> Markup:
    """A file of the page's own, as it is."""
    from markupsafe import Markup

    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - our own
