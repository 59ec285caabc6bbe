"""The objects, scalar types and constants of the API, all under one name.

To a type checker `sptypes.VolumeName` is a `str`, and `sptypes.DiskSummary` a union of two classes. At run time the
names of scalar types and unions are nodes, with `handleVal` and `name`, made when they are first asked for.
"""
# ruff: noqa: F403 - everything that the areas declare public is public here, so a new class is named once, in its area.

import typing

from ..sptype import JsonObject as JsonObject
from ..sptype import const as const
from ..sptype import either as either
from ..sptype import eitherOr as eitherOr
from ..sptype import internal as internal
from ..sptype import longType as longType
from ..sptype import maybe as maybe
from ..sptype import spType as spType
from . import rules  # noqa: F401 - it gives the scalar types their rules
from .attachments import *
from .balancer import *
from .constants import *
from .disks import *
from .iscsi import *
from .iscsi_sessions import *
from .kvs import *
from .maintenance import *
from .peers import *
from .placement import *
from .remote import *
from .requests import *
from .scalars import *
from .services import *
from .snapshots import *
from .tasks import *
from .templates import *
from .transfer import *
from .volumes import *

if not typing.TYPE_CHECKING:
    # Out of the checkers' sight: with a __getattr__ they would take any name at all for an attribute.

    __all__ = [
        name for name, value in globals().items() if not name.startswith("_") and not isinstance(value, type(typing))
    ]

    # With the aliases gone from here, asking for one comes to __getattr__.
    _aliases = {name: globals().pop(name) for name in __all__ if hasattr(globals()[name], "__origin__")}

    def __getattr__(name):
        if name not in _aliases:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        node = globals()[name] = spType(_aliases[name])
        return node

    def __dir__():
        return sorted({*globals(), *__all__})
