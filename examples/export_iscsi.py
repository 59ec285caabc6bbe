"""Export a volume to an initiator over iSCSI, or end the export.

    python examples/export_iscsi.py VOLUME INITIATOR PORTALGROUP [--remove]

Creates the target and the initiator if they are missing. Prints the target and the portals to log in to.
"""

from typing import List

from program import Failure, connect, parser, run

from storpool.sptypes import (
    iSCSICommandCreateInitiator,
    iSCSICommandCreateTarget,
    iSCSICommandDeleteTarget,
    iSCSICommandExport,
    iSCSICommandExportDelete,
    iSCSIConfigChange,
    iSCSIConfigCommand,
    iSCSIConfigData,
)


def is_exported(config: iSCSIConfigData, initiator: str, group: str, target: str) -> bool:
    """Return whether a target is exported to an initiator through a portal group."""
    return any(
        export.portalGroup == group and export.target == target
        for known in config.initiators.values()
        if known.name == initiator
        for export in known.exports
    )


def main() -> None:
    """Make the export, or remove it."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("initiator", help="its IQN")
    options.add_argument("group", metavar="PORTALGROUP")
    options.add_argument("--remove", action="store_true", help="end the export; the last one takes the target with it")
    args = options.parse_args()

    api = connect()
    config = api.iSCSIConfig().iscsi
    groups = {group.name: group for group in config.portalGroups.values()}
    if args.group not in groups:
        raise Failure(f"there is no portal group {args.group}; there are: {', '.join(sorted(groups)) or 'none'}")
    targets = {target.volume: target.name for target in config.targets.values()}
    target = targets.get(args.volume, "")
    exported = is_exported(config, args.initiator, args.group, target)
    # The cluster applies all commands of a request in their order, or none.
    commands: List[iSCSIConfigCommand] = []
    if args.remove:
        if exported:
            removal = iSCSICommandExportDelete(initiator=args.initiator, portalGroup=args.group, volumeName=args.volume)
            commands.append(iSCSIConfigCommand(exportDelete=removal))
        exports = sum(
            export.target == target for initiator in config.initiators.values() for export in initiator.exports
        )
        if target and exports == int(exported):
            commands.append(iSCSIConfigCommand(deleteTarget=iSCSICommandDeleteTarget(volumeName=args.volume)))
    else:
        if not target:
            commands.append(iSCSIConfigCommand(createTarget=iSCSICommandCreateTarget(volumeName=args.volume)))
        if all(initiator.name != args.initiator for initiator in config.initiators.values()):
            initiator = iSCSICommandCreateInitiator(name=args.initiator, username="", secret="")
            commands.append(iSCSIConfigCommand(createInitiator=initiator))
        if not exported:
            export = iSCSICommandExport(initiator=args.initiator, portalGroup=args.group, volumeName=args.volume)
            commands.append(iSCSIConfigCommand(export=export))
    if commands:
        api.iSCSIConfigChange(iSCSIConfigChange(commands=commands))

    if args.remove:
        print(f"{args.initiator} has no access to {args.volume} through {args.group}")
        return
    for known in api.iSCSIConfig().iscsi.targets.values():
        if known.volume == args.volume:
            print(f"target {known.name}")
    for portal in groups[args.group].portals:
        print(f"portal {portal.ip}:{portal.port}")


if __name__ == "__main__":
    run(main)
