"""Writes the man pages of the commands from their parsers.

The help of a command is the source of its page: the description, the options by group, the commands within it, and the
parts of the epilog, each of which begins with a line such as ``examples:``.
"""

from __future__ import annotations

import argparse
import importlib
import re
from typing import Dict, Iterator, List, Tuple

__all__ = ["COMMANDS", "page", "pages"]

COMMANDS = {
    "storpool_confget": "storpool.spconfget:parser",
    "storpool_confshow": "storpool.spconfshow:_parser",
    "storpool_os": "storpool_os.__main__:_parser",
    "storpool_req": "storpool.spreq.arguments:parser",
    "storpool_sim": "storpool_sim.cli:_parser",
}
"""The functions that make the parsers of the commands, by the names of the commands."""


def pages(version: str) -> Dict[str, str]:
    """Return the man page of each command by its file name.

    :raises ImportError: a library that a command needs is not installed.
    """
    found = {}
    for name, place in COMMANDS.items():
        module, _, function = place.partition(":")
        parser: argparse.ArgumentParser = getattr(importlib.import_module(module), function)()
        found[f"{name}.1"] = page(parser, version)
    return found


def page(parser: argparse.ArgumentParser, version: str) -> str:
    """Return the man page of a command, in roff."""
    summary, description = _split(parser.description or "")
    lines = [
        f'.TH "{parser.prog.upper()}" 1 "" "storpool {_escaped(version)}" "User Commands"',
        # Aligned to the left, and words are not split: options stay whole.
        ".ad l",
        ".nh",
        ".SH NAME",
        f"{_escaped(parser.prog)} \\- {_escaped(summary[:1].lower() + summary[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        *_as_it_is(re.sub(r"^usage: ", "", parser.format_usage()).rstrip().replace("\n       ", "\n")),
        ".SH DESCRIPTION",
        *_paragraphs(f"{summary}\n\n{description}" if description else summary),
        *_options(parser),
    ]
    for title, text in _sections(parser.epilog or ""):
        lines += [f".SH {title.upper()}", *_as_it_is(text)]
    others = [f"\\fB{_escaped(name)}\\fR(1)" for name in COMMANDS if name != parser.prog]
    return "\n".join([*lines, ".SH SEE ALSO", ", ".join(others)]) + "\n"


def _split(description: str) -> Tuple[str, str]:
    """Split a description into its first sentence and the rest."""
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", description.strip())
    match = re.match(r"(.*?[.:])(?:\s+|$)(.*)", text, re.DOTALL)
    return (match[1].replace(":", "."), match[2].strip()) if match else (text, "")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield ".SH OPTIONS"
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.help is not argparse.SUPPRESS]
        options = [action for action in actions if action.option_strings]
        commands = [action for action in actions if isinstance(action, argparse._SubParsersAction)]
        if options:
            title = group.title or ""
            if title not in ("options", "optional arguments"):
                yield f".SS {_escaped(title.capitalize())}"
        for option in options:
            yield from _option(option)
        for command in commands:
            yield from _commands(command)


def _option(action: argparse.Action) -> List[str]:
    value = ""
    if action.nargs != 0:
        value = action.metavar if isinstance(action.metavar, str) else ""
        if not value and action.choices:
            value = f"{{{','.join(map(str, action.choices))}}}"
        value = value or action.dest.upper()
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
    text = (action.help or "") % {"default": action.default, "prog": ""} if action.help else ""
    return [".TP", f"{names} \\fI{_escaped(value)}\\fR" if value else names, _escaped(text)]


def _commands(action: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[str]:
    yield ".SH COMMANDS"
    helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
    for name, parser in action.choices.items():
        yield f".SS {_escaped(name)}"
        yield from _as_it_is(re.sub(r"^usage: ", "", parser.format_usage()).rstrip())
        yield from (".PP", _escaped(_sentence(parser.description or helps.get(name, ""))))
        for option in parser._actions:
            if option.option_strings and option.dest != "help":
                yield from _option(option)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _sections(epilog: str) -> Iterator[Tuple[str, str]]:
    """Split an epilog into parts with a title; text without one is a note."""
    for part in re.split(r"\n\s*\n(?=\S)", epilog.strip("\n")):
        title, _, text = part.partition("\n")
        if title.endswith(":") and text:
            yield title[:-1], text
        elif part:
            yield "notes", part


def _paragraphs(text: str) -> Iterator[str]:
    for index, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        if index:
            yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _as_it_is(text: str) -> List[str]:
    return [".nf", *(_escaped(line) for line in text.split("\n")), ".fi"]


def _escaped(text: str) -> str:
    """Escape a text for roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text
