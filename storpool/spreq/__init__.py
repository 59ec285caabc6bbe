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
from typing import Any, Callable, Dict

from .. import spapi, spconfig
from . import command, configuration, queries

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

    :param kwargs: more parameters of the Api; ``host`` and ``port`` take precedence over both.
    :raises KeyError: a variable is not set; its name is the first of ``args``.
    :raises ValueError: the port is not a number.
    """
    variables = {"host": "SP_API_HTTP_HOST", "port": "SP_API_HTTP_PORT", "auth": "SP_AUTH_TOKEN"}
    needed = {parameter: name for parameter, name in variables.items() if parameter not in kwargs}
    in_environment = {parameter: os.environ.get(name, None) for parameter, name in needed.items()}
    # Files are read only if they are needed: that takes longer than the rest of the start.
    config = spconfig.api_config() if None in in_environment.values() else {}
    parameters: Dict[str, Any] = {
        parameter: config[name] if in_environment[parameter] is None else in_environment[parameter]
        for parameter, name in needed.items()
    }
    parameters.update(kwargs)
    port = str(parameters["port"])
    if not (port.strip().isascii() and port.strip().isdecimal() and 0 < int(port) < 65536):
        source = "--port" if "port" in kwargs else "SP_API_HTTP_PORT"
        raise ValueError(f"{source} is {port!r}, which is not a port, an integer from 1 to 65535")
    return spapi.Api(**{**parameters, "port": int(port)})


def get_api_method(args: argparse.Namespace) -> Callable[..., Any]:
    """Return the method of an Api that a command line asks for.

    :param args: ``query``, ``post``, ``args``, ``json``, ``multicluster`` as parsed.
    :raises SystemExit: there is no such method, or it takes other arguments; the code is the JSON of the error.
    """
    api = _api(args)
    http_method = "POST" if args.post else "GET"
    target = queries.find(api, http_method, args.query)
    if target is None:
        raise queries.unknown(http_method, args.query)
    target.check(args.query, args.args, args.json)
    return target.method


def _api(args: argparse.Namespace) -> Any:
    options = {
        "host": getattr(args, "host", None),
        "port": getattr(args, "port", None),
        "timeout": getattr(args, "timeout", None),
        "transientRetries": getattr(args, "retries", None),
    }
    given = {name: value for name, value in options.items() if value is not None}
    multicluster = bool(args.multicluster)
    try:
        return from_config_with_overrides(multiCluster=multicluster, **given)
    except Exception as exc:
        if getattr(args, "noop", False):
            # Nothing will be sent, so nothing need be known about the cluster.
            return spapi.Api(multiCluster=multicluster)
        raise configuration.failure(exc, set(given)) from exc


def main() -> None:
    """Run the command line."""
    # The functions are looked up here at each run, because test suites replace them.
    command.main(sys.argv[1:], command.Functions(get_api_method, deep_to_json, from_config_with_overrides))
