"""Prints results as tables: chooses the records and fields, and how a value looks in a cell.

A list of records is a table, a single record a list of its fields, and what is nested deeper is a table of its own
below. The declarations tell what a number counts: bytes and sectors are shown in binary units, times as dates. Fields
that are internal, and those that are empty in every record, are not shown; JSON has them.
"""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from .. import spdoc
from ..spapi.call import Call
from ..spcli import printable
from .headings import heading
from .layout import NOTHING, Column, Page
from .selection import USED, records_in, value_at

__all__ = ["cell", "print_table"]

# The fields that people look for first, in this order; the others follow in the order of their declarations. Fields
# that indicate trouble come early: without trouble they are false in every record, and the first to be omitted.
_FIRST = """
    name volume snapshot id diskId client nodeId rights status configStatus clusterStatus size
    decreasedRedundancy downDrives missingDrives migrating deleted recoveringFromRemote
    replication templateName parentName onVolume serverId ssd sectorsCount generationLeft softEject
    objectsOnDiskSize storedSize spaceUsed onDiskSize model device description objectsAllocated objectsFree
    capacity free volumesCount snapshotsCount placeAll placeTail placeHead tags iops bw
    version startTime creationTimestamp globalId
"""
_RANKS = {name: rank for rank, name in enumerate(_FIRST.split())}
# How full a disk or a template is comes after its size.
_RANKS[USED] = _RANKS["sectorsCount"]
_EMPTY: Tuple[Any, ...] = (None, "", [], {})
_Attributes = Dict[str, spdoc.AttributeDoc]


def print_table(data: Any, call: Optional[Call], columns: Optional[Sequence[str]] = None) -> None:
    """Print the result of a call.

    :param columns: the fields to show, in this order; None for a choice by what fits.
    """
    if sys.stdout is None:
        return
    doc = spdoc.doc_of(call.returns) if call is not None else None
    if columns is not None:
        _Table(columns).show_chosen(data, doc)
        return
    if isinstance(data, list) and len(data) == 1 and isinstance(doc, spdoc.ListDoc) and call is not None and call.args:
        # For a single thing, too, the API answers with a list.
        data, doc = data[0], doc.item
    _Table().show(data, doc, "")


class _Table:
    """Shows a result on a page."""

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self._page = Page()
        self._chosen = columns

    def show_chosen(self, data: Any, doc: Optional[spdoc.Doc]) -> None:
        """Show the chosen columns of the records of a result."""
        attributes = _of_records(doc)
        if isinstance(data, dict) and records_in(data) is None:
            names = [self._heading(name) for name in self._chosen]
            self._page.fields(names, [self._value(data, name, attributes) for name in self._chosen])
            return
        records = records_in(data) or []
        columns = []
        for name in self._chosen:
            values = [value_at(record, name) for record in records]
            cells = [self._value(record, name, attributes) for record in records]
            columns.append(Column(name, self._heading(name), cells, _are_numbers(values)))
        if records:
            self._page.table(columns)
        else:
            self._page.lines([])

    def _heading(self, name: str) -> str:
        return printable(heading(name) if self._page.on_terminal else name)

    def _value(self, record: Dict[str, Any], path: str, attributes: _Attributes) -> str:
        return cell(value_at(record, path), _unit_at(attributes, path))

    def show(self, data: Any, doc: Optional[spdoc.Doc], title: str) -> None:
        """Show a part of a result, and the parts within it."""
        doc = _without_null(doc)
        if isinstance(data, dict) and data and _is_record(data, doc):
            self._show_record(data, doc, title)
        elif isinstance(data, dict) and data:
            inner = _attributes(_without_null(doc.value) if isinstance(doc, spdoc.DictDoc) else None)
            self._show_records(_named_records(data), inner, title)
        elif isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
            self._show_records(data, _attributes(doc.item if isinstance(doc, spdoc.ListDoc) else None), title)
        else:
            self._page.title(title)
            self._page.lines([cell(item) for item in data] if isinstance(data, (list, dict)) else [cell(data)])

    def _show_record(self, record: Dict[str, Any], doc: Optional[spdoc.Doc], title: str) -> None:
        """Show a record: a field a line, and what is deeper below."""
        attributes = _attributes(doc)
        record = _with_used(record)
        names = sorted((name for name in record if not _is_internal(attributes, name)), key=_rank)
        flat = [name for name in names if not _is_deep(record[name])]
        if flat:
            self._page.title(title)
            values = [cell(record[name], _unit(attributes, name)) for name in flat]
            self._page.fields([self._heading(name) for name in flat], values)
        for name in names:
            if name not in flat:
                inner: Optional[spdoc.Doc] = None
                if isinstance(doc, spdoc.DictDoc):
                    inner = doc.value
                elif name in attributes:
                    inner = attributes[name].type
                self.show(record[name], inner, f"{title}.{name}" if title else name)

    def _show_records(self, records: List[Dict[str, Any]], attributes: _Attributes, title: str) -> None:
        """Show records of the same kind: a record a line."""
        records = [_with_used(record) for record in records]
        columns = sorted(self._columns(records, attributes), key=lambda column: _rank(column.name))
        self._page.title(title)
        if columns:
            self._page.table(columns)
        else:
            self._page.lines([])

    def _columns(self, records: List[Dict[str, Any]], attributes: _Attributes, prefix: str = "") -> Iterator[Column]:
        for name in dict.fromkeys(name for record in records for name in record):
            values = [record.get(name) for record in records]
            if _is_internal(attributes, name) or all(value in _EMPTY for value in values):
                continue
            inner = _attributes(_without_null(attributes[name].type)) if name in attributes else {}
            if inner and not any(isinstance(value, list) or _is_deep(value) for value in values):
                # A few numbers that belong together: each is a column.
                yield from self._columns([value or {} for value in values], inner, f"{prefix}{name}.")
                continue
            dull = all(value in (*_EMPTY, 0, False, -1, NOTHING) or _is_deep(value) for value in values)
            cells = [cell(value, _unit(attributes, name)) for value in values]
            path = f"{prefix}{name}"
            yield Column(path, self._heading(path), cells, _are_numbers(values), dull and name != USED)


