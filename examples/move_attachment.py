"""Attach a volume to another client, and detach it from all others, in one request.

    python examples/move_attachment.py VOLUME CLIENT [--force]

The cluster refuses while a program has the device open. With --force it does not, and that program gets I/O errors.
"""

from typing import List

from program import connect, parser, run

from storpool import spapi
from storpool.sptypes import VolumeReassignDesc


def clients(api: spapi.Api, volume: str) -> List[str]:
    """List the clients that a volume is attached to."""
    return [
        f"{attachment.client}:{attachment.rights}"
        for attachment in api.attachmentsList()
        if attachment.volume == volume
    ]


def main() -> None:
    """Move the attachment."""
    options = parser(__doc__)
    options.add_argument("volume")
    options.add_argument("client", type=int)
    options.add_argument("--force", action="store_true", help="move it even while it is open")
    args = options.parse_args()

    api = connect()
    before = clients(api, args.volume)
    move = VolumeReassignDesc(volume=args.volume, detach="all", rw=[args.client], force=args.force)
    api.volumesReassignWait([move])
    print(f"{args.volume}: {' '.join(before) or 'nowhere'} -> {' '.join(clients(api, args.volume))}")


if __name__ == "__main__":
    run(main)
