"""What exists at the start, told in a file: TOML, or YAML where PyYAML is installed.

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
from typing import Annotated, Any, Callable, Dict, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote

from storpool.spapi.call import CALLS
from storpool.spcatch import InvalidArgumentError, shown
from storpool.sptype import IntRange, JsonObjectImpl, spType
from storpool.sptype.nodes import ListNode, MapNode, ObjectNode, UnionNode, Wrapper
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
from .service.faults import Fault, from_mapping
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

    written: Annotated[int, IntRange("Bytes", 0, 2**63 - 1)] = 0


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
    calls: List[CallDesc] = []


class ScenarioDesc(JsonObjectImpl):
    """The whole file; what a fault has is told by `faults.Fault`."""

    seed: int = 0
    clusters: List[ClusterDesc] = []


#: Keys that the classes above do not have, because they hold what has a type of its own.
_MORE: Dict[type, List[str]] = {CallDesc: ["json"], ClusterDesc: ["full"], ScenarioDesc: ["faults"]}

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
    values = _in_bytes(values)
    unknown = _unknown_key(spType(ScenarioDesc), values)
    if unknown:
        raise ScenarioError(f"{unknown}: no such key")
    try:
        desc: ScenarioDesc = spType(ScenarioDesc).handleVal(values)
    except InvalidArgumentError as exc:
        raise ScenarioError(f"{exc.path.lstrip('.') or 'scenario'}: {exc.text}") from exc
    wanted = desc.clusters or [ClusterDesc()]
    clusters = [_bare(one, f"clusters[{index}]", clock) for index, one in enumerate(wanted)]
    try:
        connect(*clusters)
    except ValueError as exc:
        raise ScenarioError(f"clusters: {exc}") from exc
    given = values.get("clusters") or [{}]
    for index, cluster in enumerate(clusters):
        _fill(cluster, wanted[index], given[index], f"clusters[{index}]")
    for index, cluster in enumerate(clusters):
        for number, call in enumerate(given[index].get("calls", [])):
            where = f"clusters[{index}].calls[{number}]"
            _call(cluster, where, call["call"], call.get("args", []), call.get("json"), ".json")
    return Scenario(clusters, _faults(values.get("faults", [])), desc.seed)


def _faults(values: Any) -> List[Fault]:
    if not isinstance(values, list):
        raise ScenarioError(f"faults: {shown(values)} is not a list")
    faults = []
    for index, one in enumerate(values):
        try:
            if not isinstance(one, dict):
                raise ValueError(f"{shown(one)} is not a mapping")
            faults.append(from_mapping(one))
        except ValueError as exc:
            raise ScenarioError(f"faults[{index}]: {exc}") from exc
    return faults


def _bare(desc: ClusterDesc, where: str, clock: Optional[Clock]) -> Cluster:
    """A cluster with its services and disks, and nothing on them."""
    cluster = Cluster(clock, desc.name, desc.id)
    started = cluster.started
    for name, make in _SERVICES.items():
        numbers = getattr(desc, name)
        if numbers is not None:
            setattr(cluster, name, make(tuple(numbers), started))
    servers = tuple(cluster.servers)
    if not servers or not cluster.mgmt:
        raise ScenarioError(f"{where}: a server and a mgmt are the least that there is to be")
    cluster.faultSets = defaults.make_fault_sets(servers) if desc.faultSets is None else desc.faultSets
    cluster.disks = defaults.make_disks(servers)
    if desc.disks is not None:
        cluster.disks = {}
        for index, one in enumerate(desc.disks):
            at = f"{where}.disks[{index}]"
            if one.server not in cluster.servers:
                raise ScenarioError(f"{at}.server: there is no server {one.server}")
            if one.id in cluster.disks:
                raise ScenarioError(f"{at}.id: {one.id} is there already")
            if one.size < AG_SIZE:
                raise ScenarioError(f"{at}.size: a disk has {AG_SIZE >> 20} MiB at least")
            cluster.disks[one.id] = _disk(one)
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


def _fill(cluster: Cluster, desc: ClusterDesc, given: Mapping[str, Any], where: str) -> None:
    """Make what is on the disks, by the calls that would make it."""
    for index, group in enumerate(desc.placementGroups or []):
        body = {"addDisks": sorted(group.disks)}
        _call(cluster, f"{where}.placementGroups[{index}]", "placementGroupUpdate", [group.name], body)
    for index, one in enumerate(given.get("templates", [])):
        _call(cluster, f"{where}.templates[{index}]", "volumeTemplateCreate", [], one)
    _volumes_and_snapshots(cluster, given, where)
    for index, one in enumerate(given.get("attachments", [])):
        _call(cluster, f"{where}.attachments[{index}]", "volumesReassign", [], [one])
    for index, one in enumerate(given.get("iscsi", [])):
        _call(cluster, f"{where}.iscsi[{index}]", "iSCSIConfigChange", [], {"commands": [one]})
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
            with _named(f"{where}.down.{kind}[{index}]"):
                fail(number)
    full = given.get("full", 0)
    if type(full) not in (int, float) or not 0 <= full <= 1:
        raise ScenarioError(f"{where}.full: {shown(full)} is not a number from 0 to 1")
    if full:
        cluster.fill(full)


def _volumes_and_snapshots(cluster: Cluster, given: Mapping[str, Any], where: str) -> None:
    """Make them in the order that their parents ask for, whatever order they stand in."""
    waiting = [(f"{where}.volumes[{index}]", one, "") for index, one in enumerate(given.get("volumes", []))]
    waiting += [
        (f"{where}.snapshots[{index}]", one, one["volume"]) for index, one in enumerate(given.get("snapshots", []))
    ]
    while waiting:
        left, reason = [], None
        for at, one, volume in waiting:
            body = {key: value for key, value in one.items() if key not in ("volume", "written")}
            try:
                if volume:
                    _call(cluster, at, "snapshotCreate", [volume], body)
                else:
                    _call(cluster, at, "volumeCreate", [], body)
                    with _named(f"{at}.written"):
                        cluster.write(one["name"], one.get("written", 0))
            except _NotThere as exc:
                left.append((at, one, volume))
                reason = reason or exc
        if reason is not None and len(left) == len(waiting):
            raise reason
        waiting = left


class _NotThere(ScenarioError):
    """Something is named that is not there, or not yet."""


@contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except SimError as exc:
        raise ScenarioError(f"{where}: {exc.descr}") from exc


def _call(cluster: Cluster, where: str, name: str, args: Sequence[str], body: Any, within: str = "") -> None:
    """Make a call; its errors name the key that asked for it."""
    call = CALLS.get(name)
    if call is None or len(args) != len(call.args):
        wanted = "there is no such call" if call is None else f"it takes {len(call.args)} arguments"
        raise ScenarioError(f"{where}: {name}: {wanted}")
    if call.json is not None and body is not None:
        unknown = _unknown_key(call.json, body)
        if unknown:
            raise ScenarioError(f"{where}{within}.{unknown}: no such key")
    path = "/".join([f"/ctrl/1.0/{call.query.partition('/{')[0]}", *(quote(one, safe="") for one in args)])
    try:
        data = b"" if body is None else json.dumps(body).encode()
    except TypeError as exc:
        raise ScenarioError(f"{where}{within}: {exc}") from exc
    reply = Dispatcher(cluster, "").answer(Request(call.method, path, "Storpool v1:", data))
    if reply.error:
        text = f"{where}: {json.loads(reply.body)['error']['descr']}"
        raise (_NotThere if reply.error == ObjectDoesNotExist.name else ScenarioError)(text)


def _in_bytes(value: Any, key: str = "") -> Any:
    """The same with sizes in bytes where they were written with a unit."""
    if isinstance(value, dict):
        return {one: _in_bytes(within, one) for one, within in value.items()}
    if isinstance(value, list):
        return [_in_bytes(one) for one in value]
    match = _SIZE.fullmatch(value) if key in _SIZES and isinstance(value, str) else None
    return int(float(match[1]) * _UNITS[match[2]]) if match else value


def _unknown_key(node: Any, value: Any) -> str:
    """The path of the first key that no declaration knows; empty when there is none."""
    within: List[Tuple[str, Any, Any]] = []
    if isinstance(node, Wrapper):
        return _unknown_key(node.wrapped, value)
    if isinstance(node, UnionNode):
        found = [_unknown_key(one, value) for one in node.alternatives]
        return "" if "" in found else found[0]
    if isinstance(node, ListNode) and isinstance(value, list):
        within = [(f"[{index}]", node.item, one) for index, one in enumerate(value)]
    elif isinstance(node, MapNode) and isinstance(value, dict):
        within = [(f".{key}", node.value, one) for key, one in value.items()]
    elif isinstance(node, ObjectNode) and isinstance(value, dict):
        fields = node.cls.__spfields__
        for key in value:
            if key not in fields and key not in _MORE.get(node.cls, ()):
                return str(key)
        within = [(f".{key}", fields[key].node, one) for key, one in value.items() if key in fields]
    for step, inner, one in within:
        path = _unknown_key(inner, one)
        if path:
            return f"{step}.{path}".lstrip(".").replace(".[", "[")
    return ""
