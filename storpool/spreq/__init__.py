"""The command `storpool_req`: one call of the API, its result on standard output, its error on standard error.

What scripts rely on is in `command`: JSON in and out, and the exit status. The rest is for people, and loaded when it
is asked for: `describe` (the reference in the terminal), `output` and `table` (results to look at), `waiting` (until
what a call began is done), `completion` (for shells).
"""

import os
import sys

from .. import spapi, spconfig
from .command import deep_to_json, from_config_with_overrides, get_api_method, main

# The modules are here for test suites, which replace things in them by way of this one.
__all__ = ["deep_to_json", "from_config_with_overrides", "get_api_method", "main", "os", "spapi", "spconfig", "sys"]
