"""Rotating snapshots deletes only what is told, and old, and not among the newest of its volume."""

from __future__ import annotations

import ast
from typing import Any, Dict, List

import doc_blocks
import doc_programs
import pytest
from doc_programs import DAY, GiB, Run

from storpool import spapi
from storpool_sim import Running
from storpool_sim.cluster.clock import ManualClock


@pytest.fixture
def nightly(sim: Running, api: spapi.Api, clock: ManualClock) -> None:
    """Snapshots of two volumes, 40, 30, 20 and 10 days old, and others that have the same label."""
    for name in ("db", "web"):
        api.volumeCreate({"name": name, "size": GiB, "replication": 3})
    api.snapshotCreate("db", {"name": "by-hand", "tags": {"label": "nightly"}})
    api.snapshotCreate("web", {"name": "weekly", "tags": {"label": "weekly", "volume": "web"}})
    for number in range(4):
        for name in ("db", "web"):
            api.snapshotCreate(name, {"name": f"{name}-{number}", "tags": {"label": "nightly", "volume": name}})
        clock.advance(10 * DAY)


def _kept(api: spapi.Api) -> List[str]:
    return sorted(snapshot.name for snapshot in api.snapshotsList() if not snapshot.deleted)


def test_rotate_snapshots_keeps_the_newest_of_each_volume(run: Run, api: spapi.Api, nightly: None) -> None:
    printed = run("rotate_snapshots", "label=nightly", "--days", "15", "--keep", "2", "--delete")
    assert printed == (
        "deleted db-1\ndeleted db-0\ndeleted web-1\ndeleted web-0\nleft alone: 1 without the tag `volume`\n"
    )
    assert _kept(api) == ["by-hand", "db-2", "db-3", "web-2", "web-3", "weekly"]


def test_rotate_snapshots_keeps_the_young(run: Run, api: spapi.Api, nightly: None) -> None:
    run("rotate_snapshots", "label=nightly", "--days", "35", "--keep", "0", "--delete")
    assert not {"db-0", "web-0"} & {*_kept(api)} and {"db-1", "web-1"} <= {*_kept(api)}


def test_rotate_snapshots_deletes_nothing_unless_told(run: Run, api: spapi.Api, nightly: None) -> None:
    before = _kept(api)
    planned = run("rotate_snapshots", "label=nightly", "--days", "15", "--keep", "3").splitlines()
    assert planned[:2] == ["would delete db-0", "would delete web-0"]
    assert _kept(api) == before


def test_rotate_snapshots_does_not_go_by_who_is_the_parent_now(run: Run, api: spapi.Api, nightly: None) -> None:
    # A clone of a snapshot becomes the volume that the snapshot is the parent of.
    api.volumeRevert("db", {"toSnapshot": "db-0"})
    api.volumeCreate({"name": "clone", "parent": "web-3"})
    run("rotate_snapshots", "label=nightly", "--days", "15", "--keep", "2", "--delete")
    assert {"db-2", "db-3", "web-2", "web-3"} <= {*_kept(api)}


def test_rotate_snapshots_refuses_to_keep_less_than_none(sim: Running) -> None:
    done = doc_programs.run(sim.env, "rotate_snapshots", "label=nightly", "--days", "1", "--keep=-1")
    assert done.returncode == 2 and "'-1' is not a number of snapshots" in done.stderr


def test_rotate_snapshots_leaves_backups_of_other_clusters_alone(near: Running, clock: ManualClock) -> None:
    away = near.api().using(clusterName="away")
    for api in (near.api(), away):
        api.volumeCreate({"name": "db", "size": GiB, "replication": 3, "tags": {"label": "nightly", "volume": "db"}})
    away.volumesGroupBackup({"location": "nnnn", "volumes": ["db"], "tags": {"label": "nightly", "volume": "db"}})
    assert [snapshot.backup for snapshot in near.api().snapshotsList()] == [True]
    clock.advance(DAY)
    arguments = ["label=nightly", "--days", "0", "--keep", "0", "--delete"]
    done = doc_programs.run(near.env, "rotate_snapshots", *arguments)
    assert (done.returncode, done.stdout) == (0, "left alone: 1 backups of other clusters\n")
    assert len(_kept(near.api())) == 1


def test_groups_of_snapshots_can_be_rotated(run: Run, api: spapi.Api, volumes: None, clock: ManualClock) -> None:
    # An unnamed volume too: its name contains what no tag does.
    unnamed = api.volumeCreate({"name": "", "size": GiB, "replication": 3, "tags": {"app": "db"}}).globalId
    run("snapshot_group", "app=db", "--label", "nightly")
    assert f"deleted {unnamed}-nightly-" in run(
        "rotate_snapshots", "label=nightly", "--days", "0", "--keep", "0", "--delete"
    )
    assert not _kept(api)


# The recipes


def _recipes(api: spapi.Api) -> Dict[str, Any]:
    """Return the functions and imports of the page of recipes, which use `api`."""
    names: Dict[str, Any] = {"api": api}
    for block in doc_blocks.blocks(doc_programs.ROOT / "docs/recipes.md"):
        if block.language == "python":
            tree = ast.parse(block.code)
            tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
            exec(compile(tree, block.where, "exec", dont_inherit=True), names)  # noqa: S102 - the page's own code
    return names


def test_the_recipe_keeps_the_newest_of_each_volume(api: spapi.Api) -> None:
    for name in ("db", "log"):
        api.volumeCreate({"name": name, "size": GiB, "replication": 3, "tags": {"app": "shop"}})
    api.snapshotCreate("db", {"name": "by-hand", "tags": {"kind": "nightly"}})
    recipes = _recipes(api)
    for night in range(4):
        recipes["take"]("shop", str(night))
    for keep, count in ((0, 8), (3, 2), (4, 0)):
        found = [snapshot.name for snapshot in recipes["expired"]("nightly", keep=keep, age=0)]
        assert len(found) == count and sum(name.startswith("db-") for name in found) == count / 2
    assert recipes["expired"]("nightly", keep=0, age=365 * DAY) == []


def test_the_recipe_for_a_disk_ends_when_the_disk_fails(api: spapi.Api, sim: Running) -> None:
    recipes = _recipes(api)
    api.volumeCreate({"name": "bulk", "size": 64 * GiB, "placeAll": "ssd", "replication": 3})
    api.diskSoftEject(101)
    with pytest.raises(TimeoutError, match="not done after 0 seconds"):
        recipes["wait_until"](lambda: recipes["is_empty"](101), timeout=0)
    sim.cluster.server_down(1)
    with pytest.raises(RuntimeError, match="disk 101 is down or gone"):
        recipes["wait_until"](lambda: recipes["is_empty"](101), timeout=60)


def test_every_loop_of_the_guides_that_waits_has_a_limit() -> None:
    pages = [doc_programs.ROOT / "README.md", *sorted(doc_programs.ROOT.glob("docs/**/*.md"))]
    unlimited = []
    for block in (block for page in pages for block in doc_blocks.blocks(page)):
        if block.language == "python":
            for node in ast.walk(ast.parse(block.code)):
                if isinstance(node, ast.While) and not any(isinstance(part, ast.Raise) for part in ast.walk(node)):
                    unlimited.append(f"{block.where}, line {node.lineno} of the block")
        elif block.language == "sh":
            for line in block.code.splitlines():
                if {"while", "until"} & {*line.replace("'", " ").split()} and not line.startswith("timeout "):
                    unlimited.append(f"{block.where}: {line}")
    assert not unlimited
