"""The options of the command, and their help."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
from typing import Any, Callable, List, NoReturn, Optional

from .. import spapi
from ..spcli import Print
from .errors import Failure

__all__ = ["FORMATS", "SHELLS", "parse", "parser"]

FEATURES = ("multicluster=1.0", "clustername=1.0", "json=1.1", "noop=1.1", "output=1.0", "wait=1.0")
FORMATS = ("json", "table", "yaml", "csv", "name")
SHELLS = ("bash", "zsh")

USAGE = """storpool_req [OPTION ...] [-P] QUERY [ARGUMENT ...] [KEY=VALUE ...]
       storpool_req --list [WORD ...]
       storpool_req --describe {QUERY | TYPE | TYPE.FIELD | ERROR}
       storpool_req --completion {bash,zsh}"""

DESCRIPTION = """\
Make one call of the StorPool API and print its result as JSON.

QUERY is a query of the API, such as VolumesList, or the name of the call in
Python, such as volumesList, in upper or lower case. Its arguments follow it.
Calls that change something need -P.

The body of the request, where there is one, is given by --json, or field by
field: KEY=VALUE, KEY:=JSON, and KEY.FIELD=VALUE within an object. Sizes may
have a suffix K, M, G or T, in powers of 1024; items of lists are separated by
commas.

The cluster is the one in /etc/storpool.conf. The environment variables
SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN take precedence."""

EPILOG = """\
examples:
  storpool_req --list                        all queries, by area
  storpool_req --list snapshot               those about snapshots
  storpool_req --describe VolumeCreate       what a query does and takes
  storpool_req --describe VolumeCreateDesc.size  what a field means
  storpool_req -o table VolumesList          the volumes, as a table
  storpool_req -o table --filter 'size>10G and tags.app==db' VolumesList
  storpool_req -o csv --columns name,size --sort -size VolumesList
  storpool_req -o table --watch 2 TasksList  the tasks, every 2 seconds
  storpool_req Volume data                   one volume
  storpool_req -P VolumeCreate name=data size=20G template=ssd tags.app=db
  storpool_req -P VolumeCreate --json '{"name": "data", "template": "ssd"}'
  storpool_req -P VolumeCreate --json @body.json
  storpool_req -N -P VolumeDelete data       show the request, send nothing
  storpool_req -P VolumeDelete data          delete it
  storpool_req -P --wait SnapshotDelete old  and wait until it is gone
  source <(storpool_req --completion bash)   complete all this with Tab

environment variables:
  SP_API_HTTP_HOST, SP_API_HTTP_PORT, SP_AUTH_TOKEN
                   the cluster; --host and --port take precedence
  SP_REQ_TIMEOUT   the default of --timeout
  SP_REQ_RETRIES   the default of --retries
  SP_REQ_DEBUG     1 means --debug
  NO_COLOR         if set, no colours

exit status:
  0    the call succeeded
  1    it could not be made
  2    the cluster answered with an error
  3    there is no such object
  130  interrupted

