"""Draws the floors of the house from the imports of its modules: ``python docs/floors.py`` prints what design.md shows.

Every import counts, also those inside functions and for type checkers only, but for the :data:`SEAMS`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("storpool", "storpool_os", "storpool_sim")
# Folders that are rooms of their own; a module that is in none of them is one itself, or one of its package.
ROOMS = (
    "storpool.sptype",
    "storpool.sptypes",
    "storpool.spapi",
    "storpool.spdoc",
    "storpool.spreq",
    "storpool.spopenstack",
    "storpool_os",
    "storpool_sim.cluster",
    "storpool_sim.calls",
    "storpool_sim.service",
    "storpool_sim",
)

SEAMS: Dict[Tuple[str, str], str] = {
    ("storpool.sptype.reference", "storpool.spdoc"): (
        "The reference is built from the declarations, and each of them has its entry in `spDoc`, as in the original. "
        "It is imported when somebody asks for one, which no call does."
    ),
}
"""The imports that go up, each with its reason."""


def modules() -> Dict[str, Path]:
    """Return the files of all modules by name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: Set[str]) -> Iterator[str]:
    """Find the modules of ours that a module imports, anywhere in it."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *(node.module or "").split(".")]).rstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                if inner in known or base in known:
                    yield inner if inner in known else base


def graph() -> Dict[str, Set[str]]:
    """Return what each module imports, without the seams."""
    files = modules()
    return {
        name: {other for other in imports(name, path, set(files)) if other != name and (name, other) not in SEAMS}
        for name, path in files.items()
    }


def circles(uses: Dict[str, Set[str]]) -> List[Set[str]]:
    """Find the groups of modules that import each other, directly or by way of others."""
    reached: Dict[str, Set[str]] = {}
    for name in uses:
        seen: Set[str] = set()
        waiting = list(uses[name])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting += uses[other]
        reached[name] = seen
    found: List[Set[str]] = []
    for name in uses:
        group = {other for other in reached[name] if name in reached[other]}
        if group and group not in found:
            found.append(group)
    return found


def room_of(name: str) -> str:
    """Return the room that a module is in."""
    return next((room for room in ROOMS if name == room or name.startswith(f"{room}.")), name)


def rooms() -> Dict[str, Set[str]]:
    """Return the rooms that each room uses."""
    found: Dict[str, Set[str]] = {}
    for name, others in graph().items():
        if name.endswith("__main__"):
            continue  # a command stands above whatever it needs
        used = found.setdefault(room_of(name), set())
        used |= {room_of(other) for other in others} - {room_of(name)}
    return found


def drawing() -> str:
    """Return the floors, the top one first: a room stands above all that it uses."""
    uses = rooms()
    floors: Dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in floors:
            floors[room] = -1  # a circle of rooms would come here again
            floors[room] = 1 + max((floor(other) for other in uses[room]), default=-1)
        return floors[room]

    for room in uses:
        floor(room)
    width = max(map(len, uses)) + 2
    lines = []
    for number in range(max(floors.values()), -1, -1):
        for room in sorted(room for room in uses if floors[room] == number):
            # Only what is not used by way of another room.
            direct = {other for other in uses[room] if not any(other in uses[between] for between in uses[room])}
            lines.append(f"{number:2}  {room:{width}}{', '.join(sorted(direct))}".rstrip())
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    print(drawing(), end="")
