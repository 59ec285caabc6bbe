"""The command `storpool_confget`: the configuration of a StorPool node as ``NAME=value`` lines.

What it prints is what :class:`storpool.spconfig.SPConfig` has, sorted by name. With ``-S`` values are quoted, so that a
shell can take them over::

    eval "$(storpool_confget -S)"
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from typing import Iterator, List, Optional

from .spconfig import SPConfig, SPConfigException, api_config

__all__ = ["main"]


def main(argv: Optional[List[str]] = None) -> int:
    """Print the configuration; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        config = api_config(section=args.section)
        text = "".join(f"{line}\n" for line in (_quoted(config) if args.shell else _plain(config)))
    except SPConfigException as exc:
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="storpool_confget",
        description="Print the configuration of a StorPool node, a NAME=value line for each variable, sorted by name. "
        "It is what the bindings go by: the defaults, /etc/storpool.conf, /etc/storpool.conf.d/*.conf, and "
        "SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN in the environment. Among it is the token.",
        epilog='In a shell script: eval "$(storpool_confget -S)"',
    )
    parser.add_argument(
        "-s", dest="section", metavar="SECTION", help="the section to read, the name of a host (this one)"
    )
    parser.add_argument("-S", dest="shell", action="store_true", help="quote the values for a shell")
    return parser


def _plain(config: SPConfig) -> Iterator[str]:
    for name, value in sorted(config.items()):
        if "\n" in value:
            raise SPConfigException(f"{name} holds a line break, which only -S can show")
        yield f"{name}={value}"


def _quoted(config: SPConfig) -> Iterator[str]:
    for name, value in sorted(config.items()):
        # To a shell anything else is a command.
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
            yield f"{name}={shlex.quote(value)}"
        else:
            _fail(f"Left out, because no shell variable has such a name: {name!a}")


def _fail(text: str) -> int:
    print(f"storpool_confget: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
