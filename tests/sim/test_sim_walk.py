"""A random walk over the API: whatever is asked in whatever order, the cluster stays one that makes sense.

A model on the side says what requests about names, sizes, tags, attachments and pairs must lead to. Of every other
request it is only known that it either counts a generation or changes nothing. `SP_TEST_WALKS` walks of 200 steps are
made instead of a few short ones.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Set, Tuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storpool.spapi import Api, ApiError
from storpool_sim import Cluster, InProcessTransport, ManualClock, SimError

WALKS = int(os.environ.get("SP_TEST_WALKS", "0"))
MiB, GiB = 1 << 20, 1 << 30
LISTS = (
    *("VolumesList", "SnapshotsList", "AttachmentsList", "VolumeTemplatesList", "PlacementGroupsList", "DisksList"),
    *("VolumesGetStatus", "iSCSIConfig", "KV", "VolumeBalancerStatus", "MaintenanceList", "TasksList"),
)
DISK_CALLS = [f"diskSoftEject{what}" for what in ("", "Pause", "Cancel")]
DISK_CALLS += ["diskRetrim", *(f"diskScrub{what}" for what in ("Start", "Pause", "Continue"))]

#: New names; some are taken, by one of the other kind too.
volumes = st.sampled_from(["a", "b", "c", "#d", "e", "s"])
snapshots = st.sampled_from(["s", "t", "u", "v", "a"])
templates = st.sampled_from(["x", "y"])
#: Which of those that exist; the last number is for one that does not.
which = st.integers(0, 12)
groups = st.sampled_from(["ssd", "ssd", "hdd", "hdd", "g"])
#: Client 9 is not there.
clients = st.sampled_from([1, 1, 1, 2, 2, 2, 9])
disks = st.sampled_from([101, 102, 203, 304])
sizes = st.sampled_from([512, 33 * MiB, GiB, 5 * GiB])
tags = st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["", "1", "2"]), max_size=2)
pairs = st.dictionaries(st.sampled_from(["p", "q/r"]), st.sampled_from(["", "1", "2"]), max_size=2)


class Volume:
    """What the model knows of a volume."""

    def __init__(self, size: int, given: Dict[str, str]) -> None:
        self.size = size
        self.tags = {key: value for key, value in given.items() if value}
        self.places: Dict[int, str] = {}
        self.opened: Set[int] = set()


class Walk(RuleBasedStateMachine):
    """One cluster and its model."""

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock()
        self.cluster = Cluster(self.clock)
        self.transport = InProcessTransport(self.cluster)
        self.api = Api(transport=self.transport, transientRetries=0)
        self.volumes: Dict[str, Volume] = {}
        self.buckets: Dict[str, Tuple[int, Dict[str, str]]] = {}
        self.generation = self.cluster.generation
        self.seen = self.everything()
        for name in ("a", "b", "c"):
            self.create(name, GiB, 2, "hdd", {"k": "1"})
        self.take(0, "s", False, 0)
        self.make_template("x", "ssd", 3, GiB)
        self.key_values("m", 0, {}, 1)

    def volume(self, number: int) -> str:
        """The name of a volume that exists, nearly always."""
        return sorted(self.volumes)[number % len(self.volumes)] if self.volumes and number < 12 else "nope"

    def snapshot(self, number: int) -> str:
        """The name of a snapshot that exists, nearly always."""
        known = sorted(self.names())
        return known[number % len(known)] if known and number < 12 else "nope"

    # How requests are made

    def everything(self) -> List[bytes]:
        header = {"Authorization": "Storpool v1:"}
        return [self.transport.send("GET", f"/ctrl/1.0/{name}", None, header)[1] for name in LISTS]

    def change(self, call: str, *args: Any) -> str:
        """Make a call that changes something; gives the error's name, or ""."""
        error: Optional[ApiError] = None
        try:
            done = getattr(self.api, call)(*args)
        except ApiError as exc:
            error = exc
        if error is not None:
            assert error.name not in ("internalError", "notSimulated", "unknownQuery", "unusableReply"), error
            assert self.everything() == self.seen, f"{call}{args} was refused ({error}), and changed something"
            return error.name
        assert self.cluster.generation > self.generation, f"{call}{args} counted no generation"
        if getattr(done, "generation", None) is not None:
            assert done.generation == self.cluster.generation
        self.generation = self.cluster.generation
        self.seen = self.everything()
        return ""

    def names(self) -> Set[str]:
        """The names of snapshots; those of volumes the model knows."""
        return {record.name for record in self.api.snapshotsList()}

    # Volumes

    def made(self, name: str, desc: Dict[str, Any], size: Optional[int]) -> None:
        taken = name in self.volumes or name in self.names()
        error = self.change("volumeCreate", {"name": name, **desc})
        if taken:
            assert error == "objectExists"
        elif size is None:
            assert error
        else:
            assert error in ("", "insufficientResources", "invalidParam" if "parent" in desc else ""), error
        if not error:
            assert size is not None
            self.volumes[name] = Volume(size, desc.get("tags", {}))

    @rule(name=volumes, size=sizes, replication=st.integers(1, 3), place=groups, given=tags)
    def create(self, name: str, size: int, replication: int, place: str, given: Dict[str, str]) -> None:
        exists = place in self.api.placementGroupsList()
        desc = {"size": size, "replication": replication, "placeAll": place, "placeTail": place, "tags": given}
        self.made(name, desc, size if exists else None)

    @rule(name=volumes, number=which)
    def create_from_volume(self, name: str, number: int) -> None:
        base = self.volume(number)
        known = self.volumes.get(base)
        self.made(name, {"baseOn": base}, known.size if known else None)

    @rule(name=volumes, number=which, size=st.one_of(st.none(), sizes))
    def create_from_snapshot(self, name: str, number: int, size: Optional[int]) -> None:
        parent = self.snapshot(number)
        found = [record for record in self.api.snapshotsList() if record.name == parent]
        fits = found and (size is None or size >= found[0].size)
        desc = {"parent": parent, **({"size": size} if size else {})}
        self.made(name, desc, (size or found[0].size) if fits else None)

    @rule(name=volumes, template=templates)
    def create_from_template(self, name: str, template: str) -> None:
        found = [desc for desc in self.api.volumeTemplatesList() if desc.name == template]
        complete = found and found[0].size != "-" and found[0].replication != "-"
        # One with a parent takes the size of that.
        wanted = found[0].size if complete and not found[0].parentName else None
        if wanted is None:
            self.change("volumeTemplateUpdate", template, {"size": GiB, "replication": 2})
        else:
            self.made(name, {"template": template}, wanted)

    @rule(number=which, size=sizes, adds=st.booleans(), shrinkOk=st.booleans(), given=tags)
    def update(self, number: int, size: int, adds: bool, shrinkOk: bool, given: Dict[str, str]) -> None:
        name = self.volume(number)
        known = self.volumes.get(name)
        desc = {"sizeAdd" if adds else "size": size, "shrinkOk": shrinkOk, "tags": given}
        error = self.change("volumeUpdate", name, desc)
        if known is None:
            assert error == "objectDoesNotExist"
        elif not adds and size < known.size and not shrinkOk:
            assert error == "invalidParam"
        else:
            assert error in ("", "insufficientResources")
        if known is not None and not error:
            known.size = known.size + size if adds else size
            known.tags = {key: value for key, value in {**known.tags, **given}.items() if value}

    @rule(number=which, other=st.one_of(volumes, st.just("")), given=tags)
    def rename(self, number: int, other: str, given: Dict[str, str]) -> None:
        name = self.volume(number)
        known = self.volumes.get(name)
        unnamed = name if known is None or name[0] == "~" else f"~{self.api.volumeList(name)[0].globalId}"
        taken = other in self.volumes or other in self.names()
        error = self.change("volumeUpdate", name, {"rename": other, "tags": given})
        wanted = "objectDoesNotExist" if known is None else "objectExists" if taken and name != other else ""
        assert error == wanted
        if known is not None and not error:
            known.tags = {key: value for key, value in {**known.tags, **given}.items() if value}
            self.volumes[other or unnamed] = self.volumes.pop(name)

    @rule(number=which)
    def delete(self, number: int) -> None:
        name = self.volume(number)
        known = self.volumes.get(name)
        error = self.change("volumeDelete", name)
        assert error == ("objectDoesNotExist" if known is None else "busy" if known.places else "")
        if not error:
            del self.volumes[name]

    @rule(number=which)
    def freeze(self, number: int) -> None:
        name = self.volume(number)
        known = self.volumes.get(name)
        error = self.change("volumeFreeze", name)
        if known is None:
            assert error == "objectDoesNotExist"
        elif "rw" in known.places.values():
            assert error == "busy"
        if not error:
            assert known is not None and name in self.names()
            del self.volumes[name]

    @rule(number=which, other=which)
    def revert(self, number: int, other: int) -> None:
        name, snapshot = self.volume(number), self.snapshot(other)
        known = self.volumes.get(name)
        error = self.change("volumeRevert", name, {"toSnapshot": snapshot})
        if known is not None and not error:
            assert "rw" not in known.places.values()
            known.size = self.api.volumeList(name)[0].size

    @rule(number=which, other=st.one_of(st.none(), which))
    def rebase(self, number: int, other: Optional[int]) -> None:
        name, parent = self.volume(number), None if other is None else self.snapshot(other)
        self.change("volumeRebase", name, {"parentName": parent} if parent else {})

    @rule(number=which, size=st.sampled_from([1, 10 * MiB, 100 * MiB]))
    def write(self, number: int, size: int) -> None:
        name = self.volume(number)
        if name in self.volumes:
            self.cluster.write(name, size)
            self.seen = self.everything()

    # Snapshots

    @rule(
        number=which,
        snapshot=st.one_of(st.none(), st.just(""), snapshots),
        bind=st.booleans(),
        seconds=st.sampled_from([0, 30]),
    )
    def take(self, number: int, snapshot: Optional[str], bind: bool, seconds: int) -> None:
        name = self.volume(number)
        taken = snapshot in self.volumes or snapshot in self.names()
        desc: Dict[str, Any] = {"bind": bind, **({"deleteAfter": seconds} if seconds else {})}
        error = self.change("snapshotCreate", name, {**desc, **({} if snapshot is None else {"name": snapshot})})
        assert error == ("objectDoesNotExist" if name not in self.volumes else "objectExists" if taken else "")

    @rule(members=st.lists(st.tuples(which, st.one_of(st.none(), st.just(""), snapshots)), min_size=1, max_size=3))
    def take_group(self, members: List[Tuple[int, Optional[str]]]) -> None:
        items = [
            {"volume": self.volume(record), **({} if name is None else {"name": name})} for record, name in members
        ]
        before = len(self.names())
        error = self.change("snapshotCreateGroup", {"volumes": items})
        assert len(self.names()) == before + (0 if error else len(items))

    @rule(number=which)
    def delete_snapshot(self, number: int) -> None:
        snapshot = self.snapshot(number)
        there = snapshot in self.names()
        error = self.change("snapshotDelete", snapshot)
        assert error in ("", "busy") if there else error == "objectDoesNotExist"
        if not error:
            assert snapshot not in self.names() or snapshot.startswith("*")

    @rule(number=which, other=st.one_of(snapshots, st.just("")), bind=st.booleans())
    def rename_snapshot(self, number: int, other: str, bind: bool) -> None:
        self.change("snapshotUpdate", self.snapshot(number), {"rename": other, "bind": bind, "tags": {"k": "1"}})

    @rule(number=which, place=st.lists(clients, max_size=2))
    def attach_snapshot(self, number: int, place: List[int]) -> None:
        self.change("volumesReassign", [{"snapshot": self.snapshot(number), "ro": place, "detach": "all"}])

    # Attachments

    @rule(
        drawn=st.lists(
            st.tuples(
                which,
                st.lists(clients, max_size=2, unique=True),
                st.lists(clients, max_size=1),
                st.one_of(st.just("all"), st.lists(clients, max_size=2, unique=True)),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def reassign(self, drawn: List[Tuple[int, List[int], List[int], Any, bool]]) -> None:
        items = [(self.volume(number), *rest) for number, *rest in drawn]
        wanted, places = self.predicted(items)
        request = [dict(zip(("volume", "rw", "ro", "detach", "force"), item)) for item in items]
        assert self.change("volumesReassignWait", {"reassign": request}) == wanted, items
        if not wanted:
            for name, now in places.items():
                self.volumes[name].places = now
                self.volumes[name].opened &= set(now)

    def predicted(
        self, items: List[Tuple[str, List[int], List[int], Any, bool]]
    ) -> Tuple[str, Dict[str, Dict[int, str]]]:
        """The error's name, and where everything is attached when there is none."""
        places = {name: dict(known.places) for name, known in self.volumes.items()}
        for name, rw, ro, detach, force in items:
            if name not in self.volumes:
                return "objectDoesNotExist", places
            if 9 in (*rw, *ro) or set(rw) & set(ro):
                return "invalidParam", places
            now = places[name]
            for client in [attached for attached in now if attached not in (*rw, *ro)] if detach == "all" else detach:
                if client == 9:
                    return "invalidParam", places
                if client in now and client in self.volumes[name].opened and not force:
                    return "busy", places
                now.pop(client, None)
            for client in rw:
                now[client] = "rw"
            now.update((client, "ro") for client in ro)
        return "", places

    @rule(number=which, client=st.sampled_from([1, 2]), opens=st.booleans())
    def open_or_close(self, number: int, client: int, opens: bool) -> None:
        name = self.volume(number)
        known = self.volumes.get(name)
        if known is None or client not in known.places:
            with pytest.raises(SimError):
                self.cluster.open(name, client)
        elif opens:
            self.cluster.open(name, client)
            known.opened.add(client)
        else:
            self.cluster.close(name, client)
            known.opened.discard(client)

    # Places

    @rule(
        name=templates,
        place=groups,
        replication=st.one_of(st.none(), st.integers(1, 3)),
        size=st.one_of(st.none(), sizes),
    )
    def make_template(self, name: str, place: str, replication: Optional[int], size: Optional[int]) -> None:
        desc = {"name": name, "placeAll": place, "replication": replication, "size": size}
        self.change("volumeTemplateCreate", {key: value for key, value in desc.items() if value is not None})

    @rule(name=templates, place=groups, propagate=st.booleans(), other=st.one_of(st.none(), templates))
    def change_template(self, name: str, place: str, propagate: bool, other: Optional[str]) -> None:
        desc = {"placeAll": place, "propagate": propagate, "bw": 1000, **({"rename": other} if other else {})}
        self.change("volumeTemplateUpdate", name, desc)

    @rule(name=templates)
    def delete_template(self, name: str) -> None:
        self.change("volumeTemplateDelete", name)

    @rule(name=groups, add=st.sets(disks, max_size=3), remove=st.sets(disks, max_size=1))
    def change_group(self, name: str, add: Set[int], remove: Set[int]) -> None:
        self.change("placementGroupUpdate", name, {"addDisks": sorted(add), "rmDisks": sorted(remove)})

    @rule()
    def delete_group(self) -> None:
        self.change("placementGroupDelete", "g")

    @rule(disk=disks, call=st.sampled_from(DISK_CALLS))
    def change_disk(self, disk: int, call: str) -> None:
        self.change(call, disk)

    @precondition(lambda self: len(self.cluster.disks) == 12)
    @rule(disk=disks)
    def lose_a_disk(self, disk: int) -> None:
        if not self.change("diskEject", disk):
            assert self.change("diskEject", disk) == "invalidParam"
            self.change("diskForget", disk)

    @rule(cmd=st.sampled_from(["start", "stop", "commit"]))
    def balance(self, cmd: str) -> None:
        self.change("volumeBalancerSetStatus", {"cmd": cmd})

    @rule(node=st.integers(1, 4), ends=st.booleans())
    def maintain(self, node: int, ends: bool) -> None:
        if ends:
            self.change("maintenanceComplete", {"nodeId": node})
        else:
            self.change("maintenanceSet", {"nodeId": node, "duration": 60, "description": "d", "minOkReplicas": 1})

    # The rest

    @rule(number=which, make=st.booleans())
    def target(self, number: int, make: bool) -> None:
        name = self.volume(number)
        command = "createTarget" if make else "deleteTarget"
        commands = [{"createPortalGroup": {"name": "pg"}}, {command: {"volumeName": name}}]
        self.change("iSCSIConfigChange", {"commands": [*commands, {"deletePortalGroup": {"name": "pg"}}]})

    @rule(
        name=st.sampled_from(["m", "n"]),
        version=st.sampled_from([0, 0, 0, -1, 1]),
        given=pairs,
        makes=st.integers(0, 5),
    )
    def key_values(self, name: str, version: int, given: Dict[str, str], makes: int) -> None:
        known = self.buckets.get(name)
        if makes == 0:
            error = self.change("kvsDelete", name)
            assert error == ("" if known else "objectDoesNotExist")
            self.buckets.pop(name, None)
        elif makes == 1:
            error = self.change("kvsCreate", name)
            assert error == ("objectExists" if known else "")
            self.buckets.setdefault(name, (1, {}))
        else:
            at = known[0] if known else 1
            error = self.change("kvsUpdate", name, {"runIfVersionIs": at + version, "set": given})
            wanted = "objectDoesNotExist" if known is None else "runIfVersionIsMismatch" if version else ""
            assert error == wanted
            if known is not None and not error:
                merged = {**known[1], **given}
                self.buckets[name] = (at + bool(given), {key: value for key, value in merged.items() if value})

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.seen = self.everything()
        assert self.cluster.generation >= self.generation
        self.generation = self.cluster.generation

    # What holds at any time

    @invariant()
    def volumes_are_as_the_model_says(self) -> None:
        assert {record.name: (record.size, record.tags) for record in self.api.volumesList()} == {
            name: (known.size, known.tags) for name, known in self.volumes.items()
        }

    @invariant()
    def attachments_are_as_the_model_says(self) -> None:
        listed = self.api.attachmentsList()
        snapshots = [place for place in listed if place.snapshot]
        volumes = {(place.volume, place.client, place.rights) for place in listed if not place.snapshot}
        assert volumes == {(name, *place) for name, known in self.volumes.items() for place in known.places.items()}
        assert {place.globalId for place in snapshots} <= {record.globalId for record in self.api.snapshotsList()}
        assert all(place.rights == "ro" for place in snapshots)
        assert len({(place.client, place.pos) for place in listed}) == len(listed)

    @invariant()
    def pairs_are_as_the_model_says(self) -> None:
        assert self.api.kvsBuckets().buckets == {name: version for name, (version, _) in self.buckets.items()}
        for name, (_, wanted) in self.buckets.items():
            assert self.api.kvsList(name).pairs == wanted

    @invariant()
    def names_are_unique_and_parents_are_there(self) -> None:
        snapshots = self.api.snapshotsList()
        records = [*self.api.volumesList(), *snapshots]
        names = [record.name for record in records]
        assert len(set(names)) == len(names)
        assert len({record.globalId for record in records}) == len({record.id for record in records}) == len(records)
        assert {record.parentName for record in records} <= {"", *(record.name for record in snapshots)}
        known = {template.name for template in self.api.volumeTemplatesList()}
        assert {record.templateName for record in records} <= {"", *known}
        assert all(record.name.startswith("*") == record.deleted for record in snapshots)

    @invariant()
    def capacity_adds_up(self) -> None:
        states = self.api.volumesStatus()
        listed = self.api.disksList()
        up = [disk for disk in listed.values() if disk.generationLeft == -1]
        assert all(disk.agAllocated + disk.agFree == disk.agCount for disk in up)
        assert all(disk.agFull + disk.agPartial == disk.agAllocated for disk in up)
        assert all(disk.objectsAllocated + disk.objectsFree == disk.objectsCount for disk in up)
        for state in states.values():
            assert 0 <= state.storedSize <= state.size
            assert state.onDiskSize == state.storedSize * state.replication
        if len(up) == len(listed) and not any(state.decreasedRedundancy for state in states.values()):
            # Every copy of every byte lies on a disk, and nothing else does; copies that were given up are nowhere.
            assert sum(disk.objectsOnDiskSize for disk in up) == sum(state.onDiskSize for state in states.values())
        assert all(group.disks <= set(listed) for group in self.api.placementGroupsList().values())

    @invariant()
    def the_cluster_is_sound(self) -> None:
        assert self.cluster.generation >= self.generation
        self.cluster.check()


def test_a_random_walk_keeps_the_cluster_sound() -> None:
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=WALKS or 12,
            stateful_step_count=200 if WALKS else 100,
            derandomize=not WALKS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
