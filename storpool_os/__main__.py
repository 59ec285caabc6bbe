"""The command `storpool_os`: what OpenStack's services asked for on this node, and what is really attached."""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import sys
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from storpool import spapi, spconfig
from storpool.spcli import CommandParser, is_terminal, printable

from .spattachdb import AttachDB
from .splocked import SPLockedFileError

LOG = logging.getLogger(__name__)
_RIGHTS = {1: "ro", 2: "rw"}

Row = Dict[str, Optional[str]]


def _rows(db: AttachDB) -> List[Row]:
    """Return requests and attachments side by side; what disagrees has a `problem`."""
    requests = db.get()
    prefix = db.volumePrefix()
    attached = {
        volume: getattr(attachment, "rights", None) or "unknown" for volume, attachment in db.attached_here().items()
    }
    rows = [_requested(request, entry, attached) for request, entry in requests.items()]
    requested = {row["volume"] for row in rows}
    for volume in sorted(attached):
        if volume.startswith(prefix) and volume not in requested:
            problem = "attached, but no request wants it"
            rows.append(_row(None, volume, None, attached[volume], problem))
    return rows


def _requested(request: str, entry: Any, attached: Mapping[str, str]) -> Row:
    volume = entry.get("volume") if isinstance(entry, dict) else None
    rights = entry.get("rights") if isinstance(entry, dict) else None
    wanted = _RIGHTS.get(rights) if isinstance(rights, int) else None
    if not isinstance(volume, str) or wanted is None:
        return _row(request, None, None, None, "the entry makes no sense")
    problem = None
    if volume not in attached:
        problem = "wanted, but not attached"
    elif wanted == "rw" and attached[volume] != "rw":
        problem = "wanted to be written to, but attached to be read"
    return _row(request, volume, wanted, attached.get(volume), problem)


def _row(
    request: Optional[str],
    volume: Optional[str],
    wanted: Optional[str],
    attached: Optional[str],
    problem: Optional[str],
) -> Row:
    return {"request": request, "volume": volume, "wanted": wanted, "attached": attached, "problem": problem}


def _show(rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    titles: Row = {name: name.upper() for name in ("request", "volume", "wanted", "attached", "problem")}
    if not rows:
        return
    table = [[row[name] or "-" for name in titles] for row in (titles, *rows)]
    if is_terminal(sys.stdout):
        table = [list(map(printable, line)) for line in table]
    widths = [max(map(len, column)) for column in zip(*table)]
    for line in table:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def _list(db: AttachDB, args: argparse.Namespace) -> int:
    _show(_rows(db), args.json)
    return 0


def _check(db: AttachDB, args: argparse.Namespace) -> int:
    wrong = [row for row in _rows(db) if row["problem"]]
    _show(wrong, args.json)
    return 1 if wrong else 0


def _forget(db: AttachDB, args: argparse.Namespace) -> int:
    with db:
        known = args.request in db.get()
        db.remove(args.request)
    if args.json:
        print(json.dumps({"request": args.request, "forgotten": known}))
    elif not known:
        print(f"storpool_os: there is no request {printable(args.request)}", file=sys.stderr)
    return 0 if known else 1


_DESCRIPTION = """\
Compare what OpenStack's services want on this node with what is attached.
"storpool_os COMMAND --help" has the options of a command."""

_EPILOG = """\
examples:
  storpool_os list               requests and attachments, side by side
  storpool_os check              only what disagrees
  storpool_os check --json       the same, for programs
  storpool_os forget REQUEST     drop a request; nothing is detached

exit status:
  0    the command succeeded, and check found no disagreement
  1    check found some, or there is no such request
  2    the options are wrong, or the command could not be run"""


def _parser() -> argparse.ArgumentParser:
    common = CommandParser(add_help=False)
    common.add_argument("--json", action="store_true", help="for programs")
    common.add_argument("--file", help="the state file, if it is not where OpenStack's services have it")
    version = f"storpool_os {spapi.VERSION}"
    parser = CommandParser(prog="storpool_os", description=_DESCRIPTION, epilog=_EPILOG, version=version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run: Dict[str, Callable[[AttachDB, argparse.Namespace], int]] = {"list": _list, "check": _check, "forget": _forget}
    helps = {
        "list": "the requests and what is attached on this node, side by side",
        "check": "only what disagrees; the exit status is 1 when something does",
        "forget": "drop a request from the file; nothing is detached",
    }
    for name, function in run.items():
        command = commands.add_parser(name, parents=[common], help=helps[name], description=helps[name])
        command.set_defaults(run=function)
        if name == "forget":
            command.add_argument("request", metavar="REQUEST")
    return parser


def main(argv: Optional[Sequence[str]] = None, override_config: Optional[Mapping[str, str]] = None) -> int:
    """Run a command; the exit status is 0, 1 for what it says itself, or 2 where it could not be done."""
    args = _parser().parse_args(argv)
    file = {"fname": args.file} if args.file else {}
    try:
        status: int = args.run(AttachDB(LOG, override_config=override_config, **file), args)
    except (
        OSError,
        ValueError,
        KeyError,
        SPLockedFileError,
        spapi.ApiError,
        spconfig.SPConfigException,
        http.client.HTTPException,
    ) as exc:
        print(f"storpool_os: {printable(str(exc))}", file=sys.stderr)
        return 2
    return status


def command() -> int:
    """Run the command line of this process, and return the exit status."""
    logging.basicConfig(format="storpool_os: %(message)s")
    return main()


if __name__ == "__main__":
    sys.exit(command())
