"""Check a cluster in phases, as an operator does before it is handed over; what it makes has names of its own.

    python cluster_check.py [PHASE...]        all phases, in order, unless some are named

Phases: clean-up, set-up, configuration, volumes, relocator, scrubbing, remote (where there is another location).
"""

import sys
import time

from storpool import sptypes
from storpool.spapi import Api, ApiError

PREFIX = "check"
GROUP, TEMPLATE = f"{PREFIX}-group", f"{PREFIX}-template"
MiB, GiB = 1 << 20, 1 << 30


def until(condition, what, seconds=60):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.05)


def fails(name, call, *args):
    try:
        call(*args)
    except ApiError as exc:
        assert exc.name == name, exc
    else:
        raise AssertionError(f"not refused as {name}: {args}")


def mine(records):
    return [record for record in records if record.name.lstrip("*#").startswith(PREFIX)]


def with_id(records, globalId):
    return (record for record in records if record.globalId == globalId)


def clean_up(api):
    """Remove what an earlier run has left."""
    places = [attachment for attachment in api.attachmentsList() if attachment.volume.startswith(PREFIX)]
    for attachment in places:
        what = "snapshot" if attachment.snapshot else "volume"
        api.volumesReassignWait({"reassign": [{what: attachment.volume, "detach": [attachment.client], "force": True}]})
    for record in mine(api.volumesList()):
        api.volumeDelete(record.name)
    for record in mine(api.snapshotsList()):
        if not record.deleted:
            api.snapshotDelete(record.name)
    until(lambda: not mine(api.snapshotsList()), "snapshots are gone")
    if TEMPLATE in [template.name for template in api.volumeTemplatesList()]:
        api.volumeTemplateDelete(TEMPLATE)
    if GROUP in api.placementGroupsList():
        api.placementGroupDelete(GROUP)
    for number, disk in api.disksList().items():
        if disk.up and disk.softEject != "off":
            api.diskSoftEjectCancel(number)
        if disk.up and disk.scrubbingPaused:
            api.diskScrubContinue(number)


def set_up(api):
    """Make a group of one disk a server, and a template on it."""
    by_server = {}
    for number, disk in sorted(api.disksList().items()):
        if disk.up:
            by_server.setdefault(disk.serverId, number)
    assert len(by_server) >= 3, "too few servers"
    api.placementGroupUpdate(GROUP, {"addDisks": set(by_server.values())})
    assert api.placementGroupDescribe(GROUP).disks == set(by_server.values())
    api.volumeTemplateCreate({"name": TEMPLATE, "placeAll": GROUP, "replication": 3, "size": GiB})
    fails("busy", api.placementGroupDelete, GROUP)


def configuration(api):
    """Everything answers, and all that is said of the same thing is the same."""
    status = api.servicesList()
    assert status.clusterStatus == "running"
    for kind in (status.mgmt, status.servers, status.clients):
        assert kind and all(service.running and service.uptime >= 0 for service in kind.values())
    assert sum(daemon.active for daemon in status.mgmt.values()) == 1
    peers = api.peersList()
    assert {server.nodeId for server in status.servers.values()} <= set(peers)
    disks = api.disksList()
    for number in status.servers:
        assert {disk.serverId for disk in api.serverDisksList(number).values()} == {number}
    assert {disk.serverId for disk in disks.values()} <= set(status.servers)
    for number, disk in disks.items():
        assert isinstance(disk, sptypes.UpDiskSummary), number
        label = disk.description
        api.diskSetDesc(number, {"description": "being checked"})
        assert api.diskDescribe(number).description == "being checked"
        api.diskSetDesc(number, {"description": label})
        break
    for client in status.clients:
        (config,) = api.clientConfigWait(client)
        assert config.clientGeneration >= config.generation
        assert api.clientActiveRequests(client).clientId == client
    api.faultSetsList()
    template = next(template for template in api.volumeTemplatesStatus() if template.name == TEMPLATE)
    assert template.volumesCount == 0 and template.stored.free > 0
    fails("objectDoesNotExist", api.volumeList, f"{PREFIX}-nothing")
    fails("objectDoesNotExist", api.diskDescribe, max(disks) + 1)


def volumes(api):
    """The life of a volume: made, attached, grown, snapshotted, cloned, put back, frozen, deleted."""
    client = min(api.servicesList().clients)
    name, other = f"{PREFIX}-volume", f"{PREFIX}-clone"
    api.volumeCreate({"name": name, "template": TEMPLATE, "tags": {"by": PREFIX}})
    fails("objectExists", api.volumeCreate, {"name": name, "template": TEMPLATE})
    fails("objectDoesNotExist", api.volumeCreate, {"name": other, "template": f"{PREFIX}-nothing"})
    info = api.volumeInfo(name)
    assert sum(info.objectsPerDisk.values()) == 3 * info.objectsCount
    api.volumesReassignWait({"reassign": [{"volume": name, "rw": [client], "force": False}]})
    assert [attachment.client for attachment in api.attachmentsList() if attachment.volume == name] == [client]
    fails("busy", api.volumeDelete, name)
    api.volumeUpdate(name, {"sizeAdd": GiB})
    fails("invalidParam", api.volumeUpdate, name, {"size": GiB})
    api.snapshotCreate(name, {"name": f"{PREFIX}-one"})
    anonymous = api.snapshotCreate(name, {})
    assert api.snapshotList("~" + anonymous.snapshotGlobalId)[0].autoName
    group = api.snapshotCreateGroup({"volumes": [{"volume": name, "name": f"{PREFIX}-group-1"}]})
    assert [record.volume for record in group.snapshots] == [name]
    assert next(record.name for record in api.volumeListSnapshots(name)) == f"{PREFIX}-group-1"
    api.volumeCreate({"name": other, "parent": f"{PREFIX}-one", "size": 4 * GiB})
    fails("busy", api.volumeRevert, name, {"toSnapshot": f"{PREFIX}-one"})
    api.volumesReassignWait({"reassign": [{"volume": name, "detach": "all", "force": False}]})
    api.volumeRevert(name, {"toSnapshot": f"{PREFIX}-one"})
    assert api.volumeList(name)[0].parentName == f"{PREFIX}-one"
    api.volumeRebase(other, {})
    assert api.volumeList(other)[0].parentName == ""
    api.volumeCreate({"name": f"{PREFIX}-copy", "baseOn": name})
    until(lambda: not any(record.transient for record in mine(api.snapshotsList())), "no snapshot is transient")
    assert {record.name for record in mine(api.volumesList())} == {name, other, f"{PREFIX}-copy"}
    api.volumeDelete(f"{PREFIX}-copy")
    for states in (api.volumesStatus(), api.volumesQuickStatus()):
        assert states[name].status == "up" and states[f"{PREFIX}-one"].snapshot
    api.volumeFreeze(other)
    assert [record.name for record in api.snapshotList(other)] == [other]
    api.volumeDelete(name)
    fails("objectDoesNotExist", api.volumeDelete, name)
    for record in mine(api.snapshotsList()):
        if not record.deleted:
            api.snapshotDelete(record.name)
    until(lambda: not mine(api.snapshotsList()), "snapshots are gone")


