"""What a Proxmox watchdog does: find what a dead node had attached, and take it away from there.

Argument: the number of the dead node.
"""

import sys

from storpool.spapi import Api


def main():
    dead = int(sys.argv[1])
    api = Api.fromConfig(use_env=False, timeout=15, transientRetries=0)
    raw = api.attachmentsList(returnRawAPIData=True)
    assert isinstance(raw, list) and all(isinstance(attachment, dict) for attachment in raw), raw
    tags = {volume["name"]: volume.get("tags", {}) for volume in api.volumesList(returnRawAPIData=True)}
    taken = [
        {"volume": attachment["volume"], "detach": [dead], "force": True}
        for attachment in raw
        if attachment["client"] == dead
        and not attachment["snapshot"]
        and tags[attachment["volume"]].get("virt") == "pve"
    ]
    if taken:
        api.volumesReassignWait({"reassign": taken})
    print(" ".join(sorted(record["volume"] for record in taken)) or "nothing")


if __name__ == "__main__":
    main()
