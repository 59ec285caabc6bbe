"""``python -m storpool.sptype show VolumeSummary``: print the code that reads and writes objects of a class."""

from __future__ import annotations

import argparse
import sys
from typing import List, Optional

from . import encoder, generator


def main(argv: Optional[List[str]] = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m storpool.sptype", description="Look into the type system.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print the code that is made for reading and writing objects of a class")
    show.add_argument("name", metavar="CLASS", help="a class of objects, as VolumeSummary")
    options = parser.parse_args(argv)

    from ..spdoc.build import object_classes

    classes = object_classes()
    if options.name not in classes:
        parser.error(f"there is no class {options.name!r} in storpool.sptypes")
    cls = classes[options.name]
    print(generator.source(cls.__spnode__)[0])
    print("# With nulls, and as the body of a request.")
    print(encoder.source(cls, nulls=True), encoder.source(cls, nulls=False), sep="\n", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
