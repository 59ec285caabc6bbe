"""What a user gets wrong and both checkers must find: an error on each marked line, and on no other. Never run."""

from __future__ import annotations

from storpool import spapi, sptypes

api = spapi.Api()

api.volumeslist()  # error: no such call
api.volumeInfo()  # error: an argument is missing
api.volumeInfo(5)  # error: a name is a string
api.volumeInfo("v", "c", False, 1)  # error: too many arguments
api.volumeInfo("v", cluster="c")  # error: misspelt parameter
api.volumeUpdate("v")  # error: no body
api.volumeUpdate("v", "w")  # error: a string is no body
api.volumesList({"name": "v"})  # error: takes no body
api.volumeCreate(sptypes.VolumeUpdateDesc())  # error: the body of another call
api.volumesReassign({"volume": "v"})  # error: the body is a list
api.diskEject("seven").ok  # error: a disk's id is a number

api.volumesList()[0].sise  # error: misspelt field
api.volumesList()["v"]  # error: a list
api.volumesList()[0].size.upper()  # error: a number
api.volumesList()[0].tags["a"]  # error: may be null
api.volumeInfo("v").nmae  # error: misspelt field
for disk in api.disksList().values():
    disk.objectsFree  # error: only disks that are up have it

sptypes.VolumeCreateDesc(nmae="v")  # error: misspelt field
sptypes.VolumeCreateDesc(size="large")  # error: a number
sptypes.VolumeCreateDesc("v")  # error: a string is no mapping
sptypes.VolumeReassignDesc(volume=7)  # error: a name is a string
sptypes.VolumeReassignDesc(volume="v", detach="some")  # error: a list of clients, or "all"
sptypes.VolumeReassignDesc(volume="v", rw=["1"])  # error: numbers of clients
sptypes.UpDiskSumary  # error: misspelt class
description = sptypes.VolumeCreateDesc(size=512)
description.sise = 1024  # error: misspelt field
description.size = "1G"  # error: a number
limit: sptypes.LimitType = "perGB"  # error: not one of the values
spapi.Api(host=5)  # error: an address is a string
spapi.Api(hostname="h")  # error: misspelt parameter
