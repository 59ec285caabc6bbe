"""Nova's part of attaching a volume, in a process of its own: a connection in, on standard input, and a connection out.

    python nova_compute.py connect|extend|disconnect

It cannot be in Cinder's process, since both register the same options.
"""

from __future__ import annotations

import json
import sys

import os_brick
import os_brick.privileged
from node_devices import execute
from nova.virt.libvirt.volume.storpool import LibvirtStorPoolVolumeDriver
from oslo_config import cfg


def main() -> None:
    cfg.CONF([], project="nova", default_config_files=[])
    os_brick.privileged.default.set_client_mode(False)
    driver = LibvirtStorPoolVolumeDriver(None)
    driver.connector.set_execute(execute)
    connection = json.load(sys.stdin)
    if sys.argv[1] == "connect":
        driver.connect_volume(connection, None)
    elif sys.argv[1] == "extend":
        connection["size"] = driver.extend_volume(connection, None, 0)
    else:
        driver.disconnect_volume(connection, None)
    json.dump(connection, sys.stdout)


main()
