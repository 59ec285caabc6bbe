"""Files that say what exists at the start: TOML, or YAML where PyYAML is installed.

    seed = 7

    [[clusters]]
    name = "west"
    id = "wwww.a"

    [[clusters.volumes]]
    name = "db"
    size = "100 GiB"
    replication = 3
    written = "20 GiB"

    [[clusters.attachments]]
    volume = "db"
    rw = [1]

    [[faults]]
    kind = "latency"
    seconds = 0.05

The classes below say which keys there are. What they describe is made by the calls of the API.
"""

from __future__ import annotations

import importlib
import json
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import quote

from storpool.spapi.call import CALLS
from storpool.spcatch import shown
from storpool.sptype import JsonObjectImpl
from storpool.sptypes import (
    BridgeId,
    ClientId,
    ClusterId,
    ClusterName,
    DiskDescription,
    DiskId,
    FaultSetName,
    KvsKeyName,
    KvsName,
    MgmtId,
    NodeId,
    PlacementGroupName,
    ServerId,
    VolumeCreateDesc,
    VolumeNameOrGlobalId,
    VolumeSnapshotDesc,
    VolumeTemplateCreateDesc,
    iSCSIConfigCommand,
)
from storpool.sptypes.attachments import Reassign

from .cluster import Cluster, defaults
from .cluster.clock import Clock
from .cluster.errors import ObjectDoesNotExist, SimError
from .cluster.federation import connect
from .cluster.model import AG_SIZE, Disk
from .service.dispatch import Dispatcher
from .service.encoding import as_json
from .service.faults import Fault, check
from .service.inputs import Bytes, Fraction, read, refuse_unknown_keys
from .service.messages import Request

