"""What scripts rely on: how a call is found and made, and how its result is printed.

The result is JSON on standard output, unless another form is asked for. Exit status: 0, the call was made, or only
described; 1, it could not be made; 2, the cluster answered with an error; 3, that error is objectDoesNotExist; 130, it
was interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Callable, Dict, List, NamedTuple, NoReturn, Optional

from .. import spapi, spconfig, spreq
from ..spapi.call import CALLS, Call
from .arguments import parse
from .errors import (
    EXIT_INTERRUPTED,
    dumps,
    failures_told,
    output_may_fail,
    refuse,
    warnings_after_success,
)

__all__ = [
    "declared",
    "deep_to_json",
    "from_config_with_overrides",
    "get_api_method",
    "main",
    "of_query",
    "unknown_query",
]


def deep_to_json(obj: Any) -> Any:
    """Turn the objects of the API within lists and dictionaries into dictionaries."""
    if isinstance(obj, list):
        return [deep_to_json(item) for item in obj]
    if isinstance(obj, dict):
        return {key: deep_to_json(value) for key, value in obj.items()}
    if hasattr(obj, "to_json"):
        return deep_to_json(obj.to_json())
    return obj


def from_config_with_overrides(**kwargs: Any) -> Any:
    """Make the Api that the configuration describes, or the environment where it says otherwise.

    :raises KeyError: a variable is nowhere set; the first of ``args`` is its name.
    """
    config = spconfig.api_config()

    def variable(name: str) -> str:
        value = os.environ.get(name, None)
        return config[name] if value is None else value

    return spapi.Api(
        host=variable("SP_API_HTTP_HOST"),
        port=int(variable("SP_API_HTTP_PORT")),
        auth=variable("SP_AUTH_TOKEN"),
        **kwargs,
    )


def _api(multiCluster: bool) -> Any:
    try:
        # Of the package, where test suites replace it; so are the others below.
        return spreq.from_config_with_overrides(multiCluster=multiCluster)
    except KeyError as exc:
        refuse("cliMissingConfigVariable", "Missing CLI configuration variable", missing=exc.args[0])
    except Exception as exc:
        refuse("cliInitAPI", str(exc))


def of_query(query: str, calls: Dict[str, Call]) -> Dict[str, Call]:
    """Give those calls that have the words of this query, ``KV/List``, or else those that have the first one."""
    return {name: call for name, call in calls.items() if call.query.partition("/{")[0] == query} or {
        name: call for name, call in calls.items() if call.query.partition("/")[0] == query
    }


class _Target(NamedTuple):
    method: Callable[..., Any]
    arguments: List[str]
    takesBody: bool
    needsBody: bool


def _find(api: Any, http_method: str, query: str) -> Optional[_Target]:
    """Find the call of a query; among several the first by name."""
    calls = {name: call for name, call in CALLS.items() if call.method == http_method and hasattr(api, name)}
    if not calls:
        return _find_documented(api, http_method, query)
    found = of_query(query, calls)
    if not found:
        return None
    name = min(found)
    call = found[name]
    body = call.json is not None
    # Before 7.4.0 calls with an optional body needed one here; scripts go by that.
    return _Target(getattr(api, name), [argument._name for argument in call.args], body, body and not call.jsonLast)


def _find_documented(api: Any, http_method: str, query: str) -> Optional[_Target]:
    # Test suites put an Api of their own in the place of ours; its calls tell of themselves by `spDoc`.
    for name in dir(api):
        method = getattr(api, name)
        doc: Any = getattr(method, "spDoc", None)
        words = getattr(doc, "query", None)
        if isinstance(words, str) and doc.method == http_method and words.partition("/")[0] == query:
            return _Target(method, list(doc.args), doc.json is not None, doc.json is not None)
    return None


def get_api_method(args: argparse.Namespace) -> Callable[..., Any]:
    """Give the method of an Api that a command line asks for, or exit with what is wrong with it.

    :param args: ``query``, ``post``, ``args``, ``json``, ``multicluster`` as parsed.
    """
    api = _api(bool(args.multicluster))
    http_method = "POST" if args.post else "GET"
    target = _find(api, http_method, args.query)
    if target is None:
        unknown_query(http_method, args.query)
    hint = f"storpool_req --describe {args.query} tells what it takes."
    if len(args.args) != len(target.arguments):
        refuse(
            "cliInvalidNumberOfArguments",
            "Invalid number of arguments supplied",
            hint=hint,
            supplied_count=len(args.args),
            required_count=len(target.arguments),
            required_names=target.arguments,
        )
    if target.needsBody and args.json is None:
        refuse("cliJSONRequired", "This method requires JSON data", hint=hint)
    if args.json is not None and not target.takesBody:
        refuse("cliNoJSONRequired", "This method does not require any JSON data", hint=hint)
    return target.method


def unknown_query(http_method: str, query: str) -> NoReturn:
    """Exit because there is no such query; a person is told of the nearest ones."""
    import difflib  # for those few that mistype

    other = "POST" if http_method == "GET" else "GET"
    if of_query(query, {name: call for name, call in CALLS.items() if call.method == other}):
        hint = f"{query} is a {other} query: {'add' if other == 'POST' else 'leave out'} -P."
    else:
        words = {call.query.partition("/{")[0].lower(): call.query.partition("/{")[0] for call in CALLS.values()}
        near = [words[each] for each in difflib.get_close_matches(query.lower(), words, cutoff=0.7)]
        hint = f"Did you mean {' or '.join(near)}?" if near else "storpool_req --list lists the queries."
    refuse("cliUnknownQuery", "Unknown API query", hint=hint, method=http_method, query=query)


def declared(method: Callable[..., Any]) -> Optional[Call]:
    """Give the declaration of a method; None for one that is not ours."""
    call = getattr(method, "spCall", None)
    return call if isinstance(call, Call) else None


def _parameters(args: argparse.Namespace) -> List[Any]:
    if args.json is None:
        return list(args.args)
    try:
        return [*args.args, json.loads(args.json)]
    except (ValueError, RecursionError) as exc:
        refuse("cliInvalidJSON", f"Could not parse the JSON data: {exc}")


def _invoke(method: Callable[..., Any], parameters: List[Any], clusterName: Optional[str]) -> Any:
    common: Dict[str, Any] = {"clusterName": clusterName}
    call = declared(method)
    if call is not None and call.jsonLast and len(parameters) > len(call.args):
        *parameters, common["json"] = parameters
    return method(*parameters, **common)


def _call(args: argparse.Namespace) -> None:
    """Make the call that a command line asks for."""
    # What is missing for the rest is told before anything is sent.
    write: Callable[[Any, Optional[Call]], None] = _print_json
    if args.output not in (None, "json"):
        from .output import writer

        write = writer(args.output)
    method = spreq.get_api_method(args)
    parameters = _parameters(args)
    wait = None
    if args.wait:
        from .waiting import wait_for

        wait = wait_for(method, declared(method), parameters, args.clustername)
    if args.noop:
        name = getattr(method, "__name__", "the method")
        print(f"About to invoke {name} with {parameters!a}, {{'clusterName': {args.clustername!a}}}")
        return
    with warnings_after_success(), failures_told():
        if wait is not None:
            wait.before()
        result = _invoke(method, parameters, args.clustername)
    write(spreq.deep_to_json(result), declared(method))
    if wait is not None:
        if sys.stdout is not None:
            sys.stdout.flush()
        with warnings_after_success(), failures_told():
            wait.after(result)


def _print_json(data: Any, _call: Optional[Call]) -> None:
    print(dumps(data))


def _run() -> None:
    if sys.argv[1:2] == ["--complete"]:  # from a shell, between two keystrokes
        from .completion import print_candidates

        print_candidates(sys.argv[2:])
        return
    args = parse(sys.argv[1:])
    if args.completion:
        from .completion import script

        print(script(args.completion), end="")
    elif args.list or args.describe:
        from . import describe

        print(describe.listing(args.words) if args.list else describe.description(args.query, args.post), end="")
    else:
        _call(args)


def main() -> None:
    """Run the command line."""
    try:
        with output_may_fail():
            _run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as exc:
        refuse("cliInternalError", f"{type(exc).__name__}: {exc}")
