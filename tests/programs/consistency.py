"""An operators' checker: looks a cluster through, and says what is not as it should be."""

import threading
import time
from collections import Counter

from storpool import sptypes
from storpool.spapi import Api

AG = 512 << 20


def check_disks(api, problems):
    use = Counter()
    for number, disk in api.disksList().items():
        if not isinstance(disk, sptypes.UpDiskSummary):
            problems.append(f"disk {number} is down since generation {disk.generationLeft}")
            continue
        assert disk.up and disk.generationLeft == -1
        if disk.agAllocated + disk.agFree > disk.agCount:
            problems.append(f"disk {number} counts more allocation groups than it has")
        if disk.agFree * AG < 0.1 * disk.agCount * AG:
            problems.append(f"disk {number} is nearly full")
        if disk.softEject != "off":
            problems.append(f"disk {number} is being ejected")
        use[disk.serverId] += disk.objectsAllocated
    return use


def check_requests(api, problems):
    """Each disk is asked in a thread of its own: one that hangs must not keep the others from being looked at."""
    found = {}

    def ask(number):
        found[number] = api.diskActiveRequests(number).toJson()["requests"]

    up = [number for number, disk in api.disksList().items() if disk.up]
    threads = [threading.Thread(target=ask, args=(number,)) for number in up]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(up)
    problems.extend(f"disk {number}: slow requests" for number, requests in found.items() if requests)


def check_snapshots(api, problems):
    now = time.time()
    volumes = {record.name for record in api.volumesList()}
    for record in api.snapshotsList():
        if record.deleted != record.name.startswith("*"):
            problems.append(f"snapshot {record.name} has an odd name")
        if record.onVolume not in ("-", *volumes):
            problems.append(f"snapshot {record.name} is on {record.onVolume}, which is not there")
        if record.transient and not record.bound and record.onVolume == "-":
            problems.append(f"snapshot {record.name} was forgotten")
        if 0 < record.targetDeleteDate < now - 3600:
            problems.append(f"snapshot {record.name} should be gone")
        if not record.autoName and "@" in record.name:
            problems.append(f"snapshot {record.name} has the name of an anonymous one")


def check_volumes(api, problems):
    states = api.volumesStatus()
    quick = api.volumesQuickStatus()
    assert set(states) == set(quick)
    for name, state in states.items():
        if state.status != "up" or state.decreasedRedundancy:
            problems.append(f"{name} is {state.status}, misses {state.missingDrives + state.downDrives}")
    places = api.attachmentsList()
    writers = Counter(attachment.volume for attachment in places if attachment.rights == "rw")
    problems.extend(f"{name} is attached for writing {count} times" for name, count in writers.items() if count > 1)
    clients = api.servicesList().clients
    problems.extend(
        f"{attachment.volume} is at client {attachment.client}"
        for attachment in places
        if attachment.client not in clients
    )


def check_services(api, problems):
    status = api.servicesList()
    if status.clusterStatus != "running":
        problems.append(f"the cluster is {status.clusterStatus}")
    for kind in ("mgmt", "servers", "clients", "bridges"):
        for number, service in getattr(status, kind).items():
            if not service.running or service.uptime < 0:
                problems.append(f"{kind} {number} is {service.status}")
    for number, peer in api.peersList().items():
        if peer.beaconStatus != "NODE_UP" or not peer.joined:
            problems.append(f"node {number} is {peer.beaconStatus}")


def main():
    api = Api.fromConfig()
    problems = []
    check_services(api, problems)
    check_disks(api, problems)
    check_requests(api, problems)
    check_volumes(api, problems)
    check_snapshots(api, problems)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")


if __name__ == "__main__":
    main()
