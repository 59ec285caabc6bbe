"""Live iSCSI sessions, and the interfaces of the controllers.

No initiator can log in to a simulation, so a test begins the sessions: `login(cluster, ...)`. A controller that does
not run, or is in `cluster.iscsi.silent`, answers neither query: its entry says "timeout".
"""

from __future__ import annotations

from typing import List, Mapping, Optional, Type, TypeVar

from storpool.spjson import JsonObjectImpl
from storpool.sptype import spType
from storpool.sptypes import (
    iSCSIControllerIntefacesInfo,
    iSCSIControllerInterfaceInfo,
    iSCSIControllersIntefacesInfo,
    iSCSIControllersQuery,
    iSCSISessionInfo,
    iSCSISessionStats,
    iSCSISessionTasks,
    iSCSISessionTcp,
    iSCSISessionTcpStats,
)
from storpool.sptypes import iSCSISessionsInfo as Sessions

from ..cluster import Cluster
from ..cluster.errors import ObjectDoesNotExist
from ..cluster.model_iscsi import Login
from .registry import handles

_Counters = TypeVar("_Counters", bound=JsonObjectImpl)


def login(cluster: Cluster, initiator: str, volume: str, address: str = "192.0.2.1") -> Login:
    """Simulate that an initiator logs in to the target of a volume that is exported to it."""
    with cluster.lock:
        state = cluster.iscsi
        record, host = cluster.volume(volume), state.initiator(initiator)
        target = state.target(record.id)
        export = (
            next((export for export in host.exports if export.volume == record.id), None) if host is not None else None
        )
        group = state.group(export.portalGroup) if export is not None else None
        if target is None or group is None or not group.portals:
            raise ObjectDoesNotExist(f"Volume '{volume}' is not exported to '{initiator}' through any portal.")
        portal = next((portal for portal in group.portals if portal.controller == target.controller), group.portals[0])
        number = state.next_number()
        session = Login(number, portal.controller, initiator, target.name, portal, address, cluster.clock.now())
        state.logins.append(session)
        return session


@handles(lacks="sessions that a test begins")
def iSCSISessionsInfo(cluster: Cluster, json: Optional[iSCSIControllersQuery] = None) -> Sessions:
    """List the sessions of the controllers that answer, and an entry for each that does not."""
    sessions = []
    for number in _asked(cluster, json):
        if _silent(cluster, number):
            sessions.append(iSCSISessionInfo(status="timeout", controllerId=number))
        else:
            sessions.extend(_session(login) for login in cluster.iscsi.logins if login.controller == number)
    return Sessions(sessions=sessions)


@handles
def iSCSInterfacesInfo(cluster: Cluster, json: Optional[iSCSIControllersQuery] = None) -> iSCSIControllersIntefacesInfo:
    """List two interfaces for each controller."""
    return iSCSIControllersIntefacesInfo(
        controllers=[
            iSCSIControllerIntefacesInfo(status="timeout", controllerId=number)
            if _silent(cluster, number)
            else iSCSIControllerIntefacesInfo(status="ok", controllerId=number, interfaces=_interfaces(number))
            for number in _asked(cluster, json)
        ]
    )


def _asked(cluster: Cluster, query: Optional[iSCSIControllersQuery]) -> List[int]:
    if query is None or query.controllerIds is None:
        return sorted(cluster.controllers)
    for number in query.controllerIds:
        if number not in cluster.controllers:
            raise ObjectDoesNotExist(f"iSCSI controller {number} does not exist.")
    return list(query.controllerIds)


def _silent(cluster: Cluster, number: int) -> bool:
    return number in cluster.iscsi.silent or not cluster.controllers[number].running


def _interfaces(number: int) -> List[iSCSIControllerInterfaceInfo]:
    return [
        iSCSIControllerInterfaceInfo(
            port=port,
            state="up",
            interfaceName=f"sp{port}",
            MAC=f"02:00:00:01:{number:02x}:{port:02x}",
            resolveInterfaceName=f"sp{port}-resolve",
        )
        for port in (0, 1)
    ]


def _counters(cls: Type[_Counters], counted: Mapping[str, int]) -> _Counters:
    """Return an object all of whose fields are counters."""
    counters: _Counters = spType(cls).handleVal({name: counted.get(name, 0) for name in cls.__spfields__})
    return counters


def _session(login: Login) -> iSCSISessionInfo:
    # No data passes through a simulated session: only the login is counted.
    return iSCSISessionInfo(
        status="ok",
        controllerId=login.controller,
        connectionId=login.number,
        ISID=f"0x{login.number:012x}",
        timeCreated=int(login.created),
        target=login.target,
        initiator=login.initiator,
        stats=_counters(iSCSISessionStats, {"login": 1, "loginRsp": 1}),
        tasks=_counters(iSCSISessionTasks, {"inFreeList": 128}),
        tcp=iSCSISessionTcp(
            portalIP=login.portal.ip,
            portalPort=login.portal.port,
            initiatorIP=login.address,
            initiatorPort=49152 + login.number % 16384,
            wscale=7,
            localMSS=1460,
            remoteMSS=1460,
            remoteWindowSize=65536,
            hwPort=0,
            stats=_counters(iSCSISessionTcpStats, {}),
        ),
    )
