"""The export of volumes over iSCSI.

Ours: a target keeps the name that it was made with, in the letters that such names may have; what has exports is not
deleted (`busy`); a volume that is deleted takes its target along.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Callable, Dict, Tuple, Union

from storpool.sptypes import (
    iSCSICommandCreateInitiator,
    iSCSICommandCreatePortal,
    iSCSICommandCreatePortalGroup,
    iSCSICommandCreateTarget,
    iSCSICommandDeleteInitiator,
    iSCSICommandDeletePortal,
    iSCSICommandDeletePortalGroup,
    iSCSICommandDeleteTarget,
    iSCSICommandExport,
    iSCSICommandExportDelete,
    iSCSICommandInitiatorAddNetwork,
    iSCSICommandPortalGroupAddNetwork,
    iSCSICommandSetBaseName,
    iSCSIConfigCommand,
    iSCSIConfigData,
    iSCSIExport,
    iSCSIInitiator,
    iSCSIPGNetwork,
    iSCSIPortal,
    iSCSIPortalGroup,
    iSCSITarget,
)
from storpool.sptypes import iSCSIConfig as Config
from storpool.sptypes import iSCSIConfigChange as Change

from ..cluster import Cluster
from ..cluster.errors import Busy, InvalidParam, ObjectDoesNotExist, ObjectExists
from ..cluster.model_iscsi import DEFAULT_PORT, ISCSI, Export, Initiator, Portal, PortalGroup, Target
from .registry import handles
from .results import OkJson, ok

# What there is


@handles
def iSCSIConfig(cluster: Cluster) -> Config:
    """All of it."""
    state = cluster.iscsi
    return Config(
        iscsi=iSCSIConfigData(
            baseName=state.baseName,
            initiators={number: _initiator(state, one) for number, one in state.initiators.items()},
            portalGroups={number: _group(one) for number, one in state.groups.items()},
            targets={
                number: iSCSITarget(
                    currentControllerId=one.controller, name=one.name, volume=cluster.records[one.volume].name
                )
                for number, one in state.targets.items()
            },
        )
    )


def _initiator(state: ISCSI, one: Initiator) -> iSCSIInitiator:
    names = {target.volume: target.name for target in state.targets.values()}
    return iSCSIInitiator(
        name=one.name,
        username=one.username,
        secret=one.secret,
        nets=list(one.nets),
        exports=[iSCSIExport(portalGroup=each.portalGroup, target=names[each.volume]) for each in one.exports],
    )


def _group(one: PortalGroup) -> iSCSIPortalGroup:
    return iSCSIPortalGroup(
        name=one.name,
        networks=[iSCSIPGNetwork(address=address, prefix=prefix) for address, prefix in one.networks],
        portals=[iSCSIPortal(controller=each.controller, ip=each.ip, port=str(each.port)) for each in one.portals],
    )


# Changing it


@handles
def iSCSIConfigChange(cluster: Cluster, json: Change) -> OkJson:
    """Apply the commands in their order: all of them or none."""
    state = cluster.iscsi.copy()
    for command in json.commands:
        key, value = _only(command)
        COMMANDS[key](cluster, state, value)
    cluster.iscsi = state
    return ok(cluster)


def _only(command: iSCSIConfigCommand) -> Tuple[str, Any]:
    given = [(key, value) for key, value in command.to_json().items() if value is not None]
    if len(given) != 1:
        names = ", ".join(key for key, _ in given) or "none"
        raise InvalidParam(f"A command has exactly one key, and this one has {len(given)}: {names}")
    return given[0]


def _set_base_name(cluster: Cluster, state: ISCSI, one: iSCSICommandSetBaseName) -> None:
    state.baseName = one.name


def _create_group(cluster: Cluster, state: ISCSI, one: iSCSICommandCreatePortalGroup) -> None:
    if state.group(one.name) is not None:
        raise ObjectExists(f"Portal group '{one.name}' already exists.")
    state.groups[state.next_number()] = PortalGroup(one.name)


def _delete_group(cluster: Cluster, state: ISCSI, one: iSCSICommandDeletePortalGroup) -> None:
    group = _find_group(state, one.name)
    if any(export.portalGroup == one.name for export in state.exports()):
        raise Busy(f"Portal group '{one.name}' has exports.")
    state.groups = {number: each for number, each in state.groups.items() if each is not group}


def _add_group_network(cluster: Cluster, state: ISCSI, one: iSCSICommandPortalGroupAddNetwork) -> None:
    group = _find_group(state, one.portalGroup)
    net = _network(one.net)
    # As it was given: the address is the controller's side of the network.
    entry = (one.net.split("/")[0], net.prefixlen)
    if entry in group.networks:
        raise ObjectExists(f"Network {one.net} is in portal group '{group.name}' already.")
    group.networks.append(entry)


def _create_portal(cluster: Cluster, state: ISCSI, one: iSCSICommandCreatePortal) -> None:
    group = _find_group(state, one.portalGroup)
    if one.controller not in cluster.controllers:
        raise ObjectDoesNotExist(f"iSCSI controller {one.controller} does not exist.")
    port = _port(one)
    _address(one.ip)
    if state.portal(one.ip, port) is not None:
        raise ObjectExists(f"Portal {one.ip}:{port} already exists.")
    group.portals.append(Portal(one.controller, one.ip, port))


def _delete_portal(cluster: Cluster, state: ISCSI, one: iSCSICommandDeletePortal) -> None:
    portal = state.portal(one.ip, _port(one))
    if portal is None:
        raise ObjectDoesNotExist(f"Portal {one.ip}:{_port(one)} does not exist.")
    for group in state.groups.values():
        group.portals = [each for each in group.portals if each is not portal]


def _create_target(cluster: Cluster, state: ISCSI, one: iSCSICommandCreateTarget) -> None:
    record = cluster.volume(one.volumeName)
    if state.target(record.id) is not None:
        raise ObjectExists(f"Volume '{one.volumeName}' has a target already.")
    number = state.next_number()
    name = f"{state.baseName}:{_letters(record.name)}"
    if any(name == each.name for each in state.targets.values()):
        name += f"-{number}"  # two volumes whose names differ in letters that iSCSI names lack
    controllers = sorted(cluster.controllers) or [0]
    state.targets[number] = Target(name, record.id, controllers[number % len(controllers)])


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9\-.:]", "-", name.lower().lstrip("~"))


def _delete_target(cluster: Cluster, state: ISCSI, one: iSCSICommandDeleteTarget) -> None:
    record = cluster.find(one.volumeName)
    target = state.target(record.id) if record is not None else None
    if target is None:
        raise InvalidParam(f"Volume '{one.volumeName}' has no target.")
    if any(export.volume == target.volume for export in state.exports()):
        raise Busy(f"Target '{target.name}' is exported.")
    state.forget(target.volume)


def _create_initiator(cluster: Cluster, state: ISCSI, one: iSCSICommandCreateInitiator) -> None:
    if state.initiator(one.name) is not None:
        raise ObjectExists(f"Initiator '{one.name}' already exists.")
    state.initiators[state.next_number()] = Initiator(one.name, one.username, one.secret)


def _delete_initiator(cluster: Cluster, state: ISCSI, one: iSCSICommandDeleteInitiator) -> None:
    initiator = _find_initiator(state, one.name)
    if initiator.exports:
        raise Busy(f"Initiator '{one.name}' has exports.")
    state.initiators = {number: each for number, each in state.initiators.items() if each is not initiator}


def _add_initiator_network(cluster: Cluster, state: ISCSI, one: iSCSICommandInitiatorAddNetwork) -> None:
    initiator = _find_initiator(state, one.initiator)
    _network(one.net)
    if one.net in initiator.nets:
        raise ObjectExists(f"Initiator '{initiator.name}' has the network {one.net} already.")
    initiator.nets.append(one.net)


def _export(cluster: Cluster, state: ISCSI, one: iSCSICommandExport) -> None:
    initiator, export = _exported(cluster, state, one)
    if export in initiator.exports:
        raise ObjectExists(f"Volume '{one.volumeName}' is exported to '{initiator.name}' already.")
    initiator.exports.append(export)


def _delete_export(cluster: Cluster, state: ISCSI, one: iSCSICommandExportDelete) -> None:
    initiator, export = _exported(cluster, state, one)
    if export not in initiator.exports:
        raise ObjectDoesNotExist(f"Volume '{one.volumeName}' is not exported to '{initiator.name}'.")
    initiator.exports.remove(export)


def _exported(
    cluster: Cluster, state: ISCSI, one: Union[iSCSICommandExport, iSCSICommandExportDelete]
) -> Tuple[Initiator, Export]:
    initiator = _find_initiator(state, one.initiator)
    group = _find_group(state, one.portalGroup)
    record = cluster.volume(one.volumeName)
    if state.target(record.id) is None:
        raise ObjectDoesNotExist(f"Volume '{one.volumeName}' has no target.")
    return initiator, Export(group.name, record.id)


def _find_group(state: ISCSI, name: str) -> PortalGroup:
    group = state.group(name)
    if group is None:
        raise ObjectDoesNotExist(f"Portal group '{name}' does not exist.")
    return group


def _find_initiator(state: ISCSI, name: str) -> Initiator:
    initiator = state.initiator(name)
    if initiator is None:
        raise ObjectDoesNotExist(f"Initiator '{name}' does not exist.")
    return initiator


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError as exc:
        raise InvalidParam(f"Not a network: '{text}'") from exc


def _address(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError as exc:
        raise InvalidParam(f"Not an address: '{text}'") from exc


def _port(one: Union[iSCSICommandCreatePortal, iSCSICommandDeletePortal]) -> int:
    port = DEFAULT_PORT if one.port is None else one.port
    if not 0 < port < 65536:
        raise InvalidParam(f"Not a port: {port}")
    return port


COMMANDS: Dict[str, Callable[[Cluster, ISCSI, Any], None]] = {
    "setBaseName": _set_base_name,
    "createPortalGroup": _create_group,
    "deletePortalGroup": _delete_group,
    "portalGroupAddNetwork": _add_group_network,
    "createPortal": _create_portal,
    "deletePortal": _delete_portal,
    "createTarget": _create_target,
    "deleteTarget": _delete_target,
    "createInitiator": _create_initiator,
    "deleteInitiator": _delete_initiator,
    "initiatorAddNetwork": _add_initiator_network,
    "export": _export,
    "exportDelete": _delete_export,
}
