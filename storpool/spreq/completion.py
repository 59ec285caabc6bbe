"""Completes command lines in bash and zsh.

The scripts contain the queries and options, so that completing these starts no program. For the names of volumes and
the like a script runs `storpool_req --complete WORD ...`, which asks the cluster, and prints nothing if that fails.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List

from ..spapi.call import CALLS
from .arguments import FORMATS, SHELLS, parser
from .body import fields_of_body, values_of
from .queries import first, query_of

__all__ = ["print_candidates", "script"]

# Seconds. An answer that takes longer is of no use between two keystrokes.
_TIMEOUT = 2.0
# Names with other characters would have to be quoted, which is left to the user.
_UNQUOTED = re.compile(r"~?[A-Za-z0-9_.:@%+=/,-]+")


def script(shell: str) -> str:
    """Return the script that makes a shell complete command lines of storpool_req."""
    described: Dict[str, str] = {}
    valued: List[str] = []
    for action in parser()._actions:
        for option in action.option_strings:
            described[option] = action.help or ""
            if action.nargs is None:
                valued.append(option)
    titles = {method: _titles(method) for method in ("GET", "POST")}
    lists = {
        "VALUED": " | ".join(valued),
        "FORMATS": " ".join(FORMATS),
        "SHELLS": " ".join(SHELLS),
        "OPTIONS": " ".join(described),
        "GET": shlex.quote(" ".join(titles["GET"])),
        "POST": shlex.quote(" ".join(titles["POST"])),
        "ALL": shlex.quote(" ".join(sorted({**titles["GET"], **titles["POST"]}))),
        "READING": _described(titles["GET"]),
        "CHANGING": _described(titles["POST"]),
        "DESCRIBED": _described(described),
    }
    template = Path(__file__).with_name(f"completion.{shell}").read_text(encoding="utf-8")
    return re.sub(r"@([A-Z]+)@", lambda match: lists[match[1]], template)


def _titles(method: str) -> Dict[str, str]:
    calls = (call for call in CALLS.values() if call.method == method)
    return dict(sorted((query_of(call), call.title) for call in calls))


def _described(titles: Dict[str, str]) -> str:
    return "\n".join("        " + shlex.quote(f"{name}:{title}") for name, title in titles.items())


def print_candidates(words: List[str], make_api: Callable[..., Any]) -> None:
    """Print the names in the cluster that the last word of a command line may be completed to.

    :param make_api: returns an Api for the configured cluster.
    """
    try:
        found = [
            candidate
            for candidate in _candidates(words, make_api)
            if candidate.startswith(words[-1]) and _UNQUOTED.fullmatch(candidate)
        ]
    except (Exception, SystemExit):
        # Error messages have no place in a line that is being typed.
        found = []
    for candidate in found:
        print(candidate)


def _candidates(words: List[str], make_api: Callable[..., Any]) -> Iterable[str]:
    if words[-2:-1] in (["-C"], ["--clustername"]):
        wanted, given = "clusterName", words[:-2]
    else:
        wanted, given = "", words[:-1]
    args, _ = parser().parse_known_intermixed_args(given)
    query, *before = args.words or [""]
    prefix = ""
    if not wanted:
        calls = {name: call for name, call in CALLS.items() if call.method == ("POST" if args.post else "GET")}
        call = first(query, calls)
        if call is None:
            return ()
        if len(before) < len(call.args):
            wanted = call.args[len(before)]._name
        else:
            key, equals, _ = words[-1].partition("=")
            found = fields_of_body(call)
            if not equals:
                used = {word.partition("=")[0] for word in before}
                return [f"{name}=" for name in found if name not in used]
            if key not in found:
                return ()
            prefix, values = f"{key}=", values_of(found[key])
            if values:
                return [f"{prefix}{value}" for value in values]
            wanted = _NAMES_OF_TYPES.get(found[key].name, "")
            if not wanted:
                return ()
    api = make_api(multiCluster=args.multicluster, timeout=_TIMEOUT, transientRetries=0)

    def ask(call: str, *arguments: str) -> Any:
        return getattr(api, call)(*arguments, clusterName=args.clustername, returnRawAPIData=True)

    return (f"{prefix}{name}" for name in _NAMES[wanted](ask, before))


# The arguments whose values may stand in a field of a type.
_NAMES_OF_TYPES = {
    "VolumeName": "volumeName",
    "VolumeNameOrGlobalId": "volumeName",
    "SnapshotName": "snapshotName",
    "SnapshotNameOrGlobalId": "snapshotName",
    "VolumeTemplateName": "templateName",
    "PlacementGroupName": "placementGroupName",
    "Global Volume Id": "globalVolumeId",
    "ClusterName": "clusterName",
    "RemoteClusterName": "clusterName",
    "RemoteLocationName": "locationName",
    "DiskID": "diskId",
    "ServerID": "serverId",
    "ClientID": "clientId",
}

# By the name of the argument; each function also gets the arguments before it.
_NAMES: Dict[str, Callable[[Callable[..., Any], List[str]], Iterable[Any]]] = {
    "volumeName": lambda ask, _: (volume["name"] for volume in ask("volumesList")),
    "snapshotName": lambda ask, _: (snapshot["name"] for snapshot in ask("snapshotsList")),
    "globalVolumeId": lambda ask, _: (snapshot["globalId"] for snapshot in ask("snapshotsList")),
    "templateName": lambda ask, _: (template["name"] for template in ask("volumeTemplatesList")),
    "placementGroupName": lambda ask, _: ask("placementGroupsList"),
    "diskId": lambda ask, _: ask("disksList"),
    "serverId": lambda ask, _: ask("servicesList")["servers"],
    "clientId": lambda ask, _: ask("servicesList")["clients"],
    "bucketName": lambda ask, _: ask("kvsBuckets")["buckets"],
    "keyName": lambda ask, before: ask("kvsList", *before)["pairs"],
    "clusterName": lambda ask, _: (cluster["name"] for cluster in ask("clustersList")["clusters"]),
    "locationName": lambda ask, _: (location["name"] for location in ask("locationsList")["locations"]),
}
