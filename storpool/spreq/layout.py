"""Columns on a terminal, as many as fit; and in a pipe, all of them and nothing cut."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

__all__ = ["NOTHING", "Column", "Page"]

NOTHING = "-"
"""What stands for null and for what is empty."""

_GAP = 2
# To this a column is cut while others need the room, and to that before it is left out.
_WIDE = 32
_NARROW = 12
_STYLES = {
    **dict.fromkeys(("up", "running", "ok", "NODE_UP", "CNODE_UP"), "green"),
    **dict.fromkeys(("down", "data lost", "NODE_DOWN", "CNODE_DOWN"), "red"),
    NOTHING: "dim",
}


class Column(NamedTuple):
    """A column of a table.

    :ivar right: whether it is aligned to the right, as numbers are.
    :ivar dull: whether it says nothing worth reading, and goes first when room is short.
    """

    name: str
    cells: List[str]
    right: bool = False
    dull: bool = False


class Page:
    """Prints the parts of a result below one another."""

    def __init__(self) -> None:
        self._console = Console(
            file=sys.stdout,
            # Rich takes NO_COLOR for a ban on colours alone; here nothing but text is left then.
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            highlight=False,
        )
        self._width = shutil.get_terminal_size().columns if self._console.is_terminal else 0
        unicode = self._console.encoding.startswith("utf")
        self._dots, self._rule = ("\u2026", "\u2500") if unicode else ("...", "-")
        self._begun = False

    def title(self, title: str) -> None:
        """Begin a part."""
        if self._begun:
            print()
        self._begun = True
        if title:
            print(self._styled(title, "bold"))

    def lines(self, lines: Sequence[str]) -> None:
        """Print lines as they are, however long."""
        if not lines and self._width:
            print(self._styled("(none)", "dim"))
        for line in lines:
            print(line)

    def fields(self, names: List[str], values: List[str]) -> None:
        """Print names and values beside each other; on a terminal long values are folded."""
        left = max(map(len, names)) + _GAP
        for name, value in zip(names, values):
            pieces = _folded(value, max(_NARROW, self._width - left)) if self._width else [value]
            for index, piece in enumerate(pieces):
                print(" " * left if index else f"{name:{left}}", self._cell(piece), sep="")

    def table(self, columns: Sequence[Column]) -> None:
        """Print columns.

        On a terminal the first one, which tells records apart, is folded where it is too wide, the others are cut, and
        those for which there is no room are named below.
        """
        widths = _fit(columns, self._width) if self._width else _whole(columns)
        shown = [each for each in columns if each.name in widths]
        room = [widths[each.name] for each in shown]
        rights = [each.right for each in shown]
        heads = [_humps(each.name, width) for each, width in zip(shown, room)]
        tallest = max(map(len, heads))
        for line in zip(*([""] * (tallest - len(head)) + head for head in heads)):
            padded = _joined(map(_padded, line, room, rights))
            print(self._styled(padded, "bold"))
        if self._width:
            print(self._rule * (sum(room) + _GAP * (len(room) - 1)))
        for first, *others in zip(*(each.cells for each in shown)):
            start, *rest = _folded(first, room[0]) if cell_len(first) > room[0] else [first]
            cut = [self._cut(cell, width) for cell, width in zip(others, room[1:])]
            cells = [_padded(cell, width, right) for cell, width, right in zip([start, *cut], room, rights)]
            print(_joined([cells[0], *map(self._cell, cells[1:])]))
            for piece in rest:
                print(piece)
        left_out = [each.name for each in columns if each.name not in widths and not each.dull]
        if left_out:
            text = f"{len(left_out)} more fields: {', '.join(left_out)}"
            print(self._styled(self._cut(text, self._width), "dim"))

    def _cut(self, cell: str, width: int) -> str:
        return cell if cell_len(cell) <= width else set_cell_size(cell, width - len(self._dots)) + self._dots

    def _cell(self, cell: str) -> str:
        style = _STYLES.get(cell.strip())
        return self._styled(cell, style) if style else cell

    def _styled(self, text: str, style: str) -> str:
        if not self._width:
            return text
        before, after = self._marks(style)
        return f"{before}{text}{after}"

    @functools.cache  # noqa: B019 - a page lives as long as the program
    def _marks(self, style: str) -> Tuple[str, str]:
        """What goes before and after a text of this style."""
        with self._console.capture() as captured:
            self._console.print(Text("x", style=style), end="")
        before, _, after = captured.get().partition("x")
        return before, after


def _folded(text: str, width: int) -> List[str]:
    return [piece for piece in chop_cells(text, width) if piece] or [text]


def _padded(cell: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if right else cell + blanks


def _joined(cells: Iterable[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()


def _whole(columns: Sequence[Column]) -> Dict[str, int]:
    return {each.name: max(map(cell_len, [each.name, *each.cells])) for each in columns}


def _humps(name: str, width: int) -> List[str]:
    """Fold a name, like decreasedRedundancy or storedSize.delta, where its words meet."""
    lines = [""]
    for word in re.findall(r"\.?[A-Z]*[^A-Z.]*", name)[:-1]:
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word
    return lines


def _fit(columns: Sequence[Column], room: int) -> Dict[str, int]:
    """Give the widths of those columns that fit, by their names."""
    whole = {each.name: max(map(cell_len, each.cells), default=0) for each in columns}
    least = {each.name: max(map(len, _humps(each.name, 0))) for each in columns}
    widths: Dict[str, int] = {}
    short = False
    for each in sorted(columns, key=lambda each: each.dull):
        wanted = max(whole[each.name], least[each.name])
        wide = _WIDE if widths else max(_NARROW, room * 6 // 10)
        width = min(wanted, max(wide, least[each.name]))
        if widths and width > room:
            width = room if room >= max(_NARROW, least[each.name]) and not each.right else 0
        short = short or not width
        if width and not (short and each.dull):
            widths[each.name] = width
            room -= width + _GAP
    # What is over goes to what was cut, and then to names that were folded.
    room += _GAP
    for name in [each.name for each in columns if each.name in widths]:
        more = min(room, max(whole[name] - widths[name], 0))
        widths[name] += more
        room -= more
    for name in widths:
        more = len(name) - widths[name]
        if 0 < more <= room:
            widths[name] += more
            room -= more
    return widths
