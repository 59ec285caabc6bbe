"""The document as one self-contained HTML page."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Dict, Iterable, List

from .html import Html
from .model import (
    ApiCallDoc,
    ApiDoc,
    ApiSectionDoc,
    AttributeDoc,
    DictDoc,
    Doc,
    EitherDoc,
    ItemDoc,
    JsonObjectDoc,
    ListDoc,
    TypeDoc,
)

__all__ = ["Page", "anchors"]

FIRST_VERSION = "1.0.0"


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


class Page:
    """Writes the page of a document."""

    def __init__(self, api: ApiDoc, version: str) -> None:
        self.api = api
        self.version = version
        self.anchors = anchors(api)
        # What may stand between backticks in a text and is then a link.
        self.known = {name.split()[-1]: anchor for name, anchor in self.anchors.items()}

    def __str__(self) -> str:
        style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
        html = Html().add('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
        html.add('<meta name="viewport" content="width=device-width, initial-scale=1">\n')
        html.add("<title>{0} {1}</title>\n<style>\n", self.api.name, self.version).put(style).add("</style>\n</head>\n")
        html.add("<body>\n").put(self.navigation()).add("<main>\n<h1>{0}</h1>\n", self.api.name)
        html.add("<p>The reference of the Python bindings {0}, made from their declarations.</p>\n", self.version)
        for section in self.api.sections:
            html.put(self.section(section))
        html.add('<section>\n<h2 id="objects">Objects</h2>\n')
        for each in self.api.objects.values():
            html.put(self.object(each))
        html.add('</section>\n<section>\n<h2 id="types">Types</h2>\n')
        for name, item in self.api.types.items():
            html.put(self.type(name, item))
        return str(html.add("</section>\n</main>\n</body>\n</html>\n"))

    def navigation(self) -> Html:
        """The areas, their calls, and the types."""
        html = Html().add('<nav aria-label="Contents">\n')
        for section in self.api.sections:
            html.add('<details><summary><a href="#{0}">{1}</a></summary>\n<ul>\n', section.id, section.name)
            for call in section.calls:
                html.add('<li><a href="#{0}">{1}</a></li>\n', self.anchors[f"call {call.call}"], call.call)
            html.add("</ul></details>\n")
        for area, objects in groupby(self.api.objects.values(), lambda each: each.area):
            html.add('<details><summary><a href="#objects">Objects: {0}</a></summary>\n<ul>\n', area.replace("_", " "))
            for each in objects:
                html.add('<li><a href="#{0}">{1}</a></li>\n', self.anchors[each.name], each.name)
            html.add("</ul></details>\n")
        html.add('<details><summary><a href="#types">Types</a></summary>\n<ul>\n')
        for name in self.api.types:
            html.add('<li><a href="#{0}">{1}</a></li>\n', self.anchors[name], name)
        return html.add("</ul></details>\n</nav>\n")

    def section(self, section: ApiSectionDoc) -> Html:
        """An area with its calls."""
        html = Html().add('<section>\n<h2 id="{0}">{1}</h2>\n', section.id, section.name).put(self.text(section.desc))
        for call in section.calls:
            html.put(self.call(call))
        return html.add("</section>\n")

    def call(self, call: ApiCallDoc) -> Html:
        """One call."""
        html = Html().add('<article id="{0}">\n<h3>{1}</h3>\n', self.anchors[f"call {call.call}"], call.name)
        html.add("<p><code>{0} {1}</code></p>\n", call.method, call.path)
        names = [*call.args, *(["json"] if call.json else []), "clusterName=None", "returnRawAPIData=False"]
        if call.jsonOptional:
            names[names.index("json")] = "json=None"
        html.add("<p><code>api.{0}({1})</code></p>\n", call.call, ", ".join(names))
        html.put(self.history(call))
        if call.multiCluster:
            html.add("<p>Can span clusters.</p>\n")
        html.put(self.text(call.desc)).add("<dl>\n")
        for name, each in call.args.items():
            html.add("<dt><code>{0}</code></dt><dd>", name).put(self.link(each)).add("{0}</dd>\n", self.rule(each))
        if call.json is not None:
            html.add("<dt>Body{0}</dt><dd>", ", which may be left out" if call.jsonOptional else "")
            html.put(self.link(call.json)).add("</dd>\n")
        html.add("<dt>Returns</dt><dd>").put(self.link(call.returns)).add("</dd>\n")
        return html.add("</dl>\n</article>\n")

    def object(self, each: JsonObjectDoc) -> Html:
        """One class with its fields."""
        html = Html().add('<article id="{0}">\n<h3>{1}</h3>\n', self.anchors[each.name], each.name)
        html.put(self.history(each)).put(self.text(each.desc))
        if not each.attrs:
            return html.add("<p>It has no fields.</p>\n</article>\n")
        html.add("<table>\n<tr><th>Field</th><th>Type</th><th>When absent</th><th>Meaning</th></tr>\n")
        for attribute in each.attrs.values():
            html.put(self.attribute(attribute, each))
        return html.add("</table>\n</article>\n")

    def attribute(self, attribute: AttributeDoc, owner: JsonObjectDoc) -> Html:
        """One field."""
        html = Html().add("<tr><td><code>{0}</code></td><td>", attribute.name).put(self.link(attribute.type))
        html.add("</td><td>")
        if attribute.required:
            html.add("required")
        else:
            html.add("<code>{0}</code>", _literal(attribute.default))
        html.add("</td><td>")
        if attribute.internal:
            html.add("<p><em>Internal, for debugging only.</em></p>\n")
        if attribute.since not in (owner.since, FIRST_VERSION):
            html.put(self.history(attribute))
        return html.put(self.text(attribute.desc)).add("</td></tr>\n")

    def type(self, name: str, item: ItemDoc) -> Html:
        """One scalar type, or a union that has a name."""
        html = Html().add('<article id="{0}">\n<h3>{1}</h3>\n', self.anchors[name], name)
        html.put(self.history(item)).put(self.text(item.desc))
        if item.name != name:
            html.add("<p>The same as ").put(self.link(item)).add(".</p>\n")
        elif isinstance(item, EitherDoc):
            html.add("<p>").put(self.joined(item.alternatives, " or ")).add(".</p>\n")
        elif isinstance(item, TypeDoc):
            html.add("<p>A value is {0}.</p>\n", item.rule)
        return html.add("</article>\n")

    def history(self, item: ItemDoc) -> Html:
        """In which versions of the API it is."""
        html = Html()
        if item.since != FIRST_VERSION:
            html.add("<p><em>Since {0}.</em></p>\n", item.since)
        if item.until:
            html.add("<p><em>Gone after {0}.</em></p>\n", item.until)
        return html

    def rule(self, doc: Doc) -> str:
        """What a value of a scalar type must be, as an addition to its name."""
        return f": {doc.rule}" if isinstance(doc, TypeDoc) else ""

    def link(self, doc: Doc) -> Html:
        """A type in one line, with what is explained elsewhere as links."""
        html = Html()
        if doc.name in self.anchors:
            return html.add('<a href="#{0}">{1}</a>', self.anchors[doc.name], doc.name)
        if isinstance(doc, ListDoc):
            return html.add("set of " if doc.unique else "list of ").put(self.link(doc.item))
        if isinstance(doc, DictDoc):
            html.add("mapping of ")
            if doc.known is None:
                html.put(self.link(doc.key))
            else:
                html.add("<code>&quot;{0}&quot;</code>", doc.known)
            return html.add(" to ").put(self.link(doc.value))
        if isinstance(doc, EitherDoc):
            html.put(self.joined(doc.alternatives, " or "))
            return html.add(" or <code>null</code>") if doc.null else html
        if isinstance(doc, TypeDoc) and doc.rule.startswith("one of "):
            return html.add("{0}", doc.rule)
        return html.add("<code>{0}</code>", doc.name)

    def joined(self, docs: Iterable[Doc], separator: str) -> Html:
        """Several types in one line."""
        html = Html()
        for each in docs:
            html.put(self.link(each)).add(separator)
        return html.back(len(separator))

    def text(self, text: str) -> Html:
        """Paragraphs, with code between backticks."""
        html = Html()
        paragraphs: List[str] = re.split(r"\n\s*\n", text.strip()) if text.strip() else []
        for paragraph in paragraphs:
            html.add("<p>")
            for index, piece in enumerate(re.split(r"`+([^`]+)`+", paragraph)):
                if index % 2 == 0:
                    html.add("{0}", piece)
                elif piece in self.known:
                    html.add('<a href="#{0}"><code>{1}</code></a>', self.known[piece], piece)
                else:
                    html.add("<code>{0}</code>", piece)
            html.add("</p>\n")
        return html


def _literal(value: object) -> str:
    """A default as JSON would have it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, set)):
        return "[]"
    return f'"{value}"' if isinstance(value, str) else str(value)
