"""The reference: its document model, and the page."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple

import pytest

from storpool import spapi, spdoc, spdocbuild, sptype, sptypes
from storpool.spdoc.build import object_classes

ROOT = Path(__file__).parents[1]
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Tree(sptype.JsonObjectImpl):
    """Holds trees."""

    trees: List[Tree] = []
    """The branches."""


def _section(name: str) -> spdoc.ApiSectionDoc:
    return next(each for each in spapi.Api.spDoc.sections if each.name == name)


def test_html_escapes_its_arguments_and_not_its_format() -> None:
    html = spdoc.Html().add("<b class='{1}'>{0}</b>", "<i>&</i>", '"it\'s"')
    assert str(html) == "<b class='&quot;it&apos;s&quot;'>&lt;i&gt;&amp;&lt;/i&gt;</b>"
    assert str(spdoc.Html().add("{name} {size:>4}", name="<v>", size=7)) == "&lt;v&gt;    7"


def test_html_grows_and_drops_its_end() -> None:
    html = spdoc.Html()
    assert html.add("one, ").add("two, ") is html
    assert str(html.back(2)) == "one, two"
    assert str(html.back(0)) == "one, two"
    assert str(html.back(100)) == ""


def test_sections_have_all_calls_in_order() -> None:
    sections = spapi.Api.spDoc.sections
    assert sections[0].name == "General" and not sections[0].calls
    found = [call.call for section in sections for call in section.calls]
    assert sorted(found) == sorted(spapi.CALLS)
    assert spapi.Api.spDoc is spdoc.reference()


def test_a_call_is_documented_with_all_that_it_takes_and_gives() -> None:
    section = _section("Volume Relocator")
    assert section.id == "Volume-Relocator"
    status = next(call for call in section.calls if call.name == "Get the relocator's status")
    assert (status.method, status.query) == ("GET", "VolumeRelocatorStatus")
    assert status.path == "/ctrl/1.0/VolumeRelocatorStatus"
    assert not status.args and status.json is None
    assert isinstance(status.returns, spdoc.JsonObjectDoc)
    assert "status" in status.returns.attrs

    update = next(call for call in _section("Volumes").calls if call.call == "volumeUpdate")
    assert list(update.args) == ["volumeName"]
    assert update.json is not None and update.json.name == "VolumeUpdateDesc"
    assert update.multiCluster


def test_types_are_there_by_name() -> None:
    types = spdoc.TypeDoc.types
    assert "VolumeName" in types and "ClusterStatus" in types
    assert types["DiskId"].rule == "an integer from 0 to 4095"
    assert types["DiskId"].desc
    assert types["RdmaState"].since == "4.0.0"
    assert not {name for name, doc in types.items() if not isinstance(doc, spdoc.TypeDoc)}
    assert len(types) == len(list(types))


def test_types_are_there_without_a_look_at_the_reference_first() -> None:
    code = "from storpool import spapi, spdoc; assert 'ClusterStatus' in spdoc.TypeDoc.types"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_fields_tell_what_holds_when_they_are_absent() -> None:
    attrs = spdoc.reference().objects["VolumeCreateDesc"].attrs
    assert not attrs["name"].required and attrs["name"].default is None
    required = spdoc.reference().objects["NetDesc"].attrs["mac"]
    assert required.required and required.desc
    assert spdoc.reference().objects["DiskObject"].attrs["objectId"].internal


def test_inherited_fields_come_with_their_text() -> None:
    attrs = spdoc.reference().objects["Server"].attrs
    assert list(attrs)[:3] == ["nodeId", "version", "startTime"]
    assert attrs["startTime"].desc


def test_any_declaration_has_a_document() -> None:
    assert spdoc.doc_of(sptype.spType([int])).name == "[int]"
    union = sptype.spType({str: sptype.either(int, sptype.maybe(str))}).spDoc
    assert union.name == "{str: int or str or null}"
    assert isinstance(sptype.const("all").spDoc, spdoc.TypeDoc)
    assert sptypes.NetDesc({"mac": "00:00:00:00:00:01"}).mac  # a document is not in the way of using the class


def test_objects_of_their_own_class_are_documented() -> None:
    doc = Tree.__spnode__.spDoc
    assert isinstance(doc, spdoc.JsonObjectDoc)
    trees = doc.attrs["trees"]
    assert isinstance(trees.type, spdoc.ListDoc) and trees.type.item is doc
    assert trees.desc == "The branches."


def test_calls_made_by_hand_can_be_documented() -> None:
    call = spapi.GET("Thing/{volumeName}", spapi.VolumeName, returns=[int]).doc("Look at a thing", "More text.")
    assert (call.spDoc.name, call.spDoc.desc) == ("Look at a thing", "More text.")
    assert list(call.spDoc.args) == ["volumeName"]


class _Page(HTMLParser):
    """Collects what the page has, and complains of unbalanced tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: List[str] = []
        self.links: Set[str] = set()
        self.foreign: List[Tuple[str, str]] = []
        self.open: List[str] = []
        self.text: Dict[str, str] = {}
        self.article = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
                self.article = value or ""
            elif name in ("href", "src"):
                (self.links.add(value[1:]) if value and value[0] == "#" else self.foreign.append((tag, value or "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.text[self.article] = f"{self.text.get(self.article, '')} {data}"


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(spdocbuild.build())


def test_the_page_is_whole_and_needs_nothing_else(page: _Page) -> None:
    assert not page.open
    assert not page.foreign
    assert len(page.ids) == len(set(page.ids))
    assert not page.links - set(page.ids)


def test_every_call_and_class_can_be_linked_to(page: _Page) -> None:
    ids = set(page.ids)
    assert {call.query.split("/")[0] for call in spapi.CALLS.values()} <= ids
    for name in (*object_classes(), *spdoc.reference().types):
        assert name in ids or f"{name}-type" in ids


def test_every_field_is_on_the_page(page: _Page) -> None:
    for name, cls in object_classes().items():
        text = page.text.get(f"{name}-type") or page.text[name]
        for field in cls.__spfields__:
            assert re.search(rf"\b{field}\b", text), f"{name}.{field}"


def test_the_page_says_since_when_and_how_long(page: _Page) -> None:
    assert "Since 7.2.0." in page.text["KV-List"]
    assert "Gone after 7.0.0." in page.text["VolumeBalancerGroups"]


def test_the_page_is_written_by_the_command_alike_each_time() -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-m", "storpool.spdocbuild"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
        for _ in range(2)
    ]
    assert pages[0] == pages[1] == spdocbuild.build().encode("utf-8")


def test_the_decoder_of_a_class_can_be_looked_at() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "storpool.sptype", "show", "VolumeSummary"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.startswith("def decode(") and "creationTimestamp" in done.stdout
    wrong = subprocess.run(
        [sys.executable, "-m", "storpool.sptype", "show", "Nothing"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert wrong.returncode == 2 and "no class 'Nothing'" in wrong.stderr
