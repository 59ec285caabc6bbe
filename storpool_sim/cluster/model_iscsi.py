"""The configuration of iSCSI, which names volumes by their numbers, so that it can be copied."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

DEFAULT_PORT = 3260


class Export(NamedTuple):
    """What an initiator may use: the target of a volume, through a portal group."""

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
    """Portals that belong together."""

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
    """A session, which a test has begun."""

    number: int
    controller: int
    initiator: str
    target: str
    portal: Portal
    address: str
    created: float


@dataclass
class ISCSI:
    """The whole configuration. The maps are keyed by number; no number is used twice."""

    baseName: str
    initiators: Dict[int, Initiator] = field(default_factory=dict)
    groups: Dict[int, PortalGroup] = field(default_factory=dict)
    targets: Dict[int, Target] = field(default_factory=dict)
    logins: List[Login] = field(default_factory=list)
    #: Controllers that answer no queries. For tests.
    silent: Set[int] = field(default_factory=set)
    serial: int = 0

    def copy(self) -> ISCSI:
        """Return a copy that can be changed without changing this one."""
        return copy.deepcopy(self)

    def next_number(self) -> int:
        """Return a number never used before."""
        self.serial += 1
        return self.serial

    def initiator(self, name: str) -> Optional[Initiator]:
        """Return the initiator with a name, if there is one."""
        return next((initiator for initiator in self.initiators.values() if initiator.name == name), None)

    def group(self, name: str) -> Optional[PortalGroup]:
        """Return the portal group with a name, if there is one."""
        return next((group for group in self.groups.values() if group.name == name), None)

    def target(self, volume: int) -> Optional[Target]:
        """Return the target of a volume, if there is one."""
        return next((target for target in self.targets.values() if target.volume == volume), None)

    def portal(self, ip: str, port: int) -> Optional[Portal]:
        """Return the portal with an address, if there is one."""
        portals = [portal for group in self.groups.values() for portal in group.portals]
        return next((portal for portal in portals if (portal.ip, portal.port) == (ip, port)), None)

    def exports(self) -> List[Export]:
        """Return every export, of every initiator."""
        return [export for initiator in self.initiators.values() for export in initiator.exports]

    def forget(self, volume: int) -> None:
        """Drop the target and the exports of a volume."""
        for number in [number for number, target in self.targets.items() if target.volume == volume]:
            name = self.targets.pop(number).name
            self.logins = [login for login in self.logins if login.target != name]
        for initiator in self.initiators.values():
            initiator.exports = [export for export in initiator.exports if export.volume != volume]
