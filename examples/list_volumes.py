"""List volumes, the space they use, and where they are attached.

python examples/list_volumes.py [--tag app=db] [--by stored]
"""

from typing import Dict, List

from program import connect, has_tag, human, parser, print_table, run, tag


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.add_argument("--tag", type=tag, metavar="NAME=VALUE", help="only volumes with this tag")
    options.add_argument("--by", choices=["name", "size", "stored"], default="name", help="the order (%(default)s)")
    args = options.parse_args()

    api = connect()
    places: Dict[str, List[str]] = {}
    for attachment in api.attachmentsList():
        places.setdefault(attachment.volume, []).append(f"{attachment.client}:{attachment.rights}")
    names = {volume.name for volume in api.volumesList() if args.tag is None or has_tag(volume, args.tag)}
    # The list with the space may contain snapshots too.
    volumes = [volume for volume in api.volumesSpace() if volume.name in names]
    if args.by == "name":
        volumes.sort(key=lambda volume: volume.name)
    else:
        volumes.sort(key=lambda volume: volume.size if args.by == "size" else volume.storedSize, reverse=True)
    print_table(
        ("NAME", "SIZE", "STORED", "USED", "TEMPLATE", "CLIENTS"),
        [
            (
                volume.name,
                human(volume.size),
                human(volume.storedSize),
                f"{100 * volume.storedSize / volume.size:.0f}%",
                volume.templateName or "-",
                " ".join(places.get(volume.name, ["-"])),
            )
            for volume in volumes
        ],
    )


if __name__ == "__main__":
    run(main)
