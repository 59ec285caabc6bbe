"""Let an initiator use a volume over iSCSI, or stop that.

    python examples/export_iscsi.py VOLUME INITIATOR PORTALGROUP [--remove]

Makes the target and the initiator where they are missing; what is there already stays. Prints the target and the
portals to log in to.
"""

from typing import Any, Dict, List

from program import Failure, connect, parser, run

from storpool.sptypes import iSCSIConfigData


def exported(config: iSCSIConfigData, initiator: str, group: str, target: str) -> bool:
    """Tell whether an initiator may use a target through a portal group."""
    return any(
        one.portalGroup == group and one.target == target
        for each in config.initiators.values()
        if each.name == initiator
        for one in each.exports
    )


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("initiator", help="its IQN")
    options.add_argument("group", metavar="PORTALGROUP")
    options.add_argument("--remove", action="store_true", help="end the export; the target goes with the last one")
    args = options.parse_args()

    api = connect()
    config = api.iSCSIConfig().iscsi
    groups = {one.name: one for one in config.portalGroups.values()}
    if args.group not in groups:
        raise Failure(f"there is no portal group {args.group}; there are: {', '.join(sorted(groups)) or 'none'}")
    targets = {one.volume: one.name for one in config.targets.values()}
    target = targets.get(args.volume, "")
    there = exported(config, args.initiator, args.group, target)
    export = {"initiator": args.initiator, "portalGroup": args.group, "volumeName": args.volume}
    # All commands of a request are applied in their order, or none is.
    commands: List[Dict[str, Any]] = []
    if args.remove:
        if there:
            commands.append({"exportDelete": export})
        exports = sum(one.target == target for each in config.initiators.values() for one in each.exports)
        if target and exports == int(there):
            commands.append({"deleteTarget": {"volumeName": args.volume}})
    else:
        if not target:
            commands.append({"createTarget": {"volumeName": args.volume}})
        if all(one.name != args.initiator for one in config.initiators.values()):
            commands.append({"createInitiator": {"name": args.initiator, "username": "", "secret": ""}})
        if not there:
            commands.append({"export": export})
    if commands:
        api.iSCSIConfigChange({"commands": commands})

    if args.remove:
        print(f"{args.initiator} has no access to {args.volume} through {args.group}")
        return
    for one in api.iSCSIConfig().iscsi.targets.values():
        if one.volume == args.volume:
            print(f"target {one.name}")
    for portal in groups[args.group].portals:
        print(f"portal {portal.ip}:{portal.port}")


if __name__ == "__main__":
    run(main)
