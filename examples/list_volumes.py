"""List volumes with what they take and where they are attached.

python examples/list_volumes.py [--tag app=db] [--by stored]
"""

from typing import Dict, List

from program import connect, has_tag, human, parser, print_table, run, tag


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("--tag", type=tag, metavar="NAME=VALUE", help="only volumes with this tag")
    options.add_argument("--by", choices=["name", "size", "stored"], default="name", help="the order (%(default)s)")
    args = options.parse_args()

    api = connect()
    places: Dict[str, List[str]] = {}
    for one in api.attachmentsList():
        places.setdefault(one.volume, []).append(f"{one.client}:{one.rights}")
    names = {one.name for one in api.volumesList() if args.tag is None or has_tag(one, args.tag)}
    # The list with the space may have snapshots in it, too.
    volumes = [one for one in api.volumesSpace() if one.name in names]
    if args.by == "name":
        volumes.sort(key=lambda one: one.name)
    else:
        volumes.sort(key=lambda one: one.size if args.by == "size" else one.storedSize, reverse=True)
    print_table(
        ("NAME", "SIZE", "STORED", "USED", "TEMPLATE", "CLIENTS"),
        [
            (
                one.name,
                human(one.size),
                human(one.storedSize),
                f"{100 * one.storedSize / one.size:.0f}%",
                one.templateName or "-",
                " ".join(places.get(one.name, ["-"])),
            )
            for one in volumes
        ],
    )


if __name__ == "__main__":
    run(main)
