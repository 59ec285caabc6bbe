"""The export of volumes over iSCSI: its configuration and the commands that change it."""

from __future__ import annotations

from typing import Annotated, Dict, List, Optional

from ..sptype import Example, JsonObjectImpl
from .scalars import VolumeNameOrGlobalId, iSCSIId, iSCSIName, iSCSIPGName

__all__ = [
    "iSCSICommandCreateInitiator",
    "iSCSICommandCreatePortal",
    "iSCSICommandCreatePortalGroup",
    "iSCSICommandCreateTarget",
    "iSCSICommandDeleteInitiator",
    "iSCSICommandDeletePortal",
    "iSCSICommandDeletePortalGroup",
    "iSCSICommandDeleteTarget",
    "iSCSICommandExport",
    "iSCSICommandExportDelete",
    "iSCSICommandInitiatorAddNetwork",
    "iSCSICommandPortalGroupAddNetwork",
    "iSCSICommandSetBaseName",
    "iSCSIConfig",
    "iSCSIConfigChange",
    "iSCSIConfigCommand",
    "iSCSIConfigData",
    "iSCSIExport",
    "iSCSIInitiator",
    "iSCSIPGNetwork",
    "iSCSIPortal",
    "iSCSIPortalGroup",
    "iSCSITarget",
]


class iSCSIExport(JsonObjectImpl):
    """One export of a volume to an initiator."""

    portalGroup: iSCSIPGName
    """The portal group that it goes through."""

    target: iSCSIName
    """The target that it goes through."""


class iSCSIInitiator(JsonObjectImpl):
    """One iSCSI initiator that the cluster knows."""

    name: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The initiator's IQN."""

    username: Annotated[str, Example("app")]
    """The CHAP user name."""

    secret: Annotated[str, Example("not-so-secret")]
    """The CHAP password."""

    nets: Annotated[List[str], Example(["192.0.2.0/24"])] = []
    """The networks that the initiator comes from."""

    exports: List[iSCSIExport] = []
    """The volumes exported to the initiator."""


class iSCSIPGNetwork(JsonObjectImpl):
    """A network of a portal group."""

    address: Annotated[str, Example("192.0.2.0")]
    """The IPv4 address of the network."""

    prefix: Annotated[int, Example(24)]
    """The length of the prefix, in bits."""


class iSCSIPortal(JsonObjectImpl):
    """One portal."""

    controller: iSCSIId
    """The iSCSI controller, that is the StorPool target service, that runs the portal."""

    ip: Annotated[str, Example("192.0.2.20")]
    """The IP address."""

    port: Annotated[str, Example("3260")]
    """The TCP port, which is a string here."""


class iSCSIPortalGroup(JsonObjectImpl):
    """One portal group."""

    name: iSCSIPGName
    """The portal group's name."""

    networks: List[iSCSIPGNetwork] = []
    """The networks that it can be reached on."""

    portals: List[iSCSIPortal] = []
    """Its portals."""


class iSCSITarget(JsonObjectImpl):
    """One iSCSI target."""

    currentControllerId: int
    """The iSCSI controller, that is the StorPool target service, that is in charge of the target now."""

    name: iSCSIName
    """The IQN under which initiators see the target."""

    volume: VolumeNameOrGlobalId
    """The volume behind it."""


class iSCSIConfigData(JsonObjectImpl):
    """The cluster's iSCSI configuration."""

    baseName: Annotated[iSCSIName, Example("iqn.2024-05.com.example")]
    """The cluster's base IQN."""

    initiators: Dict[iSCSIId, iSCSIInitiator] = {}
    """The known initiators, by number."""

    portalGroups: Dict[int, iSCSIPortalGroup] = {}
    """The portal groups, by number."""

    targets: Dict[int, iSCSITarget] = {}
    """The targets, by number."""


class iSCSIConfig(JsonObjectImpl):
    """The reply with the cluster's iSCSI configuration."""

    iscsi: iSCSIConfigData
    """The configuration proper."""


class iSCSICommandSetBaseName(JsonObjectImpl):
    """A command to change the base IQN."""

    name: Annotated[iSCSIName, Example("iqn.2024-05.com.example")]
    """The new base IQN."""


class iSCSICommandCreatePortalGroup(JsonObjectImpl):
    """A command to make a portal group."""

    name: iSCSIPGName
    """The portal group's name."""


class iSCSICommandDeletePortalGroup(JsonObjectImpl):
    """A command to remove a portal group."""

    name: iSCSIPGName
    """The portal group's name."""