#: Keys whose values may be written with a unit.
_SIZES = ("size", "written")
_UNITS = {
    **{f"{prefix}iB": 1024 ** (power + 1) for power, prefix in enumerate("KMGTP")},
    **{f"{prefix}B": 1000 ** (power + 1) for power, prefix in enumerate("kMGTP")},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?({})".format("|".join(_UNITS)))


class ScenarioError(ValueError):
    """A scenario cannot be built; the text says which of its keys is wrong, and why."""


class DiskDesc(JsonObjectImpl):
    """A disk."""

    id: DiskId
    server: ServerId
    type: Literal["ssd", "hdd"] = "ssd"
    size: int = 1_920_383_410_176
    description: DiskDescription = ""


class PlacementGroupDesc(JsonObjectImpl):
    """A placement group."""

    name: PlacementGroupName
    disks: List[DiskId] = []


class VolumeDesc(VolumeCreateDesc):
    """A volume, and how much programs have written to it."""

    written: Bytes = 0


class SnapshotDesc(VolumeSnapshotDesc):
    """A snapshot of a volume."""

    volume: VolumeNameOrGlobalId


class DownDesc(JsonObjectImpl):
    """What is down."""

    disks: List[DiskId] = []
    servers: List[ServerId] = []
    clients: List[ClientId] = []
    nodes: List[NodeId] = []


class CallDesc(JsonObjectImpl):
    """Any call of the API, by its Python name, with the arguments of its path and its body."""

    call: str
    args: List[str] = []
    json: Any = None


class ClusterDesc(JsonObjectImpl):
    """A cluster. What is left out is as in the default cluster: each server has four disks, and so on."""

    name: ClusterName = defaults.CLUSTER_NAME
    id: ClusterId = defaults.CLUSTER_ID
    servers: Optional[List[ServerId]] = None
    clients: Optional[List[ClientId]] = None
    mgmt: Optional[List[MgmtId]] = None
    controllers: Optional[List[int]] = None
    bridges: Optional[List[BridgeId]] = None
    faultSets: Optional[Dict[FaultSetName, List[ServerId]]] = None
    disks: Optional[List[DiskDesc]] = None
    placementGroups: Optional[List[PlacementGroupDesc]] = None
    templates: List[VolumeTemplateCreateDesc] = []
    volumes: List[VolumeDesc] = []
    snapshots: List[SnapshotDesc] = []
    attachments: List[Reassign] = []
    iscsi: List[iSCSIConfigCommand] = []
    kv: Dict[KvsName, Dict[KvsKeyName, str]] = {}
    down: Optional[DownDesc] = None
    full: Fraction = 0.0
    calls: List[CallDesc] = []


class ScenarioDesc(JsonObjectImpl):
    """The whole file."""

    seed: int = 0
    clusters: List[ClusterDesc] = []
    faults: List[Fault] = []


_SERVICES: Dict[str, Callable[[Tuple[int, ...], float], Any]] = {
    "servers": defaults.make_daemons,
    "clients": defaults.make_clients,
    "mgmt": defaults.make_daemons,
    "controllers": defaults.make_daemons,
    "bridges": defaults.make_daemons,
}


@dataclass
class Scenario:
    """What exists, and what goes wrong. The clusters are connected; the first is the one that is served."""

    clusters: List[Cluster]
    faults: List[Fault] = field(default_factory=list)
    seed: int = 0


def load_scenario(path: str, clock: Optional[Clock] = None) -> Scenario:
    """Read a scenario and make what it describes.

    :raises ScenarioError: the file cannot be read, or says what cannot be; the text names the file and the key.
    """
    try:
        return build(_read(Path(path)), clock)
    except ScenarioError as exc:
        raise ScenarioError(f"{path}: {exc}") from exc


def _read(path: Path) -> Any:
    yaml = path.suffix in (".yaml", ".yml")
    module = _module(("yaml",) if yaml else ("tomllib", "tomli"))
    try:
        text = path.read_text(encoding="utf-8")
        return module.safe_load(text) if yaml else module.loads(text)
    except OSError as exc:
        raise ScenarioError(exc.strerror or type(exc).__name__) from exc
    except (ValueError, getattr(module, "YAMLError", ValueError)) as exc:
        raise ScenarioError(" ".join(str(exc).split())) from exc


def _module(names: Sequence[str]) -> Any:
    for name in names:
        with suppress(ImportError):
            return importlib.import_module(name)
    raise ScenarioError(f"{names[-1]} is needed to read it: install {'PyYAML' if 'yaml' in names else 'storpool[sim]'}")


def build(values: Mapping[str, Any], clock: Optional[Clock] = None) -> Scenario:
    """Make what a scenario describes that was read already.

    :raises ScenarioError: it says what cannot be; the text names the key.
    """
    desc = _desc(_in_bytes(values))
    descs = desc.clusters or [ClusterDesc()]
    clusters = [_bare(cluster, f"clusters[{index}]", clock) for index, cluster in enumerate(descs)]
    with _at("clusters"):
        connect(*clusters)
    for index, cluster in enumerate(clusters):
        _fill(cluster, descs[index], f"clusters[{index}]")
    for index, cluster in enumerate(clusters):
        for number, call in enumerate(descs[index].calls):
            _call(cluster, f"clusters[{index}].calls[{number}]", call.call, call.args, call.json, ".json")
    return Scenario(clusters, desc.faults, desc.seed)


def _desc(values: Any) -> ScenarioDesc:
    for key in ("clusters", "faults"):
        # `[faults]` in TOML, where `[[faults]]` is meant, is a mapping; its keys would pass for a list.
        if isinstance(values, dict) and not isinstance(values.get(key, []), list):
            raise ScenarioError(f"{key}: {shown(values[key])} is not a list")
    try:
        desc = read(ScenarioDesc, values)
    except ValueError as exc:
        raise ScenarioError(str(exc)) from exc
    for index, fault in enumerate(desc.faults):
        with _at(f"faults[{index}]"):
            check(fault)
    return desc


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Let errors say which key asked for what fails."""
    try:
        yield
    except SimError as exc:
        raise ScenarioError(f"{where}: {exc.descr}") from exc
    except ValueError as exc:
        raise ScenarioError(f"{where}: {exc}") from exc


def _bare(desc: ClusterDesc, where: str, clock: Optional[Clock]) -> Cluster:
    """Make a cluster with its services and disks, and nothing on them."""
    cluster = Cluster(clock, desc.name, desc.id)
    started = cluster.started
    for name, make in _SERVICES.items():
        numbers = getattr(desc, name)
        if numbers is not None:
            setattr(cluster, name, make(tuple(numbers), started))
    servers = tuple(cluster.servers)
    if not servers or not cluster.mgmt:
        raise ScenarioError(f"{where}: there must be a server and a mgmt")
    cluster.faultSets = defaults.make_fault_sets(servers) if desc.faultSets is None else desc.faultSets
    cluster.disks = defaults.make_disks(servers)
    if desc.disks is not None:
        cluster.disks = {}
        for index, disk in enumerate(desc.disks):
            at = f"{where}.disks[{index}]"
            if disk.server not in cluster.servers:
                raise ScenarioError(f"{at}.server: there is no server {disk.server}")
            if disk.id in cluster.disks:
                raise ScenarioError(f"{at}.id: {disk.id} is there already")
            if disk.size < AG_SIZE:
                raise ScenarioError(f"{at}.size: a disk has {AG_SIZE >> 20} MiB at least")
            cluster.disks[disk.id] = _disk(disk)
    for name, members in cluster.faultSets.items():
        for number in members:
            if number not in cluster.servers:
                raise ScenarioError(f"{where}.faultSets.{name}: there is no server {number}")
    cluster.groups = {} if desc.placementGroups is not None else defaults.make_groups(cluster.disks)
    return cluster


def _disk(desc: DiskDesc) -> Disk:
    ssd = desc.type == "ssd"
    model = f"Sim{desc.type.upper()} {desc.size // 10**9}"
    disk = Disk(desc.id, desc.server, ssd, desc.size // AG_SIZE, model, f"SIM{desc.id:05}", f"/dev/disk{desc.id}")
    disk.description = desc.description
    return disk


def _fill(cluster: Cluster, desc: ClusterDesc, where: str) -> None:
    """Make what is on the disks, by the calls that make such things."""
    for index, group in enumerate(desc.placementGroups or []):
        body = {"addDisks": sorted(group.disks)}
        _call(cluster, f"{where}.placementGroups[{index}]", "placementGroupUpdate", [group.name], body)
    for index, template in enumerate(desc.templates):
        _call(cluster, f"{where}.templates[{index}]", "volumeTemplateCreate", [], as_json(template))
    _volumes_and_snapshots(cluster, desc, where)
    for index, reassign in enumerate(desc.attachments):
        _call(cluster, f"{where}.attachments[{index}]", "volumesReassign", [], [as_json(reassign)])
    for index, command in enumerate(desc.iscsi):
        _call(cluster, f"{where}.iscsi[{index}]", "iSCSIConfigChange", [], {"commands": [as_json(command)]})
    for bucket, pairs in desc.kv.items():
        _call(cluster, f"{where}.kv.{bucket}", "kvsCreate", [bucket], None)
        _call(cluster, f"{where}.kv.{bucket}", "kvsUpdate", [bucket], {"set": pairs})
    down = desc.down or DownDesc()
    for kind, numbers, fail in (
        ("disks", down.disks, cluster.disk_down),
        ("servers", down.servers, cluster.server_down),
        ("clients", down.clients, cluster.client_down),
        ("nodes", down.nodes, cluster.node_down),
    ):
        for index, number in enumerate(numbers):
            with _at(f"{where}.down.{kind}[{index}]"):
                fail(number)
    if desc.full:
        cluster.fill(desc.full)


def _volumes_and_snapshots(cluster: Cluster, desc: ClusterDesc, where: str) -> None:
    """Make them in the order that their parents ask for, whatever order they stand in."""
    waiting: List[Tuple[str, Union[VolumeDesc, SnapshotDesc]]] = [
        *((f"{where}.volumes[{index}]", volume) for index, volume in enumerate(desc.volumes)),
        *((f"{where}.snapshots[{index}]", snapshot) for index, snapshot in enumerate(desc.snapshots)),
    ]
    while waiting:
        left, reason = [], None
        for at, made in waiting:
            body = as_json(made)
            try:
                if isinstance(made, SnapshotDesc):
                    _call(cluster, at, "snapshotCreate", [body.pop("volume")], body)
                else:
                    written = body.pop("written")
                    reply = _call(cluster, at, "volumeCreate", [], body)
                    with _at(f"{at}.written"):
                        cluster.write(f"~{reply['globalId']}", written)
            except _NotThere as exc:
                left.append((at, made))
                reason = reason or exc
        if reason is not None and len(left) == len(waiting):
            raise reason
        waiting = left


class _NotThere(ScenarioError):
    """What is named is not there, or not yet."""


def _call(cluster: Cluster, where: str, name: str, args: Sequence[str], body: Any, within: str = "") -> Any:
    """Make a call and return its data; its errors name the key that asked for it."""
    call = CALLS.get(name)
    if call is None or len(args) != len(call.args):
        wanted = "there is no such call" if call is None else f"it takes {len(call.args)} arguments"
        raise ScenarioError(f"{where}: {name}: {wanted}")
    if call.json is not None and body is not None:
        try:
            refuse_unknown_keys(call.json, body, where + within)
        except ValueError as exc:
            raise ScenarioError(str(exc)) from exc
    path = "/".join([f"/ctrl/1.0/{call.query.partition('/{')[0]}", *(quote(arg, safe="") for arg in args)])
    try:
        data = b"" if body is None else json.dumps(body).encode()
    except TypeError as exc:
        raise ScenarioError(f"{where}{within}: {exc}") from exc
    reply = Dispatcher(cluster, "").answer(Request(call.method, path, "Storpool v1:", data))
    parsed = json.loads(reply.body)
    if reply.error:
        text = f"{where}: {parsed['error']['descr']}"
        raise (_NotThere if reply.error == ObjectDoesNotExist.name else ScenarioError)(text)
    return parsed["data"]


def _in_bytes(value: Any, key: str = "") -> Any:
    """Return the same with sizes in bytes where they were written with a unit."""
    if isinstance(value, dict):
        return {name: _in_bytes(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_bytes(item) for item in value]
    match = _SIZE.fullmatch(value) if key in _SIZES and isinstance(value, str) else None
    return int(float(match[1]) * _UNITS[match[2]]) if match else value
