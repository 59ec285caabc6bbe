"""Clone a volume or a snapshot, to try something on real data.

    python examples/clone_volume.py SOURCE NAME [--snapshot] [--template test] [--iops 500]

The clone shares unchanged data with its source. It gets the tag `clone-of`. With --iops it is limited, so that tests
do not slow production down.
"""

from program import connect, parser, run

from storpool.sptypes import VolumeCreateDesc


def main() -> None:
    """Make the clone."""
    options = parser(__doc__)
    options.add_argument("source")
    options.add_argument("name")
    options.add_argument("--snapshot", action="store_true", help="the source is a snapshot, not a volume")
    options.add_argument("--template", help="the template of the clone; by default the settings of the source")
    options.add_argument("--iops", type=int, help="a limit for the clone")
    args = options.parse_args()

    reply = connect().volumeCreate(
        VolumeCreateDesc(
            name=args.name,
            parent=args.source if args.snapshot else None,
            baseOn=None if args.snapshot else args.source,
            template=args.template,
            iops=args.iops,
            # An unnamed source is `~` and its global id; a tag cannot contain `~`.
            tags={"clone-of": args.source.lstrip("~")},
        )
    )
    print(f"{args.name} ~{reply.globalId}")


if __name__ == "__main__":
    run(main)
