"""``python -m storpool.sptype show VolumeSummary``: print the fields of a class and the type that msgspec reads."""

from __future__ import annotations

import argparse
import sys
from typing import List, Optional

from ..spdoc.build import object_classes
from .fast import described, use_msgspec
from .nodes import ObjectNode


def main(argv: Optional[List[str]] = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m storpool.sptype", description="Look into the type system.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print the fields of a class, and the type that msgspec decodes them to")
    show.add_argument("name", metavar="CLASS", help="a class of objects, as VolumeSummary")
    options = parser.parse_args(argv)
    classes = object_classes()
    if options.name not in classes:
        parser.error(f"there is no class {options.name!r} in storpool.sptypes")
    node: ObjectNode = classes[options.name].__spnode__
    for field in node.cls.__spfields__.values():
        print(f"{field.name}: {field.node.name}{'' if field.required else f' = {field.absent()!r}'}")
    if not use_msgspec():
        print("msgspec is not installed: replies are read by the nodes.")
        return 0
    print("", *described(node), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
