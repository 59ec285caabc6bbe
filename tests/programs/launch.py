"""Runs a program of this directory as on a host of the cluster: with a configuration file where it is looked for.

    python launch.py FILE PROGRAM [ARGUMENT...]

An exception that ends the program is told by its name and text.
"""

import runpy
import sys

from storpool.spconfig import SPConfig


def main():
    file, program, *arguments = sys.argv[1:]
    SPConfig.PATH_CONFIG, SPConfig.PATH_CONFIG_DIR = file, file + ".d"
    sys.argv = [program, *arguments]
    try:
        runpy.run_path(program, run_name="__main__")
    except Exception as exc:
        sys.exit(f"{type(exc).__name__}: {exc}")


if __name__ == "__main__":
    main()
