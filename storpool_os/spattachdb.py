"""The attachments that OpenStack's services want on this node, and making the cluster agree with them."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, TypedDict

from storpool import spapi, spconfig

from .splocked import SPLockedJSONDB, SPUnusableFileError, under_lock

__all__ = ["LOCKFILE", "Attach", "AttachDB"]

LOCKFILE = "/var/spool/openstack-storpool/openstack-attach.json"
"""The file that all services of a node share."""

_DEVICES = "/dev/storpool/"
_RIGHTS = {"ro": 1, "rw": 2}


class Attach(TypedDict):
    """An entry of the file: what one request wants. The last two keys may be missing in files."""

    volume: str
    type: str
    id: str
    rights: int
    volsnap: bool
    remove_on_detach: bool


class _Wanted(NamedTuple):
    """What the requests for one volume want together."""

    rights: int
    volsnap: bool
    requests: List[str]


class AttachDB(SPLockedJSONDB):
    """The attachments that OpenStack's services want on this node.

    Entries are keyed by request: `{"volume": name, "type": who asks, "id": for what, "rights": 1 to read or 2 to write,
    "volsnap": whether it is a snapshot, "remove_on_detach": bool}`.

    :param log: a logger.
    :param fname: the file, shared by all services of the node.
    :param override_config: the StorPool configuration, instead of its files.
    :ivar attach_tries: how often to look for the device of a volume that was attached.
    :ivar attach_pause: seconds between the looks.
    :ivar detach_tries: how often to try detaching what is open before it is forced.
    :ivar detach_pause: seconds between the tries.
    """

    # Whoever holds the lock may be waiting for devices.
    lock_tries = 600

    attach_tries: int = 10
    attach_pause: float = 1
    detach_tries: int = 10
    detach_pause: float = 0.2

    def __init__(
        self,
        log: Any,
        fname: str = LOCKFILE,
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
        """Return the StorPool configuration, which is read once.

        :raises ValueError: SP_OURID is not a number.
        """
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
        """Return the cluster's API, as the configuration says; it is made once."""
        if self._api is None:
            self._api = spapi.Api.fromConfig(self.config())
        return self._api

    def volumePrefix(self) -> str:
        """Return what the names of OpenStack's volumes in the cluster begin with."""
        return str(self.config().get("SP_OPENSTACK_VOLUME_PREFIX", "os"))

    def volumeName(self, id: str) -> str:
        """Return the name in the cluster of a volume."""
        return f"{self.volumePrefix()}--volume-{id}"

    def volsnapName(self, id: str, req_id: str) -> str:
        """Return the name in the cluster of a snapshot that a request made of a volume."""
        return f"{self.volumePrefix()}--volsnap-{id}--req-{req_id}"

    def snapshotName(self, type: str, id: str, more: Optional[str] = None) -> str:
        """Return the name in the cluster of a snapshot."""
        return f"{self.volumePrefix()}--{type}--{'none' if more is None else more}--snapshot-{id}"

    # Making the cluster agree

    @under_lock
    def sync(self, req_id: str, detached: Optional[str]) -> None:
        """Attach what the requests want and this node does not have; then detach one volume, if asked to.

        Nothing else is detached. If a step fails, those before it stand, and the file still says what is wanted: the
        next `sync` goes on from there.

        :param req_id: the request on whose behalf this is.
        :param detached: the volume which that request does not want any more; None when it wants one.
        :raises storpool.spapi.ApiError: the cluster refused.
        :raises ValueError: the configuration does not say which client this node is.
        """
        client = self.client()
        prefix = self.volumePrefix()
        present = {
            volume: attachment for volume, attachment in self.attached_here().items() if volume.startswith(prefix)
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
            if volume not in present or self._rights(present[volume]) < want.rights
        }
        for volume, want in self._existing(missing, req_id).items():
            self._attach_and_wait(client=client, volume=volume, volsnap=want.volsnap, rights=want.rights)
        if detached and detached in present:
            entry = entries[req_id]
            stored = bool(entry.get("volsnap")) if entry.get("volume") == detached else False
            # The cluster knows better than the file, where the key may be missing.
            volsnap = bool(getattr(present[detached], "snapshot", stored))
            if detached in wanted:
                self._say("warning", "Detaching %s, which %s want too", detached, wanted[detached].requests)
            self._detach_and_wait(client=client, volume=detached, volsnap=volsnap)

    def attached_here(self) -> Dict[str, Any]:
        """Return what is attached to this node's client, by volume.

        Records without a volume or a client are skipped, with a warning.

        :raises ValueError: the configuration does not say which client this node is.
        """
        client = self.client()
        here: Dict[str, Any] = {}
        skipped = 0
        for attachment in self.api().attachmentsList():
            volume = getattr(attachment, "volume", None)
            holder = getattr(attachment, "client", None)
            if not isinstance(volume, str) or holder is None:
                skipped += 1
            elif holder == client:
                here[volume] = attachment
        if skipped:
            self._say("warning", "Skipping %d attachments without a volume or a client", skipped)
        return here

    def _rights(self, attachment: Any) -> int:
        """Return an attachment's rights as a number; 0 for none that we know, so that they are asked for again."""
        rights = str(getattr(attachment, "rights", None))
        if rights not in _RIGHTS:
            self._say("warning", "The attachment of %s has no rights that we know: %s", attachment.volume, rights)
        return _RIGHTS.get(rights, 0)

    def client(self) -> int:
        """Return the number of this node's client, from SP_OURID.

        :raises ValueError: it is not set, or not a number.
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
        """Return what the requests want, by volume; without what the given request does not want any more."""
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

    def _existing(self, missing: Dict[str, _Wanted], req_id: str) -> Dict[str, _Wanted]:
        """Return those that exist in the cluster, and remove the requests for the others.

        A list that has a record without a name may lack the name of what is looked for. Then what is not found is left
        alone, with a warning; what `req_id` wants is attached, so that the cluster's answer is its result.
        """
        if not missing:
            return missing
        # Either list may have tens of thousands, so only what is needed is asked for.
        listed: Dict[bool, Set[Optional[str]]] = {}
        for volsnap in {want.volsnap for want in missing.values()}:
            listed[volsnap] = self._names(self.api().snapshotsList() if volsnap else self.api().volumesList())
        existing: Dict[str, _Wanted] = {}
        gone: List[str] = []
        for volume, want in missing.items():
            names = listed[want.volsnap]
            if volume in names or (None in names and req_id in want.requests):
                existing[volume] = want
            elif None in names:
                self._say("warning", "Not attaching %s: the cluster did not name all that it listed", volume)
            else:
                gone += want.requests
        if gone:
            self._say("warning", "Forgetting requests for what does not exist any more: %s", ", ".join(gone))
            self.remove_keys(gone)
        return existing

    @staticmethod
    def _names(records: Iterable[Any]) -> Set[Optional[str]]:
        """Return the names of records; None among them if one has no name."""
        return {getattr(record, "name", None) for record in records}

    def _attach_and_wait(self, client: int, volume: str, volsnap: bool, rights: int) -> None:
        """Attach a volume, or a snapshot to be read, and wait for its device as long as the attributes say.

        :raises storpool.spapi.ApiError: the cluster refused, or a snapshot is to be written to.
        """
        if not volsnap:
            what: Dict[str, Any] = {"volume": volume, "rw" if rights == 2 else "ro": [client]}
        elif rights == 2:
            text = f"Snapshot {volume} cannot be attached to be written to"
            raise spapi.ApiError(400, {"error": {"name": "invalidParam", "descr": text, "transient": False}})
        else:
            what = {"snapshot": volume, "ro": [client]}
        self.api().volumesReassign(json=[what])

        device = os.path.join(_DEVICES, volume)
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
        """Detach a volume or a snapshot; while it is open, wait as long as the attributes say, and then force it.

        :raises storpool.spapi.ApiError: the cluster refused.
        """
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
        # The logger is whatever the driver has; it may lack a level.
        log = getattr(self.LOG, level, None)
        if log is not None:
            log(text, *args)
