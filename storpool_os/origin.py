"""Whether `storpool.spopenstack`, which drivers import, is this helper.

The original helper is a distribution of its own, `storpool.spopenstack`, whose files have the names of ours. Installed
after these bindings it replaces them, and nobody notices.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

__all__ = ["warn_of_another_helper"]

LOG = logging.getLogger(__name__)

_NAME = "storpool.spopenstack"


def warn_of_another_helper() -> None:
    """Log a warning if drivers do not get this helper."""
    try:
        # Finding it does not run it.
        spec = importlib.util.find_spec(_NAME)
        ours = spec is not None and spec.origin is not None and b"storpool_os" in Path(spec.origin).read_bytes()
    except (OSError, ImportError, ValueError, AttributeError):
        # A test suite's stand-in, or an archive.
        return
    if not ours:
        where = spec.origin if spec is not None else "nowhere"
        LOG.warning(
            "%s is not the one of these bindings (%s): drivers use another helper, which may lose their state in a"
            " crash. Run: pip uninstall storpool.spopenstack; pip install --force-reinstall --no-deps storpool",
            _NAME,
            where,
        )
