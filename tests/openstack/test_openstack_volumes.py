"""Cinder's driver: volumes, snapshots and clones, with the bytes that are in them."""

from __future__ import annotations

import os
from typing import Any, List, Set

import cinder_host as host
import pytest
from cinder import exception
from cinder.volume.drivers.storpool import StorPoolDriver
from node_devices import read, write

import storpool_sim

REVERTS = "revert_to_snapshot" in vars(StorPoolDriver)


def _names(sim: storpool_sim.Running) -> Set[str]:
    return {volume.name for volume in sim.api().volumesList()}


def _snapshots(sim: storpool_sim.Running) -> List[str]:
    return [record.name for record in sim.api().snapshotsList() if not record.deleted]


def _read(driver: Any, volume: Any, size: int, offset: int = 0) -> bytes:
    attached = host.Attachment(driver, volume)
    found = read(attached.path, size, offset)
    attached.detach()
    return found


def _write(driver: Any, volume: Any, data: bytes, offset: int = 0) -> None:
    attached = host.Attachment(driver, volume)
    write(attached.path, data, offset)
    attached.detach()


def test_a_volume_lives_and_dies(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    assert driver.create_volume(volume) is None
    assert _names(sim) == {f"os--volume-{volume.id}"}

    attached = host.Attachment(driver, volume)
    assert os.path.islink(attached.path) and os.stat(attached.path).st_size == host.GiB
    assert [(record.client, record.rights) for record in sim.api().attachmentsList()] == [(host.CLIENT, "rw")]
    write(attached.path, b"before")
    assert attached.connector.get_all_available_volumes() == [volume.id]

    driver.extend_volume(volume, 3)
    volume.update({"size": 3})
    volume.save()
    assert attached.connector.extend_volume(attached.properties) == 3 * host.GiB
    write(attached.path, b"far", 3 * host.GiB - 3)

    snapshot = host.new_snapshot(volume)
    driver.create_snapshot(snapshot)
    write(attached.path, b"AFTER!")

    clone = host.new_volume(3)
    driver.create_cloned_volume(clone, volume)
    assert _read(driver, clone, 6) == b"AFTER!"
    assert _read(driver, clone, 3, 3 * host.GiB - 3) == b"far"

    attached.detach()
    assert not os.path.lexists(attached.path) and sim.api().attachmentsList() == []
    if REVERTS:
        driver.revert_to_snapshot(host.new_context(), volume, snapshot)
        assert _read(driver, volume, 6) == b"before"
        assert _read(driver, clone, 6) == b"AFTER!"

    driver.delete_snapshot(snapshot)
    driver.delete_volume(clone)
    driver.delete_volume(volume)
    assert _names(sim) == set() and _snapshots(sim) == []
    assert host.STATE.read_text() == "{}"


def test_a_volume_of_a_snapshot_is_as_large_as_asked(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    driver.create_volume(volume)
    _write(driver, volume, b"base", 12345)
    snapshot = host.new_snapshot(volume)
    driver.create_snapshot(snapshot)
    larger = host.new_volume(2)
    driver.create_volume_from_snapshot(larger, snapshot)
    assert sim.api().volumeList(f"os--volume-{larger.id}")[0].size == 2 * host.GiB
    assert _read(driver, larger, 6, 12344) == b"\0base\0"


def test_a_clone_of_another_type_is_in_the_template_of_that_type(sim: storpool_sim.Running, driver: Any) -> None:
    types = {name: host.new_type(f"{name}-{os.urandom(4).hex()}", name)["id"] for name in ("fast", "slow")}
    volume = host.new_volume(volume_type_id=types["fast"])
    driver.create_volume(volume)
    assert driver.get_pool(volume) == "template_fast"
    attached = host.Attachment(driver, volume)
    write(attached.path, b"mine")
    for name, kind in types.items():
        clone = host.new_volume(volume_type_id=kind)
        driver.create_cloned_volume(clone, volume)
        assert _read(driver, clone, 4) == b"mine"
        if REVERTS:  # the older driver leaves clones where their parents are
            assert sim.api().volumeList(f"os--volume-{clone.id}")[0].templateName == name
    attached.detach()


def test_the_scheduler_learns_of_pools_and_free_space(sim: storpool_sim.Running, driver: Any) -> None:
    stats = driver.get_volume_stats(refresh=True)
    assert stats["vendor_name"] == "StorPool" and stats["storage_protocol"] == "storpool"
    assert {pool["pool_name"] for pool in stats["pools"]} == {"default", "template_fast", "template_slow"}
    assert all(pool["total_capacity_gb"] > pool["free_capacity_gb"] > 0 for pool in stats["pools"])


def test_a_disk_that_is_down_is_not_counted(sim: storpool_sim.Running, driver: Any) -> None:
    before = driver.get_volume_stats(refresh=True)["pools"][0]["total_capacity_gb"]
    disk, record = next(iter(sim.api().disksList().items()))
    sim.api().diskEject(disk)
    after = driver.get_volume_stats(refresh=True)["pools"][0]["total_capacity_gb"]
    assert after == pytest.approx(before - record.agCount / 2)  # in half gibibytes


def _retype(driver: Any, volume: Any, before: Any, after: Any, **diff: Any) -> bool:
    specs = {"storpool_template": (before, after)}
    full = {"encryption": {}, "qos_specs": {}, "extra_specs": specs, **diff}
    return bool(driver.retype(host.new_context(), volume, {}, full, None))


@pytest.mark.skipif(not host.OWN_CLIENT, reason="older Cinder goes by the bindings")
def test_a_fault_of_the_driver_retyping_to_another_template_is_a_type_error(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    # Cinder 26 to 29 pass the template by a keyword that os-brick's client does not have.
    with pytest.raises(TypeError, match="unexpected keyword argument 'template'"):
        _retype(driver, volume, None, "fast")
    assert not any("VolumeUpdate" in each.target for each in sim.requests)
    assert not _retype(driver, volume, None, None, encryption={"cipher": (None, "aes")})


@pytest.mark.skipif(host.OWN_CLIENT, reason="the driver of newer Cinder cannot: see above")
def test_retyping_moves_a_volume_to_another_template(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    driver.create_volume(volume)
    name = f"os--volume-{volume.id}"

    def retype(before: Any, after: Any, **diff: Any) -> bool:
        return _retype(driver, volume, before, after, **diff)

    assert retype(None, "fast") and sim.api().volumeList(name)[0].templateName == "fast"
    assert retype("fast", "slow") and sim.api().volumeList(name)[0].templateName == "slow"
    assert retype("slow", None) and sim.api().volumeList(name)[0].replication == 3
    assert not retype(None, None, encryption={"cipher": (None, "aes")})
    assert not retype(None, None, extra_specs={"volume_backend_name": ("a", "b")})
    with pytest.raises(exception.VolumeBackendAPIException, match="none-such"):
        retype(None, "none-such")


def test_a_migrated_volume_takes_over_the_name(sim: storpool_sim.Running, driver: Any) -> None:
    original, migrated = host.new_volume(), host.new_volume()
    driver.create_volume(migrated)
    _write(driver, migrated, b"moved")
    update = driver.update_migrated_volume(host.new_context(), original, migrated, "available")
    assert update == {"_name_id": None} and _names(sim) == {f"os--volume-{original.id}"}
    assert _read(driver, original, 5) == b"moved"


def test_a_volume_migrated_within_the_cluster_swaps_names(sim: storpool_sim.Running, driver: Any) -> None:
    original, migrated = host.new_volume(), host.new_volume()
    for volume, data in ((original, b"old"), (migrated, b"new")):
        driver.create_volume(volume)
        _write(driver, volume, data)
    update = driver.update_migrated_volume(host.new_context(), original, migrated, "available")
    assert _names(sim) == {f"os--volume-{volume.id}" for volume in (original, migrated)}
    swapped = update == {"_name_id": None}
    assert swapped == REVERTS  # the older driver leaves the names, and tells Cinder the new one
    assert _read(driver, original, 3) == (b"new" if swapped else b"old")


def test_what_is_gone_is_deleted_without_a_word(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    driver.delete_volume(volume)
    driver.delete_snapshot(host.new_snapshot(volume))


def test_a_volume_is_deleted_even_where_it_is_attached(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    driver.create_volume(volume)
    sim.api().volumesReassign(json=[{"volume": f"os--volume-{volume.id}", "rw": [2]}])
    driver.delete_volume(volume)
    assert _names(sim) == set() and sim.api().attachmentsList() == []


def test_the_clusters_refusals_reach_the_user(sim: storpool_sim.Running, driver: Any) -> None:
    volume = host.new_volume()
    driver.create_volume(volume)
    with pytest.raises(exception.VolumeBackendAPIException, match="objectExists"):
        driver.create_volume(volume)
    with pytest.raises(exception.VolumeBackendAPIException, match="objectDoesNotExist"):
        driver.create_volume_from_snapshot(host.new_volume(), host.new_snapshot(volume))
    with pytest.raises(exception.VolumeBackendAPIException, match="objectDoesNotExist"):
        driver.extend_volume(host.new_volume(), 2)


def test_a_host_without_a_number_has_no_client(sim: storpool_sim.Running, driver: Any) -> None:
    properties = host.nova_properties()
    assert driver.validate_connector(properties)
    volume = host.new_volume()
    assert driver.initialize_connection(volume, properties)["data"]["client_id"] == host.CLIENT
    # Not in the configuration: the driver goes its other way.
    elsewhere = {**properties, "host": "elsewhere"}
    assert driver.initialize_connection(volume, elsewhere)["data"]["client_id"] == 65


def test_templates_come_from_the_configuration_too(sim: storpool_sim.Running) -> None:
    made = host.new_driver(storpool_template="slow")
    volume = host.new_volume()
    made.create_volume(volume)
    assert sim.api().volumeList(f"os--volume-{volume.id}")[0].templateName == "slow"
    host.new_driver(storpool_template=None)


def test_the_driver_says_what_its_configuration_lacks(sim: storpool_sim.Running) -> None:
    text = host.CONF.read_text()
    host.CONF.write_text("".join(line for line in text.splitlines(keepends=True) if "TOKEN" not in line))
    with pytest.raises(KeyError, match="SP_AUTH_TOKEN"):
        host.new_driver()
