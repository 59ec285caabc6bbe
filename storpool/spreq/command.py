"""Runs a command line: finds the call, makes it, prints its result.

The result is JSON on standard output, unless another form is asked for. Exit statuses: 0, the call succeeded, or was
only shown; 1, it could not be made; 2, the cluster answered with an error; 3, that error is objectDoesNotExist; 130,
the command was interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Callable, Dict, List, Optional

from ..spapi.call import Call
from .arguments import parse
from .errors import EXIT_INTERRUPTED, Failure, dumps, output_may_fail, reported_failures, warnings_after_success
from .queries import declaration_of

__all__ = ["main"]

GetMethod = Callable[[argparse.Namespace], Callable[..., Any]]
ToJson = Callable[[Any], Any]
MakeApi = Callable[..., Any]
Write = Callable[[Any, Optional[Call]], None]


def main(argv: List[str], get_api_method: GetMethod, to_json: ToJson, make_api: MakeApi) -> None:
    """Run a command line, and exit.

    :param get_api_method: returns the method that parsed arguments ask for.
    :param to_json: turns a result into what JSON has.
    :param make_api: returns an Api for the configured cluster.
    """
    try:
        try:
            with output_may_fail():
                _run(argv, get_api_method, to_json, make_api)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except Exception as exc:
            raise Failure("cliInternalError", f"{type(exc).__name__}: {exc}") from exc
    except Failure as failure:
        failure.report()
        sys.exit(failure.status)


def _run(argv: List[str], get_api_method: GetMethod, to_json: ToJson, make_api: MakeApi) -> None:
    # Modules for people are imported when they are needed: scripts should start quickly.
    if argv[:1] == ["--complete"]:  # from a shell's completion, between two keystrokes
        from .completion import print_candidates

        print_candidates(argv[1:], make_api)
        return
    args = parse(argv)
    if args.completion:
        from .completion import script

        print(script(args.completion), end="")
    elif args.list or args.describe:
        from . import describe

        print(describe.listing(args.words) if args.list else describe.description(args.query, args.post), end="")
    else:
        _call(args, get_api_method, to_json)


def _call(args: argparse.Namespace, get_api_method: GetMethod, to_json: ToJson) -> None:
    """Make the call that a command line asks for, and print its result."""
    # A missing library must be reported before anything is sent.
    write: Write = _print_json
    if args.output not in (None, "json"):
        from .output import writer

        write = writer(args.output)
    method = get_api_method(args)
    parameters = _parameters(args)
    wait = None
    if args.wait:
        from .waiting import wait_for

        wait = wait_for(method, declaration_of(method), parameters, args.clustername)
    if args.noop:
        name = getattr(method, "__name__", "the method")
        print(f"About to invoke {name} with {parameters!a}, {{'clusterName': {args.clustername!a}}}")
        return
    with warnings_after_success(), reported_failures():
        if wait is not None:
            wait.before()
        result = _invoke(method, parameters, args.clustername)
    write(to_json(result), declaration_of(method))
    if wait is not None:
        if sys.stdout is not None:
            sys.stdout.flush()
        with warnings_after_success(), reported_failures():
            wait.after(result)


def _parameters(args: argparse.Namespace) -> List[Any]:
    if args.json is None:
        return list(args.args)
    try:
        return [*args.args, json.loads(args.json)]
    except (ValueError, RecursionError) as exc:
        raise Failure("cliInvalidJSON", f"Could not parse the JSON data: {exc}") from None


def _invoke(method: Callable[..., Any], parameters: List[Any], cluster: Optional[str]) -> Any:
    keywords: Dict[str, Any] = {"clusterName": cluster}
    call = declaration_of(method)
    if call is not None and call.jsonLast and len(parameters) > len(call.args):
        *parameters, keywords["json"] = parameters
    return method(*parameters, **keywords)


def _print_json(data: Any, _call: Optional[Call]) -> None:
    print(dumps(data))
