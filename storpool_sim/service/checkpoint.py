"""Clusters as bytes, and back.

They are pickled, but nothing is made of the bytes that is not a record of the model: a file that was tampered with
cannot run code.
"""

from __future__ import annotations

import io
import pickle
from importlib import import_module
from typing import Any, Dict, List, Optional, Sequence

from ..cluster import Cluster
from ..cluster.clock import Clock
from ..cluster.model import Record
from ..cluster.placement import DiskUse
from ..cluster.records import Records
from ..cluster.space import Space

#: What belongs to the running process and not to the state.
NOT_STATE = {"clock", "lock", "data", "peers", "watchers"}
#: The modules whose classes it is made of: making one of those does nothing else.
_HOMES = (Record.__module__, DiskUse.__module__, Records.__module__, Space.__module__)
#: Where the modules of format 1 are now, and what its attributes are called.
_MOVED = {
    f"storpool_sim.{name}": f"storpool_sim.cluster.{name}"
    for name in ("model", "model_iscsi", "model_remote", "placement")
}
_RENAMED = {"_touched": "_dirty", "_restless": "_time_dependent"}
#: What were attributes of the cluster itself, and what they are in `Records` and in `Space`.
_OF_RECORDS = {
    "records": "_by_number",
    "_names": "_by_name",
    "_ids": "_by_id",
    "_dirty": "_dirty",
    "_time_dependent": "time_dependent",
}
_OF_SPACE = {"disks": "disks", "groups": "groups", "faultSets": "faultSets", "_ledger": "_ledger"}


def checkpoint(clusters: Sequence[Cluster]) -> bytes:
    """Return the state of clusters as bytes; hold their lock."""
    file = io.BytesIO()
    pickler = _Pickler(file, protocol=4)
    states = [{name: value for name, value in vars(cluster).items() if name not in NOT_STATE} for cluster in clusters]
    pickler.dump(states)
    # Records lie apart, or a long chain of parents would be a deep recursion. Those met on the way are appended.
    at = 0
    while at < len(pickler.records):
        pickler.dump(vars(pickler.records[at]))
        at += 1
    return file.getvalue()


def restore(data: bytes, clock: Optional[Clock] = None) -> List[Cluster]:
    """Return the clusters of a checkpoint, connected as they were. It may be of an older format.

    :raises pickle.UnpicklingError: the bytes were not made by `checkpoint`.
    """
    unpickler = _Unpickler(io.BytesIO(data))
    clusters = []
    for state in unpickler.load():
        cluster = Cluster(clock)
        vars(cluster).update(_composed(cluster, _with_new_names(state)))
        clusters.append(cluster)
    at = 0
    while at < len(unpickler.records):
        vars(unpickler.records[at]).update(_with_new_names(unpickler.load()))
        at += 1
    for cluster in clusters:
        cluster.lock = clusters[0].lock
        cluster.clock = clusters[0].clock
        cluster.peers = [other for other in clusters if other is not cluster]
    return clusters


def _with_new_names(state: Dict[str, Any]) -> Dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in state.items()}


def _composed(cluster: Cluster, state: Dict[str, Any]) -> Dict[str, Any]:
    """Return the state of a cluster with its `Records` and `Space`, which formats before this did not have."""
    if "space" in state:
        return state
    for part, names in ((cluster.records, _OF_RECORDS), (cluster.space, _OF_SPACE)):
        vars(part).update((new, state.pop(old)) for old, new in names.items())
    return state


class _Pickler(pickle.Pickler):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.records: List[Record] = []
        self._numbers: Dict[int, int] = {}

    def persistent_id(self, obj: Any) -> Optional[int]:
        if type(obj) is not Record:
            return None
        number = self._numbers.setdefault(id(obj), len(self.records))
        if number == len(self.records):
            self.records.append(obj)
        return number


class _Unpickler(pickle.Unpickler):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.records: List[Record] = []

    def persistent_load(self, pid: int) -> Record:
        while len(self.records) <= pid:
            self.records.append(Record.__new__(Record))
        return self.records[pid]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("builtins", "set"), ("builtins", "frozenset")):
            return super().find_class(module, name)
        module = _MOVED.get(module, module)
        if module.startswith(_HOMES):
            found = getattr(import_module(module), name, None)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a cluster's state")