class iSCSICommandPortalGroupAddNetwork(JsonObjectImpl):
    """A command to add a network to a portal group."""

    portalGroup: iSCSIPGName
    """The portal group to change."""

    net: Annotated[str, Example("192.0.2.0/24")]
    """The network in CIDR form, `x.x.x.x/n`."""


class iSCSICommandCreatePortal(JsonObjectImpl):
    """A command to make a portal."""

    portalGroup: iSCSIPGName
    """The portal group to change."""

    controller: iSCSIId
    """The iSCSI controller, that is the StorPool target service, that runs the portal."""

    ip: Annotated[str, Example("192.0.2.20")]
    """The IP address."""

    port: Optional[int] = None
    """The TCP port. Null is 3260."""


class iSCSICommandDeletePortal(JsonObjectImpl):
    """A command to remove a portal."""

    ip: Annotated[str, Example("192.0.2.20")]
    """The IP address."""

    port: Optional[int] = None
    """The TCP port. Null is 3260."""


class iSCSICommandCreateTarget(JsonObjectImpl):
    """A command to make a target for a volume."""

    volumeName: VolumeNameOrGlobalId
    """The volume concerned."""


class iSCSICommandDeleteTarget(JsonObjectImpl):
    """A command to remove the target of a volume."""

    volumeName: VolumeNameOrGlobalId
    """The volume concerned."""


class iSCSICommandCreateInitiator(JsonObjectImpl):
    """A command to make an initiator known."""

    name: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The IQN that the initiator connects with."""

    username: Annotated[str, Example("app")]
    """The user name that it authenticates with."""

    secret: Annotated[str, Example("not-so-secret")]
    """The password that it authenticates with."""


class iSCSICommandDeleteInitiator(JsonObjectImpl):
    """A command to remove an initiator."""

    name: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The initiator's IQN."""


class iSCSICommandInitiatorAddNetwork(JsonObjectImpl):
    """A command to add a network that an initiator may come from."""

    initiator: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The IQN of the initiator to change."""

    net: Annotated[str, Example("192.0.2.0/24")]
    """The network in CIDR form, `x.x.x.x/n`."""


class iSCSICommandExport(JsonObjectImpl):
    """A command to export a volume, whose target must exist already."""

    initiator: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The IQN of the initiator that gains access."""

    portalGroup: iSCSIPGName
    """The portal group to export in."""

    volumeName: VolumeNameOrGlobalId
    """The volume concerned."""


class iSCSICommandExportDelete(JsonObjectImpl):
    """A command to end the export of a volume."""

    initiator: Annotated[iSCSIName, Example("iqn.1993-08.org.debian:01:4b8f0c")]
    """The IQN of the initiator that loses access."""

    portalGroup: iSCSIPGName
    """The portal group of the export."""

    volumeName: VolumeNameOrGlobalId
    """The volume concerned."""


class iSCSIConfigCommand(JsonObjectImpl):
    """One configuration command. Exactly one of the fields is to be set, which the bindings do not check."""

    setBaseName: Optional[iSCSICommandSetBaseName] = None
    """Changes the base IQN."""

    createPortalGroup: Optional[iSCSICommandCreatePortalGroup] = None
    """Makes a portal group."""

    deletePortalGroup: Optional[iSCSICommandDeletePortalGroup] = None
    """Removes a portal group."""

    portalGroupAddNetwork: Optional[iSCSICommandPortalGroupAddNetwork] = None
    """Adds a network to a portal group."""

    createPortal: Optional[iSCSICommandCreatePortal] = None
    """Makes a portal."""

    deletePortal: Optional[iSCSICommandDeletePortal] = None
    """Removes a portal."""

    createTarget: Optional[iSCSICommandCreateTarget] = None
    """Makes a target for a volume."""

    deleteTarget: Optional[iSCSICommandDeleteTarget] = None
    """Removes the target of a volume."""

    createInitiator: Optional[iSCSICommandCreateInitiator] = None
    """Makes an initiator known."""

    deleteInitiator: Optional[iSCSICommandDeleteInitiator] = None
    """Removes an initiator."""

    initiatorAddNetwork: Optional[iSCSICommandInitiatorAddNetwork] = None
    """Adds a network that an initiator comes from."""

    export: Optional[iSCSICommandExport] = None
    """Exports a volume whose target exists."""

    exportDelete: Optional[iSCSICommandExportDelete] = None
    """Ends the export of a volume."""


class iSCSIConfigChange(JsonObjectImpl):
    """A list of configuration commands."""

    commands: List[iSCSIConfigCommand] = []
    """The commands to apply, in this order."""
