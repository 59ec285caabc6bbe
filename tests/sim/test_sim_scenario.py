"""Scenarios: what exists at the start, told in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import storpool_sim
from storpool_sim import ManualClock, ScenarioError, load_scenario
from storpool_sim.scenario import build

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scenario.toml"

GiB = 1 << 30


@pytest.fixture
def written(tmp_path):
    """Writes a file of a scenario; gives its path."""

    def write(text, name="scenario.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_example_has_what_it_says():
    with storpool_sim.running(scenario=str(EXAMPLE)) as sim:
        api = sim.api()
        volumes = {one.name: one for one in api.volumesList()}
        assert set(volumes) == {"golden", "vm-1"}
        assert volumes["vm-1"].parentName == "golden-v1" and volumes["vm-1"].tags == {"virt": "kvm", "vm": "1"}
        assert volumes["golden"].iops == 500
        # Snapshots are made of what was written.
        space = {one.name: one.storedSize for one in api.snapshotsSpace()}
        assert space["golden-v1"] == 6 * GiB
        assert [(one.volume, one.client) for one in api.attachmentsList()] == [("vm-1", 11)]
        assert {number: disk.up for number, disk in api.disksList().items()} == dict.fromkeys(
            (101, 201, 301, 302), True
        )
        assert {one.name for one in api.placementGroupsList().values()} == {"fast"}
        assert api.kvsList("inventory").pairs == {"vm-1": "running"}
        assert api.servicesList().clients[2].status == "down"
        assert [group.name for group in api.iSCSIConfig().iscsi.portalGroups.values()] == ["pg"]
        assert len(api.snapshotsList(clusterName="east")) == 1
        disk = api.disksList(clusterName="east")[101]
        assert disk.objectsOnDiskSize == pytest.approx(disk.sectorsCount * 512 / 2, rel=0.01)
        assert [(one["kind"], one["distribution"]) for one in sim.faults.list()] == [("latency", "lognormal")]


def test_an_empty_scenario_is_the_default_cluster(written):
    with storpool_sim.running(scenario=written("")) as sim:
        assert len(sim.api().disksList()) == 12


def test_it_goes_by_the_clock_that_it_is_given(written):
    clock = ManualClock()
    scenario = load_scenario(written("[[clusters]]\n[[clusters.volumes]]\nname='v'\nsize=512\nreplication=1"), clock)
    with storpool_sim.running(scenario=scenario) as sim:
        assert sim.cluster.clock is clock
        assert [one.name for one in sim.api().volumesList()] == ["v"]


def test_the_same_in_yaml(written):
    pytest.importorskip("yaml")
    text = "clusters: [{name: one, id: x.y, volumes: [{name: v, size: 1 GiB, replication: 3}]}]"
    for name in ("s.yaml", "s.yml"):
        scenario = load_scenario(written(text, name))
        assert scenario.clusters[0].find("v").size == GiB
    with pytest.raises(ScenarioError, match=r"s\.yaml: .*line 1"):
        load_scenario(written("clusters: [", "s.yaml"))


def test_order_does_not_matter():
    """A volume may stand before the snapshot that it is made of, which stands before its own volume."""
    scenario = build(
        {
            "clusters": [
                {
                    "snapshots": [{"volume": "b", "name": "s2"}, {"volume": "a", "name": "s1"}],
                    "volumes": [
                        {"name": "c", "parent": "s2"},
                        {"name": "b", "parent": "s1"},
                        {"name": "a", "size": GiB, "replication": 3},
                    ],
                }
            ]
        }
    )
    cluster = scenario.clusters[0]
    assert [one.name for one in cluster.find("c").ancestors()] == ["s2", "s1"]


BASE = {
    "clusters": [
        {
            "name": "one",
            "id": "x.y",
            "disks": [{"id": 1, "server": 1, "size": "2 TB"}],
            "placementGroups": [{"name": "all", "disks": [1]}],
            "volumes": [{"name": "v", "size": "1 GiB", "replication": 1}],
            "snapshots": [{"volume": "v", "name": "s"}],
            "attachments": [{"volume": "v", "rw": [1]}],
            "kv": {"b": {"k": "v"}},
            "calls": [{"call": "volumeUpdate", "args": ["v"], "json": {"iops": 100}}],
            "down": {"disks": []},
        }
    ],
    "faults": [{"kind": "reset"}],
}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda all, one: all.update(cluster=[]), "cluster: no such key"),
        (lambda all, one: all.update(seed="x"), "seed: 'x' is not an integer"),
        (lambda all, one: all.update(clusters=[5]), "clusters[0]: 5 is not"),
        (lambda all, one: all.update(clusters=[one, one]), "clusters: clusters that are connected need names"),
        (lambda all, one: one.update(id="X"), "clusters[0].id: 'X'"),
        (lambda all, one: one.update(servers=[]), "clusters[0]: there must be a server and a mgmt"),
        (lambda all, one: one.update(servers=[0]), "clusters[0].servers[0]: 0 is not"),
        (lambda all, one: one["disks"].append(dict(one["disks"][0])), "clusters[0].disks[1].id: 1 is there already"),
        (lambda all, one: one["disks"][0].update(server=9), "clusters[0].disks[0].server: there is no server 9"),
        (lambda all, one: one["disks"][0].update(size="1 MB"), "clusters[0].disks[0].size: a disk has 512 MiB"),
        (lambda all, one: one["disks"][0].update(size="1 XB"), "clusters[0].disks[0].size: '1 XB' is not"),
        (lambda all, one: one["disks"][0].update(type="tape"), "clusters[0].disks[0].type: 'tape' is not one of"),
        (lambda all, one: one.update(faultSets={"r": [9]}), "clusters[0].faultSets.r: there is no server 9"),
        (lambda all, one: one["placementGroups"][0].update(disks=[7]), "clusters[0].placementGroups[0]: Disk 7"),
        (
            lambda all, one: one["volumes"][0].update(size=5),
            "clusters[0].volumes[0].size: 5 is not a positive multiple",
        ),
        (lambda all, one: one["volumes"][0].update(sise=5), "clusters[0].volumes[0].sise: no such key"),
        (lambda all, one: one["volumes"][0].update(parent="p"), "clusters[0].volumes[0]: Snapshot 'p' does not exist"),
        (lambda all, one: one["volumes"][0].update(written=-1), "clusters[0].volumes[0].written: -1 is not"),
        (
            lambda all, one: one["volumes"].append(one["volumes"][0]),
            "clusters[0].volumes[1]: Volume 'v' already exists",
        ),
        (lambda all, one: one["snapshots"][0].pop("volume"), "clusters[0].snapshots[0].volume: is missing"),
        (lambda all, one: one["attachments"][0].update(rw=[99]), "clusters[0].attachments[0]: No such client"),
        (lambda all, one: one["attachments"][0].update(wr=[1]), "clusters[0].attachments[0].wr: no such key"),
        (lambda all, one: one["calls"][0].update(call="nope"), "clusters[0].calls[0]: nope: there is no such call"),
        (lambda all, one: one["calls"][0].update(args=[]), "clusters[0].calls[0]: volumeUpdate: it takes 1 argument"),
        (lambda all, one: one["calls"][0]["json"].update(iop=1), "clusters[0].calls[0].json.iop: no such key"),
        (lambda all, one: one["down"].update(disks=[9]), "clusters[0].down.disks[0]: Disk 9 does not exist"),
        (lambda all, one: one.update(full=2), "clusters[0].full: 2 is not a number from 0 to 1"),
        (lambda all, one: all.update(faults={}), "faults: {} is not a list"),
        (lambda all, one: all["faults"][0].update(kind="x"), "faults[0].kind: 'x' is not one of"),
        (lambda all, one: all["faults"][0].update(seconds="x"), "faults[0].seconds: 'x' is not a number"),
        (lambda all, one: all["faults"][0].update(every=5), "faults[0].every: no such key"),
    ],
)
def test_each_bad_entry_is_named(change, text):
    values = json.loads(json.dumps(BASE))
    build(values)
    change(values, values["clusters"][0])
    with pytest.raises(ScenarioError) as caught:
        build(values)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("text", ["[[clusters]\n", "seed = ", "\0"])
def test_what_is_no_toml_is_told_with_its_line(written, text):
    path = written(text)
    with pytest.raises(ScenarioError, match=r"line 1, column|Invalid") as caught:
        load_scenario(path)
    assert str(caught.value).startswith(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(str(tmp_path / "nope.toml"))


def test_without_a_parser_it_says_what_is_needed(written, monkeypatch):
    for name in ("tomllib", "tomli", "yaml"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ScenarioError, match=r"storpool\[sim\]"):
        load_scenario(written(""))
    with pytest.raises(ScenarioError, match="PyYAML"):
        load_scenario(written("", "s.yaml"))
