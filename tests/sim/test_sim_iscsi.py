"""iSCSI on the simulated cluster, through the bindings."""

from __future__ import annotations

import pytest

from storpool_sim.calls.iscsi_sessions import login

GiB = 1 << 30
IQN = "iqn.1994-05.com.redhat:host"

GROUP = {"createPortalGroup": {"name": "pg"}}
NETWORK = {"portalGroupAddNetwork": {"portalGroup": "pg", "net": "192.0.2.10/24"}}
PORTAL = {"createPortal": {"portalGroup": "pg", "controller": 1, "ip": "192.0.2.10"}}
INITIATOR = {"createInitiator": {"name": IQN, "username": "u", "secret": "s"}}
INITIATOR_NETWORK = {"initiatorAddNetwork": {"initiator": IQN, "net": "192.0.2.0/24"}}
TARGET = {"createTarget": {"volumeName": "v"}}
EXPORT = {"export": {"initiator": IQN, "portalGroup": "pg", "volumeName": "v"}}
UNEXPORT = {"exportDelete": {"initiator": IQN, "portalGroup": "pg", "volumeName": "v"}}
EVERYTHING = [GROUP, NETWORK, PORTAL, INITIATOR, INITIATOR_NETWORK, TARGET, EXPORT]


@pytest.fixture
def change(api):
    return lambda *commands: api.iSCSIConfigChange({"commands": list(commands)})


@pytest.fixture(autouse=True)
def volume(api):
    api.volumeCreate({"name": "v", "size": GiB, "replication": 3})


def test_a_volume_is_exported(api, change):
    before = api.iSCSIConfig().iscsi
    assert (before.initiators, before.portalGroups, before.targets) == ({}, {}, {})
    change({"setBaseName": {"name": "iqn.2007-11.com.storpool:x"}}, *EVERYTHING)
    now = api.iSCSIConfig().iscsi
    (target,) = now.targets.values()
    assert (target.name, target.volume) == ("iqn.2007-11.com.storpool:x:v", "v")
    (initiator,) = now.initiators.values()
    assert (initiator.name, initiator.username, initiator.secret, initiator.nets) == (IQN, "u", "s", ["192.0.2.0/24"])
    assert [(export.portalGroup, export.target) for export in initiator.exports] == [("pg", target.name)]
    (group,) = now.portalGroups.values()
    assert [(network.address, network.prefix) for network in group.networks] == [("192.0.2.10", 24)]
    assert [(portal.controller, portal.ip, portal.port) for portal in group.portals] == [(1, "192.0.2.10", "3260")]


def test_everything_is_taken_back(api, change):
    change(*EVERYTHING)
    change(
        UNEXPORT,
        {"deleteTarget": {"volumeName": "v"}},
        {"deleteInitiator": {"name": IQN}},
        {"deletePortal": {"ip": "192.0.2.10", "port": 3260}},
        {"deletePortalGroup": {"name": "pg"}},
    )
    now = api.iSCSIConfig().iscsi
    assert (now.initiators, now.portalGroups, now.targets) == ({}, {}, {})


def test_commands_apply_all_or_none(api, change, refused):
    before = api.iSCSIConfig().to_json()["iscsi"]
    refused("objectExists", change, *EVERYTHING, EXPORT)
    after = api.iSCSIConfig().to_json()["iscsi"]
    assert after.targets == before.targets == {}
    assert after.portalGroups == after.initiators == {}


@pytest.mark.parametrize("command", [GROUP, NETWORK, PORTAL, INITIATOR, INITIATOR_NETWORK, TARGET, EXPORT])
def test_what_is_there_is_not_made_again(change, refused, command):
    change(*EVERYTHING)
    refused("objectExists", change, command)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("objectDoesNotExist", UNEXPORT),
        ("objectDoesNotExist", EXPORT),
        ("objectDoesNotExist", NETWORK),
        ("objectDoesNotExist", INITIATOR_NETWORK),
        ("objectDoesNotExist", {"createTarget": {"volumeName": "nope"}}),
        ("objectDoesNotExist", {"deleteInitiator": {"name": IQN}}),
        ("objectDoesNotExist", {"deletePortalGroup": {"name": "pg"}}),
        ("objectDoesNotExist", {"deletePortal": {"ip": "192.0.2.10"}}),
        ("invalidParam", {"deleteTarget": {"volumeName": "v"}}),
        ("invalidParam", {"deleteTarget": {"volumeName": "nope"}}),
        ("invalidParam", {}),
        ("invalidParam", {**GROUP, **INITIATOR}),
    ],
)
def test_what_is_not_there_is_refused(change, refused, name, command):
    refused(name, change, command)


@pytest.mark.parametrize(
    "command",
    [
        {"portalGroupAddNetwork": {"portalGroup": "pg", "net": "300.0.0.0/8"}},
        {"createPortal": {"portalGroup": "pg", "controller": 1, "ip": "x"}},
        {"createPortal": {"portalGroup": "pg", "controller": 1, "ip": "192.0.2.10", "port": 0}},
    ],
)
def test_addresses_are_checked(change, refused, command):
    change(GROUP)
    refused("invalidParam", change, command)


@pytest.mark.parametrize(
    "command",
    [{"deleteTarget": {"volumeName": "v"}}, {"deleteInitiator": {"name": IQN}}, {"deletePortalGroup": {"name": "pg"}}],
)
def test_what_is_exported_is_busy(change, refused, command):
    change(*EVERYTHING)
    refused("busy", change, command)


def test_a_volume_takes_its_target_along(api, change):
    change(*EVERYTHING)
    api.volumeUpdate("v", {"rename": "V_2"})
    assert next(iter(api.iSCSIConfig().iscsi.targets.values())).volume == "V_2"
    api.volumeDelete("V_2")
    now = api.iSCSIConfig().iscsi
    assert now.targets == {} and next(iter(now.initiators.values())).exports == []


def test_target_names_have_the_letters_they_may_have(api, change):
    for name in ("A_b", "a-b"):
        api.volumeCreate({"name": name, "size": GiB, "replication": 3})
        change({"createTarget": {"volumeName": name}})
    names = {target.name for target in api.iSCSIConfig().iscsi.targets.values()}
    assert len(names) == 2 and all(name.islower() and "_" not in name for name in names)


def test_sessions_are_those_that_were_played(sim, api, change):
    change(*EVERYTHING)
    assert api.iSCSISessionsInfo().sessions == []
    login(sim.cluster, IQN, "v")
    (session,) = api.iSCSISessionsInfo().sessions
    assert (session.status, session.initiator, session.tcp.portalIP) == ("ok", IQN, "192.0.2.10")
    assert session.stats.login == 1
    assert api.iSCSISessionsInfo({"controllerIds": [2]}).sessions == []


def test_a_controller_that_does_not_answer_has_an_entry_that_says_so(sim, api, refused):
    sim.cluster.iscsi.silent.add(2)
    assert [(session.controllerId, session.status) for session in api.iSCSISessionsInfo().sessions] == [(2, "timeout")]
    first, second = api.iSCSInterfacesInfo().controllers
    assert (first.status, [interface.state for interface in first.interfaces]) == ("ok", ["up", "up"])
    assert (second.status, second.interfaces) == ("timeout", None)
    refused("objectDoesNotExist", api.iSCSISessionsInfo, {"controllerIds": [9]})
    assert set(api.servicesList().iscsiTargets) == {1, 2}
