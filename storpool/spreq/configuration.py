"""Explains why the configuration does not lead to a cluster."""

from __future__ import annotations

import os
from typing import AbstractSet, Any, Dict, List

from .. import spconfig
from .errors import Failure

__all__ = ["failure"]

_VARIABLES = {"SP_API_HTTP_HOST": "host", "SP_API_HTTP_PORT": "port", "SP_AUTH_TOKEN": "auth"}


def failure(error: Exception, given: AbstractSet[str]) -> Failure:
    """Return the failure to report for an error of making the Api.

    :param given: the parameters of the Api that options gave.
    """
    if isinstance(error, KeyError):
        details: Dict[str, Any] = {"missing": error.args[0]}
        result = Failure("cliMissingConfigVariable", "Missing CLI configuration variable", details=details)
    else:
        result = Failure("cliInitAPI", str(error))
    missing = _missing(given)
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        result.summary = f"{_listed(missing)} {verb} not set"
        result.hint = f"{_places()}\n{_advice(missing)}"
    return result


def _missing(given: AbstractSet[str]) -> List[str]:
    """Return the variables that are set nowhere; none if a file cannot be read."""
    try:
        config = spconfig.SPConfig(missing_ok=True)
    except spconfig.SPConfigException:
        return []
    files = spconfig.SPConfig.get_config_files(missing_ok=True)
    names = [name for name, parameter in _VARIABLES.items() if parameter not in given]
    if not files:
        # The defaults are those of a node of the cluster, which has a file.
        return [name for name in names if name not in os.environ]
    return [name for name in names if name not in config]


def _places() -> str:
    files = spconfig.SPConfig.get_config_files(missing_ok=True)
    main, directory = spconfig.SPConfig.PATH_CONFIG, spconfig.SPConfig.PATH_CONFIG_DIR
    absent = "" if main in files else f", {main} (which does not exist)"
    listed = "".join(f", {path}" for path in files)
    return f"Looked in: the environment{absent}{listed}" + ("" if len(files) > 1 else f", {directory}/*.conf")


def _advice(missing: List[str]) -> str:
    options = [f"--{_VARIABLES[name]}" for name in missing if name != "SP_AUTH_TOKEN"]
    advice = "Set the variable there" if len(missing) == 1 else "Set the variables there"
    if options:
        advice += f", or give {' and '.join(options)}"
    return f"{advice}. On a node of the cluster, {spconfig.SPConfig.PATH_CONFIG} has them."


def _listed(names: List[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
