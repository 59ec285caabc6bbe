"""Images and backups: Cinder attaches volumes to its own host, and copies bytes through their devices."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Dict

import cinder_host as host
import pytest
from cinder import objects
from cinder.backup.drivers import posix
from cinder.volume import volume_utils
from node_devices import read, write

import storpool_sim

DATA = os.urandom(1 << 20)


class Images:
    """One raw image, in the place of Glance."""

    def __init__(self) -> None:
        self.data = DATA
        self.temp_images: Dict[str, str] = {}

    def show(self, context: Any, image: str) -> Dict[str, Any]:
        return {"id": image, "disk_format": "raw", "container_format": "bare", "size": len(self.data), "properties": {}}

    def download(self, context: Any, image: str, file: BinaryIO) -> None:
        file.write(self.data)

    def update(self, context: Any, image: str, meta: Dict[str, Any], file: BinaryIO, **where: Any) -> None:
        self.data = file.read(len(DATA))


@pytest.fixture(autouse=True)
def host_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What os-brick finds out by programs for iSCSI, NVMe and others, which need not be here."""
    monkeypatch.setattr(volume_utils, "brick_get_connector_properties", lambda *args: host.nova_properties())


@pytest.fixture
def volume(driver: Any) -> Any:
    made = host.new_volume(volume_type_id=host.new_type(os.urandom(4).hex(), "fast")["id"])
    driver.create_volume(made)
    return made


def _nothing_is_left(sim: storpool_sim.Running) -> bool:
    snapshots = [record for record in sim.api().snapshotsList() if not (record.deleted or record.transient)]
    return sim.api().attachmentsList() == [] and host.STATE.read_text() == "{}" and snapshots == []


def test_an_image_goes_into_a_volume_and_out_of_it(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    images = Images()
    driver.copy_image_to_volume(host.new_context(), volume, images, "i")
    assert _nothing_is_left(sim)
    attached = host.Attachment(driver, volume)
    assert read(attached.path, len(DATA)) == DATA
    write(attached.path, b"changed")
    attached.detach()
    driver.copy_volume_to_image(host.new_context(), volume, images, images.show(None, "j"))
    assert images.data == b"changed" + DATA[7:]
    assert _nothing_is_left(sim)


def test_an_image_that_cannot_be_fetched_leaves_nothing_attached(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    class Failing(Images):
        def download(self, context: Any, image: str, file: BinaryIO) -> None:
            assert len(sim.api().attachmentsList()) == 1
            raise RuntimeError("no image")

    with pytest.raises(RuntimeError, match="no image"):
        driver.copy_image_to_volume(host.new_context(), volume, Failing(), "i")
    assert _nothing_is_left(sim)


def test_a_volume_in_use_is_backed_up_from_a_copy(
    sim: storpool_sim.Running, driver: Any, volume: Any, tmp_path: Path
) -> None:
    attached = host.Attachment(driver, volume)
    write(attached.path, DATA)
    volume.update({"status": "backing-up", "previous_status": "in-use"})
    volume.save()
    context = host.new_context()
    backup = objects.Backup(
        context,
        volume_id=volume.id,
        user_id=host.USER,
        project_id=host.PROJECT,
        status="creating",
        size=1,
        container=None,
        display_name="b",
        service=posix.__name__,
        host="host",
    )
    backup.create()
    copy, is_snapshot = driver.get_backup_device(context, backup)
    assert not is_snapshot and copy.id != volume.id
    write(attached.path, b"later")

    info, _ = driver._attach_volume(context, copy, host.nova_properties())
    with open(info["device"]["path"], "rb") as device:
        posix.PosixBackupDriver(context, str(tmp_path)).backup(backup, device, backup_metadata=False)
    driver._detach_volume(context, info, copy, host.nova_properties())
    driver.delete_volume(copy)
    attached.detach()

    parts = sorted(path for path in tmp_path.rglob("*") if path.name.endswith("-00001"))
    assert len(parts) == 1 and zlib.decompress(parts[0].read_bytes())[: len(DATA)] == DATA
    assert [record.name for record in sim.api().volumesList()] == [f"os--volume-{volume.id}"]
    assert _nothing_is_left(sim)
