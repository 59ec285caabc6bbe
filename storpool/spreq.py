"""The command line of the API: one call, its result as JSON on standard output, its error as JSON on standard error.

Exit status: 0, the call was made, or only described; 1, it could not be made; 2, the cluster answered with an error;
3, that error is objectDoesNotExist.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import os
import sys
from typing import Any, Callable, Iterator, List, NamedTuple, NoReturn, Optional

from . import spapi, spconfig
from .spapi.call import CALLS
from .spcatch import InvalidArgumentError
from .spjson import JsonEncoder

__all__ = ["deep_to_json", "from_config_with_overrides", "get_api_method", "main"]

FEATURES = ("multicluster=1.0", "clustername=1.0", "json=1.0", "noop=1.0")

EXIT_API_ERROR = 2
EXIT_NO_SUCH_OBJECT = 3
EXIT_INTERRUPTED = 130

# What trying again may mend; the bindings have tried a few times by themselves.
_TRANSIENT = (ConnectionRefusedError, ConnectionResetError, http.client.HTTPException)


def deep_to_json(obj: Any) -> Any:
    """Turn the objects of the API within lists and dictionaries into dictionaries."""
    if isinstance(obj, list):
        return [deep_to_json(item) for item in obj]
    if isinstance(obj, dict):
        return {key: deep_to_json(value) for key, value in obj.items()}
    if hasattr(obj, "to_json"):
        return deep_to_json(obj.to_json())
    return obj


def _dumps(obj: Any) -> str:
    return json.dumps(obj, indent=2, cls=JsonEncoder)


def _refuse(name: str, descr: str, transient: bool = False, **more: Any) -> NoReturn:
    """Exit with status 1 and an error of our own in the form of the API's."""
    sys.exit(_dumps({"error": {"transient": transient, "name": name, "descr": descr, **more}}))


def _complain(text: str) -> None:
    # Nobody may read that; the exit status must still be right.
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _refuse(
            "cliParseArgs",
            "Could not parse the command-line arguments",
            parser_errors=f"{self.format_usage()}{self.prog}: error: {message}\n",
        )


