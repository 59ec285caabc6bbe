"""What StorPool's own OpenStack drivers do for hosts without its client: volumes go out through iSCSI."""

from storpool.spapi import Api, ApiError

GiB = 1 << 30
HOST = "iqn.1993-08.org.debian:01:compute1"
GROUP = "openstack_pg"


def change(api, *commands):
    api.iSCSIConfigChange({"commands": list(commands)})


def find(things, **wanted):
    """The first of a mapping's values that has these attributes."""
    for thing in things.values():
        if all(getattr(thing, name) == value for name, value in wanted.items()):
            return thing
    return None


def export(api, volume, initiator):
    """Let a host reach a volume; what is there already stays. Gives the target's name and address."""
    cfg = api.iSCSIConfig()
    group = find(cfg.iscsi.portalGroups, name=GROUP)
    commands = []
    known = find(cfg.iscsi.initiators, name=initiator)
    if known is None:
        commands.append({"createInitiator": {"name": initiator, "username": "", "secret": ""}})
    target = find(cfg.iscsi.targets, volume=volume)
    if target is None:
        commands.append({"createTarget": {"volumeName": volume}})
    exported = (
        [] if known is None or target is None else [export for export in known.exports if export.target == target.name]
    )
    if not exported:
        commands.append({"export": {"initiator": initiator, "portalGroup": GROUP, "volumeName": volume}})
    if commands:
        change(api, *commands)
    target = find(api.iSCSIConfig().iscsi.targets, volume=volume)
    return target.name, [f"{net.address}:3260" for net in group.networks]


def unexport(api, volume, initiator):
    """Take it back, and what was made for it where nobody else needs it."""
    cfg = api.iSCSIConfig()
    known, target = find(cfg.iscsi.initiators, name=initiator), find(cfg.iscsi.targets, volume=volume)
    if known is not None and target is not None:
        exports = [export for export in known.exports if export.target == target.name and export.portalGroup == GROUP]
        if exports:
            change(api, {"exportDelete": {"initiator": initiator, "portalGroup": GROUP, "volumeName": volume}})
    if target is not None:
        everyone = api.iSCSIConfig().iscsi.initiators.values()
        if not any(export.target == target.name for entry in everyone for export in entry.exports):
            change(api, {"deleteTarget": {"volumeName": volume}})


def main():
    api = Api.fromConfig()
    api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
    change(
        api,
        {"createPortalGroup": {"name": GROUP}},
        {"portalGroupAddNetwork": {"portalGroup": GROUP, "net": "192.0.2.1/24"}},
        {"createPortal": {"portalGroup": GROUP, "controller": 1, "ip": "192.0.2.3"}},
    )
    for number in (1, 2):
        api.volumeCreate({"name": f"os--volume-{number}", "template": "hybrid", "size": GiB, "tags": {"qc": "tier-1"}})
    base = api.iSCSIConfig().iscsi.baseName
    for _ in range(2):  # a repeated request is no error to the driver
        name, portals = export(api, "os--volume-1", HOST)
        assert (name, portals) == (f"{base}:os--volume-1", ["192.0.2.1:3260"]), (name, portals)
    export(api, "os--volume-2", HOST)
    export(api, "os--volume-1", HOST + "-other")
    try:
        change(api, {"export": {"initiator": HOST, "portalGroup": GROUP, "volumeName": "os--volume-1"}})
        raise AssertionError("exported twice")
    except ApiError as exc:
        assert exc.name == "objectExists", exc

    # A retype changes the class of service, a detachment comes before the deletion.
    (volume,) = api.volumeList("os--volume-1")
    volume.tags["qc"] = "tier-2"
    api.volumeUpdate("os--volume-1", {"tags": volume.tags, "template": "hybrid"})
    assert api.volumeList("os--volume-1")[0].tags == {"qc": "tier-2"}
    for initiator in (HOST, HOST, HOST + "-other"):
        unexport(api, "os--volume-1", initiator)
    unexport(api, "os--volume-2", HOST)
    assert not api.iSCSIConfig().iscsi.targets and api.attachmentsList() == []
    try:
        change(api, {"deleteTarget": {"volumeName": "os--volume-1"}})
        raise AssertionError("a target was deleted twice")
    except ApiError as exc:
        assert exc.name == "invalidParam", exc
    for number in (1, 2):
        api.volumeDelete(f"os--volume-{number}")
    print("done")


if __name__ == "__main__":
    main()
