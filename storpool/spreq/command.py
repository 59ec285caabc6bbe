"""Runs a command line: finds the call, makes it, prints its result.

The result is JSON on standard output, unless another form is asked for. Exit statuses: 0, the call succeeded, or was
only shown; 1, it could not be made; 2, the cluster answered with an error; 3, that error is objectDoesNotExist; 130,
the command was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, Callable, ContextManager, Dict, List, NamedTuple, Optional

from ..spapi.call import CALLS, Call
from ..spcli import is_terminal, printable
from .arguments import parse
from .errors import EXIT_INTERRUPTED, PROGRAM, Failure, dumps, for_people, making_a_call, output_may_fail, warn
from .queries import declaration_of, first

__all__ = ["Functions", "main"]

Write = Callable[[Any, Optional[Call]], None]


class Functions(NamedTuple):
    """The functions of the package that test suites replace.

    :ivar get_api_method: returns the method that parsed arguments ask for.
    :ivar to_json: turns a result into what JSON has.
    :ivar make_api: returns an Api for the configured cluster.
    """

    get_api_method: Callable[[argparse.Namespace], Callable[..., Any]]
    to_json: Callable[[Any], Any]
    make_api: Callable[..., Any]


def main(argv: List[str], functions: Functions) -> None:
    """Run a command line; exit unless it succeeds."""
    people = for_people(argv)
    try:
        try:
            with output_may_fail():
                _run(argv, functions, people)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except Exception as exc:
            raise Failure("cliInternalError", f"{type(exc).__name__}: {exc}") from exc
    except Failure as failure:
        failure.report(people)
        sys.exit(failure.status)


def _run(argv: List[str], functions: Functions, people: bool) -> None:
    # Modules for people are imported when they are needed: scripts should start quickly.
    if argv[:1] == ["--complete"]:  # from a shell's completion, between two keystrokes
        from .completion import print_candidates

        print_candidates(argv[1:], functions.make_api)
        return
    args = parse(argv)
    if args.completion:
        from .completion import script

        print(script(args.completion), end="")
    elif args.list or args.describe:
        from . import describe

        print(describe.listing(args.words) if args.list else describe.description(args.query, args.post), end="")
    else:
        _call(args, functions, people)


def _call(args: argparse.Namespace, functions: Functions, people: bool) -> None:
    """Make the call that a command line asks for, and print its result."""
    # A missing library must be reported before anything is sent.
    write: Write = _print_json
    if args.output not in (None, "json") or {args.columns, args.sort, args.filter} != {None}:
        from .output import writer

        write = writer(args)
    assignments = _split_words(args)
    method = functions.get_api_method(args)
    call = declaration_of(method)
    parameters, dropped = _parameters(args, call, assignments)
    wait = None
    if args.wait:
        from .waiting import wait_for

        wait = wait_for(method, call, parameters, args.clustername, args.timeout)
    if args.noop:
        _show_request(args, method, call, parameters)
        return
    if people:
        for text in dropped:
            warn(f"{PROGRAM}: {printable(text)}; the value is dropped")

    def calling() -> ContextManager[None]:
        retries = 5 if args.retries is None else args.retries
        return making_a_call(getattr(method, "__self__", None), people, args.debug, dropped, retries)

    def call_and_write() -> Any:
        with calling():
            if wait is not None:
                wait.before()
            result = _invoke(method, parameters, args.clustername)
        write(functions.to_json(result), call)
        return result

    if args.watch:
        from .watching import watch

        watch(call_and_write, args.watch, people)
    result = call_and_write()
    if wait is not None:
        if sys.stdout is not None:
            sys.stdout.flush()
        with calling():
            wait.after(result)


def _split_words(args: argparse.Namespace) -> List[Any]:
    """Take the fields of the body out of the arguments, and return them."""
    if not any("=" in word for word in args.args):
        return []
    from . import body

    found = first(args.query, {name: call for name, call in CALLS.items() if call.method == _method(args)})
    args.args, assignments = body.split(args.args, found)
    if assignments and args.json is None:
        args.json = "{}"
    return assignments


def _method(args: argparse.Namespace) -> str:
    return "POST" if args.post else "GET"


def _parameters(args: argparse.Namespace, call: Optional[Call], assignments: List[Any]) -> Any:
    """Return the parameters of the method, and descriptions of those keys of the body that will be dropped."""
    if args.json is None:
        return list(args.args), []
    from . import body

    json = body.load(args.json)
    dropped: List[str] = []
    if call is not None and call.json is not None:
        if assignments:
            json = body.add(json, assignments, call.json)
        body.refuse_misleading_text(json, call.json)
        dropped = body.unknown_fields(json, call.json)
    if dropped and args.strict:
        raise Failure("cliInvalidArgument", ", ".join(dropped))
    return [*args.args, json], dropped


def _show_request(
    args: argparse.Namespace, method: Callable[..., Any], call: Optional[Call], parameters: List[Any]
) -> None:
    """Print what would be sent."""
    if call is None or not (args.output or is_terminal(sys.stdout)):
        # Scripts know this line from the command's first version.
        name = getattr(method, "__name__", "the method")
        print(f"About to invoke {name} with {parameters!a}, {{'clusterName': {args.clustername!a}}}")
        return
    from .preview import recorded

    with making_a_call():
        request = recorded(args, call, lambda method, given: _invoke(method, given, args.clustername), parameters)
    print(dumps(request._asdict()) if args.output == "json" else request.text())


def _invoke(method: Callable[..., Any], parameters: List[Any], cluster: Optional[str]) -> Any:
    keywords: Dict[str, Any] = {"clusterName": cluster}
    call = declaration_of(method)
    if call is not None and call.jsonLast and len(parameters) > len(call.args):
        *parameters, keywords["json"] = parameters
    return method(*parameters, **keywords)


def _print_json(data: Any, _call: Optional[Call]) -> None:
    print(dumps(data))
