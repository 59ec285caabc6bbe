"""Records what the original bindings do on new random cases, in the format of `tests/data`.

    python tests/peer/record.py --python /path/to/venv/bin/python --seed 7 --count 20000 > cases.jsonl
    SP_TEST_VECTORS=cases.jsonl pytest tests/vectors

This interpreter has our bindings, from whose declarations the cases are drawn; `--python` is one that has the original
7.3.0 installed, and is the only one to import it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from pathlib import Path

import declared
import generate

DRIVER = Path(__file__).with_name("driver.py")


def record(generator: generate.Generator, python: str, count: int) -> None:
    """Write `count` cases with their expectations to standard output, without those in which the two may differ."""
    # Isolated from PYTHONPATH, by which that interpreter would find our bindings instead.
    with subprocess.Popen(
        [python, "-I", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdin is not None and driver.stdout is not None
        feed = driver.stdin

        def write() -> None:
            for number in range(count):
                feed.write(json.dumps(generator.case(number)) + "\n")
            feed.close()

        # Written from a thread: the driver answers while it reads, and a full pipe on both sides would be the end.
        writer = threading.Thread(target=write)
        writer.start()
        for line in driver.stdout:
            sys.stdout.write(line)
        writer.join()
    if driver.returncode:
        sys.exit(f"the driver failed with status {driver.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what the original bindings do.")
    parser.add_argument("--python", required=True, help="an interpreter that has the original bindings installed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--spoiled", type=float, default=0.5, help="the share of inputs with something wrong in them")
    args = parser.parse_args()
    record(generate.Generator(declared.surface(), args.seed, args.spoiled), args.python, args.count)


if __name__ == "__main__":
    main()
