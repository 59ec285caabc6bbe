"""State files of older formats: they are opened, and go on in today's."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

import story

import storpool_sim
from storpool_sim import ManualClock
from storpool_sim.runner import Running
from storpool_sim.service.statefile import FORMAT

GiB = 1 << 30
DATA = Path(__file__).resolve().parents[1] / "data"

#: What shows all that a cluster has.
LISTS = (
    "servicesList", "serversList", "peersList", "faultSetsList", "clientsConfigDump", "placementGroupsList",
    "volumeTemplatesList", "volumesList", "volumesStatus", "volumesQuickStatus", "volumesSpace", "snapshotsList",
    "snapshotsSpace", "attachmentsList", "disksList", "tasksList", "volumeRelocatorStatus", "volumeBalancerGetStatus",
    "volumeBalancerVolumesStatus", "maintenanceList", "kvsBuckets", "iSCSIConfig", "iSCSISessionsInfo",
    "locationsList", "clustersList", "remoteBridgesList", "exportsList", "snapshotsRemoteList", "volumeExportsList",
    "volumesRemoteList", "allPeersActiveRequests",
)  # fmt: skip


def every_list(sim: Running):
    """What each list of each cluster shows, and what is counted beside them."""
    api = sim.api(transientRetries=0)
    seen = {
        cluster.name: {
            **{
                name: story.plain(getattr(api, name)(clusterName=cluster.name, returnRawAPIData=True)) for name in LISTS
            },
            "generation": cluster.generation,
            "serial": cluster._serial,
        }
        for cluster in sim.clusters
    }
    return json.loads(json.dumps(seen, default=story.plain))


def test_a_file_of_format_1_is_opened_and_goes_on_in_todays(tmp_path):
    path = str(tmp_path / "state")
    with gzip.open(DATA / "state-format-1.sqlite.gz") as old:
        Path(path).write_bytes(old.read())
    with gzip.open(DATA / "state-format-1.json.gz") as listed:
        expected = json.load(listed)
    for _ in ("as it was written", "as it is written now"):
        with storpool_sim.running(state=path, clock=ManualClock()) as sim:
            seen = every_list(sim)
            for name, lists in expected.items():
                assert {key: value for key, value in seen[name].items() if value != lists[key]} == {}
            sim.cluster.check()
        with sqlite3.connect(path) as database:
            assert database.execute("PRAGMA user_version").fetchone()[0] == FORMAT
        database.close()
    # What changes, and what passes, is noticed in clusters that were restored, too.
    with storpool_sim.running(state=path, clock=ManualClock()) as sim:
        sim.cluster.clock.advance(100)
        api = sim.api()
        # Their time has come; one was made before the checkpoint, one is in the journal.
        for cluster, name in (("far", "fleeting"), ("sim", "js")):
            names = {snapshot.name for snapshot in api.snapshotsList(clusterName=cluster)}
            assert f"*{name}" in names and name not in names
        api.volumeUpdate("clone", {"size": 8 * GiB})
        sim.cluster.check()