Errors are JSON on standard error, and on a terminal one line; -o json keeps
JSON there, too:
  {"error": {"transient": false, "name": "...", "descr": "..."}}"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Failure(
            "cliParseArgs",
            "Could not parse the command-line arguments",
            summary=message,
            hint=f"{self.format_usage()}storpool_req --help explains the options.",
            details={"parser_errors": f"{self.format_usage()}{self.prog}: error: {message}\n"},
        )


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def _count(text: str) -> int:
    if text.isascii() and text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    version = f"storpool_req {spapi.VERSION}"
    features = f"Features: storpool_req={spapi.VERSION} {' '.join(FEATURES)}"
    result = _Parser(
        prog="storpool_req",
        usage=USAGE,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    # In a group, even without a title: only outside of groups argparse looks at the terminal, and imports much for it.
    result.add_argument_group().add_argument(
        "words", nargs="*", metavar="QUERY", help="the query, its arguments, and fields of the body: Volume data, ..."
    )
    request = result.add_argument_group("the request")
    request.add_argument("-P", "--post", action="store_true", help="make a POST request, which changes something")
    request.add_argument("--json", help="the body: JSON, @FILE, or - for standard input")
    request.add_argument(
        "--strict", action="store_true", help="refuse a body with unknown keys, instead of dropping them"
    )
    request.add_argument("-N", "--noop", action="store_true", help="show the request, and send nothing")
    request.add_argument("-C", "--clustername", metavar="NAME", help="send the call to this remote cluster")
    request.add_argument("-M", "--multicluster", action="store_true", help="send the call to all connected clusters")
    result_group = result.add_argument_group("the result")
    result_group.add_argument(
        "-o",
        "--output",
        choices=FORMATS,
        metavar="FORM",
        help="the form of the result: json (the default), table, yaml, csv, or name (names only)",
    )
    result_group.add_argument("--columns", metavar="FIELD,...", help="show only these fields: name,size,tags.app")
    result_group.add_argument("--sort", metavar="FIELD", help="sort by this field; -FIELD sorts in descending order")
    result_group.add_argument("--filter", metavar="TEST", help="show only records such as 'size>10G and tags.app==db'")
    result_group.add_argument(
        "--watch", metavar="SECONDS", type=_seconds, help="repeat the call, and show its result anew, until Ctrl-C"
    )
    result_group.add_argument("--wait", action="store_true", help="wait until what the call began is done")
    connection = result.add_argument_group("the connection")
    connection.add_argument("--host", help="the address of the management service")
    connection.add_argument("--port", help="its port")
    connection.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help="the longest time for a request (300), and for --wait (no limit)",
    )
    connection.add_argument(
        "--retries", metavar="NUMBER", type=_count, help="how often to retry after a temporary error (5)"
    )
    connection.add_argument(
        "--debug", action="store_true", help="print each request, its status and duration on standard error"
    )
    about = result.add_argument_group("about the API and this command")
    about.add_argument("--list", action="store_true", help="list the queries, or those that have all these words")
    about.add_argument(
        "--describe", action="store_true", help="explain a query, a type, a field (TYPE.FIELD), or an error"
    )
    about.add_argument("--completion", choices=SHELLS, help="print a script that makes a shell complete all this")
    about.add_argument("-h", "--help", action="help", help="show this help and exit")
    about.add_argument("--version", action=Print, nargs=0, const=version, help="show the version and exit")
    about.add_argument("--features", action=Print, nargs=0, const=features, help="list the features and exit")
    return result


def parse(argv: List[str]) -> argparse.Namespace:
    """Parse a command line.

    :raises Failure: it makes no sense.
    """
    options = parser()
    args = options.parse_intermixed_args(_joined(argv))
    modes = [name for name in ("list", "describe", "completion") if getattr(args, name)]
    if len(modes) > 1:
        options.error(f"--{modes[0]} and --{modes[1]} exclude each other")
    if modes and (args.output or args.wait or args.noop or args.watch or args.json is not None):
        options.error(f"--{modes[0]} makes no call: -o, --wait, --watch, --noop and --json do not go with it")
    if args.watch and (args.post or args.wait or args.noop):
        options.error("--watch repeats a call: -P, --wait and --noop do not go with it")
    if modes == ["completion"] and args.words:
        options.error("--completion takes no query")
    if modes == ["describe"] and len(args.words) != 1:
        options.error("--describe takes one query, type, field or error")
    if not modes and not args.words:
        options.error("the following arguments are required: query")
    args.query, args.args = args.words[0] if args.words else None, args.words[1:]
    args.timeout = _from_environment(options, args.timeout, "SP_REQ_TIMEOUT", _seconds)
    args.retries = _from_environment(options, args.retries, "SP_REQ_RETRIES", _count)
    args.debug = args.debug or os.environ.get("SP_REQ_DEBUG", "") not in ("", "0")
    return args


def _joined(argv: List[str]) -> List[str]:
    """Join ``--sort -size`` to one word, or the second would be taken for an option."""
    words: List[str] = []
    for word in argv:
        if words[-1:] == ["--sort"] and word.startswith("-"):
            words[-1] = f"--sort={word}"
        else:
            words.append(word)
    return words


def _from_environment(
    options: argparse.ArgumentParser, given: Any, name: str, convert: Callable[[str], Any]
) -> Optional[Any]:
    """Return the value of an option, or else of its environment variable."""
    text = os.environ.get(name, "")
    if given is not None or not text:
        return given
    try:
        return convert(text)
    except argparse.ArgumentTypeError as exc:
        options.error(f"environment variable {name}: {exc}")
