"""The status page: a cluster as people want to see it."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Any, Dict, Iterable, List

from ..calls.registry import HANDLERS
from ..cluster import Cluster
from ..cluster.model import Attachment, Record
from .messages import Exchange, shown

_PAGE = Path(__file__).with_name("page")

#: The files of the page, by path: their content types and contents.
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
    """Return what the page shows of a cluster.

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
    attachments = [_attachment(attachment) for attachment in cluster.attachments.values()]
    attachments = [fields for fields in attachments if find in fields["volume"]]
    attachments.sort(key=itemgetter("volume", "client"))
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
            {"kind": kind, "id": number, "node": service.nodeId, "status": service.status}
            for kind, members in kinds.items()
            for number, service in sorted((members or {}).items())
        ],
        "tasks": HANDLERS["tasksList"].function(cluster),
    }


def of_exchange(exchange: Exchange) -> Dict[str, Any]:
    """Return what the page shows of a request."""
    return {
        "at": exchange.at,
        "client": exchange.client,
        "method": exchange.method,
        "target": shown(exchange.target),
        "status": exchange.status,
        "error": exchange.error,
        "seconds": exchange.seconds,
    }


def _some(cluster: Cluster, records: Iterable[Record], find: str, limit: int) -> Dict[str, Any]:
    found = [record for record in records if find in record.name]
    return {"count": len(found), "list": [_record(record) for record in found[:limit]]}


def _attachment(attachment: Attachment) -> Dict[str, Any]:
    record = attachment.record
    return {
        "volume": record.name,
        "snapshot": record.snapshot,
        "client": attachment.client,
        "rights": attachment.rights,
    }


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
        for disk in sorted(cluster.disks.values(), key=lambda disk: disk.id)
    ]
