"""The export of volumes over iSCSI.

Ours: a target keeps the name that it was created with, with "-" for letters that such names cannot have; what has
exports cannot be deleted (`busy`); the target of a volume is deleted with it.
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

# Read it


@handles
def iSCSIConfig(cluster: Cluster) -> Config:
    """Return the whole configuration."""
    state = cluster.iscsi
    return Config(
        iscsi=iSCSIConfigData(
            baseName=state.baseName,
            initiators={number: _initiator(state, initiator) for number, initiator in state.initiators.items()},
            portalGroups={number: _group(group) for number, group in state.groups.items()},
            targets={
                number: iSCSITarget(
                    currentControllerId=target.controller, name=target.name, volume=cluster.records[target.volume].name
                )
                for number, target in state.targets.items()
            },
        )
    )


def _initiator(state: ISCSI, initiator: Initiator) -> iSCSIInitiator:
    names = {target.volume: target.name for target in state.targets.values()}
    return iSCSIInitiator(
        name=initiator.name,
        username=initiator.username,
        secret=initiator.secret,
        nets=list(initiator.nets),
        exports=[
            iSCSIExport(portalGroup=export.portalGroup, target=names[export.volume]) for export in initiator.exports
        ],
    )


def _group(group: PortalGroup) -> iSCSIPortalGroup:
    return iSCSIPortalGroup(
        name=group.name,
        networks=[iSCSIPGNetwork(address=address, prefix=prefix) for address, prefix in group.networks],
        portals=[
            iSCSIPortal(controller=portal.controller, ip=portal.ip, port=str(portal.port)) for portal in group.portals
        ],
    )


# Change it


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


def _set_base_name(cluster: Cluster, state: ISCSI, command: iSCSICommandSetBaseName) -> None:
    state.baseName = command.name


def _create_group(cluster: Cluster, state: ISCSI, command: iSCSICommandCreatePortalGroup) -> None:
    if state.group(command.name) is not None:
        raise ObjectExists(f"Portal group '{command.name}' already exists.")
    state.groups[state.next_number()] = PortalGroup(command.name)


def _delete_group(cluster: Cluster, state: ISCSI, command: iSCSICommandDeletePortalGroup) -> None:
    group = _find_group(state, command.name)
    if any(export.portalGroup == command.name for export in state.exports()):
        raise Busy(f"Portal group '{command.name}' has exports.")
    state.groups = {number: other for number, other in state.groups.items() if other is not group}


def _add_group_network(cluster: Cluster, state: ISCSI, command: iSCSICommandPortalGroupAddNetwork) -> None:
    group = _find_group(state, command.portalGroup)
    net = _network(command.net)
    # As it was given: the address is the controller's side of the network.
    entry = (command.net.split("/")[0], net.prefixlen)
    if entry in group.networks:
        raise ObjectExists(f"Network {command.net} is in portal group '{group.name}' already.")
    group.networks.append(entry)


def _create_portal(cluster: Cluster, state: ISCSI, command: iSCSICommandCreatePortal) -> None:
    group = _find_group(state, command.portalGroup)
    if command.controller not in cluster.controllers:
        raise ObjectDoesNotExist(f"iSCSI controller {command.controller} does not exist.")
    port = _port(command)
    _address(command.ip)
    if state.portal(command.ip, port) is not None:
        raise ObjectExists(f"Portal {command.ip}:{port} already exists.")
    group.portals.append(Portal(command.controller, command.ip, port))


def _delete_portal(cluster: Cluster, state: ISCSI, command: iSCSICommandDeletePortal) -> None:
    portal = state.portal(command.ip, _port(command))
    if portal is None:
        raise ObjectDoesNotExist(f"Portal {command.ip}:{_port(command)} does not exist.")
    for group in state.groups.values():
        group.portals = [other for other in group.portals if other is not portal]


def _create_target(cluster: Cluster, state: ISCSI, command: iSCSICommandCreateTarget) -> None:
    record = cluster.volume(command.volumeName)
    if state.target(record.id) is not None:
        raise ObjectExists(f"Volume '{command.volumeName}' has a target already.")
    number = state.next_number()
    name = f"{state.baseName}:{_letters(record.name)}"
    if any(name == target.name for target in state.targets.values()):
        name += f"-{number}"  # two volumes whose names differ in letters that iSCSI names lack
    controllers = sorted(cluster.controllers) or [0]
    state.targets[number] = Target(name, record.id, controllers[number % len(controllers)])


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9\-.:]", "-", name.lower().lstrip("~"))


def _delete_target(cluster: Cluster, state: ISCSI, command: iSCSICommandDeleteTarget) -> None:
    record = cluster.find(command.volumeName)
    target = state.target(record.id) if record is not None else None
    if target is None:
        raise InvalidParam(f"Volume '{command.volumeName}' has no target.")
    if any(export.volume == target.volume for export in state.exports()):
        raise Busy(f"Target '{target.name}' is exported.")
    state.forget(target.volume)


def _create_initiator(cluster: Cluster, state: ISCSI, command: iSCSICommandCreateInitiator) -> None:
    if state.initiator(command.name) is not None:
        raise ObjectExists(f"Initiator '{command.name}' already exists.")
    state.initiators[state.next_number()] = Initiator(command.name, command.username, command.secret)


def _delete_initiator(cluster: Cluster, state: ISCSI, command: iSCSICommandDeleteInitiator) -> None:
    initiator = _find_initiator(state, command.name)
    if initiator.exports:
        raise Busy(f"Initiator '{command.name}' has exports.")
    state.initiators = {number: other for number, other in state.initiators.items() if other is not initiator}


def _add_initiator_network(cluster: Cluster, state: ISCSI, command: iSCSICommandInitiatorAddNetwork) -> None:
    initiator = _find_initiator(state, command.initiator)
    _network(command.net)
    if command.net in initiator.nets:
        raise ObjectExists(f"Initiator '{initiator.name}' has the network {command.net} already.")
    initiator.nets.append(command.net)


def _export(cluster: Cluster, state: ISCSI, command: iSCSICommandExport) -> None:
    initiator, export = _exported(cluster, state, command)
    if export in initiator.exports:
        raise ObjectExists(f"Volume '{command.volumeName}' is exported to '{initiator.name}' already.")
    initiator.exports.append(export)


def _delete_export(cluster: Cluster, state: ISCSI, command: iSCSICommandExportDelete) -> None:
    initiator, export = _exported(cluster, state, command)
    if export not in initiator.exports:
        raise ObjectDoesNotExist(f"Volume '{command.volumeName}' is not exported to '{initiator.name}'.")
    initiator.exports.remove(export)


def _exported(
    cluster: Cluster, state: ISCSI, command: Union[iSCSICommandExport, iSCSICommandExportDelete]
) -> Tuple[Initiator, Export]:
    initiator = _find_initiator(state, command.initiator)
    group = _find_group(state, command.portalGroup)
    record = cluster.volume(command.volumeName)
    if state.target(record.id) is None:
        raise ObjectDoesNotExist(f"Volume '{command.volumeName}' has no target.")
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


def _port(command: Union[iSCSICommandCreatePortal, iSCSICommandDeletePortal]) -> int:
    port = DEFAULT_PORT if command.port is None else command.port
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
