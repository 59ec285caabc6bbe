"""The default cluster: three servers with four disks each."""

from __future__ import annotations

from typing import Dict, List, Tuple

from .model import Client, Daemon, Disk, Group

LOCATION_ID = "nsim"
CLUSTER_ID = LOCATION_ID + ".b"
CLUSTER_NAME = "sim"
TOKEN = "1234567890123456789"  # noqa: S105 - no secret: it guards nothing but a simulation
VERSION = "19.01.2930.57ca5627f"

SERVERS = (1, 2, 3)
CLIENTS = (1, 2)
MGMTS = (1, 2)
#: iSCSI target services.
CONTROLLERS = (1, 2)
BRIDGES = (1,)
ISCSI_BASE_NAME = "iqn.2019-08.com.storpool:sim"

#: Model, whether it is an SSD, and how many 512 MiB units it has: 1.92 TB and 4 TB, as drives are sold.
_MODELS = (
    ("SimSSD 1920", True, 1_920_383_410_176 >> 29),
    ("SimSSD 1920", True, 1_920_383_410_176 >> 29),
    ("SimHDD 4000", False, 4_000_787_030_016 >> 29),
    ("SimHDD 4000", False, 4_000_787_030_016 >> 29),
)


def make_disks(servers: Tuple[int, ...] = SERVERS) -> Dict[int, Disk]:
    """Return disks 101 to 104 of server 1, 201 to 204 of server 2, and so on."""
    disks = {}
    for server in servers:
        for slot, (model, ssd, units) in enumerate(_MODELS):
            number = server * 100 + slot + 1
            device = f"/dev/sd{'abcd'[slot]}1"
            disks[number] = Disk(number, server, ssd, units, model, f"SIM{number:05}", device)
    return disks


def make_groups(disks: Dict[int, Disk]) -> Dict[str, Group]:
    """Return the groups `ssd` and `hdd`."""
    return {
        name: Group(number, name, {disk.id for disk in disks.values() if disk.ssd is ssd})
        for number, (name, ssd) in enumerate((("ssd", True), ("hdd", False)))
    }


def make_daemons(numbers: Tuple[int, ...], started: float) -> Dict[int, Daemon]:
    """Return a running service for each number, on the node of the same number."""
    return {number: Daemon(number, number, started) for number in numbers}


def make_clients(numbers: Tuple[int, ...], started: float) -> Dict[int, Client]:
    """Return a running client for each number, likewise."""
    return {number: Client(number, number, started) for number in numbers}


def make_fault_sets(servers: Tuple[int, ...] = SERVERS) -> Dict[str, List[int]]:
    """Return a fault set for each server."""
    return {f"rack{server}": [server] for server in servers}
