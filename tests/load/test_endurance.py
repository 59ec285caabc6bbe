"""Programs run for months: descriptors, memory and threads stay as they are, over many calls and forks.

`SP_TEST_CALLS` and `SP_TEST_FORKS` say how many; `tox -e load` makes many more than the other tests have time for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator

import pytest

CALLS = int(os.environ.get("SP_TEST_CALLS", "4000"))
FORKS = int(os.environ.get("SP_TEST_FORKS", "60"))
SERVER = Path(__file__).parents[2] / "bench" / "server.py"
START = """
import os, sys, threading
from storpool import spapi

api = spapi.Api(host="127.0.0.1", port=sys.argv[1], auth="1", timeout=60)
count = int(sys.argv[2])

def state():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "KB": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }

def compare(before, after):
    assert after["descriptors"] <= before["descriptors"] + 2, (before, after)
    assert after["threads"] == before["threads"], (before, after)
    # What threads and the allocator keep varies by some pages; a leak of 100 bytes a call would be more.
    assert after["KB"] <= before["KB"] + 1024 + count // 20, (before, after)
"""
CALLING = """
def work(calls):
    for _ in range(calls):
        assert api.volumeCreate({"name": "v", "size": 512, "tags": {"a": "b"}}).ok is True

def together(calls):
    threads = [threading.Thread(target=work, args=(calls // 16,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

together(count)
before = state()
together(count)
compare(before, state())
"""
FORKING = """
def fork():
    child = os.fork()
    if child == 0:
        api.volumeDelete("v")
        os._exit(0)
    api.volumeDelete("v")
    assert os.waitpid(child, 0)[1] == 0

for _ in range(10):
    fork()
before = state()
for _ in range(count):
    fork()
compare(before, state())
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.fixture
def port() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()


@pytest.mark.parametrize(("work", "count"), [(CALLING, CALLS), (FORKING, FORKS)], ids=["calls", "forks"])
def test_descriptors_threads_and_memory_stay_as_they_are(work: str, count: int, port: str) -> None:
    code = textwrap.dedent(START + work)
    subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", code, port, str(count)], check=True)
