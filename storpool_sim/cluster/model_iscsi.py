"""What the export of volumes over iSCSI is made of; volumes stand here by their ids, so that it can be copied."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

DEFAULT_PORT = 3260


class Export(NamedTuple):
    """What an initiator may use: a target, by the id of its volume, through a portal group."""

    portalGroup: str
    volume: int


@dataclass
class Initiator:
    """A host that logs in."""

    name: str
    username: str
    secret: str
    nets: List[str] = field(default_factory=list)
    exports: List[Export] = field(default_factory=list)


@dataclass
class Portal:
    """An address at which a controller listens."""

    controller: int
    ip: str
    port: int


@dataclass
class PortalGroup:
    """Portals that are used together."""

    name: str
    networks: List[Tuple[str, int]] = field(default_factory=list)
    portals: List[Portal] = field(default_factory=list)


@dataclass
class Target:
    """A volume's iSCSI name."""

    name: str
    volume: int
    controller: int


@dataclass(frozen=True)
class Login:
    """A session that a test plays."""

    number: int
    controller: int
    initiator: str
    target: str
    portal: Portal
    address: str
    created: float


@dataclass
class ISCSI:
    """The whole of it. The maps go by number; numbers are not used again."""

    baseName: str
    initiators: Dict[int, Initiator] = field(default_factory=dict)
    groups: Dict[int, PortalGroup] = field(default_factory=dict)
    targets: Dict[int, Target] = field(default_factory=dict)
    logins: List[Login] = field(default_factory=list)
    #: Controllers that let queries wait for nothing. For tests.
    silent: Set[int] = field(default_factory=set)
    serial: int = 0

    def copy(self) -> ISCSI:
        """One that can be changed without changing this one."""
        return copy.deepcopy(self)

    def next_number(self) -> int:
        """A number never used before."""
        self.serial += 1
        return self.serial

    def initiator(self, name: str) -> Optional[Initiator]:
        """The initiator of a name."""
        return next((one for one in self.initiators.values() if one.name == name), None)

    def group(self, name: str) -> Optional[PortalGroup]:
        """The portal group of a name."""
        return next((one for one in self.groups.values() if one.name == name), None)

    def target(self, volume: int) -> Optional[Target]:
        """The target of a volume."""
        return next((one for one in self.targets.values() if one.volume == volume), None)

    def portal(self, ip: str, port: int) -> Optional[Portal]:
        """The portal of an address."""
        portals = [portal for group in self.groups.values() for portal in group.portals]
        return next((one for one in portals if (one.ip, one.port) == (ip, port)), None)

    def exports(self) -> List[Export]:
        """Every export, of whatever initiator."""
        return [export for one in self.initiators.values() for export in one.exports]

    def forget(self, volume: int) -> None:
        """Drop all that there is of a volume."""
        for number in [number for number, one in self.targets.items() if one.volume == volume]:
            name = self.targets.pop(number).name
            self.logins = [one for one in self.logins if one.target != name]
        for initiator in self.initiators.values():
            initiator.exports = [one for one in initiator.exports if one.volume != volume]
