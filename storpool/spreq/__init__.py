"""The command `storpool_req`: makes one call of the API and prints its result, or its error.

Scripts rely on the JSON of results and errors, and on the exit statuses. The rest is for people, and its modules are
imported when needed: `describe` (the reference in the terminal), `output` and `table` (results to look at), `waiting`
(until what a call began is done), `completion` (for shells).

The four functions here are what programs call, and what test suites replace.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Callable

from .. import spapi, spconfig
from . import command, queries
from .errors import Failure

# The modules are here because test suites replace things in them through this one.
__all__ = ["deep_to_json", "from_config_with_overrides", "get_api_method", "main", "os", "spapi", "spconfig", "sys"]


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
    """Return an Api for the configured cluster; the environment takes precedence over the files.

    :param kwargs: more parameters of the Api.
    :raises KeyError: a variable is not set; its name is the first of ``args``.
    :raises ValueError: the port is not a number.
    """
    config = spconfig.api_config()

    def variable(name: str) -> str:
        value = os.environ.get(name, None)
        return config[name] if value is None else value

    host, port, token = map(variable, ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN"))
    if not port.strip().isdecimal():
        raise ValueError(f"SP_API_HTTP_PORT is {port!r}, which is not a port, an integer from 1 to 65535")
    return spapi.Api(host=host, port=int(port), auth=token, **kwargs)


def get_api_method(args: argparse.Namespace) -> Callable[..., Any]:
    """Return the method of an Api that a command line asks for.

    :param args: ``query``, ``post``, ``args``, ``json``, ``multicluster`` as parsed.
    :raises SystemExit: there is no such method, or it takes other arguments; the code is the JSON of the error.
    """
    api = _api(multiCluster=bool(args.multicluster))
    http_method = "POST" if args.post else "GET"
    target = queries.find(api, http_method, args.query)
    if target is None:
        raise queries.unknown(http_method, args.query)
    target.check(args.query, args.args, args.json)
    return target.method


def _api(**kwargs: Any) -> Any:
    try:
        return from_config_with_overrides(**kwargs)
    except KeyError as exc:
        raise Failure(
            "cliMissingConfigVariable", "Missing CLI configuration variable", details={"missing": exc.args[0]}
        ) from None
    except Exception as exc:
        raise Failure("cliInitAPI", str(exc)) from exc


def main() -> None:
    """Run the command line."""
    # The functions are looked up here at each run, because test suites replace them.
    command.main(sys.argv[1:], get_api_method, deep_to_json, from_config_with_overrides)
