"""The name under which OpenStack's drivers know `storpool_os`."""

from storpool_os import AttachDB

from . import spattachdb, splocked

__all__ = ["AttachDB", "spattachdb", "splocked"]
