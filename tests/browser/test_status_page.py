"""The status page of the simulated cluster."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the extra `browser`")

import storpool_sim
from storpool.sptypes import VolumeCreateDesc

GiB = 1 << 30


@pytest.fixture
def run():
    """Runs clusters that outlive the pages: one that asks in vain complains."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(storpool_sim.running(**options))


@pytest.fixture
def sim(run):
    return run()


@pytest.fixture
def page(sim, open_page):
    """The page of a cluster in which there is some of everything."""
    api = sim.api(transientRetries=0)
    for index in range(3):
        api.volumeCreate({"name": f"volume-{index}", "size": GiB, "replication": 3, "tags": {"vm": str(index)}})
    api.snapshotCreate("volume-0", {"name": "nightly"})
    api.volumesReassignWait({"reassign": [{"volume": "volume-1", "rw": [1]}]})
    sim.cluster.disk_down(203)
    sim.cluster.fill(0.97, 101)
    api.diskSoftEject(102)
    sim.faults.add("latency", probability=0.1, seconds=0.01, on="DisksList")
    return shown(open_page, sim)


def shown(open_page, sim, **options):
    page = open_page(f"http://{sim.host}:{sim.port}/{options.pop('fragment', '')}", **options)
    page.wait_for_selector("#live[data-state=live]")
    return page


def test_it_shows_what_there_is(page):
    texts = {name: page.inner_text(f"#{name}") for name in ("volumes", "snapshots", "attachments", "disks", "services")}
    assert "volume-0" in texts["volumes"] and "vm=2" in texts["volumes"]
    assert "nightly" in texts["snapshots"]
    assert "volume-1" in texts["attachments"] and "volume-0" not in texts["attachments"]
    assert "down" in texts["disks"] and "97 %" in texts["disks"]
    assert page.get_by_role("meter", name="Disk 101: ").get_attribute("aria-valuenow") == "97"
    assert "3: running" in texts["services"]
    assert "latency: one request in 10, to DisksList" in page.inner_text("#faults")
    assert "POST DiskSoftEject/102" in page.inner_text("#requests")


def test_changes_appear_without_reloading(sim, page):
    page.evaluate("window.neverReloaded = true")
    sim.api().volumeCreate({"name": "newcomer", "size": GiB, "replication": 3})
    page.get_by_role("rowheader", name="newcomer", exact=True).first.wait_for()
    sim.api().volumeDelete("newcomer")
    page.get_by_role("rowheader", name="newcomer", exact=True).first.wait_for(state="detached")
    sim.cluster.disk_down(301)
    page.locator("#totals", has_text="10 of 12").wait_for()
    assert page.evaluate("window.neverReloaded")


def test_names_stay_text(sim, open_page, monkeypatch):
    # No API takes such names. A page should not depend on that.
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>&amp;"
    sim.api().volumeCreate(VolumeCreateDesc({"name": "v", "size": GiB, "replication": 3}))
    with sim.cluster.lock:
        sim.cluster.records.rename(sim.cluster.find("v"), name)
        sim.cluster.find(name).tags = {"<b>": "<i>"}
    sim.api(transientRetries=0).tasksList()
    page = shown(open_page, sim)
    assert name in page.inner_text("#volumes") and "<b>=<i>" in page.inner_text("#volumes")
    assert page.locator("main img, main script, main b, main i").count() == 0


def test_lists_are_searched_by_name(page):
    page.get_by_label("Find").fill("volume-2")
    page.locator("#volumes tbody tr").nth(1).wait_for(state="detached")
    assert "volume-2" in page.inner_text("#volumes") and "volume-1" not in page.inner_text("#volumes")
    page.get_by_label("Find").fill("nothing like that")
    page.get_by_text("None of that name.").first.wait_for()
    page.get_by_label("Find").fill("")
    page.get_by_role("rowheader", name="volume-1").first.wait_for()


def test_long_lists_are_cut_and_say_so(sim, open_page):
    api = sim.api()
    for index in range(120):
        api.volumeCreate({"name": f"v{index:03}", "size": 512, "replication": 1})
    page = shown(open_page, sim)
    assert page.locator("#volumes tbody tr").count() == 100
    assert "and 20 more" in page.inner_text("#volumes")
    assert page.inner_text("#n-volumes") == "120"


def test_one_of_several_clusters_is_chosen(run, open_page):
    west, far = storpool_sim.Cluster(name="west", clusterId="w.a"), storpool_sim.Cluster(name="far", clusterId="f.a")
    storpool_sim.connect(west, far)
    sim = run(cluster=west)
    sim.api().volumeCreate({"name": "there", "size": GiB, "replication": 3}, clusterName="far")
    page = shown(open_page, sim)
    assert page.inner_text("h1") == "Cluster west"
    page.get_by_label("Cluster", exact=True).select_option("far")
    page.get_by_role("rowheader", name="there").wait_for()
    assert page.inner_text("h1") == "Cluster far"


def test_a_selection_outlives_updates(sim, page):
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#volumes tbody th'))")
    before = page.evaluate("getSelection().toString()")
    sim.api().kvsCreate("b")
    page.locator("#requests", has_text="KV/Create/b").wait_for()
    assert page.evaluate("getSelection().toString()") == before != ""


def test_it_fits_the_window(page, open_page, sim, size, scheme):
    page = shown(open_page, sim, size=size, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert page.get_by_role("rowheader", name="volume-1").first.is_visible()


def test_everyone_can_use_it(page, open_page, sim, size, scheme, accessibility_problems):
    assert accessibility_problems(shown(open_page, sim, size=size, scheme=scheme)) == []


def test_the_keyboard_reaches_everything(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the cluster"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Volumes"


def test_it_says_when_there_is_no_answer_and_when_there_is_one_again(page):
    error = {"error": {"name": "internalError", "descr": "nobody knows", "transient": False}}
    page.route("**/sim/1.0/status*", lambda route: route.fulfill(json=error))
    page.wait_for_selector("#live[data-state=lost]")
    assert page.inner_text("#live") == "nobody knows"
    page.unroute("**/sim/1.0/status*")
    page.wait_for_selector("#live[data-state=live]")
    assert page.inner_text("#live") == "live"


def test_without_scripts_it_says_that_it_needs_them(sim, open_page):
    page = open_page(f"http://{sim.host}:{sim.port}/", scripts=False)
    assert "needs JavaScript" in page.inner_text("body")


def test_from_elsewhere_it_needs_the_token(run, open_page, monkeypatch):
    monkeypatch.setattr("storpool_sim.service.server.is_loopback", lambda address: False)
    page = shown(open_page, run(token="s3cret"), fragment="#token=s3cret")
    assert page.inner_text("h1") == "Cluster sim"
