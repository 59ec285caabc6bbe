"""What CloudStack's integration tests do with a cluster: templates, volumes and snapshots, everything by keyword."""

import time

from storpool import sptypes
from storpool.spapi import Api, ApiError

GiB = 1 << 30


def refused(call, **arguments):
    try:
        call(**arguments)
    except ApiError as exc:
        return exc.name
    return ""


def main():
    api = Api.fromConfig(multiCluster=True)
    (name,) = {"sim"}
    for desc, cluster in (
        (sptypes.VolumeTemplateCreateDesc(name="cs-tier", placeAll="ssd", placeTail="hdd", replication=3), None),
        ({"name": "cs-dict", "placeAll": "hdd", "replication": 2}, name),
    ):
        api.volumeTemplateCreate(desc, clusterName=cluster)
    assert {"cs-tier", "cs-dict"} <= {template.name for template in api.volumeTemplatesList()}

    made = api.volumeCreate(json={"template": "cs-tier", "size": GiB, "tags": {"cs": "volume", "uuid": "1"}})
    (volume,) = api.volumeList(volumeName="~" + made.globalId)
    assert volume.tags == {"cs": "volume", "uuid": "1"}, volume.tags
    # Tags are changed in place and sent back.
    volume.tags["qc"] = "tier-1"
    api.volumeUpdate(volumeName=volume.name, json={"tags": volume.tags})
    api.volumeUpdate(volumeName=volume.name, json={"iops": 500, "bw": 10**7})
    (volume,) = api.volumeList(volumeName=volume.name)
    assert (volume.tags["qc"], volume.iops, volume.bw) == ("tier-1", 500, 10**7)

    snapshot = api.snapshotCreate(volumeName=volume.name, json={"tags": {"cs": "snapshot"}})
    (found,) = api.snapshotList(snapshotName="~" + snapshot.snapshotGlobalId)
    assert found.tags == {"cs": "snapshot"} and found.onVolume == volume.name
    assert found.to_json()["tags"] is found.tags
    clone = api.volumeCreate(json={"parent": found.name, "name": "cs-clone", "template": "cs-dict"})
    assert clone.ok and api.volumeList(volumeName="cs-clone")[0].parentName == found.name
    assert refused(api.volumeTemplateDelete, templateName="cs-tier") == "busy"
    assert refused(api.volumeList, volumeName="~a.b.c") == "objectDoesNotExist"
    assert refused(api.snapshotList, snapshotName="nope") == "objectDoesNotExist"

    # A migration takes two steps: attach at the other host as well, then there only.
    item = {"volume": volume.name, "rw": [1], "force": False}
    api.volumesReassignWait({"reassign": [item]})
    api.volumesReassignWait({"reassign": [{"volume": volume.name, "rw": [2], "detach": "all", "force": False}]})
    assert [(attachment.volume, attachment.client) for attachment in api.attachmentsList()] == [(volume.name, 2)]
    api.volumesReassignWait({"reassign": [{"volume": volume.name, "detach": "all", "force": False}]})

    for name in (volume.name, "cs-clone"):
        api.volumeDelete(volumeName=name)
    api.snapshotDelete(snapshotName=found.name)
    deadline = time.time() + 30
    while [record for record in api.snapshotsList() if record.globalId == found.globalId]:
        assert time.time() < deadline
        time.sleep(0.05)
    for template in ("cs-tier", "cs-dict"):
        api.volumeTemplateDelete(templateName=template)
    print("done")


if __name__ == "__main__":
    main()
