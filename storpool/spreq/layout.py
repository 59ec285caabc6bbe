"""Lays out columns: on a terminal as many as fit, in a pipe all of them and nothing cut."""

from __future__ import annotations

import functools
import os
import sys
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from ..spcli import is_terminal, printable
from .terminal import width as terminal_width

__all__ = ["NOTHING", "Column", "Page"]

NOTHING = "-"
"""What is shown for null and for empty values."""

_GAP = 2
# A column is cut to the first width when others need the room, and to the second before it is omitted.
_WIDE = 32
_NARROW = 12
_STYLES = {
    **dict.fromkeys(("up", "running", "ok", "NODE_UP", "CNODE_UP"), "green"),
    **dict.fromkeys(("down", "data lost", "NODE_DOWN", "CNODE_DOWN"), "red"),
    NOTHING: "dim",
}


class Column(NamedTuple):
    """A column of a table.

    :ivar name: the name of the field.
    :ivar heading: what is shown above the cells.
    :ivar right: whether the cells are aligned to the right, as numbers are.
    :ivar dull: whether the cells hold nothing of interest: such columns are the first to be omitted.
    """

    name: str
    heading: str
    cells: List[str]
    right: bool = False
    dull: bool = False


class Page:
    """Prints the parts of a result below one another.

    :ivar on_terminal: whether it is for a terminal, with its width and colours.
    """

    def __init__(self) -> None:
        self._console = Console(
            file=sys.stdout,
            # For Rich, NO_COLOR forbids colours only, and bold text remains; here it leaves nothing but text.
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            highlight=False,
        )
        self.on_terminal = is_terminal(sys.stdout)
        self._width = terminal_width() if self.on_terminal else 0
        unicode = self._console.encoding.startswith("utf")
        self._dots, self._rule = ("\u2026", "\u2500") if unicode else ("...", "-")
        self._empty = True

    def title(self, title: str) -> None:
        """Begin a part."""
        if not self._empty:
            print()
        self._empty = False
        if title:
            print(self._styled(printable(title), "bold"))

    def lines(self, lines: Sequence[str]) -> None:
        """Print lines as they are, however long."""
        if not lines and self.on_terminal:
            print(self._styled("(none)", "dim"))
        for line in lines:
            print(line)

    def fields(self, names: List[str], values: List[str]) -> None:
        """Print names and values side by side; on a terminal, long values are wrapped."""
        names = [printable(name) for name in names]
        left = max(map(cell_len, names)) + _GAP
        if self.on_terminal and left > self._width // 2:
            left = self._width // 2
        for name, value in zip(names, values):
            if cell_len(name) + _GAP > left:
                print(name)
                name = ""
            pieces = _wrapped(value, max(_NARROW, self._width - left)) if self.on_terminal else [value]
            for index, piece in enumerate(pieces):
                print(" " * left if index else _padded(name, left, False), self._cell(piece), sep="")

    def table(self, columns: Sequence[Column]) -> None:
        """Print columns.

        On a terminal the first column, which identifies the records, is wrapped if it is too wide; others are cut; and
        those for which there is no room are named below.
        """
        widths = _fit(columns, self._width) if self.on_terminal else _whole(columns)
        shown = [column for column in columns if column.name in widths]
        room = [widths[column.name] for column in shown]
        rights = [column.right for column in shown]
        heads = [_heading_lines(column.heading, width) for column, width in zip(shown, room)]
        tallest = max(map(len, heads))
        for line in zip(*([""] * (tallest - len(head)) + head for head in heads)):
            padded = _joined(map(_padded, line, room, rights))
            print(self._styled(padded, "bold"))
        if self.on_terminal:
            print(self._rule * (sum(room) + _GAP * (len(room) - 1)))
        for first, *others in zip(*(column.cells for column in shown)):
            start, *rest = _wrapped(first, room[0]) if cell_len(first) > room[0] else [first]
            cut = [self._cut(cell, width) for cell, width in zip(others, room[1:])]
            cells = [_padded(cell, width, right) for cell, width, right in zip([start, *cut], room, rights)]
            print(_joined([cells[0], *map(self._cell, cells[1:])]))
            for piece in rest:
                print(piece)
        omitted = [column.name for column in columns if column.name not in widths and not column.dull]
        if omitted:
            count = f"{len(omitted)} more field{'s' if len(omitted) > 1 else ''}"
            choice = ",".join([*(column.name for column in shown[:1]), omitted[0]])
            for text in (f"More with --columns {choice} or -o json", f"{count}: {', '.join(omitted)}"):
                print(self._styled(self._cut(text, self._width), "dim"))

    def _cut(self, cell: str, width: int) -> str:
        return cell if cell_len(cell) <= width else set_cell_size(cell, width - len(self._dots)) + self._dots

    def _cell(self, cell: str) -> str:
        style = _STYLES.get(cell.strip())
        return self._styled(cell, style) if style else cell

    def _styled(self, text: str, style: str) -> str:
        if not self.on_terminal:
            return text
        before, after = self._escapes(style)
        return f"{before}{text}{after}"

    @functools.cache  # noqa: B019 - a page lives as long as the program
    def _escapes(self, style: str) -> Tuple[str, str]:
        """Return the escape sequences before and after a text of this style."""
        with self._console.capture() as captured:
            self._console.print(Text("x", style=style), end="")
        before, _, after = captured.get().partition("x")
        return before, after


def _wrapped(text: str, width: int) -> List[str]:
    return [piece for piece in chop_cells(text, width) if piece] or [text]


def _padded(cell: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if right else cell + blanks


def _joined(cells: Iterable[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()


def _whole(columns: Sequence[Column]) -> Dict[str, int]:
    return {column.name: max(map(cell_len, [column.heading, *column.cells])) for column in columns}


def _heading_lines(heading: str, width: int) -> List[str]:
    """Wrap a heading between its words."""
    lines = [""]
    for word in heading.split():
        if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _fit(columns: Sequence[Column], room: int) -> Dict[str, int]:
    """Return the widths of those columns that fit, by their names."""
    whole = {column.name: max(map(cell_len, column.cells), default=0) for column in columns}
    least = {column.name: max(map(cell_len, _heading_lines(column.heading, 0))) for column in columns}
    total = room
    widths: Dict[str, int] = {}
    short = False
    for column in sorted(columns, key=lambda column: column.dull):
        wanted = max(whole[column.name], least[column.name])
        wide = _WIDE if widths else max(_NARROW, room * 6 // 10)
        width = min(wanted, max(wide, least[column.name]))
        if not widths:
            width = min(width, total)
        elif width > room:
            width = room if room >= max(_NARROW, least[column.name]) and not column.right else 0
        short = short or not width
        if width and not (short and column.dull):
            widths[column.name] = width
            room -= width + _GAP
    # Spare room goes to the cells that were cut, and then to the headings that were wrapped.
    room += _GAP
    for column in columns:
        if column.name in widths:
            more = min(room, max(whole[column.name] - widths[column.name], 0))
            widths[column.name] += more
            room -= more
    for column in columns:
        more = cell_len(column.heading) - widths.get(column.name, 0)
        if column.name in widths and 0 < more <= room:
            widths[column.name] += more
            room -= more
    return widths
