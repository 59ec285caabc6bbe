"""What a Kubernetes driver does with a cluster: volumes without names, published on nodes."""

import sys

from storpool import spconfig, sptypes
from storpool.spapi import Api, ApiError

GiB = 1 << 30
NODES = (1, 2)


class Driver:
    """Answers the orchestrator; refusals are its own words for what the cluster says."""

    def __init__(self, api, cluster):
        self.api = api
        self.cluster = cluster

    def create(self, size, template, claim):
        try:
            desc = {"size": size, "template": template, "tags": {"csi": claim}}
            return self.api.volumeCreate(desc).globalId
        except ApiError as exc:
            if exc.name == "insufficientResources":
                return "OUT_OF_RANGE"
            if exc.name == "objectDoesNotExist":
                return "INVALID_ARGUMENT"
            raise

    def find(self, claim):
        return [record.globalId for record in self.api.volumesList() if record.tags and record.tags.get("csi") == claim]

    def publish(self, volume, node):
        return self.reassign({"volume": "~" + volume, "rw": [node], "force": False})

    def unpublish(self, volume, node):
        return self.reassign({"volume": "~" + volume, "detach": [node], "force": False})

    def reassign(self, item):
        try:
            self.api.volumesReassignWait({"reassign": [item]}, clusterName=self.cluster)
            return "OK"
        except ApiError as exc:
            if exc.name == "objectDoesNotExist":
                return "NOT_FOUND"
            if exc.name == "busy":
                return "FAILED_PRECONDITION"
            if exc.name == "invalidParam" and exc.desc == "No such client registered":
                return "NODE_NOT_FOUND"
            raise

    def expand(self, volume, size):
        if self.api.volumeInfo("~" + volume).size < size:
            self.api.volumeUpdate("~" + volume, {"size": size})

    def delete(self, volume):
        try:
            self.api.volumeDelete("~" + volume)
        except ApiError as exc:
            if exc.name == "busy":
                return "FAILED_PRECONDITION"
            if exc.name != "objectDoesNotExist":
                raise
        return "OK"


def main():
    assert spconfig.SPConfig(None)["SP_API_HTTP_HOST"]
    api = Api.fromConfig(multiCluster=True)
    api.volumeTemplateCreate({"name": "csi", "placeAll": "ssd", "replication": 3})
    cluster = api.volumesList()
    assert cluster == [], cluster
    driver = Driver(api, sys.argv[1])
    assert sptypes.MAX_CLIENT_DISKS == 1024

    volume = driver.create(GiB, "csi", "claim-1")
    assert driver.find("claim-1") == [volume]
    assert driver.create(10**6 * GiB, "csi", "claim-2") == "OUT_OF_RANGE"
    assert driver.create(GiB, "nope", "claim-2") == "INVALID_ARGUMENT"

    info = api.volumeInfo("~" + volume)
    assert (info.name, info.globalId, info.size, info.templateName) == ("~" + volume, volume, GiB, "csi")
    assert driver.publish(volume, NODES[0]) == driver.publish(volume, NODES[0]) == "OK"
    # To publish on one node at a time is up to the orchestrator.
    assert driver.publish(volume, NODES[1]) == driver.unpublish(volume, NODES[1]) == "OK"
    assert driver.publish(volume, 77) == "NODE_NOT_FOUND"
    assert driver.publish("a.b.c", NODES[0]) == "NOT_FOUND"
    assert driver.delete(volume) == "FAILED_PRECONDITION"
    driver.expand(volume, 2 * GiB)
    driver.expand(volume, GiB)
    assert api.volumeInfo("~" + volume).size == 2 * GiB
    places = [
        (attachment.volume, attachment.globalId, attachment.client, attachment.rights)
        for attachment in api.attachmentsList()
    ]
    assert places == [("~" + volume, volume, NODES[0], "rw")], places
    assert driver.unpublish(volume, NODES[0]) == driver.unpublish(volume, NODES[0]) == "OK"
    assert driver.publish(volume, NODES[1]) == driver.unpublish(volume, NODES[1]) == "OK"
    assert driver.delete(volume) == driver.delete(volume) == "OK"

    # Many volumes on one node, as many as it takes.
    claims = [driver.create(GiB, "csi", "many") for _ in range(64)]
    assert sorted(driver.find("many")) == sorted(claims)
    assert {driver.publish(claim, NODES[0]) for claim in claims} == {"OK"}
    assert (
        {driver.unpublish(claim, NODES[0]) for claim in claims} == {driver.delete(claim) for claim in claims} == {"OK"}
    )
    api.volumeTemplateDelete("csi")
    print("done")


if __name__ == "__main__":
    main()