class _Tell(argparse.Action):
    """Print a line and exit; argparse's own action for versions would break a long one."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print(self.const)
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    version = f"storpool_req {spapi.VERSION}"
    features = f"Features: storpool_req={spapi.VERSION} {' '.join(FEATURES)}"
    parser = _Parser(prog="storpool_req", description="Make one call of the StorPool API.")
    parser.add_argument("-N", "--noop", action="store_true", help="only say what would be called")
    parser.add_argument("--json", help="the body of the request, as JSON")
    parser.add_argument("-C", "--clustername", help="the name of the remote cluster to send the call to")
    parser.add_argument("-M", "--multicluster", action="store_true", help="send the call to all connected clusters")
    parser.add_argument("-P", "--post", action="store_true", help="make a POST request, not a GET one")
    parser.add_argument("--version", action=_Tell, nargs=0, const=version, help="show the version and exit")
    parser.add_argument("--features", action=_Tell, nargs=0, const=features, help="list the features and exit")
    parser.add_argument("query", help="the query: VolumesList, Volume, VolumeUpdate, KV/List, ...")
    parser.add_argument("args", nargs="*", help="its arguments: the name of a volume, ...")
    return parser


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
        return from_config_with_overrides(multiCluster=multiCluster)
    except KeyError as exc:
        _refuse("cliMissingConfigVariable", "Missing CLI configuration variable", missing=exc.args[0])
    except Exception as exc:
        _refuse("cliInitAPI", str(exc))


class _Target(NamedTuple):
    method: Callable[..., Any]
    arguments: List[str]
    body: bool


def _find(api: Any, http_method: str, query: str) -> Optional[_Target]:
    """Find a call by the words of its query, ``KV/List``, or by the first one; among several the first by name."""
    names = [name for name, call in CALLS.items() if call.method == http_method and hasattr(api, name)]
    by_words = [name for name in names if CALLS[name].query.partition("/{")[0] == query]
    found = by_words or [name for name in names if CALLS[name].query.partition("/")[0] == query]
    if not found:
        return None if names else _find_documented(api, http_method, query)
    name = min(found)
    call = CALLS[name]
    return _Target(getattr(api, name), [argument._name for argument in call.args], call.json is not None)


def _find_documented(api: Any, http_method: str, query: str) -> Optional[_Target]:
    # Test suites put an Api of their own in the place of ours; its calls tell of themselves by `spDoc`.
    for name in dir(api):
        method = getattr(api, name)
        doc: Any = getattr(method, "spDoc", None)
        words = getattr(doc, "query", None)
        if isinstance(words, str) and doc.method == http_method and words.partition("/")[0] == query:
            return _Target(method, list(doc.args), doc.json is not None)
    return None


def get_api_method(args: argparse.Namespace) -> Callable[..., Any]:
    """Give the method of an Api that a command line asks for, or exit with what is wrong with it.

    :param args: ``query``, ``post``, ``args``, ``json``, ``multicluster`` as parsed.
    """
    api = _api(bool(args.multicluster))
    http_method = "POST" if args.post else "GET"
    target = _find(api, http_method, args.query)
    if target is None:
        _refuse("cliUnknownQuery", "Unknown API query", method=http_method, query=args.query)
    if len(args.args) != len(target.arguments):
        _refuse(
            "cliInvalidNumberOfArguments",
            "Invalid number of arguments supplied",
            supplied_count=len(args.args),
            required_count=len(target.arguments),
            required_names=target.arguments,
        )
    if target.body and args.json is None:
        _refuse("cliJSONRequired", "This method requires JSON data")
    if args.json is not None and not target.body:
        _refuse("cliNoJSONRequired", "This method does not require any JSON data")
    return target.method


def _parameters(args: argparse.Namespace) -> List[Any]:
    if args.json is None:
        return list(args.args)
    try:
        return [*args.args, json.loads(args.json)]
    except (ValueError, RecursionError) as exc:
        _refuse("cliInvalidJSON", f"Could not parse the JSON data: {exc}")


def _invoke(method: Callable[..., Any], parameters: List[Any], clusterName: Optional[str]) -> Any:
    try:
        return method(*parameters, clusterName=clusterName)
    except spapi.ApiError as exc:
        reply = exc.json
        if not (isinstance(reply, dict) and isinstance(reply.get("error"), dict)):
            reply = {"error": {"transient": exc.transient, "name": exc.name, "descr": exc.desc}}
        _complain(_dumps(reply))
        sys.exit(EXIT_NO_SUCH_OBJECT if exc.name == "objectDoesNotExist" else EXIT_API_ERROR)
    except InvalidArgumentError as exc:
        _refuse("cliInvalidArgument", str(exc))
    except (OSError, http.client.HTTPException) as exc:
        _refuse("cliRequestFailed", f"{type(exc).__name__}: {exc}", transient=isinstance(exc, _TRANSIENT))


def _run() -> None:
    args = _parser().parse_args()
    method = get_api_method(args)
    parameters = _parameters(args)
    if args.noop:
        name = getattr(method, "__name__", "the method")
        print(f"About to invoke {name} with {parameters!a}, {{'clusterName': {args.clustername!a}}}")
        return
    with _warnings_after_success():
        result = _invoke(method, parameters, args.clustername)
    print(_dumps(deep_to_json(result)))


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def _warnings_after_success() -> Iterator[None]:
    """Keep the bindings' warnings off standard error until it is sure that no JSON goes there."""
    logger = logging.getLogger("storpool")
    collector = _Collector()
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    for line in collector.lines:
        _complain(line)


@contextlib.contextmanager
def _output_may_fail() -> Iterator[None]:
    """Report what keeps standard output from being written; but ``| head`` closes it early, and that is no error."""
    output = sys.stdout  # None when it was closed from the start; print() knows
    try:
        try:
            yield
        finally:
            if output:
                output.flush()
    except OSError as exc:
        # The interpreter flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        if not isinstance(exc, BrokenPipeError):
            _refuse("cliOutputFailed", f"Could not write the result: {exc}")


def main() -> None:
    """Run the command line."""
    try:
        with _output_may_fail():
            _run()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as exc:
        _refuse("cliInternalError", f"{type(exc).__name__}: {exc}")


if __name__ == "__main__":
    main()
