"""Nodes in maintenance on the simulated cluster, through the bindings."""

from __future__ import annotations

GiB = 1 << 30


def wanted(node=1, **more):
    return {"nodeId": node, "duration": 60, "description": "new fans", **more}


def test_a_maintenance_ends_by_itself(api, clock):
    api.maintenanceSet(wanted())
    clock.advance(10)
    (node,) = api.maintenanceList().nodes
    assert (node.nodeId, node.duration, node.description) == (1, 60, "new fans")
    assert (node.started, node.remaining, node.overrun) == (int(clock.now()) - 10, 50, False)
    clock.advance(50)
    assert api.maintenanceList().nodes == []


def test_a_maintenance_is_completed(api, refused):
    api.maintenanceSet(wanted())
    refused("objectExists", api.maintenanceSet, wanted())
    api.maintenanceComplete({"nodeId": 1})
    assert api.maintenanceList().nodes == []
    refused("objectDoesNotExist", api.maintenanceComplete, {"nodeId": 1})
    refused("objectDoesNotExist", api.maintenanceSet, wanted(77))
    refused("invalidParam", api.maintenanceSet, wanted(duration=0))


def test_it_is_refused_when_a_volume_would_have_one_copy_left(api, refused):
    api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 2})
    assert "'v'" in refused("busy", api.maintenanceSet, wanted())
    api.maintenanceSet(wanted(minOkReplicas=1))
    api.maintenanceComplete({"nodeId": 1})
    api.volumeUpdate("v", {"replication": 3})
    refused("busy", api.maintenanceSet, wanted(maxReplicationDecrease=0))
    api.maintenanceSet(wanted(maxReplicationDecrease=1))


def test_disks_that_are_down_count(api, refused):
    api.volumeCreate({"name": "v", "size": 10 * GiB, "replication": 3})
    for disk in (201, 202):
        api.diskEject(disk)
    refused("busy", api.maintenanceSet, wanted())
    api.maintenanceSet(wanted(2))


def test_it_is_refused_when_too_few_voting_nodes_would_be_left(api, refused):
    refused("busy", api.maintenanceSet, wanted(votingSafetyMargin=1))
    api.maintenanceSet(wanted())
    assert "voting" in refused("busy", api.maintenanceSet, wanted(2))
    refused("busy", api.maintenanceSet, wanted(2, maxNodesInMaintenance=1))
