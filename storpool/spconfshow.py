"""The command `storpool_confshow`: variables of the StorPool configuration, one or all.

What it prints is what :class:`storpool.spconfig.SPConfig` has. Names may leave out the prefix ``SP_``::

    eval "$(storpool_confshow -e OURID)"
    host=$(storpool_confshow -n SP_API_HTTP_HOST)
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Iterable, Iterator, List, Optional, Tuple

from .spcli import CommandParser
from .spconfig import SPConfig, SPConfigException, api_config

__all__ = ["main"]

_PREFIX = "SP_"


def main(argv: Optional[List[str]] = None) -> int:
    """Print variables; return the exit status."""
    args = _parser().parse_args(argv)
    try:
        config = api_config(section=args.section)
        variables = list(_selected(config, args.names))
        text = "".join(f"{line}\n" for line in _lines(variables, args.eval, args.no_name))
    except SPConfigException as exc:
        return _fail(str(exc))
    except KeyError as exc:
        # Its text says where the variable was looked for.
        return _fail(str(exc))
    try:
        # The bytes that were read, in an environment too.
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as exc:
        # The interpreter flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(exc, BrokenPipeError):
            return _fail(f"Could not write: {exc.strerror}")
    return 0


_DESCRIPTION = """\
Print variables of the configuration of a StorPool node: a NAME=value line for
each, in the order of the command line. Without names, print all of them,
sorted. The token is among them."""

_EPILOG = """\
examples:
  storpool_confshow SP_OURID              one variable
  storpool_confshow -s node2 OURID        that of another host
  host=$(storpool_confshow -n SP_API_HTTP_HOST)
  eval "$(storpool_confshow -e OURID)"    take it over in a shell script

exit status:
  0    the variables were printed
  1    the configuration cannot be read, or has no such variable
  2    the options are wrong"""


def _version() -> str:
    # Imported for this option only: the configuration can be read without the rest of the bindings.
    from .spapi import VERSION

    return f"storpool_confshow {VERSION}"


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="storpool_confshow", description=_DESCRIPTION, epilog=_EPILOG, version=_version)
    parser.add_argument(
        "-s", dest="section", metavar="SECTION", help="read this section, the name of a host (default: this host)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("-e", dest="eval", action="store_true", help="quote the values, for a shell's eval")
    form.add_argument("-n", dest="no_name", action="store_true", help="print the values only, without names")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"a variable, with or without {_PREFIX}")
    return parser


def _selected(config: SPConfig, names: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Return the named variables, or all.

    :raises KeyError: one is not set.
    """
    if not names:
        yield from sorted(config.items())
    for name in names:
        # The name itself first: variables need not have the prefix.
        full = name if name in config or name.startswith(_PREFIX) else _PREFIX + name
        yield full, config[full]


def _lines(variables: Iterable[Tuple[str, str]], quoted: bool, no_name: bool) -> Iterator[str]:
    for name, value in variables:
        if quoted:
            # To a shell anything else is a command.
            if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
                yield f"{name}={_quote(value)}"
            else:
                _fail(f"Left out, because no shell variable has such a name: {name!a}")
        elif "\n" in value:
            raise SPConfigException(f"{name} holds a line break, which only -e can show")
        else:
            yield value if no_name else f"{name}={value}"


def _quote(value: str) -> str:
    # Always with quotes, unlike shlex.quote: scripts that cut them off rely on them.
    return "'" + value.replace("'", "'\"'\"'") + "'"


def _fail(text: str) -> int:
    print(f"storpool_confshow: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
