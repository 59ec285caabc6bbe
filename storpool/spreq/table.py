"""Results as tables: which records and fields are shown, and how a value looks in a cell.

A list of records is a table, one record a list of its fields, and what is nested deeper is a table of its own below.
What a number is a count of comes from the declarations: bytes and sectors are shown in binary units, moments as dates.
Fields that are internal, and those that are empty in every record, are not shown; JSON has them.
"""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .. import spdoc
from ..spapi.call import Call
from .layout import NOTHING, Column, Page

__all__ = ["print_table"]

# What people look for first, in this order; the other fields follow as they are declared. What tells of trouble comes
# early; where there is none, its columns have nothing but false in them, and are the last to get room.
_FIRST = """
    name volume snapshot id diskId client nodeId rights status configStatus clusterStatus size
    decreasedRedundancy downDrives missingDrives migrating deleted recoveringFromRemote
    replication templateName parentName onVolume serverId ssd sectorsCount generationLeft softEject
    objectsOnDiskSize storedSize spaceUsed onDiskSize model device description objectsAllocated objectsFree
    capacity free volumesCount snapshotsCount placeAll placeTail placeHead tags iops bw
    version startTime creationTimestamp globalId
"""
_RANKS = {name: rank for rank, name in enumerate(_FIRST.split())}
_EMPTY: Tuple[Any, ...] = (None, "", [], {})
_Attributes = Dict[str, spdoc.AttributeDoc]


def print_table(data: Any, call: Optional[Call]) -> None:
    """Print the result of a call."""
    if sys.stdout is None:
        return
    doc = spdoc.doc_of(call.returns) if call is not None else None
    if isinstance(data, list) and len(data) == 1 and isinstance(doc, spdoc.ListDoc) and call is not None and call.args:
        # Asked for one thing, the API answers with a list of one.
        data, doc = data[0], doc.item
    _show(Page(), data, doc, "")


def _show(page: Page, data: Any, doc: Optional[spdoc.Doc], title: str) -> None:
    """Print a part of a result, and the parts within it."""
    doc = _not_null(doc)
    if isinstance(data, dict) and data and _is_record(data, doc):
        _show_record(page, data, doc, title)
    elif isinstance(data, dict) and data:
        _show_records(page, *_named_records(data, doc), title)
    elif isinstance(data, list) and data and all(isinstance(each, dict) for each in data):
        _show_records(page, data, _attributes(doc.item if isinstance(doc, spdoc.ListDoc) else None), title)
    else:
        page.title(title)
        page.lines([cell(each) for each in data] if isinstance(data, (list, dict)) else [cell(data)])


def _not_null(doc: Optional[spdoc.Doc]) -> Optional[spdoc.Doc]:
    while isinstance(doc, spdoc.EitherDoc) and len(doc.alternatives) == 1:
        doc = doc.alternatives[0]
    return doc


def _attributes(doc: Optional[spdoc.Doc]) -> _Attributes:
    """The fields of a record, of whichever of several kinds."""
    if isinstance(doc, spdoc.EitherDoc):
        return {name: attribute for each in doc.alternatives for name, attribute in _attributes(each).items()}
    return doc.attrs if isinstance(doc, spdoc.JsonObjectDoc) else {}


def _is_record(data: Dict[str, Any], doc: Optional[spdoc.Doc]) -> bool:
    """Whether it has fields, and not things by their names."""
    if isinstance(doc, spdoc.DictDoc):
        return doc.known is not None
    return doc is not None or not all(isinstance(value, dict) for value in data.values())


def _is_deep(value: Any) -> bool:
    """Whether it takes a table of its own."""
    if isinstance(value, dict):
        return any(isinstance(each, (dict, list)) for each in value.values())
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _show_record(page: Page, record: Dict[str, Any], doc: Optional[spdoc.Doc], title: str) -> None:
    """One record: a field a line, and what is deeper below."""
    attributes = _attributes(doc)
    shown = sorted((name for name in record if not _internal(attributes, name)), key=_rank)
    flat = [name for name in shown if not _is_deep(record[name])]
    if flat:
        page.title(title)
        page.fields(flat, [cell(record[each], _unit(attributes, each)) for each in flat])
    for name in shown:
        if name not in flat:
            inner = (
                doc.value if isinstance(doc, spdoc.DictDoc) else attributes[name].type if name in attributes else None
            )
            _show(page, record[name], inner, f"{title}.{name}" if title else name)


def _named_records(data: Dict[str, Any], doc: Optional[spdoc.Doc]) -> Tuple[List[Dict[str, Any]], _Attributes]:
    """Things by their names as records, which have the name as a field."""
    attributes = _attributes(_not_null(doc.value) if isinstance(doc, spdoc.DictDoc) else None)
    key = "id" if all(name.lstrip("-").isdigit() for name in data) else "name"
    records = []
    for name, value in data.items():
        if not isinstance(value, dict):
            value = {"value": value}
        records.append(value if str(value.get(key)) == name else {key: int(name) if key == "id" else name, **value})
    return records, attributes


def _show_records(page: Page, records: List[Dict[str, Any]], attributes: _Attributes, title: str) -> None:
    """Records of one kind: a record a line."""
    columns = sorted(_columns(records, attributes), key=lambda each: _rank(each.name))
    page.title(title)
    if columns:
        page.table(columns)
    else:
        page.lines([])


def _columns(records: List[Dict[str, Any]], attributes: _Attributes) -> Iterator[Column]:
    for name in dict.fromkeys(name for record in records for name in record):
        values = [record.get(name) for record in records]
        if _internal(attributes, name) or all(value in _EMPTY for value in values):
            continue
        inner = _attributes(_not_null(attributes[name].type)) if name in attributes else {}
        if inner and not any(isinstance(value, list) or _is_deep(value) for value in values):
            # A few numbers that belong together: each is a column.
            for column in _columns([value or {} for value in values], inner):
                yield column._replace(name=f"{name}.{column.name}")
            continue
        right = all(type(value) in (int, float) or value in (None, NOTHING) for value in values)
        dull = all(value in (*_EMPTY, 0, False, -1, NOTHING) for value in values)
        yield Column(name, [cell(value, _unit(attributes, name)) for value in values], right, dull)


def _rank(name: str) -> int:
    return _RANKS.get(name, len(_RANKS))


def _internal(attributes: _Attributes, name: str) -> bool:
    return name in attributes and attributes[name].internal


def _unit(attributes: _Attributes, name: str) -> str:
    return attributes[name].unit if name in attributes else ""


def cell(value: Any, unit: str = "") -> str:
    """How a value looks."""
    if value in _EMPTY:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _number(value, unit)
    if isinstance(value, list):
        return ("; " if _is_deep(value) else ", ").join(cell(each, unit) for each in value)
    if isinstance(value, dict):
        return " ".join(
            f"{key}=({cell(each)})" if isinstance(each, dict) else f"{key}={cell(each)}"
            for key, each in value.items()
            if each is not None
        )
    text = str(value)
    # What comes from a cluster does not get to move the cursor.
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _number(value: float, unit: str) -> str:
    sectors = re.fullmatch(r"sectors of (\d+) bytes", unit)
    if unit == "bytes" or sectors:
        return _size(value * (int(sectors[1]) if sectors else 1))
    if unit == "bytes per second":
        return f"{_size(value)}/s"
    if unit.startswith("Unix time"):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value)) if value else NOTHING
    return str(value)


def _size(count: float) -> str:
    """A count of bytes in binary units; with decimals unless it is exact."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if abs(count) < 1024 or unit == "EiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if count == int(count) else f"{count:.{2 if abs(count) < 10 else 1}f} {unit}"
