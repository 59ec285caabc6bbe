"""The reference: its document model, and the page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Optional, Set, Tuple

import pytest

from storpool import spapi, spdoc, spdocbuild, sptype, sptypes
from storpool.spdoc import page as page_module
from storpool.spdoc import prose
from storpool.spdoc.build import object_classes
from storpool_sim.cluster import errors

ROOT = Path(__file__).parents[1]
VOID = {"meta", "br", "hr", "img", "link", "input", "wbr"}


class Tree(sptype.JsonObjectImpl):
    """Holds trees."""

    trees: List[Tree] = []
    """The branches."""


def _section(name: str) -> spdoc.ApiSectionDoc:
    return next(section for section in spapi.Api.spDoc.sections if section.name == name)


def test_html_escapes_its_arguments_and_not_its_format() -> None:
    html = spdoc.Html().add("<b class='{1}'>{0}</b>", "<i>&</i>", '"it\'s"')
    assert str(html) == "<b class='&quot;it&apos;s&quot;'>&lt;i&gt;&amp;&lt;/i&gt;</b>"
    assert str(spdoc.Html().add("{name} {size:>4}", name="<v>", size=7)) == "&lt;v&gt;    7"


def test_html_can_be_extended_and_shortened() -> None:
    html = spdoc.Html()
    assert html.add("one, ").add("two, ") is html
    assert str(html.back(2)) == "one, two"
    assert str(html.back(0)) == "one, two"
    assert str(html.back(100)) == ""


def test_the_sections_have_all_calls() -> None:
    sections = spapi.Api.spDoc.sections
    assert sections[0].name == "General" and not sections[0].calls
    found = [call.call for section in sections for call in section.calls]
    assert sorted(found) == sorted(spapi.CALLS)
    assert spapi.Api.spDoc is spdoc.reference()


def test_a_call_is_documented_with_its_arguments_body_and_result() -> None:
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


def test_scalar_types_are_found_by_name() -> None:
    types = spdoc.TypeDoc.types
    assert "VolumeName" in types and "ClusterStatus" in types
    assert types["DiskId"].rule == "an integer from 0 to 4095"
    assert types["DiskId"].desc
    assert types["RdmaState"].since == "4.0.0"
    assert not {name for name, doc in types.items() if not isinstance(doc, spdoc.TypeDoc)}
    assert len(types) == len(list(types))


def test_scalar_types_are_found_before_the_reference_is_built() -> None:
    code = "from storpool import spapi, spdoc; assert 'ClusterStatus' in spdoc.TypeDoc.types"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_fields_have_their_default_and_whether_they_are_required() -> None:
    attrs = spdoc.reference().objects["VolumeCreateDesc"].attrs
    assert not attrs["name"].required and attrs["name"].default is None
    required = spdoc.reference().objects["NetDesc"].attrs["mac"]
    assert required.required and required.desc
    assert spdoc.reference().objects["DiskObject"].attrs["objectId"].internal


def test_inherited_fields_have_their_descriptions() -> None:
    attrs = spdoc.reference().objects["Server"].attrs
    assert list(attrs)[:3] == ["nodeId", "version", "startTime"]
    assert attrs["startTime"].desc


def test_any_declaration_has_a_document() -> None:
    assert spdoc.doc_of(sptype.spType([int])).name == "[int]"
    union = sptype.spType({str: sptype.either(int, sptype.maybe(str))}).spDoc
    assert union.name == "{str: int or str or null}"
    assert isinstance(sptype.const("all").spDoc, spdoc.TypeDoc)
    assert sptypes.NetDesc({"mac": "00:00:00:00:00:01"}).mac  # the class works as before


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


def test_a_call_lists_its_known_errors() -> None:
    create = spapi.CALLS["volumeCreate"]
    doc = spdoc.call_doc(create, create.title, create.text)
    assert [error.name for error in doc.errors] == ["objectExists", "objectDoesNotExist", "insufficientResources"]
    assert doc.errors[0].desc == "when the name is taken"
    assert "ApiError" not in doc.desc and doc.desc.startswith("The volume is empty")
    assert doc.signature == "volumeCreate(json, clusterName=None, returnRawAPIData=False)"


def test_a_deprecated_call_says_since_when_and_what_to_use() -> None:
    reassign, wait = (call for call in _section("Attachments").calls if call.json is not None)
    assert reassign.deprecated.startswith("Deprecated since 3.0.0: use `volumesReassignWait`")
    assert "Deprecated" not in reassign.desc and not wait.deprecated


def test_every_error_of_a_call_is_in_the_list_of_errors() -> None:
    known = {error.name for error in spdoc.reference().errors}
    assert (
        not {error.name for section in spdoc.reference().sections for call in section.calls for error in call.errors}
        - known
    )
    # No docstring mentions errors in a form that is not parsed.
    assert not [call for section in spdoc.reference().sections for call in section.calls if "ApiError:" in call.desc]


def test_the_errors_of_the_simulated_cluster_are_listed_with_their_statuses() -> None:
    simulated = {
        cls.name: cls.status
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, errors.SimError) and "name" in vars(cls)
    }
    del simulated["internalError"]
    documented = {error.name: error.status for error in spdoc.reference().errors if error.whose != "bindings"}
    assert documented == simulated


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("The size in bytes. It may be left out.", "bytes"),
        ("When it was created, as a unix timestamp.", "Unix time in seconds"),
        ("The size of the disk in sectors of 512 bytes.", "sectors of 512 bytes"),
        ("The age of the request. Despite the name, it is in microseconds.", "microseconds"),
        ("The limit of the bandwidth in KB per second; '-' for none.", "KB per second"),
        ("How many objects are begun.", ""),
        ("The current megabytes.", ""),
    ],
)
def test_the_unit_of_a_number_comes_from_its_description(text: str, unit: str) -> None:
    assert prose.unit_of(text) == unit


def test_a_field_without_a_unit_has_that_of_its_type() -> None:
    attrs = spdoc.reference().objects["VolumeCreateDesc"].attrs
    assert (attrs["size"].unit, attrs["bw"].unit, attrs["iops"].unit) == (
        "bytes",
        "KB per second",
        "operations per second",
    )
    # Only numbers have units.
    assert not attrs["tags"].unit and not attrs["name"].unit


def test_uses_of_types_are_found() -> None:
    uses = {use.name: use.roles for use in spdoc.reference().uses("VolumeCreateDesc")}
    assert uses == {"Create a volume": ["body"]}
    names = {use.owner.name: use.roles for use in spdoc.reference().uses("VolumeReplication")}
    assert names["VolumeSummary"] == ["replication"]
    assert "result" in next(use.roles for use in spdoc.reference().uses("VolumeSummary"))
    assert spdoc.reference().uses("no such type") == []


def test_a_type_with_the_name_of_a_class_is_not_taken_for_it(page: _Page) -> None:
    reference = spdoc.reference()
    status = reference.objects["ClusterStatus"].attrs["clusterStatus"].type
    assert status.name == "ClusterStatus" and not reference.describes(status)
    assert not [use for use in reference.uses("ClusterStatus") if use.owner.name == "ClusterStatus"]
    assert '"running" or "waiting" or "down"' in page.text["ClusterStatus"]


def test_a_union_has_its_discriminator() -> None:
    doc = spdoc.reference().types["DiskSummary"]
    assert isinstance(doc, spdoc.EitherDoc) and doc.discriminator == "generationLeft"


class _Page(HTMLParser):
    """Collects ids, links and texts of the page, and fails on unbalanced tags."""

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
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "article":
            self.article = given["id"] or ""
        if given.get("id"):
            self.ids.append(given["id"] or "")
        for name in ("href", "src"):
            value = given.get(name)
            if value and value != "data:,":
                self.links.add(value[1:]) if value[0] == "#" else self.foreign.append((tag, value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.text[self.article] = f"{self.text.get(self.article, '')}{data}"


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(spdocbuild.build())


def test_the_page_is_self_contained(page: _Page) -> None:
    assert not page.open
    assert not page.foreign
    assert len(page.ids) == len(set(page.ids))
    assert not page.links - set(page.ids)


def test_the_page_stays_small() -> None:
    assert len(spdocbuild.build().encode()) < 2_500_000


def test_every_call_and_class_can_be_linked_to(page: _Page) -> None:
    ids = set(page.ids)
    assert {call.query.split("/")[0] for call in spapi.CALLS.values()} <= ids
    assert set(spapi.CALLS) <= ids
    for name in (*object_classes(), *spdoc.reference().types):
        assert name in ids or f"{name}-type" in ids


def test_a_call_keeps_its_anchor_from_a_type_of_the_same_name(page: _Page) -> None:
    assert {"iSCSIConfig", "iSCSIConfig-type"} <= set(page.ids)
    assert "api.iSCSIConfig()" in page.text["iSCSIConfig"]
    assert "Used by" in page.text["iSCSIConfig-type"]


def test_every_field_is_on_the_page_with_its_meaning(page: _Page) -> None:
    for name, doc in spdoc.reference().objects.items():
        text = " ".join((page.text.get(f"{name}-type") or page.text[name]).split())
        for field in doc.attrs.values():
            assert f"{name}.{field.name}" in page.ids
            assert f"{field.name} " in text
            # Backticks become code.
            assert field.desc and " ".join(field.desc.replace("`", "").split()) in text, f"{name}.{field.name}"


def test_every_call_is_on_the_page_with_all_its_facts(page: _Page) -> None:
    for section in spdoc.reference().sections:
        for call in section.calls:
            (article,) = (text for text in page.text.values() if f"{call.signature}" in text)
            text = " ".join(article.split())
            assert text.startswith(call.name)
            assert f"{call.method} {call.path}" in text
            assert f"since {call.since}" in text
            assert ("multicluster" if call.multiCluster else "one cluster") in text
            for paragraph in prose.paragraphs(call.desc):
                assert paragraph.replace("`", "") in text
            for error in call.errors:
                assert f"{error.name} {error.desc}".replace("`", "") in text
            assert call.example is not None
            for example in (call.example.python, call.example.curl, call.example.storpool_req):
                assert example in article
            assert all(name in text for name in call.args)
            assert json.dumps({"generation": 8571})[1:-1] in text


def test_the_page_names_the_versions_that_added_and_removed_things(page: _Page) -> None:
    assert "since 7.2.0" in page.text["KV-List"]
    assert "removed after 7.0.0" in page.text["VolumeBalancerGroups"]
    assert "deprecated" in page.text["VolumesReassign"]
    # A field inherited from an older class is not marked with a version older than the class that has it.
    quick = page.text["VolumeStatusQuick"]
    assert "since 7.1.0" in quick and "since 1.3.0" not in quick and "since 5.2.0" not in quick
    assert "since 5.2.0" in page.text["VolumeSummary"]


def test_the_page_escapes_its_texts() -> None:
    bad = '<script>alert(1)</script> & `<b>` "quoted"'
    section = spdoc.ApiSectionDoc("A < B", bad)
    item = spdoc.TypeDoc("Odd<Type>", bad, bad)
    text = page_module.render(spdoc.ApiDoc(bad, [section], {}, {"Odd<Type>": item}), bad, ROOT / "apidoc")
    assert "<script>alert" not in text and "<b>" not in text.replace("<b>volume", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_command_writes_the_same_page_each_time() -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-m", "storpool.spdocbuild"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
        for _ in range(2)
    ]
    assert pages[0] == pages[1] == spdocbuild.build().encode("utf-8")


@pytest.mark.parametrize(
    ("templates", "message"), [(True, "install storpool[apidoc]"), (False, "built without the reference")]
)
def test_if_the_page_cannot_be_made_the_command_says_why_in_one_line(
    tmp_path: Path, templates: bool, message: str
) -> None:
    shutil.copytree(ROOT / "storpool", tmp_path / "storpool", ignore=shutil.ignore_patterns("__pycache__"))
    if templates:
        shutil.copytree(ROOT / "apidoc", tmp_path / "apidoc")
    # Without installed packages, such as Jinja2.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "storpool.spdocbuild"], cwd=tmp_path, env={}, capture_output=True, text=True
    )
    assert done.returncode == 1 and not done.stdout
    assert message in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_the_type_that_reads_a_class_can_be_looked_at() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "storpool.sptype", "show", "VolumeSummary"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "creationTimestamp: int" in done.stdout
    wrong = subprocess.run(
        [sys.executable, "-m", "storpool.sptype", "show", "Nothing"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert wrong.returncode == 2 and "no class 'Nothing'" in wrong.stderr
