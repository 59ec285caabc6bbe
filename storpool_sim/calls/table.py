"""The table of simulated calls in the documentation, made from the code."""

from __future__ import annotations

from typing import List

from storpool.spapi.call import CALLS, Call

from .registry import HANDLERS


def state(name: str) -> str:
    """Return whether a call is simulated, and what it lacks."""
    handler = HANDLERS.get(name)
    if handler is None:
        return "no"
    return f"in part: {handler.lacks}" if handler.lacks else "yes"


def _title(call: Call) -> str:
    return call.section.title if call.section is not None else ""


def table() -> str:
    """Return a section of Markdown for each section of the API, with a line for each call."""
    lines: List[str] = []
    section = ""
    for call in sorted(CALLS.values(), key=_title):
        if _title(call) != section:
            section = _title(call)
            lines += ["", f"### {section}", "", "| call | query | simulated |", "|---|---|---|"]
        lines.append(f"| `{call.name}` | `{call.method} {call.query}` | {state(call.name)} |")
    return "\n".join(lines[1:]) + "\n"
