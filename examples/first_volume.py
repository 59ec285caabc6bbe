"""Make a volume, attach it, snapshot it, clone it, and clean up.

It takes the address of the cluster from StorPool's configuration or the environment. A simulated cluster will do:

    python -m storpool_sim serve --env-file sp.env &
    . ./sp.env
    python examples/first_volume.py
"""

from program import connect, our_client, parser, run

from storpool import spapi
from storpool.sptypes import VolumeCreateDesc, VolumeReassignDesc, VolumeSnapshotDesc, VolumeUpdateDesc
from storpool.sputils import GB


def main() -> None:
    """Go through the life of a volume."""
    options = parser(__doc__)
    options.add_argument("--name", default="first-volume", help="the name to use (%(default)s)")
    name = options.parse_args().name

    # SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN in the environment take precedence over /etc/storpool.conf.
    api = connect()
    client = our_client()

    reply = api.volumeCreate(VolumeCreateDesc(name=name, size=10 * GB, replication=3, tags={"made-by": "example"}))
    print(f"made {name}, global id {reply.globalId}")

    api.volumesReassignWait([VolumeReassignDesc(volume=name, rw=[client])])
    for attachment in api.attachmentsList():
        if attachment.volume == name:
            print(f"attached {attachment.volume} to client {attachment.client}, {attachment.rights}")

    try:
        api.volumeDelete(name)
    except spapi.ApiError as exc:
        print(f"not deleted: {exc.name}: {exc.desc}")

    api.snapshotCreate(name, VolumeSnapshotDesc(name=f"{name}-snapshot"))
    api.volumeCreate(VolumeCreateDesc(name=f"{name}-clone", parent=f"{name}-snapshot"))
    api.volumeUpdate(name, VolumeUpdateDesc(sizeAdd=5 * GB))
    for volume in api.volumesList():
        if volume.name.startswith(name):
            print(f"{volume.name}: {volume.size // GB} GiB, parent {volume.parentName or 'none'}, tags {volume.tags}")

    api.volumesReassignWait([VolumeReassignDesc(volume=name, detach=[client])])
    api.volumeDelete(name)
    api.volumeDelete(f"{name}-clone")
    api.snapshotDelete(f"{name}-snapshot")
    print("cleaned up")


if __name__ == "__main__":
    run(main)
