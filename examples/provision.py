"""Make a volume from a template, attach it to this host, and wait for its device.

    python examples/provision.py TEMPLATE NAME [--size 50G] [--tag app=db]

Prints the path of the device. When the volume cannot be attached, it is deleted again.
"""

import os

from program import FAILURES, Failure, connect, our_client, parser, run, size, tag

from storpool import spapi
from storpool.sptypes import VolumeCreateDesc, VolumeReassignDesc
from storpool.sputils import pathPollWait


def main() -> None:
    """Make the volume, attach it, and print its device."""
    options = parser(__doc__)
    options.add_argument("template")
    options.add_argument("name")
    options.add_argument("--size", type=size, help="the size; by default that of the template")
    options.add_argument("--tag", type=tag, action="append", default=[], metavar="NAME=VALUE")
    options.add_argument("--client", type=int, help="the client to attach to; by default this host")
    options.add_argument("--dev-dir", default=spapi.SP_DEV_PATH, help="the directory of the devices (%(default)s)")
    options.add_argument(
        "--wait", type=float, default=60, metavar="SECONDS", help="how long to wait for the device (%(default)s)"
    )
    args = options.parse_args()

    api = connect()
    client = args.client if args.client is not None else our_client()
    api.volumeCreate(
        VolumeCreateDesc(name=args.name, template=args.template, size=args.size, tags=dict(args.tag) or None)
    )
    try:
        api.volumesReassignWait([VolumeReassignDesc(volume=args.name, rw=[client])])
    except FAILURES:
        api.volumeDelete(args.name)
        raise
    device = os.path.join(args.dev_dir, args.name)
    # The client has attached the volume; udev makes the link a little later.
    if not pathPollWait(device, shouldExist=True, isLink=True, pollTime=0.2, maxTime=args.wait):
        raise Failure(f"{args.name} is attached to client {client}, but {device} has not appeared")
    print(device)


if __name__ == "__main__":
    run(main)
