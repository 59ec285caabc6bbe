"""Which request attached which volume on this node, and making the cluster agree with it."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set

from storpool import spapi, spconfig

from .splocked import SPLockedJSONDB, SPUnusableFileError

__all__ = ["AttachDB"]

_RIGHTS = {"ro": 1, "rw": 2}


class _Wanted(NamedTuple):
    """What the requests for one volume come to."""

    rights: int
    volsnap: bool
    requests: List[str]


class AttachDB(SPLockedJSONDB):
    """The attachments that OpenStack's services asked for on this node.

    Entries are keyed by request: `{"volume": name, "type": who asks, "id": of what, "rights": 1 to read or 2 to write,
    "volsnap": whether it is a snapshot, "remove_on_detach": bool}`.

    :param log: a logger.
    :param fname: the file, shared by all services of the node.
    :param override_config: the StorPool configuration, instead of its files.
    :ivar attach_tries: how often to look for the device of a volume that was attached.
    :ivar attach_pause: seconds between the looks.
    :ivar detach_tries: how often to try detaching what is open before it is forced.
    :ivar detach_pause: seconds between the tries.
    """

    # Whoever holds the lock may be waiting for a device, or for several.
    lock_tries = 600

    attach_tries: int = 10
    attach_pause: float = 1
    detach_tries: int = 10
    detach_pause: float = 0.2

    def __init__(
        self,
        log: Any,
        fname: str = "/var/spool/openstack-storpool/openstack-attach.json",
        override_config: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__(fname)
        self.LOG = log
        self._override_config = override_config
        self._config: Any = None
        self._api: Any = None
        self._ourId: Optional[int] = None

    # Names and connections

    def config(self) -> Any:
        """The StorPool configuration, read once."""
        if self._config is None:
            config = spconfig.SPConfig(override_config=self._override_config)
            number = config.get("SP_OURID", "-1")
            try:
                ours = int(number)
            except ValueError:
                raise ValueError(f"SP_OURID in the StorPool configuration is no number: {number!r}") from None
            self._config = config
            if self._ourId is None:
                self._ourId = ours
        return self._config

    def api(self) -> Any:
        """The cluster's API, as the configuration says; made once."""
        if self._api is None:
            self._api = spapi.Api.fromConfig(self.config())
        return self._api

    def volumePrefix(self) -> str:
        """What the names of OpenStack's volumes in the cluster begin with."""
        return str(self.config().get("SP_OPENSTACK_VOLUME_PREFIX", "os"))

    def volumeName(self, id: str) -> str:
        """The name in the cluster of a volume."""
        return f"{self.volumePrefix()}--volume-{id}"

    def volsnapName(self, id: str, req_id: str) -> str:
        """The name in the cluster of a snapshot that a request made of a volume."""
        return f"{self.volumePrefix()}--volsnap-{id}--req-{req_id}"

    def snapshotName(self, type: str, id: str, more: Optional[str] = None) -> str:
        """The name in the cluster of a snapshot."""
        return f"{self.volumePrefix()}--{type}--{'none' if more is None else more}--snapshot-{id}"

    # Making the cluster agree

    def sync(self, req_id: str, detached: Optional[str]) -> None:
        """Attach what the requests want and this node has not; then detach one volume, if it is told to.

        Nothing else is detached. Where a step fails, those before it stand, and the file still says what is wanted: the
        next `sync` goes on from there.

        :param req_id: the request on whose behalf this is.
        :param detached: the volume which that request does not want any more; None when it wants one.
        :raises storpool.spapi.ApiError: the cluster refused.
        :raises ValueError: the configuration does not say which client this node is.
        """
        with self:
            client = self.client()
            prefix = self.volumePrefix()
            present = {
                each.volume: each
                for each in self.api().attachmentsList()
                if each.client == client and each.volume.startswith(prefix)
            }
            entries = self.get()
            if req_id not in entries:
                if not detached:
                    raise ValueError(f"Nothing is known of request {req_id} in the {self._fname} file")
                self.LOG.warn(f"Asked to detach {detached} for request {req_id}, of which nothing is known: ignored")
                return
            wanted = self._wanted(entries, req_id, detached)
            missing = {
                volume: want
                for volume, want in wanted.items()
                if volume not in present or _RIGHTS.get(present[volume].rights, 0) < want.rights
            }
            for volume, want in self._without_vanished(missing).items():
                self._attach_and_wait(client=client, volume=volume, volsnap=want.volsnap, rights=want.rights)
            if detached and detached in present:
                known = bool(entries[req_id].get("volsnap")) if entries[req_id].get("volume") == detached else False
                # The cluster knows better than the file, where the key may be missing.
                volsnap = bool(getattr(present[detached], "snapshot", known))
                if detached in wanted:
                    self._say("warning", "Detaching %s, which %s want too", detached, wanted[detached].requests)
                self._detach_and_wait(client=client, volume=detached, volsnap=volsnap)

    def client(self) -> int:
        """The number of this node's client, from SP_OURID.

        :raises ValueError: there is none.
        """
        if self._ourId is None:
            self.config()
        if self._ourId is None or self._ourId < 0:
            raise ValueError(
                "SP_OURID is not set in the StorPool configuration: it is the number of this node's client,"
                " without which nothing can be attached here"
            )
        return self._ourId

    def _wanted(self, entries: Mapping[str, Any], req_id: str, detached: Optional[str]) -> Dict[str, _Wanted]:
        wanted: Dict[str, _Wanted] = {}
        for request, entry in entries.items():
            if not (isinstance(entry, dict) and isinstance(entry.get("volume"), str) and entry.get("rights") in (1, 2)):
                raise SPUnusableFileError(
                    f"In the {self._fname} file request {request} does not say which volume, or rights: {entry!r}"
                )
            volume = entry["volume"]
            if request == req_id and volume == detached:
                continue
            so_far = wanted.get(volume, _Wanted(0, bool(entry.get("volsnap", False)), []))
            rights = max(so_far.rights, entry["rights"])
            wanted[volume] = _Wanted(rights, so_far.volsnap, [*so_far.requests, request])
        return wanted

    def _without_vanished(self, missing: Dict[str, _Wanted]) -> Dict[str, _Wanted]:
        """Drop the requests for what does not exist any more; the rest is to be attached."""
        if not missing:
            return missing
        # Tens of thousands, each of the lists.
        volumes = self._names(self.api().volumesList()) if not all(one.volsnap for one in missing.values()) else set()
        snapshots = self._names(self.api().snapshotsList()) if any(one.volsnap for one in missing.values()) else set()
        found = {volume: want for volume, want in missing.items() if volume in (snapshots if want.volsnap else volumes)}
        gone = [request for volume, want in missing.items() if volume not in found for request in want.requests]
        if gone:
            self._say("warning", "Forgetting requests for what does not exist any more: %s", ", ".join(gone))
            self.remove_keys(gone)
        return found

    @staticmethod
    def _names(listed: Iterable[Any]) -> Set[str]:
        return {each.name for each in listed}

    def _attach_and_wait(self, client: int, volume: str, volsnap: bool, rights: int) -> None:
        """Attach a volume, or a snapshot to be read, and wait for its device as long as the attributes say."""
        if not volsnap:
            what: Dict[str, Any] = {"volume": volume, "rw" if rights == 2 else "ro": [client]}
        elif rights == 2:
            text = f"Snapshot {volume} cannot be attached to be written to"
            raise spapi.ApiError(400, {"error": {"name": "invalidParam", "descr": text, "transient": False}})
        else:
            what = {"snapshot": volume, "ro": [client]}
        self.api().volumesReassign(json=[what])

        device = os.path.join(spapi.SP_DEV_PATH, volume)
        began = time.monotonic()
        for attempt in range(self.attach_tries):
            if os.path.exists(device):
                if attempt:
                    self._say("info", "%s came after %.1f s", device, time.monotonic() - began)
                return
            if attempt == 0:
                limit = self.attach_tries * self.attach_pause
                self._say(
                    "info", "Attached %s to client %d; waiting for %s, %.1f s at most", volume, client, device, limit
                )
            time.sleep(self.attach_pause)
        waited = time.monotonic() - began
        self._say("warning", "%s is attached to client %d, but no %s in %.1f s", volume, client, device, waited)

    def _detach_and_wait(self, client: int, volume: str, volsnap: bool) -> None:
        """Detach a volume or a snapshot; while it is open, wait as long as the attributes say, and then force it."""
        what: Dict[str, Any] = {"snapshot" if volsnap else "volume": volume, "detach": [client]}
        began = time.monotonic()
        for attempt in range(self.detach_tries):
            try:
                self.api().volumesReassign(json=[{**what, "force": False}])
            except spapi.ApiError as exc:
                if exc.name not in ("busy", "invalidParam") or "is open at" not in exc.desc:
                    raise
                if attempt == 0:
                    limit = self.detach_tries * self.detach_pause
                    self._say("info", "Waiting for %s to be closed on client %d, %.1f s at most", volume, client, limit)
                time.sleep(self.detach_pause)
            else:
                if attempt:
                    self._say("info", "%s was closed after %.1f s", volume, time.monotonic() - began)
                return
        waited = time.monotonic() - began
        self._say("warning", "%s is still open on client %d after %.1f s: forcing it off", volume, client, waited)
        self.api().volumesReassign(json=[{**what, "force": True}])

    def _say(self, level: str, text: str, *args: Any) -> None:
        # The logger is whatever the driver has; not telling must not keep us from doing.
        tell = getattr(self.LOG, level, None)
        if tell is not None:
            tell(text, *args)