def _with_used(record: Dict[str, Any]) -> Dict[str, Any]:
    """Return a record with how full it is in percent, where that is known."""
    used = value_at(record, USED)
    return record if used is None or USED in record else {**record, USED: used}


def _without_null(doc: Optional[spdoc.Doc]) -> Optional[spdoc.Doc]:
    while isinstance(doc, spdoc.EitherDoc) and len(doc.alternatives) == 1:
        doc = doc.alternatives[0]
    return doc


def _attributes(doc: Optional[spdoc.Doc]) -> _Attributes:
    """Return the fields of a record, those of all kinds if there are several."""
    if isinstance(doc, spdoc.EitherDoc):
        return {name: attribute for item in doc.alternatives for name, attribute in _attributes(item).items()}
    return doc.attrs if isinstance(doc, spdoc.JsonObjectDoc) else {}


def _of_records(doc: Optional[spdoc.Doc]) -> _Attributes:
    """Return the fields of the records of a result, as `records_in` finds them."""
    doc = _without_null(doc)
    if isinstance(doc, spdoc.ListDoc):
        return _of_records(doc.item)
    if isinstance(doc, spdoc.DictDoc):
        return _of_records(doc.value)
    attributes = _attributes(doc)
    if len(attributes) == 1:
        only = _without_null(next(iter(attributes.values())).type)
        if isinstance(only, (spdoc.ListDoc, spdoc.DictDoc)):
            return _of_records(only)
    return attributes


def _is_record(data: Dict[str, Any], doc: Optional[spdoc.Doc]) -> bool:
    """Return whether the keys of a mapping are fields, and not the names of things."""
    if isinstance(doc, spdoc.DictDoc):
        return doc.known is not None
    return doc is not None or not all(isinstance(value, dict) for value in data.values())


def _is_deep(value: Any) -> bool:
    """Return whether a value needs a table of its own."""
    if isinstance(value, dict):
        return any(isinstance(item, (dict, list)) for item in value.values())
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _named_records(data: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return the things in a mapping as records that have their keys as a field."""
    values = {name: value if isinstance(value, dict) else {"value": value} for name, value in data.items()}
    return records_in(values) or []


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(type(value) in (int, float) or value in (None, NOTHING) for value in values)


def _rank(name: str) -> float:
    return _RANKS.get(name, len(_RANKS)) + (0.5 if name == USED else 0)


def _is_internal(attributes: _Attributes, name: str) -> bool:
    return name in attributes and attributes[name].internal


def _unit(attributes: _Attributes, name: str) -> str:
    return attributes[name].unit if name in attributes else ""


def _unit_at(attributes: _Attributes, path: str) -> str:
    name, _, below = path.partition(".")
    if not below or path in attributes:
        return _unit(attributes, path)
    return _unit_at(_attributes(_without_null(attributes[name].type)), below) if name in attributes else ""


def cell(value: Any, unit: str = "") -> str:
    """Return how a value looks in a cell."""
    if value in _EMPTY:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _number(value, unit)
    if isinstance(value, list):
        return ("; " if _is_deep(value) else ", ").join(cell(item, unit) for item in value)
    if isinstance(value, dict):
        return " ".join(
            f"{printable(key)}=({cell(item)})" if isinstance(item, dict) else f"{printable(key)}={cell(item)}"
            for key, item in value.items()
            if item is not None
        )
    return printable(str(value))


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
    """Return a number of bytes in binary units, with decimals unless it is exact."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if abs(count) < 1024 or unit == "EiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if count == int(count) else f"{count:.{2 if abs(count) < 10 else 1}f} {unit}"
