"""The reference in a browser: wide and narrow, light and dark, with scripts and without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, List

import pytest

from storpool import spapi, spdoc, spdocbuild

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page to disk, where people open it from."""
    path = tmp_path_factory.mktemp("reference") / "apidoc.html"
    path.write_text(spdocbuild.build(), encoding="utf-8")
    return path


def _in_view(page: Page, selector: str) -> bool:
    """Return whether the element is at the top of the window, below the bar."""
    top = page.locator(selector).evaluate("element => element.getBoundingClientRect().top")
    return bool(0 < top < 300)


def _settle(page: Page) -> None:
    """Wait until scrolling has ended."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_the_page_is_painted_within_a_second(file: Path, open_page: OpenPage, size: Any) -> None:
    # The machine may be busy during one of the three attempts.
    painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    assert min(open_page(file, size).evaluate(painted) for _ in range(3)) < 1000


def test_no_part_is_wider_than_the_window(file: Path, open_page: OpenPage, size: Any) -> None:
    page = open_page(file, size)
    # Include the parts that are laid out only when they come into view.
    page.add_style_tag(content=".entry { content-visibility: visible !important; }")
    page.locator("main details").evaluate_all("all => all.forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    wide = page.evaluate(
        """width => [...document.querySelectorAll('main *')]
            .filter(element => element.getBoundingClientRect().right > width + 1 && !element.closest('pre'))
            .slice(0, 5).map(element => element.outerHTML.slice(0, 200))""",
        size[0],
    )
    assert not wide


def test_axe_finds_no_serious_problem(
    file: Path, open_page: OpenPage, size: Any, scheme: str, accessibility_problems: Callable[[Page], List[str]]
) -> None:
    # Keep an article or more of each kind: axe would take minutes for all of them.
    page = open_page(f"{file.as_uri()}#VolumesReassignWait", size, scheme)
    page.evaluate(
        """() => {
            const kept = ['VolumesReassign', 'VolumesReassignWait', 'VolumeCreateDesc', 'DiskSummary', 'VolumeName'];
            for (const entry of document.querySelectorAll('.entry')) if (!kept.includes(entry.id)) entry.remove();
            for (const area of document.querySelectorAll('nav details:nth-of-type(n + 3)')) area.remove();
            for (const row of document.querySelectorAll('tr:nth-of-type(n + 9)')) row.remove();
            for (const details of document.querySelectorAll('details')) details.open = true;
        }"""
    )
    # Some links in the contents are broken now; axe does not look at that.
    assert accessibility_problems(page) == []
    page.fill("#query", "size")
    page.wait_for_selector("#results [role=option]")
    assert accessibility_problems(page) == []


def test_the_search_is_used_from_the_keyboard(file: Path, open_page: OpenPage) -> None:
    page = open_page(file)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    assert page.input_value("#query") == ""
    page.keyboard.type("volumecreate")
    options = page.locator("#results [role=option]")
    assert options.first.get_attribute("aria-selected") == "true"
    assert options.first.locator("b").inner_text() == "volumeCreate"
    page.keyboard.press("ArrowDown")
    assert options.nth(1).get_attribute("aria-selected") == "true"
    assert page.get_attribute("#query", "aria-activedescendant") == options.nth(1).get_attribute("id")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    _settle(page)
    assert page.url.endswith("#VolumeCreate")
    assert page.is_hidden("#results") and _in_view(page, "#VolumeCreate")
    # The focus is there now, and a slash goes back to the search.
    assert page.evaluate("document.activeElement.id") == "VolumeCreate"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"


def test_escape_leaves_the_search(file: Path, open_page: OpenPage) -> None:
    page = open_page(file)
    page.keyboard.press("/")
    page.keyboard.type("snap")
    assert page.is_visible("#results") and page.get_attribute("#query", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.is_hidden("#results") and page.get_attribute("#query", "aria-expanded") == "false"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "BODY"


@pytest.mark.parametrize(
    ("typed", "found", "kind"),
    [
        ("creationTimestamp", ".creationTimestamp", "field"),
        ("VolumeCreateDesc.size", "VolumeCreateDesc.size", "field"),
        ("volumes reassign wait", "volumesReassignWait", "call"),
        ("VolumesGetStatus", "volumesStatus", "call"),
        ("replication type", "VolumeReplication", "type"),
        ("DiskSummary", "DiskSummary", "union"),
        ("VolumeSummary", "VolumeSummary", "object"),
        ("balancer", "Balancer", "area"),
        ("largest count of servers", "Nothing", ""),
    ],
)
def test_search_finds_calls_types_and_fields_within_a_tenth_of_a_second(
    file: Path, open_page: OpenPage, typed: str, found: str, kind: str
) -> None:
    page = open_page(file)
    page.keyboard.press("/")
    # From each key press until the results have been laid out; three times, since the machine may be busy.
    seconds = page.evaluate(
        """text => {
            const input = document.getElementById('query'), results = document.getElementById('results');
            const slowest = () => {
                let longest = 0;
                for (let end = 1; end <= text.length; end++) {
                    const begun = performance.now();
                    input.value = text.slice(0, end);
                    input.dispatchEvent(new Event('input'));
                    results.getBoundingClientRect();
                    longest = Math.max(longest, performance.now() - begun);
                }
                return longest;
            };
            return Math.min(slowest(), slowest(), slowest());
        }""",
        typed,
    )
    assert seconds < 100
    lines = page.locator("#results li")
    shown = [line.replace("\n", " ") for line in lines.all_inner_texts()]
    assert any(found in line and kind in line for line in shown[:6]), shown[:6]


def test_a_field_that_several_classes_inherit_is_listed_once(file: Path, open_page: OpenPage) -> None:
    page = open_page(file)
    page.fill("#query", "firstNotParentObjectId")
    (line,) = page.locator("#results li").all_inner_texts()
    assert re.search(r"also in \d+ more", line)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize(
    "anchor", ["VolumesList", "VolumeCreateDesc.size", "KV-List", "VolumeName", "error-busy", "Volume-Relocator"]
)
def test_a_deep_link_shows_its_target(file: Path, open_page: OpenPage, anchor: str, scripts: bool, phone: Any) -> None:
    page = open_page(f"{file.as_uri()}#{anchor}", phone, scripts=scripts)
    if scripts:
        _settle(page)
    else:
        page.wait_for_timeout(100)
    selector = f"[id='{anchor}']"
    box = page.locator(selector).bounding_box()
    assert box is not None and 0 < box["y"] < 300


def test_links_with_the_name_of_the_method_or_in_another_case_still_work(file: Path, open_page: OpenPage) -> None:
    for anchor in ("volumesStatus", "volumeslist"):
        page = open_page(f"{file.as_uri()}#{anchor}")
        _settle(page)
        assert _in_view(page, "#VolumesGetStatus" if "Status" in anchor else "#VolumesList")


def test_the_contents_show_the_current_place(file: Path, open_page: OpenPage) -> None:
    page = open_page(f"{file.as_uri()}#VolumeSnapshot")
    here = page.locator("nav a[aria-current]")
    assert here.inner_text() == "snapshotCreate" and here.is_visible()
    page.goto(f"{file.as_uri()}#DiskEject")
    page.wait_for_function("document.querySelector('nav a[aria-current]').textContent === 'diskEject'")
    assert page.locator("nav a[aria-current]").is_visible()


@pytest.mark.parametrize("form", ["Python", "curl", "storpool_req"])
def test_a_call_is_shown_and_copied_in_the_chosen_form(file: Path, open_page: OpenPage, form: str, size: Any) -> None:
    page = open_page(f"{file.as_uri()}#VolumeCreate", size)
    entry = page.locator("#VolumeCreate")
    # Python is the default.
    entry.locator(f".pick button[value={form.lower()}]:visible").click()
    figure = entry.locator(f".code.{form.lower()}")
    assert figure.is_visible() and entry.locator(".lines .code:visible").count() == 1
    assert figure.locator(".copy").get_attribute("aria-label") == f"Copy {form}"
    figure.locator(".copy").click()
    page.wait_for_function("document.getElementById('said').textContent === 'Copied'")
    example = next(
        call.example for section in spdoc.reference().sections for call in section.calls if call.call == "volumeCreate"
    )
    assert example is not None
    expected = {"Python": example.python, "curl": example.curl, "storpool_req": example.storpool_req}[form]
    assert page.evaluate("navigator.clipboard.readText()") == expected


def test_the_chosen_form_applies_to_all_calls_and_is_remembered(file: Path, open_page: OpenPage) -> None:
    page = open_page(f"{file.as_uri()}#VolumeCreate")
    page.locator("#VolumeCreate .pick button[value=curl]:visible").click()
    page.reload()
    assert (
        page.locator("#VolumeDelete .code.curl").is_visible() and page.locator("#VolumeDelete .code.python").is_hidden()
    )


def test_the_copied_reply_is_json_as_it_comes_over_http(file: Path, open_page: OpenPage) -> None:
    page = open_page(f"{file.as_uri()}#VolumesList")
    page.locator("#VolumesList [aria-label='Copy Reply']").click()
    page.wait_for_function("document.getElementById('said').textContent === 'Copied'")
    reply = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert spapi.CALLS["volumesList"].returns.handleVal(reply["data"])[0].name == "db-1"


def test_colours_follow_the_reader_and_the_switch(file: Path, open_page: OpenPage, scheme: str) -> None:
    page = open_page(file, scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    before, other = page.evaluate(ground), {"light": "dark", "dark": "light"}[scheme]
    assert (sum(map(int, re.findall(r"\d+", before)[:3])) > 384) == (scheme == "light")
    page.locator(f"[aria-label='Switch to {other} colours']").click()
    after = page.evaluate(ground)
    assert after != before
    page.reload()
    assert page.evaluate(ground) == after


def test_on_a_phone_the_contents_open_with_the_button(file: Path, open_page: OpenPage, phone: Any) -> None:
    page = open_page(file, phone)
    contents, button = page.locator("nav"), page.locator("[aria-controls=contents]")
    assert contents.is_hidden() and button.get_attribute("aria-expanded") == "false"
    button.tap()
    assert contents.is_visible() and button.get_attribute("aria-expanded") == "true"
    contents.locator("summary", has_text="Volumes").first.tap()
    contents.locator("[href='#VolumeDelete']").tap()
    _settle(page)
    assert contents.is_hidden() and _in_view(page, "#VolumeDelete")


def test_without_scripts_everything_is_readable_and_no_dead_button_is_shown(
    file: Path, open_page: OpenPage, size: Any
) -> None:
    page = open_page(f"{file.as_uri()}#VolumeCreate", size, scripts=False)
    for form in ("python", "curl", "storpool_req"):
        assert page.locator(f"#VolumeCreate .code.{form}").is_visible()
    assert page.is_visible("nav")
    assert not page.locator("button:visible").count() and page.is_hidden("#query")
    page.locator("nav summary", has_text="Snapshots").first.click()
    page.locator("nav a[href='#SnapshotDelete']").click()
    assert page.locator("#SnapshotDelete h3").is_visible()


def test_no_link_of_the_page_is_broken(file: Path, open_page: OpenPage) -> None:
    page = open_page(file)
    dead = page.evaluate(
        """() => [...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'))
            .filter(href => href[0] !== '#' || !document.getElementById(href.slice(1)))"""
    )
    assert not dead


def test_the_printed_page_has_the_text_and_no_buttons(file: Path, open_page: OpenPage) -> None:
    page = open_page(file, (800, 1000), "dark")
    page.emulate_media(media="print")
    assert page.is_hidden("nav") and not page.locator("button:visible").count()
    assert page.locator("#VolumeCreate .code.curl").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