def relocator(api):
    """Data leaves a disk that is ejected softly, for one that joined the group."""
    name = f"{PREFIX}-moved"
    api.volumeCreate({"name": name, "template": TEMPLATE})
    disks = api.disksList()
    first = min(api.placementGroupDescribe(GROUP).disks)
    server = disks[first].serverId
    spare = next(number for number, disk in disks.items() if disk.up and disk.serverId == server and number != first)
    api.placementGroupUpdate(GROUP, {"addDisks": [spare]})
    assert api.volumeRelocatorStatus().status == "on"
    api.diskSoftEject(first)
    api.diskSoftEjectPause(first)
    assert api.disksList()[first].softEject == "paused"
    api.diskSoftEject(first)
    assert set(api.volumeRelocatorDisks()) == set(disks)
    until(lambda: first not in api.volumeInfo(name).objectsPerDisk, f"{name} has left disk {first}")
    assert spare in api.volumeInfo(name).objectsPerDisk
    assert not [task for task in api.tasksList() if task.diskId == first]
    api.diskSoftEjectCancel(first)
    assert api.disksList()[first].softEject == "off"
    api.volumeBalancerSetStatus({"cmd": "start"})
    until(lambda: api.volumeBalancerGetStatus().status in ("ready", "nothing to do"), "the balancer is done")
    api.volumeBalancerSetStatus({"cmd": "stop"})
    api.volumeDelete(name)


def scrubbing(api):
    """A scrub runs, waits while it is told to, and ends."""
    number = min(number for number, disk in api.disksList().items() if disk.up)
    before = api.disksList()[number].lastScrubCompleted
    api.diskScrubPause(number)
    api.diskScrubStart(number)
    paused = api.disksList()[number]
    assert paused.scrubbingPaused and paused.scrubbingStartedBefore == paused.scrubbingPausedFor
    api.diskScrubContinue(number)
    assert not api.disksList()[number].scrubbingPaused
    until(lambda: api.disksList()[number].lastScrubCompleted > before, f"disk {number} is scrubbed")


def remote(api):
    """A backup goes to the first other location, and comes back."""
    name = f"{PREFIX}-far"
    own = api.volumeCreate({"name": name, "template": TEMPLATE}).globalId.split(".")[0]
    ids = {location.name: location.id for location in api.locationsList()["locations"]}
    others = [remote for remote in api.clustersList()["clusters"] if ids[remote.location] != own]
    if not others:
        print("  there is no other location")
        return
    location, far = others[0].location, {"clusterName": others[0].name}
    backup = api.volumesGroupBackup({"location": location, "volumes": [name], "tags": {"by": PREFIX}}).backups[name]
    there = "~" + backup.remoteId
    until(lambda: not api.snapshotList(there, **far)[0].recoveringFromRemote, "the backup has arrived")
    assert api.snapshotList(there, **far)[0].backupOfGlobalId == backup.remoteId

    def listed():
        return [record.remoteId for record in api.snapshotsRemoteList()["snapshots"] if record.name == name]

    until(listed, "the backup is listed under the name of its volume")
    assert listed() == [backup.remoteId]
    api.snapshotFromRemote(
        {"remoteId": backup.remoteId, "remoteLocation": location, "template": TEMPLATE, "name": f"{PREFIX}-back"}
    )
    until(lambda: not api.snapshotList(there)[0].recoveringFromRemote, "the copy has arrived")
    assert api.snapshotList(there)[0].name == f"{PREFIX}-back"
    api.snapshotsRemoteUnexport(
        {"remoteSnapshots": [{"location": location, "globalSnapshotId": backup.remoteId, "deleteAfter": 1}]}
    )
    until(lambda: not list(with_id(api.snapshotsList(**far), backup.remoteId)), "the backup is deleted there")


PHASES = {
    "clean-up": clean_up,
    "set-up": set_up,
    "configuration": configuration,
    "volumes": volumes,
    "relocator": relocator,
    "scrubbing": scrubbing,
    "remote": remote,
}


def main():
    api = Api.fromConfig()
    for name in sys.argv[1:] or [*PHASES, "clean-up"]:
        print(name, flush=True)
        PHASES[name](api)
    print("done")


if __name__ == "__main__":
    main()
