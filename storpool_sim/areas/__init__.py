"""The calls that are simulated, by area as in the bindings. Importing this registers them all."""

from . import attachments, disks, placement_groups, services, snapshots, templates, volumes

__all__ = ["attachments", "disks", "placement_groups", "services", "snapshots", "templates", "volumes"]
