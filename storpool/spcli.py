"""What the command lines of the project have in common: their options, their errors, text that is safe to print."""

from __future__ import annotations

import argparse
from typing import Any, Callable, NoReturn, Union

__all__ = ["CommandParser", "Print", "is_terminal", "printable"]


class Print(argparse.Action):
    """Prints a line and exits; argparse's own action for versions would wrap a long one.

    The line, or a function that returns it, is the option's ``const``.
    """

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print(self.const() if callable(self.const) else self.const)
        parser.exit()


class CommandParser(argparse.ArgumentParser):
    """A parser that reports errors in one line, and keeps the lines of descriptions and examples.

    :param version: what ``--version`` prints, or a function that returns it; None for a command within another.
    """

    def __init__(self, *args: Any, version: Union[str, Callable[[], str], None] = None, **kwargs: Any) -> None:
        if "\n" in f"{kwargs.get('description')}{kwargs.get('epilog')}":
            kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **kwargs)
        if version is not None:
            self.add_argument("--version", action=Print, nargs=0, const=version, help="show the version and exit")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)} (see {self.prog} --help)\n")


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal; it may be None."""
    return stream is not None and stream.isatty()


def printable(text: str) -> str:
    """Return a text with control characters escaped: text from a cluster must not control the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
