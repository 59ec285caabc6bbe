"""Requests by chance to three clusters that know each other, while things break: every state makes sense."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any, Dict, List, Optional, Tuple

import pytest

from storpool_sim import Cluster, ManualClock, SimError, connect
from storpool_sim.service.dispatch import Dispatcher
from storpool_sim.service.messages import Request
from storpool_sim.service.pending import PendingReply

GiB = 1 << 30
STEPS = 400

Ask = Tuple[str, str, Optional[Any]]

READS = (
    *("VolumesGetStatus", "VolumesAndSnapshotsList", "VolumesSpace", "SnapshotsSpace", "AttachmentsList", "TasksList"),
    *(
        "DisksList",
        "AllPeersActiveRequests",
        "VolumeTemplatesStatus",
        "VolumeBalancerGroups",
        "VolumeBalancerDisksList",
    ),
    *("VolumeRelocatorDisksList", "SnapshotsRemoteList", "VolumesRemoteList", "VolumeExportsList", "ExportsList"),
    *("ServersListBlocked", "iSCSIConfig"),
)


class Storm:
    """The clusters, and the chance that decides about them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock()
        self.clusters = [
            Cluster(self.clock, name=name, clusterId=number)
            for name, number in (("west", "wwww.a"), ("second", "wwww.b"), ("far", "ffff.a"))
        ]
        connect(*self.clusters)
        self.dispatcher = Dispatcher(self.clusters[0], "t", check_replies=True)
        self.waiting: List[PendingReply] = []
        self.done = 0

    def one_of(self, *things: Any) -> Any:
        return self.random.choice(things)

    def name(self) -> str:
        """Of a volume or snapshot; mostly of one that is there."""
        records = [record for cluster in self.clusters for record in cluster.records.values()]
        if records and self.random.random() < 0.85:
            record = self.random.choice(records)
            return self.one_of(record.name, "~" + record.globalId)
        return self.one_of("v1", "v2", "v3", "s1", "s2")

    def item(self) -> Dict[str, Any]:
        """Of a request to attach and detach."""
        if self.random.random() < 0.2:
            return {"snapshot": self.name(), **self.one_of({"ro": [1]}, {"detach": "all"})}
        where = self.one_of({"rw": [1]}, {"rw": [2]}, {"ro": [1, 2]}, {"detach": "all"}, {"detach": [1]})
        more = self.one_of({}, {"mcMode": "export"}, {"onRemoteAttached": self.mode()}, {"allowRemoteExported": True})
        return {"volume": self.name(), **where, **more, "force": self.one_of(True, False)}

    def mode(self) -> str:
        return str(self.one_of("fail", "detach", "detachForce", "export"))

    def ask(self) -> Ask:
        """A request by chance: method, query, body."""
        name, other, new = self.name(), self.name(), self.one_of("v1", "v2", "v3", "v4", "v5", "")
        disk, to = self.one_of(101, 102, 103, 201, 202, 301, 302), self.one_of("west", "second", "far")
        return self.one_of(
            (
                "POST",
                "VolumeCreate",
                {"name": new, "size": self.one_of(GiB, 3 << 40), "replication": self.one_of(1, 2, 3)},
            ),
            ("POST", "VolumeCreate", {"name": new, self.one_of("parent", "baseOn"): other}),
            ("POST", f"VolumeUpdate/{name}", self.one_of({"sizeAdd": GiB}, {"replication": 2}, {"placeAll": "hdd"})),
            ("POST", f"VolumeUpdate/{name}", self.one_of({"rename": "v9"}, {"size": GiB, "shrinkOk": True})),
            ("POST", f"VolumeDelete/{name}", {"onAttached": self.mode()}),
            ("POST", f"VolumeSnapshot/{name}", self.one_of({}, {"name": "s1"}, {"bind": True}, {"deleteAfter": 3})),
            ("POST", "VolumesGroupSnapshot", {"volumes": [{"volume": name}, {"volume": other}]}),
            ("POST", f"SnapshotUpdate/{name}", self.one_of({"bind": True}, {"rename": "s9"}, {"placeAll": "hdd"})),
            ("POST", f"SnapshotDelete/{name}", None),
            ("POST", f"VolumeRevert/{name}", {"toSnapshot": other, "revertSize": self.one_of(True, False)}),
            ("POST", f"{self.one_of('VolumeRebase', 'SnapshotRebase')}/{name}", self.one_of({}, {"parentName": other})),
            ("POST", f"VolumeFreeze/{name}", None),
            (
                "POST",
                "VolumesReassignWait",
                {"reassign": [self.item(), self.item()], "attachTimeout": self.one_of(0, 2)},
            ),
            ("POST", "VolumesReassignWait", [self.item()]),
            ("POST", f"VolumeAbandonDisk/{name}", {"diskId": disk}),
            (
                "POST",
                f"{self.one_of('DiskSoftEject', 'DiskSoftEjectCancel', 'DiskScrubStart', 'DiskIgnore')}/{disk}",
                None,
            ),
            ("POST", f"VolumeUpdateVag/{name}", {"vagId": "parent"}),
            ("POST", "VolumeBalancerStatus", {"cmd": self.one_of("start", "commit", "stop")}),
            ("POST", "VolumesGroupBackup", {"location": self.one_of("ffff", "wwww"), "volumes": [name, other]}),
            ("POST", "SnapshotExport", {"snapshot": name, "location": self.one_of("ffff", "wwww")}),
            ("POST", "SnapshotFromRemote", {"remoteId": name[1:], "remoteLocation": "wwww", "replication": 2}),
            ("POST", f"VolumeMoveToRemote/{name}", {"cluster": to, "onAttached": self.mode()}),
            ("POST", f"SnapshotMoveToRemote/{name}", {"cluster": to}),
            ("POST", f"VolumeAcquire/{name}", {"onRemoteAttached": self.mode()}),
            ("POST", f"VolumeExport/{name}", {"cluster": to}),
            ("POST", "iSCSIConfig", {"commands": [{"createTarget": {"volumeName": name}}]}),
            ("GET", f"{self.one_of('VolumeDescribe', 'SnapshotGetInfo')}/{name}", None),
            ("GET", f"{self.one_of('DiskGetInfo', 'DiskDescribe')}/{disk}", None),
            *(("GET", query, None) for query in READS),
        )

    def request(self) -> None:
        """Make one; no answer may be an error of the simulator itself."""
        method, query, body = self.ask()
        prefix = self.one_of("", "", "", "MultiCluster/", "RemoteCommand/second/", "RemoteCommand/far/")
        data = b"" if body is None else json.dumps(body).encode()
        reply = self.dispatcher.begin(Request(method, f"/ctrl/1.0/{prefix}{query}", "Storpool v1:t", data))
        if isinstance(reply, PendingReply):
            self.waiting.append(reply)
        else:
            assert reply.error != "internalError", (method, prefix, query, body, reply.body)
            self.done += not reply.error

    def happen(self) -> None:
        """Let time pass, or something break or come back."""
        cluster, number = self.one_of(*self.clusters), self.one_of(1, 2, 3)
        self.one_of(
            lambda: self.clock.advance(self.one_of(0.5, 3, 30)),
            lambda: self.clock.advance(1),
            lambda: cluster.disk_down(number * 100 + 1),
            lambda: cluster.disk_up(*cluster.disks),
            lambda: cluster.server_down(number),
            lambda: cluster.server_up(1, 2, 3),
            lambda: cluster.node_down(number),
            lambda: cluster.node_up(1, 2, 3),
            lambda: cluster.client_down(1),
            lambda: cluster.client_up(1, 2),
            lambda: cluster.client_delay(self.one_of(0, 1)),
            lambda: cluster.fill(self.one_of(0, 0, 0.5, 1.0)),
            lambda: cluster.write(self.name(), GiB),
            lambda: cluster.open(self.name(), 1),
        )()

    def step(self) -> None:
        """Do something, and look whether everything makes sense after it."""
        generations = [cluster.generation for cluster in self.clusters]
        if self.random.random() < 0.15:
            with suppress(SimError):  # of what is not there
                self.happen()
        else:
            self.request()
        for cluster, before in zip(self.clusters, generations):
            cluster.settle()
            cluster.check()
            assert cluster.generation >= before


@pytest.mark.parametrize("seed", range(4))
def test_every_state_makes_sense(seed):
    storm = Storm(seed)
    for _ in range(STEPS):
        storm.step()
    # It is no storm when nearly everything is refused.
    assert storm.done > STEPS / 5
    # Once everything is up again, nobody waits any more.
    for cluster in storm.clusters:
        cluster.node_up(1, 2, 3)
        cluster.client_up(1, 2)
        cluster.client_delay(0)
    storm.clock.advance(10)
    for pending in storm.waiting:
        reply = pending.poll()
        assert reply is not None and not reply.error
