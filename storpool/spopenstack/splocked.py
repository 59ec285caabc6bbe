"""The module `storpool_os.splocked` itself: what is patched in one must be patched in the other."""

import sys

import storpool_os.splocked
from storpool_os.splocked import *  # noqa: F403 - for type checkers; at run time the line below decides

sys.modules[__name__] = storpool_os.splocked
