"""Nova's driver for the volumes of libvirt's instances, between Cinder's driver and os-brick's connector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import cinder_host as host
from node_devices import read, write

import storpool_sim


class Nova:
    """A volume of an instance, as nova-compute keeps it."""

    def __init__(self, driver: Any, volume: Any) -> None:
        made = driver.initialize_connection(volume, host.nova_properties())
        self.connection = {**made, "data": {"access_mode": "rw", **made["data"]}, "serial": volume.id}
        self.connection = self.do("connect")
        self.path: str = self.connection["data"]["device_path"]

    def do(self, what: str) -> Dict[str, Any]:
        command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("nova_compute.py")), what]
        done = subprocess.run(command, input=json.dumps(self.connection), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_an_instances_volume_comes_grows_and_goes(sim: storpool_sim.Running, driver: Any, volume: Any) -> None:
    nova = Nova(driver, volume)
    write(nova.path, b"by the instance")
    driver.extend_volume(volume, 2)
    assert nova.do("extend")["size"] == 2 * host.GiB
    nova.do("disconnect")
    assert sim.api().attachmentsList() == [] and not os.path.lexists(nova.path)
    assert host.STATE.read_text() == "{}"
    again = Nova(driver, volume)
    assert read(again.path, 15) == b"by the instance"
    again.do("disconnect")


def test_an_instance_keeps_its_volume_while_cinder_uses_another(
    sim: storpool_sim.Running, driver: Any, volume: Any
) -> None:
    nova = Nova(driver, volume)
    other = host.new_volume()
    driver.create_cloned_volume(other, volume)
    attached = host.Attachment(driver, other)
    attached.detach()
    assert [record.volume for record in sim.api().attachmentsList()] == [f"os--volume-{volume.id}"]
    write(nova.path, b"still here")
    nova.do("disconnect")
    assert sim.api().attachmentsList() == []
