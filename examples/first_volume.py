"""Make a volume, attach it, snapshot it, clone it, and clean up.

Needs a cluster, whose address it takes from StorPool's configuration or the environment. A simulated one will do:

    python -m storpool_sim serve --env-file sp.env &
    . ./sp.env
    python examples/first_volume.py
"""

import os

from storpool import spapi
from storpool.sptypes import VolumeCreateDesc, VolumeSnapshotDesc, VolumeUpdateDesc
from storpool.sputils import GB

NAME = "first-volume"


def main() -> None:
    """Do it."""
    # The environment's SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN win over /etc/storpool.conf.
    api = spapi.Api.fromConfig()
    client = int(os.environ.get("SP_OURID", "1"))

    made = api.volumeCreate(VolumeCreateDesc(name=NAME, size=10 * GB, replication=3, tags={"made-by": "example"}))
    print(f"made {NAME}, global id {made.globalId}")

    api.volumesReassignWait({"reassign": [{"volume": NAME, "rw": [client]}]})
    for attachment in api.attachmentsList():
        print(f"attached {attachment.volume} to client {attachment.client}, {attachment.rights}")

    try:
        api.volumeDelete(NAME)
    except spapi.ApiError as exc:
        print(f"not deleted: {exc.name}: {exc.desc}")

    api.snapshotCreate(NAME, VolumeSnapshotDesc(name=f"{NAME}-snapshot"))
    api.volumeCreate(VolumeCreateDesc(name=f"{NAME}-clone", parent=f"{NAME}-snapshot"))
    api.volumeUpdate(NAME, VolumeUpdateDesc(sizeAdd=5 * GB))
    for volume in api.volumesList():
        if volume.name.startswith(NAME):
            print(f"{volume.name}: {volume.size // GB} GiB, parent {volume.parentName or 'none'}, tags {volume.tags}")

    api.volumesReassignWait({"reassign": [{"volume": NAME, "detach": [client]}]})
    api.volumeDelete(NAME)
    api.volumeDelete(f"{NAME}-clone")
    api.snapshotDelete(f"{NAME}-snapshot")
    print("cleaned up")


if __name__ == "__main__":
    main()
