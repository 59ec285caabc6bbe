"""Requests drawn at random: each call that is declared, mostly about things that exist, some spoiled on purpose."""

from __future__ import annotations

import json
import random
from typing import Any, Dict, Iterator, List, NamedTuple, Optional
from urllib.parse import quote

import declared
import generate

from storpool.spapi.call import CALLS

VOLUMES = ["v1", "v2", "v3", "#v4", "~nsim.b.102", "~nsim.b.103"]
SNAPSHOTS = ["s1", "s2", "v1@1", "v2@1", "*s1", "~nsim.b.104"]
GROUPS = ["ssd", "hdd", "g"]
SIZES = [512, 2**20, 2**30, 2**31]

#: What stands where a field of that name is wanted, instead of what its type alone would give.
POOLS: Dict[str, List[Any]] = {
    "volumeName": VOLUMES,
    "snapshotName": SNAPSHOTS,
    "templateName": ["t1", "t2"],
    "placementGroupName": GROUPS,
    "bucketName": ["b1", "b2"],
    "keyName": ["k1", "k/2"],
    "diskId": [101, 102, 201, 202, 301, 302, 104, 999],
    "serverId": [1, 2, 3, 9],
    "clientId": [1, 2, 9],
    "globalVolumeId": ["nsim.b.102", "nsim.b.104", "nsim.b.105"],
    "volume": VOLUMES,
    "snapshot": SNAPSHOTS,
    "toSnapshot": SNAPSHOTS,
    "parent": SNAPSHOTS,
    "parentName": SNAPSHOTS,
    "baseOn": VOLUMES,
    "template": ["t1", "t2"],
    "placeAll": GROUPS,
    "placeTail": GROUPS,
    "placeHead": GROUPS,
    "size": SIZES,
    "sizeAdd": SIZES,
    "replication": [1, 2, 3],
    "location": ["ffff", "ffff", "new"],
    "remoteLocation": ["ffff"],
    "cluster": ["far", "other"],
    "clusterId": ["~ffff.a", "far"],
    "ip": ["192.0.2.1", "192.0.2.2"],
    "remoteId": ["ffff.a.101", "ffff.a.103"],
    "runIfVersionIs": [1, 2, 3],
    "nodeId": [1, 2, 3, 9],
    "duration": [1, 60],
    "deleteAfter": [1, 60],
    "targetDeleteDate": [1_700_000_100],
}
CLIENTS = [1, 2, 9]
DISKS = [101, 102, 201, 202, 301, 302]
NAMES = {
    "volumeCreate": VOLUMES[:4],
    "snapshotCreate": SNAPSHOTS[:2],
    "volumeTemplateCreate": ["t1", "t2"],
    "locationAdd": ["new"],
    "clusterAdd": ["other"],
}
#: What takes whole disks away: the cluster would soon be an empty one.
LEFT_OUT = ("diskEject", "diskForget")


class Drawn(NamedTuple):
    """A request; or, without a method, so many seconds of time."""

    method: str
    path: str
    body: Optional[str] = None
    seconds: float = 0.0


def requests(seed: int, count: int) -> Iterator[Drawn]:
    """So many requests, the same for the same seed."""
    rng = random.Random(seed)
    generator = generate.Generator(declared.surface(original=False), seed)
    shapes = {call.name: call for call in generator.surface.calls}
    names = [name for name in shapes if name not in LEFT_OUT]
    makers = ["volumeCreate", "snapshotCreate", "volumeUpdate", "volumesReassignWait", "kvsCreate", "kvsUpdate"]
    for _ in range(count):
        if rng.random() < 0.03:
            yield Drawn("", "", seconds=rng.choice([0.5, 3.0, 120.0]))
            continue
        name = rng.choice(makers) if rng.random() < 0.4 else rng.choice(names)
        call, shape = CALLS[name], shapes[name]
        values = {}
        for argument, drawn in zip(call.args, shape.args):
            value = rng.choice(POOLS[argument._name]) if argument._name in POOLS else generator.value(drawn)
            values[argument._name] = quote(str(value), safe="~#@*")
        path = f"/ctrl/1.0/{_prefix(rng, call.multiCluster)}{call.query.format(**values)}"
        body = None
        if shape.json is not None and not (shape.json_optional and rng.random() < 0.5):
            given = _known(rng, name, generator.value(shape.json))
            body = json.dumps(generator.spoil(given) if rng.random() < 0.1 else given)
        if call.method == "GET" and body is not None:
            path, body = f"{path}?json={quote(body)}", None
        yield Drawn(call.method, path, body)


def _prefix(rng: random.Random, multiCluster: bool) -> str:
    return rng.choice(["", "", "", "MultiCluster/" if multiCluster else "", "RemoteCommand/sim/"])


def _known(rng: random.Random, call: str, value: Any, inside: str = "") -> Any:
    """A body that is about things which may exist."""
    if isinstance(value, dict):
        made = {key: _field(rng, call, key, item) for key, item in value.items()}
        if call in NAMES and not inside and rng.random() < 0.8:
            made["name"] = rng.choice(NAMES[call])
        if call == "volumeCreate" and rng.random() < 0.7:
            # Of what may be said of a new volume, most goes wrong together.
            made = {key: made[key] for key in ("name", "tags") if key in made}
            made.update(rng.choice([{"size": 2**30, "replication": 2}, {"parent": "s1"}, {"baseOn": "v1"}]))
        return made
    return [_known(rng, call, item, "list") for item in value] if isinstance(value, list) else value


def _field(rng: random.Random, call: str, key: str, value: Any) -> Any:
    if key in ("rw", "ro", "detach") and value != "all":
        return rng.sample(CLIENTS, rng.choice([0, 1, 1, 2])) if rng.random() < 0.9 else [str(rng.choice(CLIENTS))]
    if key in ("addDisks", "rmDisks"):
        return rng.sample(DISKS, 2)
    if key == "volumes" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return rng.sample(VOLUMES, 2)
    if key in POOLS and value is not None:
        return rng.choice(POOLS[key])
    return _known(rng, call, value, key)
