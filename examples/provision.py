"""Make a volume from a template, attach it to this host, and wait for its device.

    python examples/provision.py TEMPLATE NAME [--size 50G] [--tag app=db]

Prints the path of the device. What was made is removed again when the volume cannot be attached.
"""

import os

from program import FAILURES, Failure, connect, our_client, parser, run, size, tag

from storpool import spapi
from storpool.sptypes import VolumeCreateDesc
from storpool.sputils import pathPollWait


def main() -> None:
    """Do it."""
    options = parser(__doc__)
    options.add_argument("template")
    options.add_argument("name")
    options.add_argument("--size", type=size, help="another size than the template's")
    options.add_argument("--tag", type=tag, action="append", default=[], metavar="NAME=VALUE")
    options.add_argument("--client", type=int, help="the client to attach to; this host's when left out")
    options.add_argument("--dev-dir", default=spapi.SP_DEV_PATH, help="where devices appear (%(default)s)")
    options.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for the device (%(default)s)")
    args = options.parse_args()

    api = connect()
    client = args.client if args.client is not None else our_client()
    api.volumeCreate(
        VolumeCreateDesc(name=args.name, template=args.template, size=args.size, tags=dict(args.tag) or None)
    )
    try:
        api.volumesReassignWait({"reassign": [{"volume": args.name, "rw": [client]}]})
    except FAILURES:
        api.volumeDelete(args.name)
        raise
    device = os.path.join(args.dev_dir, args.name)
    # The client has confirmed; udev makes the link a little later.
    if not pathPollWait(device, shouldExist=True, isLink=True, pollTime=0.2, maxTime=args.wait):
        raise Failure(f"{args.name} is attached to client {client}, but {device} has not appeared")
    print(device)


if __name__ == "__main__":
    run(main)
