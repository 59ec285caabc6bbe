"""The command line: its options, and the help that a newcomer needs."""

from __future__ import annotations

import argparse
from typing import Any, List, NoReturn

from .. import spapi
from .errors import Failure

__all__ = ["FORMATS", "SHELLS", "parse", "parser"]

FEATURES = ("multicluster=1.0", "clustername=1.0", "json=1.0", "noop=1.0", "output=1.0", "wait=1.0")
FORMATS = ("json", "table", "yaml")
SHELLS = ("bash", "zsh")

_USAGE = """storpool_req [OPTION ...] [-P] QUERY [ARGUMENT ...] [--json JSON]
       storpool_req --list [WORD ...]
       storpool_req --describe QUERY
       storpool_req --completion {bash,zsh}"""

_DESCRIPTION = """\
Make one call of the StorPool API and print its result as JSON.

Queries that read are made as they are; those that change something need -P.
A query's arguments follow it, and the body of the request, where it takes
one, is given by --json. The cluster is the one in /etc/storpool.conf, unless
SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN in the environment say
otherwise."""

_EPILOG = """\
examples:
  storpool_req --list                        all queries, by area
  storpool_req --list snapshot               those about snapshots
  storpool_req --describe VolumeCreate       what a query does, takes and gives
  storpool_req -o table VolumesList          the volumes, to look at
  storpool_req Volume data                   one volume
  storpool_req -P VolumeCreate --json '{"name": "data", "template": "ssd"}'
  storpool_req -P VolumeDelete data          delete it
  storpool_req -P --wait SnapshotDelete old  and wait until it is gone
  source <(storpool_req --completion bash)   let Tab complete all this

exit status:
  0    the call was made
  1    it could not be made
  2    the cluster answered with an error
  3    there is no such object
  130  interrupted

Errors are JSON on standard error:
  {"error": {"transient": false, "name": "...", "descr": "..."}}"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Failure(
            "cliParseArgs",
            "Could not parse the command-line arguments",
            hint="storpool_req --help tells how.",
            details={"parser_errors": f"{self.format_usage()}{self.prog}: error: {message}\n"},
        )


class _Tell(argparse.Action):
    """Print a line and exit; argparse's own action for versions would break a long one."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print(self.const)
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    version = f"storpool_req {spapi.VERSION}"
    features = f"Features: storpool_req={spapi.VERSION} {' '.join(FEATURES)}"
    made = _Parser(
        prog="storpool_req",
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("-P", "--post", action="store_true", help="make a POST request, which changes something")
    made.add_argument("--json", help="the body of the request, as JSON")
    made.add_argument(
        "-o", "--output", choices=FORMATS, help="the form of the result: json (the default), table, or yaml"
    )
    made.add_argument("--wait", action="store_true", help="wait until what the call began is done")
    made.add_argument("-N", "--noop", action="store_true", help="only say what would be called")
    made.add_argument("-C", "--clustername", help="the name of the remote cluster to send the call to")
    made.add_argument("-M", "--multicluster", action="store_true", help="send the call to all connected clusters")
    made.add_argument("--list", action="store_true", help="list the queries, or those that have all these words")
    made.add_argument("--describe", action="store_true", help="tell all about a query: what it does, takes and gives")
    made.add_argument("--completion", choices=SHELLS, help="write what completes command lines in a shell")
    made.add_argument("--version", action=_Tell, nargs=0, const=version, help="show the version and exit")
    made.add_argument("--features", action=_Tell, nargs=0, const=features, help="list the features and exit")
    made.add_argument(
        "words", nargs="*", metavar="QUERY", help="the query, and its arguments: Volume data, KV/List, ..."
    )
    return made


def parse(argv: List[str]) -> argparse.Namespace:
    """Read a command line, or exit with what is wrong with it."""
    made = parser()
    args = made.parse_intermixed_args(argv)
    asked = [name for name in ("list", "describe", "completion") if getattr(args, name)]
    if len(asked) > 1:
        made.error(f"--{asked[0]} and --{asked[1]} exclude each other")
    if asked and (args.output or args.wait or args.noop or args.json is not None):
        made.error(f"--{asked[0]} makes no call: -o, --wait, --noop and --json do not go with it")
    if asked == ["completion"] and args.words:
        made.error("--completion takes no query")
    if asked == ["describe"] and len(args.words) != 1:
        made.error("--describe takes one query")
    if not asked and not args.words:
        made.error("the following arguments are required: query")
    args.query, args.args = args.words[0] if args.words else None, args.words[1:]
    return args
