"""os-brick's connector and Cinder's own attaching: open volumes, faults, and several that want the same at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List

import cinder.exception
import cinder_host as host
import os_brick.exception
import os_brick.initiator.connectors.storpool
import pytest
from node_devices import read, write

import storpool_sim
from storpool import spapi

#: Whether the connector keeps its requests in the file; the newer one goes to the cluster at once.
KEEPS_REQUESTS = not host.OWN_CLIENT and not hasattr(os_brick.initiator.connectors.storpool, "spapi")


helper = pytest.mark.skipif(host.OWN_CLIENT, reason="newer drivers do not use the helper")
own_client = pytest.mark.skipif(not host.OWN_CLIENT, reason="older os-brick has no client of its own")


def _reassigns(sim: storpool_sim.Running) -> List[Dict[str, Any]]:
    asked = []
    for request in sim.requests:
        if "VolumesReassign" in request.target:
            body = json.loads(request.body)
            asked += body["reassign"] if isinstance(body, dict) else body
    return asked


def test_the_file_says_who_asked_for_what(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    attached = host.Attachment(driver, volume)
    entry = {"volume": f"os--volume-{volume.id}", "type": "brick", "rights": 2, "volsnap": False}
    request = f"brick-{host.CLIENT}-{volume.id}"
    wanted = {request: {**entry, "id": request}} if KEEPS_REQUESTS else {}
    assert json.loads(host.STATE.read_bytes()) == wanted
    if not host.OWN_CLIENT:
        assert driver._attach.get() == wanted
    attached.detach()
    assert json.loads(host.STATE.read_bytes()) == {}


def test_attaching_twice_is_attaching_once(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    first, second = host.Attachment(driver, volume), host.Attachment(driver, volume)
    assert first.path == second.path and len(sim.api().attachmentsList()) == 1
    second.detach()
    assert sim.api().attachmentsList() == []
    first.detach()


def test_a_volume_attached_to_be_read_is_made_writable_for_who_asks(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    connection = driver.initialize_connection(volume, host.nova_properties())
    properties = {**connection["data"], "access_mode": "ro"}
    reader = host.new_connector().connect_volume(properties)
    assert [record.rights for record in sim.api().attachmentsList()] == ["ro"]
    writer = host.Attachment(driver, volume)
    assert [record.rights for record in sim.api().attachmentsList()] == ["rw"]
    write(writer.path, b"x")
    assert read(reader["path"], 1) == b"x"
    writer.detach()


def test_an_open_volume_is_tried_ten_times_and_then_forced_off(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    attached = host.Attachment(driver, volume)
    del sim.requests[:]
    began = time.monotonic()
    with open(attached.path, "rb"):
        attached.detach()
    assert [change["force"] for change in _reassigns(sim)] == [False] * 10 + [True]
    assert time.monotonic() - began >= 2
    assert sim.api().attachmentsList() == [] and not os.path.lexists(attached.path)


def test_a_volume_that_is_closed_in_time_is_not_forced(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    attached = host.Attachment(driver, volume)
    del sim.requests[:]
    device = open(attached.path, "rb")  # noqa: SIM115 - the user closes it

    def user() -> None:
        while len(_reassigns(sim)) < 3:
            time.sleep(0.01)
        device.close()

    thread = threading.Thread(target=user)
    thread.start()
    attached.detach()
    thread.join()
    forced = [change["force"] for change in _reassigns(sim)]
    assert len(forced) > 3 and not any(forced)
    assert sim.api().attachmentsList() == []


@pytest.mark.skipif(host.OWN_CLIENT, reason="that client encodes a body twice when it tries again: see below")
def test_passing_faults_are_not_seen(sim: storpool_sim.Running, pauses: List[int]) -> None:
    driver = host.new_driver()
    for query in ("VolumeCreate", "VolumesReassign", "VolumesReassignWait", "VolumeUpdate", "VolumeSnapshot"):
        sim.faults.add("transient", on=query, times=2)
    for query in ("SnapshotDelete", "VolumeDelete", "AttachmentsList"):
        sim.faults.add("reset", on=query, times=2)
    for query in ("VolumesReassign", "VolumesReassignWait"):
        sim.faults.add("lost", on=query, times=1)
    sim.faults.add("latency", probability=0.3, seconds=0.05)
    volume = host.new_volume()
    driver.create_volume(volume)
    attached = host.Attachment(driver, volume)
    write(attached.path, b"through it all")
    driver.extend_volume(volume, 2)
    snapshot = host.new_snapshot(volume)
    driver.create_snapshot(snapshot)
    attached.detach()
    again = host.Attachment(driver, volume)
    assert read(again.path, 14) == b"through it all"
    again.detach()
    driver.delete_snapshot(snapshot)
    driver.delete_volume(volume)
    assert sim.api().volumesList() == [] and sim.api().attachmentsList() == []
    assert len(pauses) >= 10 and host.STATE.read_text() == "{}"


@own_client
def test_passing_faults_of_requests_without_a_body_are_not_seen(sim: storpool_sim.Running, pauses: List[int]) -> None:
    driver = host.new_driver()
    for query in ("SnapshotDelete", "VolumeDelete", "VolumeTemplatesList", "DisksList"):
        sim.faults.add("transient", on=query, times=2)
    for query in ("VolumeGetInfo", "Volume"):
        sim.faults.add("reset", on=query, times=2)
    sim.faults.add("refused", on="VolumeGetInfo", times=1, seconds=0.02)
    sim.faults.add("latency", probability=0.3, seconds=0.05)
    volume = host.new_volume()
    driver.create_volume(volume)
    attached = host.Attachment(driver, volume)
    write(attached.path, b"through it all")
    driver.extend_volume(volume, 2)
    snapshot = host.new_snapshot(volume)
    driver.create_snapshot(snapshot)
    driver.get_volume_stats(refresh=True)
    attached.detach()
    again = host.Attachment(driver, volume)
    assert read(again.path, 14) == b"through it all"
    again.detach()
    driver.delete_snapshot(snapshot)
    driver.delete_volume(volume)
    assert sim.api().volumesList() == [] and sim.api().attachmentsList() == []
    assert len(pauses) >= 10


@own_client
@pytest.mark.parametrize("kind", ["transient", "reset", "lost"])
def test_a_fault_of_the_client_it_encodes_a_body_twice_when_it_tries_again(
    sim: storpool_sim.Running, driver: Any, pauses: List[int], kind: str
) -> None:
    # os-brick 6.10 to 7.1.1: the body of the second request is a string of JSON, which clusters refuse.
    sim.faults.add(kind, on="VolumeCreate", times=1)
    volume = host.new_volume()
    with pytest.raises(cinder.exception.VolumeBackendAPIException, match="invalidParam"):
        driver.create_volume(volume)
    asked = [json.loads(each.body) for each in sim.requests if each.target.endswith("/VolumeCreate")]
    assert isinstance(asked[-1], str) and json.loads(asked[-1])["name"] == f"os--volume-{volume.id}"
    # Nothing was done, unless it was the reply that was lost.
    assert len(sim.api().volumesList()) == (kind == "lost")


@own_client
@pytest.mark.parametrize("kind", ["garbage", "truncated"])
def test_a_fault_of_the_client_it_lets_errors_of_json_out(
    sim: storpool_sim.Running, pauses: List[int], kind: str
) -> None:
    from os_brick.initiator import storpool_utils

    client = storpool_utils.StorPoolAPI(sim.host, sim.port, sim.token)
    sim.faults.add(kind, times=1)
    if kind == "garbage":
        with pytest.raises(json.JSONDecodeError):
            client.disks_list()
    # Half of a reply is an error of HTTP, after which it tries again.
    assert "101" in client.disks_list()


@own_client
def test_live_migration_has_the_volume_at_both_hosts_for_a_while(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    source = host.Attachment(driver, volume)
    write(source.path, b"running")
    with open(source.path, "r+b") as device:
        # The other host has a number of its own.
        host.operator_sets_up(sim.env, client=2)
        target = host.Attachment(driver, volume)
        assert sorted((each.client, each.rights) for each in sim.api().attachmentsList()) == [(1, "rw"), (2, "rw")]
        sim.cluster.open(f"os--volume-{volume.id}", 2)
        device.write(b"still")
    source.detach()
    assert [(each.client, each.rights) for each in sim.api().attachmentsList()] == [(2, "rw")]
    sim.cluster.close(f"os--volume-{volume.id}", 2)
    target.detach()
    assert sim.api().attachmentsList() == []
    host.operator_sets_up(sim.env)
    again = host.Attachment(driver, volume)
    assert read(again.path, 7) == b"stillng"
    again.detach()


def test_a_fault_that_lasts_is_an_error_and_leaves_nothing_wrong_behind(
    sim: storpool_sim.Running, pauses: List[int]
) -> None:
    driver = host.new_driver()
    volume = host.new_volume()
    driver.create_volume(volume)
    sim.faults.add("transient", on="VolumesReassign")
    sim.faults.add("transient", on="VolumesReassignWait")
    with pytest.raises((os_brick.exception.BrickException, spapi.ApiError), match="transientFault"):
        host.Attachment(driver, volume)
    assert sim.api().attachmentsList() == []
    sim.faults.clear()
    attached = host.Attachment(driver, volume)
    write(attached.path, b"x")
    attached.detach()
    assert sim.api().attachmentsList() == [] and host.STATE.read_text() == "{}"


def test_without_a_number_of_its_own_a_host_attaches_nothing(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    lines = host.CONF.read_text().splitlines(keepends=True)
    host.CONF.write_text("".join(line for line in lines if "SP_OURID" not in line))
    with pytest.raises((os_brick.exception.BrickException, ValueError), match="SP_OURID"):
        host.Attachment(driver, volume)
    assert sim.api().attachmentsList() == []


@helper
def test_a_link_that_comes_late_is_waited_for(configured: Path) -> None:
    # The newer connector leaves waiting to the cluster, whose answer says that the client has attached.
    with storpool_sim.running(dev_dir=str(host.DEVICES), dev_delay=0.5) as sim:
        host.operator_sets_up(sim.env)
        driver = host.new_driver()
        volume = host.new_volume()
        driver.create_volume(volume)
        database = driver._attach
        request = {"volume": database.volumeName(volume.id), "type": "test", "id": "r", "rights": 2}
        database.add("r", request)
        database.attach_pause = 0.1
        database.sync("r", None)
        assert os.path.exists(host.DEVICES / database.volumeName(volume.id))
        database.sync("r", request["volume"])
        database.remove("r")


@helper
def test_requests_of_several_services_for_one_volume(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    mine, another = driver._attach, host.new_driver()._attach
    name = mine.volumeName(volume.id)
    mine.add("reader", {"volume": name, "type": "test", "id": "reader", "rights": 1})
    mine.sync("reader", None)
    assert [record.rights for record in sim.api().attachmentsList()] == ["ro"]
    another.add("writer", {"volume": name, "type": "test", "id": "writer", "rights": 2})
    another.sync("writer", None)
    assert [record.rights for record in sim.api().attachmentsList()] == ["rw"]
    mine.remove("reader")
    another.sync("writer", name)
    another.remove("writer")
    assert sim.api().attachmentsList() == [] and mine.get() == {}


#: A service of this host: makes, attaches, writes, reads and deletes volumes, over and over.
SERVICE = """
import sys
if sys.argv[3] == "eventlet":
    import eventlet
    eventlet.monkey_patch()
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import cinder.exception
import cinder_host as host
from node_devices import read, write
host.configure(Path(sys.argv[2]))
driver = host.new_driver()

