"""The contents of volumes, in a cluster without devices: there are none."""

from __future__ import annotations

from .model import Record


class Contents:
    """What a cluster asks for when volumes come, change and go; `devices.Devices` keeps real bytes."""

    def create(self, record: Record) -> None:
        """Give a new record its contents: zeros."""

    def copy(self, source: Record, target: Record) -> None:
        """Give `target` the contents of `source`, and zeros beyond."""

    def fetch(self, other: Contents, source: Record, target: Record) -> None:
        """Give `target` the contents of a record of another cluster."""

    def resize(self, record: Record) -> None:
        """Follow a change of size."""

    def remove(self, record: Record) -> None:
        """Drop the contents."""

    def is_open(self, record: Record, client: int) -> bool:
        """Return whether a program on the client holds the device open."""
        return False

    def links_changed(self) -> None:
        """Follow the attachments; called after each request, with the cluster's lock held."""

    def removed_count(self) -> int:
        """Return how many removed volumes still have contents; see `drop_removed`."""
        return 0

    def drop_removed(self, count: int) -> None:
        """Drop the contents of the first `count` removed volumes, now that nothing brings these back."""

    def close(self) -> None:
        """End."""
