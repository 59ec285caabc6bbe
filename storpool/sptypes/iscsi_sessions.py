"""Live iSCSI sessions and the network interfaces of iSCSI controllers."""

from __future__ import annotations

from typing import Annotated, List, Optional

from ..sptype import Example, JsonObjectImpl
from .scalars import iSCSIId

__all__ = [
    "iSCSIControllerIntefacesInfo",
    "iSCSIControllerInterfaceInfo",
    "iSCSIControllersIntefacesInfo",
    "iSCSIControllersQuery",
    "iSCSISessionInfo",
    "iSCSISessionStats",
    "iSCSISessionTasks",
    "iSCSISessionTcp",
    "iSCSISessionTcpStats",
    "iSCSISessionsInfo",
]


class iSCSISessionStats(JsonObjectImpl, since="5.5.0"):
    """The iSCSI PDUs of a session, counted by kind: first those from the initiator, then those from the target."""

    nopOut: int
    """The number of NOP-Out PDUs."""

    scsi: int
    """The number of SCSI Command PDUs."""

    task: int
    """The number of Task Management Function Request PDUs."""

    login: int
    """The number of Login Request PDUs."""

    text: int
    """The number of Text Request PDUs."""

    dataOut: int
    """The number of SCSI Data-Out PDUs."""

    logout: int
    """The number of Logout Request PDUs."""

    snack: int
    """The number of SNACK Request PDUs."""

    nopIn: int
    """The number of NOP-In PDUs."""

    scsiRsp: int
    """The number of SCSI Response PDUs."""

    taskRsp: int
    """The number of Task Management Function Response PDUs."""

    loginRsp: int
    """The number of Login Response PDUs."""

    textRsp: int
    """The number of Text Response PDUs."""

    dataIn: int
    """The number of SCSI Data-In PDUs."""

    logoutRsp: int
    """The number of Logout Response PDUs."""

    r2t: int
    """The number of Ready To Transfer PDUs."""

    reject: int
    """The number of Reject PDUs."""


class iSCSISessionTasks(JsonObjectImpl, since="5.5.0"):
    """The tasks of a session, counted by state."""

    inFreeList: int
    """How many task slots are not in use."""

    dataOut: int
    """How many tasks receive write data from the initiator."""

    queued: int
    """How many tasks wait to be processed."""

    processing: int
    """How many tasks are being processed."""

    dataResp: int
    """How many tasks send data or a response to the initiator."""

    aborted: int
    """How many tasks were aborted."""


class iSCSISessionTcpStats(JsonObjectImpl, since="5.5.0"):
    """The TCP counters of a session."""

    totalPacketsIn: int
    """The number of packets received."""

    totalBytesIn: int
    """The number of bytes received."""

    newPacketsIn: int
    """The number of received packets that carried new data."""

    newBytesIn: int
    """The number of new bytes received."""

    discardedPackets: int
    """The number of received packets thrown away."""

    discardedBytes: int
    """The number of received bytes thrown away."""

    dataHoles: int
    """The number of gaps met in the received data."""

    totalPacketsOut: int
    """The number of packets sent."""

    totalBytesOut: int
    """The number of bytes sent."""

    newPacketsOut: int
    """The number of sent packets that carried new data."""

    newBytesOut: int
    """The number of new bytes sent."""

    retransmittedPackets: int
    """The number of packets sent again."""

    retransmittedBytes: int
    """The number of bytes sent again."""

    retransmitsTimeout: int
    """The number of retransmissions set off by a timeout."""

    retransmitsAcks: int
    """The number of retransmissions set off by duplicate acknowledgements."""

    retransmitsAcks2: int
    """Its meaning is not known."""


class iSCSISessionTcp(JsonObjectImpl, since="5.5.0"):
    """The TCP side of a session."""

    portalIP: Annotated[str, Example("192.0.2.20")]
    """The portal's IP address."""

    portalPort: Annotated[int, Example(3260)]
    """The portal's TCP port."""

    initiatorIP: Annotated[str, Example("192.0.2.101")]
    """The initiator's IP address."""

    initiatorPort: Annotated[int, Example(49204)]
    """The initiator's TCP port."""

    wscale: Annotated[int, Example(7)]
    """The TCP window scale."""

    localMSS: Annotated[int, Example(1448)]
    """Our own maximum segment size, in bytes."""

    remoteMSS: Annotated[int, Example(1448)]
    """The initiator's maximum segment size, in bytes."""

    remoteWindowSize: Annotated[int, Example(262144)]
    """The initiator's TCP window, in bytes."""

    hwPort: Annotated[int, Example(0)]
    """The number of the hardware network port."""

    stats: iSCSISessionTcpStats
    """The TCP counters."""


class iSCSISessionInfo(JsonObjectImpl, since="5.5.0"):
    """One session, or a controller's failure to report its sessions."""

    status: Annotated[str, Example("ok")]
    """Either 'ok', or another value when the controller gave no session data."""

    controllerId: iSCSIId
    """The controller that reports."""

    connectionId: Annotated[Optional[int], Example(1)] = None
    """The id of the iSCSI connection."""

    ISID: Annotated[Optional[str], Example("00:02:3d:00:00:01")] = None
    """The initiator's id of the session."""

    timeCreated: Optional[int] = None
    """When the session was set up, as a Unix timestamp."""

    target: Annotated[Optional[str], Example("iqn.2024-05.com.example:db-1")] = None
    """The target's iSCSI name."""

    initiator: Annotated[Optional[str], Example("iqn.1993-08.org.debian:01:4b8f0c")] = None
    """The initiator's iSCSI name."""

    stats: Optional[iSCSISessionStats] = None
    """The counters of PDUs."""

    tasks: Optional[iSCSISessionTasks] = None
    """The active tasks, counted by state."""

    tcp: Optional[iSCSISessionTcp] = None
    """The TCP side of the session."""


class iSCSISessionsInfo(JsonObjectImpl, since="5.5.0"):
    """The reply with the sessions."""

    sessions: List[iSCSISessionInfo] = []
    """One record for each session."""


class iSCSIControllerInterfaceInfo(JsonObjectImpl, since="5.5.0"):
    """One network interface of an iSCSI controller."""

    port: Annotated[int, Example(0)]
    """The number of the hardware port."""

    state: Annotated[str, Example("up")]
    """The interface's state."""

    interfaceName: Annotated[str, Example("eno1")]
    """The interface's name."""

    MAC: Annotated[str, Example("52:54:00:12:34:56")]
    """The MAC address."""

    resolveInterfaceName: Annotated[str, Example("eno1")]
    """Presumably the name of the interface used for address resolution."""


class iSCSIControllersQuery(JsonObjectImpl, since="5.5.0"):
    """Which controllers to ask, and for how long."""

    msecsTimeout: Optional[int] = None
    """How long to wait, in milliseconds; 0 is no limit."""

    controllerIds: Optional[List[iSCSIId]] = None
    """The controllers to ask. Null asks all of them."""


class iSCSIControllerIntefacesInfo(JsonObjectImpl, since="5.5.0"):
    """The network interfaces of one iSCSI controller. The API's name for it does lack an r."""

    status: Annotated[str, Example("ok")]
    """Either 'ok', or another value when the controller did not report."""

    controllerId: iSCSIId
    """The controller."""

    interfaces: Optional[List[iSCSIControllerInterfaceInfo]] = None
    """Its interfaces. Null when it did not report."""


class iSCSIControllersIntefacesInfo(JsonObjectImpl, since="5.5.0"):
    """The reply with the network interfaces."""

    controllers: List[iSCSIControllerIntefacesInfo] = []
    """One record for each controller."""
