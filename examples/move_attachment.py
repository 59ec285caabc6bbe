"""Attach a volume to another client, and to that one only: one request, which is done whole or not at all.

    python examples/move_attachment.py VOLUME CLIENT [--force]

While a program has the device open the cluster refuses, unless it is forced; that program then gets errors.
"""

from typing import List

from program import connect, parser, run

from storpool import spapi
from storpool.sptypes import VolumeReassignDesc


def clients(api: spapi.Api, volume: str) -> List[str]:
    """List where a volume is attached."""
    return [f"{one.client}:{one.rights}" for one in api.attachmentsList() if one.volume == volume]


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("client", type=int)
    options.add_argument("--force", action="store_true", help="even while it is open")
    args = options.parse_args()

    api = connect()
    before = clients(api, args.volume)
    move = VolumeReassignDesc(volume=args.volume, detach="all", rw=[args.client], force=args.force)
    api.volumesReassignWait({"reassign": [move]})
    print(f"{args.volume}: {' '.join(before) or 'nowhere'} -> {' '.join(clients(api, args.volume))}")


if __name__ == "__main__":
    run(main)
