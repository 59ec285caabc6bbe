"""The command `storpool_confget`: prints the configuration of a StorPool node as ``NAME=value`` lines.

It is the configuration that :class:`storpool.spconfig.SPConfig` reads, sorted by name. With ``-S`` the values are
quoted for shells::

    eval "$(storpool_confget -S)"
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import Iterator, List, Optional

from .spcli import CommandParser, is_terminal, printable
from .spconfig import SPConfig, SPConfigException, api_config

__all__ = ["main", "parser"]

_DESCRIPTION = """\
Print the configuration of a StorPool node: a NAME=value line for each
variable, sorted by name. The token is among them.

The bindings use the same configuration: their defaults, /etc/storpool.conf,
/etc/storpool.conf.d/*.conf, and the environment variables SP_API_HTTP_HOST,
SP_API_HTTP_PORT and SP_AUTH_TOKEN. Later ones take precedence."""

_EPILOG = """\
examples:
  storpool_confget                    the configuration of this host
  storpool_confget -s node2           that of another host
  storpool_confget | grep SP_OURID    one variable
  eval "$(storpool_confget -S)"       all of them, in a shell script

exit status:
  0    the configuration was printed
  1    it cannot be read, or not be printed
  2    the options are wrong"""


def main(argv: Optional[List[str]] = None) -> int:
    """Print the configuration, and return the exit status."""
    args = parser().parse_args(argv)
    try:
        config = api_config(section=args.section)
        lines = list(_quoted(config) if args.shell else _unquoted(config))
    except SPConfigException as exc:
        return _fail(str(exc))
    try:
        if is_terminal(sys.stdout):
            lines = list(map(printable, lines))
        # Bytes that are not UTF-8 come out as they were read, from the environment, too.
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except OSError as exc:
        # The interpreter flushes once more when it exits, and would print another error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(exc, BrokenPipeError):
            return _fail(f"Could not write: {exc.strerror}")
    return 0


def parser() -> CommandParser:
    """Return the parser of the command line."""
    result = CommandParser(prog="storpool_confget", description=_DESCRIPTION, epilog=_EPILOG, version=_version)
    result.add_argument(
        "-s", dest="section", metavar="SECTION", help="read this section, the name of a host (default: this host)"
    )
    result.add_argument("-S", dest="shell", action="store_true", help="quote the values for a shell")
    return result


def _version() -> str:
    # Imported for this option only: the configuration can be read without the rest of the bindings.
    from .spapi import VERSION

    return f"storpool_confget {VERSION}"


def _unquoted(config: SPConfig) -> Iterator[str]:
    for name, value in sorted(config.items()):
        if "\n" in value:
            raise SPConfigException(f"{name} holds a line break, which only -S can show")
        yield f"{name}={value}"


def _quoted(config: SPConfig) -> Iterator[str]:
    for name, value in sorted(config.items()):
        # A shell would run anything else as a command.
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            yield f"{name}={shlex.quote(value)}"
        else:
            _fail(f"Left out, because no shell variable has such a name: {name!a}")


def _fail(text: str) -> int:
    print(f"storpool_confget: {printable(text)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
