"""msgspec, which is imported when an Api is made: it takes as long as half of the bindings.

Who uses it is imported with the bindings, and asks here for it: when an Api is made, stand-ins of a test suite may be
in the place of our modules.
"""

from __future__ import annotations

from typing import Any, Tuple, Type

__all__ = ["load"]

# Until it is loaded there is nothing here; msgspec has types for these, and this module has none before.
msgspec: Any = None
dataclasses: Any = None
astuple: Any = None
UNSET: Any = None
REFUSALS: Tuple[Type[Exception], ...] = ()
"""What msgspec raises for a value that is not of a type."""


def load() -> bool:
    """Import msgspec and what goes with it; return whether it is there."""
    global msgspec, dataclasses, astuple, UNSET, REFUSALS
    if REFUSALS:
        return True
    try:
        import dataclasses

        import msgspec
    except ImportError:
        return False
    astuple = msgspec.structs.astuple
    UNSET = msgspec.UNSET
    REFUSALS = (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError)
    return True
