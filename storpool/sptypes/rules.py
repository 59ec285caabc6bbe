"""The patterns of scalar types in words, which errors say in their place."""

from __future__ import annotations

from typing import Dict

from . import scalars

__all__ = ["RULES"]

_NAME = "letters, digits and _ - . : only"

RULES: Dict[str, str] = {
    "MacAddr": "six pairs of hexadecimal digits, joined by colons",
    "GUID": "0x and 2 to 16 hexadecimal digits",
    "DiskDescription": "letters, digits, blanks and _ - only, at most 30",
    "SnapshotName": "letters, digits and _ - . : @ only",
    "SnapshotNameOrGlobalId": "letters, digits and _ - . : @ only, or ~ and a global id",
    "VolumeName": _NAME,
    "VolumeNameOrGlobalId": "letters, digits and _ - . : only, or ~ and a global id",
    "VolumeTagName": _NAME,
    "VolumeTagValue": _NAME,
    "GlobalVolumeId": "three groups of lowercase letters and digits, joined by dots",
    "PlacementGroupName": "letters, digits and _ - only",
    "VolumeTemplateName": "letters, digits and _ - only",
    "RemoteLocationName": _NAME,
    "RemoteClusterName": _NAME,
    "ClusterName": _NAME,
    "LocationId": "lowercase letters and digits only",
    "ClusterId": "two groups of lowercase letters and digits, joined by a dot",
    "SubClusterId": "lowercase letters and digits only",
    "iSCSIName": "lowercase letters, digits and - . : only",
    "iSCSIPGName": _NAME,
    "KvsName": _NAME,
}
"""What a value must be, by the name of the type; see ``rule`` of :class:`storpool.sptype.Regex`."""

for _name, _rule in RULES.items():
    getattr(scalars, _name).__metadata__[0].rule = _rule
