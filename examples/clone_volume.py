"""Clone a volume, or a snapshot, to try something on real data.

    python examples/clone_volume.py SOURCE NAME [--snapshot] [--template test] [--iops 500]

The clone shares the data that it does not change. It is tagged `clone-of`, and may be limited, so that tests do not
take what production needs.
"""

from program import connect, parser, run

from storpool.sptypes import VolumeCreateDesc


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("source")
    options.add_argument("name")
    options.add_argument("--snapshot", action="store_true", help="the source is a snapshot, not a volume")
    options.add_argument("--template", help="the settings of the clone; those of the source when left out")
    options.add_argument("--iops", type=int, help="a limit for the clone")
    args = options.parse_args()

    made = connect().volumeCreate(
        VolumeCreateDesc(
            name=args.name,
            parent=args.source if args.snapshot else None,
            baseOn=None if args.snapshot else args.source,
            template=args.template,
            iops=args.iops,
            # A source without a name is given by its global id, and `~` is no letter of a tag.
            tags={"clone-of": args.source.lstrip("~")},
        )
    )
    print(f"{args.name} ~{made.globalId}")


if __name__ == "__main__":
    run(main)
