"""The status page: a cluster as people want to see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable, List

from ..calls.registry import HANDLERS
from ..cluster import Cluster
from ..cluster.model import Record
from .encoding import to_json
from .messages import Exchange

_PAGE = Path(__file__).with_name("page")

#: Path, content type and content of what makes the page.
FILES = {
    path: (kind, (_PAGE / name).read_bytes())
    for path, name, kind in (
        ("/", "index.html", "text/html"),
        ("/sim/page.css", "page.css", "text/css"),
        ("/sim/page.js", "page.js", "text/javascript"),
    )
}

#: Nothing from elsewhere is loaded, nothing that a name could hold is run, nobody puts the page into a frame.
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def of_cluster(cluster: Cluster, find: str, limit: int) -> Dict[str, Any]:
    """What the page shows of a cluster.

    :param find: a text that the names in its lists must have.
    :param limit: how long the lists of volumes, snapshots and attachments may be; their counts are of all.
    """
    services = HANDLERS["servicesList"].function(cluster)
    kinds = {
        "mgmt": services.mgmt,
        "server": services.servers,
        "client": services.clients,
        "bridge": services.bridges,
        "iscsi": services.iscsiTargets,
    }
    attachments = [
        {"volume": one.record.name, "snapshot": one.record.snapshot, "client": one.client, "rights": one.rights}
        for one in sorted(cluster.attachments.values(), key=lambda one: (one.record.name, one.client))
        if find in one.record.name
    ]
    return {
        "name": cluster.name,
        "id": cluster.clusterId,
        "status": services.clusterStatus,
        "generation": cluster.generation,
        "now": cluster.clock.now(),
        "volumes": _some(cluster, cluster.volumes(), find, limit),
        "snapshots": _some(cluster, cluster.snapshots(), find, limit),
        "attachments": {"count": len(attachments), "list": attachments[:limit]},
        "disks": _disks(cluster),
        "services": [
            {"kind": kind, "id": number, "node": one.nodeId, "status": one.status}
            for kind, all_of_them in kinds.items()
            for number, one in sorted((all_of_them or {}).items())
        ],
        "tasks": to_json(HANDLERS["tasksList"].function(cluster)),
    }


def of_exchange(exchange: Exchange) -> Dict[str, Any]:
    """A request, without its body."""
    return {
        "at": exchange.at,
        "client": exchange.client,
        "method": exchange.method,
        "target": exchange.target,
        "status": exchange.status,
        "error": exchange.error,
        "seconds": exchange.seconds,
    }


def _some(cluster: Cluster, records: Iterable[Record], find: str, limit: int) -> Dict[str, Any]:
    found = [one for one in records if find in one.name]
    return {"count": len(found), "list": [_record(one) for one in found[:limit]]}


def _record(record: Record) -> Dict[str, Any]:
    return {
        "name": record.name,
        "globalId": record.globalId,
        "size": record.size,
        "stored": record.stored,
        "replication": record.policy.replication,
        "placeAll": record.policy.placeAll,
        "template": record.template.name if record.template is not None else "",
        "parent": record.parent.name if record.parent is not None else "",
        "tags": record.tags,
        "deleted": record.deleted,
        "recovering": record.recovering,
    }


def _disks(cluster: Cluster) -> List[Dict[str, Any]]:
    use = cluster.space.use()
    return [
        {
            "id": disk.id,
            "server": disk.serverId,
            "ssd": disk.ssd,
            "model": disk.model,
            "up": disk.up,
            "softEject": disk.softEject,
            "scrubbing": disk.scrub.started is not None,
            "capacity": disk.capacity,
            "stored": use[disk.id].stored,
            "objects": use[disk.id].objects,
            "places": disk.objectSlots,
        }
        for disk in sorted(cluster.disks.values(), key=lambda one: one.id)
    ]
