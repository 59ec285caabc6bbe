"""Disaster recovery as CloudStack's scripts do it: machines are backed up to another place, and started there.

Arguments: the name of the other cluster, its location and that of this one.
"""

import sys
import time

from storpool.spapi import Api, ApiError

GiB = 1 << 30


def until(condition):
    deadline = time.time() + 30
    while not condition():
        assert time.time() < deadline
        time.sleep(0.02)


def main():
    other, there, here = sys.argv[1:]
    api = Api.fromConfig()
    far = {"clusterName": other}
    for where in ({}, far):
        api.volumeTemplateCreate({"name": "dr", "placeAll": "hdd", "placeTail": "ssd", "replication": 2}, **where)
    disks = ["vm-1-root", "vm-1-data"]
    for name in disks:
        api.volumeCreate({"name": name, "template": "dr", "size": GiB, "tags": {"vm": "1"}})
        api.volumesReassignWait({"reassign": [{"volume": name, "rw": [1], "force": False}]})

    backups = api.volumesGroupBackup({"location": there, "volumes": disks, "tags": {"vm": "1"}}).backups
    assert sorted(backups) == sorted(disks)
    until(lambda: not any(record.recoveringFromRemote for record in api.snapshotsList(**far)))
    remote = {record.globalId: record for record in api.snapshotsList(**far)}
    for name in disks:
        copy = remote[backups[name].remoteId]
        assert copy.backup and copy.backupOfGlobalId == backups[name].remoteId and copy.tags["vm"] == "1"

    # There: machines are started from the copies.
    for name in disks:
        parent = "~" + backups[name].remoteId
        size = api.snapshotDescribe(parent, **far).size
        tags = dict(remote[backups[name].remoteId].to_json()["tags"], vm="1-restored")
        api.volumeCreate({"name": name, "parent": parent, "template": "dr", "tags": tags}, **far)
        api.volumesReassignWait({"reassign": [{"volume": name, "rw": [2], "force": False}]}, **far)
        assert api.volumeList(name, **far)[0].to_json()["name"] == name
        assert api.volumeList(name, **far)[0].size == size == GiB
    try:
        api.volumeCreate({"name": disks[0], "parent": parent, "template": "dr"}, **far)
        raise AssertionError("a name was given twice")
    except ApiError as exc:
        assert exc.name == "objectExists", exc

    # Back here: the copies come back, once, and the volumes are put back to them.
    for name in disks:
        want = {"remoteId": backups[name].remoteId, "remoteLocation": there, "template": "dr", "name": name + "-back"}
        api.snapshotFromRemote(want)
        try:
            api.snapshotFromRemote(dict(want, name="again"))
            raise AssertionError("a snapshot came twice")
        except ApiError as exc:
            assert exc.name == "objectExists", exc
    until(lambda: not any(record.recoveringFromRemote for record in api.snapshotsList()))
    for name in disks:
        api.volumesReassignWait({"reassign": [{"volume": name, "detach": "all", "force": False}]})
        before = api.volumeInfo(name).globalId
        # It answers to the id of the backup, and the volume to the id that it had.
        api.volumeRevert(name, {"toSnapshot": "~" + backups[name].remoteId})
        assert api.volumeInfo(name).parentName == name + "-back"
        assert api.volumeInfo("~" + before).name == name or api.volumeInfo(name).globalId != before
    seen = {record.remoteId for record in api.snapshotsRemoteList()["snapshots"]}
    assert {backup.remoteId for backup in backups.values()} <= seen
    assert here in {location.name for location in api.locationsList(**far)["locations"]}
    print("done")


if __name__ == "__main__":
    main()
