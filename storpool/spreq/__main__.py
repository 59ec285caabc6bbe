"""``python -m storpool.spreq`` is the command `storpool_req`."""

from . import main

main()
