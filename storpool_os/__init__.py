"""Which OpenStack request attached which volume on this node: the state that Cinder, Nova and os-brick share.

`spattachdb` has the state and makes the cluster agree with it, `splocked` the locked file in which it is, `lock` the
lock, `durable` and `journal` how a write survives crashes. Drivers import the first two as `storpool.spopenstack`.
"""

# Nothing may be imported by name once a service runs: test suites replace modules then, a service may have lost its
# paths, and a fork while another thread imports hangs the child. AttachDB reads the configuration and makes its Api
# when it first needs them. So what the bindings import then is imported here.
import contextlib
import encodings.idna  # noqa: F401
import platform  # noqa: F401

import confget  # noqa: F401

from .origin import warn_of_another_helper
from .spattachdb import AttachDB
from .splocked import SPLockedFile, SPLockedFileError, SPLockedJSONDB

__all__ = ["AttachDB", "SPLockedFile", "SPLockedFileError", "SPLockedJSONDB"]

with contextlib.suppress(ImportError):
    import msgspec  # noqa: F401

warn_of_another_helper()
