"""Cinder's StorPool driver and os-brick's StorPool connector as a host has them, without the services around them.

The database is real, the devices are files.
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path
from typing import Any, Dict

import cinder.privsep
import os_brick
import os_brick.privileged
from cinder import context, objects, rpc
from cinder import db as cinder_db
from cinder.db import migration
from cinder.volume import configuration, driver, volume_types
from cinder.volume.drivers.storpool import StorPoolDriver
from node_devices import execute
from os_brick.initiator.connector import InitiatorConnector
from oslo_concurrency import processutils
from oslo_config import cfg

STATE = Path("/var/spool/openstack-storpool/openstack-attach.json")
DEVICES = Path("/dev/storpool")
CONF = Path("/etc/storpool.conf")
CLIENT = 1
#: Since os-brick 6.10 it has an HTTP client of its own, and neither it nor Cinder uses the bindings or the helper.
OWN_CLIENT = importlib.util.find_spec("os_brick.initiator.storpool_utils") is not None
GiB = 1 << 30

USER, PROJECT = "11111111111111111111111111111111", "22222222222222222222222222222222"


_CINDER_CONF = """
[DEFAULT]
transport_url = fake:/
state_path = {directory}
image_conversion_dir = {directory}/conversion
backup_posix_path = {directory}/backup
backup_file_size = 67108864

[database]
connection = sqlite:///{directory}/cinder.sqlite

[oslo_concurrency]
lock_path = {directory}
"""


def operator_sets_up(env: Dict[str, str], client: int = CLIENT) -> None:
    """Do what docs/openstack.md tells an operator to do, for a cluster with that environment and a host's own id."""
    if not CONF.with_name("not-the-machines-own").exists():
        raise RuntimeError("These tests change /etc and /var/spool: run them by tests/openstack/node.sh")
    common = "".join(f"{name}={value}\n" for name, value in env.items() if name != "SP_OURID")
    CONF.write_text(f"{common}\n[{platform.node()}]\nSP_OURID={client}\n")
    STATE.write_text("{}")


def configure(directory: Path) -> None:
    """Let Cinder have a database, and do in this process what it would have done as root in others."""
    objects.register_all()
    conf = directory / "cinder.conf"
    first = not conf.exists()
    if first:
        conf.write_text(_CINDER_CONF.format(directory=directory))
    cfg.CONF(["--config-file", str(conf)], project="cinder")
    if hasattr(os_brick, "setup"):
        os_brick.setup(cfg.CONF)
    for privileged in (cinder.privsep.sys_admin_pctxt, os_brick.privileged.default):
        privileged.set_client_mode(False)
    rpc.init(cfg.CONF)
    if first:
        migration.db_sync()


def new_context() -> Any:
    """The context of a new request."""
    return context.RequestContext(USER, PROJECT, is_admin=True)


def new_driver(**options: Any) -> StorPoolDriver:
    """The driver as cinder-volume makes it when it starts."""
    settings = configuration.Configuration(driver.volume_opts, config_group="storpool")
    for name, value in options.items():
        cfg.CONF.set_override(name, value, "storpool")
    made = StorPoolDriver(configuration=settings, db=cinder_db, host="host@storpool", execute=processutils.execute)
    made.do_setup(new_context())
    made.check_for_setup_error()
    made.set_initialized()
    return made


def new_volume(size: int = 1, **more: Any) -> objects.Volume:
    """A volume in Cinder's database."""
    made = objects.Volume(
        new_context(),
        size=size,
        status="available",
        host="host@storpool#default",
        user_id=USER,
        project_id=PROJECT,
        display_name="v",
        **more,
    )
    made.create()
    return made


def new_snapshot(volume: objects.Volume) -> objects.Snapshot:
    """A snapshot in Cinder's database."""
    made = objects.Snapshot(
        new_context(),
        volume_id=volume.id,
        volume_size=volume.size,
        status="creating",
        progress="0%",
        display_name="s",
        user_id=USER,
        project_id=PROJECT,
        volume_type_id=volume.volume_type_id,
    )
    made.create()
    return made


def new_type(name: str, template: str) -> Dict[str, Any]:
    """A volume type that stands for a StorPool template."""
    return volume_types.create(new_context(), name, {"storpool_template": template})


def new_connector() -> Any:
    """The connector as Nova and Cinder get it."""
    return InitiatorConnector.factory("STORPOOL", "", execute=execute)


def nova_properties() -> Dict[str, Any]:
    """What a compute service tells of its host to Cinder."""
    return {"host": platform.node(), "ip": "127.0.0.1", "multipath": False, "platform": "x86_64", "os_type": "linux"}


class Attachment:
    """A volume attached to this host: asked of the driver, done by the connector."""

    def __init__(self, driver: StorPoolDriver, volume: objects.Volume) -> None:
        self.connector = new_connector()
        connection = driver.initialize_connection(volume, nova_properties())
        # Without an access mode the connector refuses; where the driver gives none, Cinder's manager does.
        self.properties = {"access_mode": "rw", **connection["data"]}
        self.device: Dict[str, Any] = self.connector.connect_volume(self.properties)
        self.path: str = self.device["path"]

    def detach(self) -> None:
        """Take it off this host."""
        self.connector.disconnect_volume(self.properties, self.device)