def work(number):
    volume = host.new_volume()
    driver.create_volume(volume)
    attached = host.Attachment(driver, volume)
    write(attached.path, volume.id.encode())
    snapshot = host.new_snapshot(volume)
    driver.create_snapshot(snapshot)
    attached.detach()
    copy = host.new_volume()
    driver.create_volume_from_snapshot(copy, snapshot)
    attached = host.Attachment(driver, copy)
    assert read(attached.path, 36) == volume.id.encode()
    attached.detach()
    driver.delete_snapshot(snapshot)
    driver.delete_volume(copy)
    driver.delete_volume(volume)

if sys.argv[3] == "eventlet":
    pool = eventlet.GreenPool(4)
    list(pool.imap(work, range(6)))
else:
    for number in range(6):
        work(number)
"""


@pytest.mark.parametrize("kinds", [("plain", "plain"), ("eventlet", "eventlet"), ("plain", "eventlet")])
def test_services_of_one_host_do_not_get_in_each_others_way(
    sim: storpool_sim.Running, configured: Path, kinds: List[str]
) -> None:
    here = str(Path(__file__).parent)
    services = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVICE, here, str(configured), kind],
            stderr=subprocess.PIPE,
            text=True,
        )
        for kind in kinds
    ]
    said = [service.communicate(timeout=300)[1] for service in services]
    assert [service.returncode for service in services] == [0] * len(services), "\n".join(said)
    assert sim.api().volumesList() == [] and sim.api().attachmentsList() == []
    assert host.STATE.read_text() == "{}"
