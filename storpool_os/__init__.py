"""Which OpenStack request attached which volume on this node: the state that Cinder, Nova and os-brick share.

`spattachdb` has the state and what is done with it, `splocked` the locked file that it lives in, `journal` the side
file which brings it through crashes. Drivers import these as `storpool.spopenstack`.
"""

from .spattachdb import AttachDB
from .splocked import SPLockedFile, SPLockedFileError, SPLockedJSONDB

__all__ = ["AttachDB", "SPLockedFile", "SPLockedFileError", "SPLockedJSONDB"]
