"""Measures one figure of one side, in the interpreter that has that side installed; `run.py` starts it.

Only what the original has too is used, so that the same code measures both. What it prints is a JSON object of lists of
seconds (or bytes), by the name of what was measured.
"""

from __future__ import annotations

import gc
import http.client
import json
import sys
import threading
import time
import tracemalloc
from typing import Any, Callable, Dict, List

CREATE: Dict[str, Any] = {
    "name": "os--volume-1b4e28ba-2fa1-41d2-883f-0016d3cca427",
    "size": 10 * 2**30,
    "replication": 3,
    "template": "hybrid",
    "tags": {"cs": "volume", "vm": "i-1b4e28ba"},
    "iops": 1000,
}
AUTH = "1234567890"
THREADS = 8
#: A sample is the mean of as many calls as take at least so long together, in seconds.
SAMPLE = 0.02

Samples = Dict[str, List[float]]
clock = time.perf_counter


def timed(function: Callable[[], Any], loops: int = 1) -> float:
    """Give the mean time of a call."""
    repeat = range(loops)
    started = clock()
    for _ in repeat:
        function()
    return (clock() - started) / loops


def compared(functions: Dict[str, Callable[[], Any]], rounds: int) -> Samples:
    """Time several functions, taking turns: what else the machine does then hits them all."""
    for function in functions.values():
        function()  # what is made at the first call is no matter of the others
    loops = {name: max(1, int(SAMPLE / max(timed(function), 1e-9))) for name, function in functions.items()}
    found: Samples = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            gc.collect()
            found[name].append(timed(function, loops[name]))
    return found


class Canned:
    """Stands for a connection: test suites put such a thing into the place of `http.client.HTTPConnection`."""

    reply = b""
    status = 200

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def request(self, *args: Any) -> None:
        pass

    def getresponse(self) -> Canned:
        return self

    def read(self, *args: Any) -> bytes:
        return self.reply

    def close(self) -> None:
        pass


def _can(path: str) -> None:
    """Let the canned reply be that to a listing with the data of a file."""
    with open(path, "rb") as file:
        Canned.reply = b'{"generation": 1, "data": ' + file.read() + b"}"


def _canned_call(call: str, warm_up: str) -> Callable[..., Any]:
    """Give a method of an Api that sends nothing, called once already."""
    from storpool import spapi

    http.client.HTTPConnection = Canned  # type: ignore[assignment, misc]
    method = getattr(spapi.Api(host="127.0.0.1", port=80, auth=AUTH), call)
    _can(warm_up)
    method()
    return method  # type: ignore[no-any-return]


def decoding(call: str, path: str, warm_up: str, rounds: int) -> Samples:
    """Measure a whole reply, from its bytes to objects, and `json.loads` of the same bytes.

    `first` is the first listing of the process: nothing in it was seen before.
    """
    method = _canned_call(call, warm_up)
    _can(path)
    gc.collect()
    first = timed(method)
    found = compared({"loads": lambda: json.loads(Canned.reply), "call": method}, rounds)
    return {**found, "first": [first]}


def memory(call: str, path: str, warm_up: str, rounds: int) -> Samples:
    """Measure the bytes of an object of a listing, by what stays allocated."""
    method = _canned_call(call, warm_up)
    _can(path)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = method()
    gc.collect()
    return {"whole": [(tracemalloc.get_traced_memory()[0] - before) / len(result)]}


def encoding(rounds: int) -> Samples:
    """The body of a volumeCreate, from a dictionary to JSON; and reading an attribute, in a loop of 100."""
    from storpool import spapi, spjson, sptypes

    spapi.Api(host="127.0.0.1", port=80, auth=AUTH)
    volume = sptypes.VolumeCreateDesc(CREATE)
    hundred = range(100)

    def read() -> None:
        for _ in hundred:
            volume.name  # noqa: B018 - reading is what is measured

    def read_nothing() -> None:
        for _ in hundred:
            pass

    return compared(
        {
            "create": lambda: spjson.dumps(sptypes.VolumeCreateDesc(CREATE)),
            "dumps": lambda: json.dumps(CREATE),
            "read": read,
            "read nothing": read_nothing,
        },
        rounds,
    )


def _bare(port: int) -> Callable[[], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps(CREATE, separators=(",", ":"))

    def call() -> Any:
        connection.request("POST", "/ctrl/1.0/VolumeCreate", body, {"Authorization": f"Storpool v1:{AUTH}"})
        response = connection.getresponse()
        return json.loads(response.read())

    return call


def round_trips(port: int, rounds: int) -> Samples:
    """A volumeCreate over loopback, and the same bytes over one kept connection; medians of single calls."""
    from storpool import spapi

    api = spapi.Api(host="127.0.0.1", port=port, auth=AUTH)
    bare = _bare(port)
    found: Samples = {"bare": [], "call": []}
    for _ in range(100):
        bare()
        api.volumeCreate(CREATE)
    for _ in range(rounds):
        found["bare"].append(timed(bare))
        found["call"].append(timed(lambda: api.volumeCreate(CREATE)))
    return found


def threads(port: int, rounds: int) -> Samples:
    """How long eight threads take for a call each, on the average, sharing an Api."""
    from storpool import spapi

    api = spapi.Api(host="127.0.0.1", port=port, auth=AUTH)
    calls = 100

    def work() -> None:
        for _ in range(calls):
            api.volumeDelete("v")

    def together() -> None:
        running = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    together()
    return {"calls": [timed(together) / (calls * THREADS) for _ in range(rounds)]}


FIGURES: Dict[str, Callable[..., Samples]] = {
    "decoding": decoding,
    "memory": memory,
    "encoding": encoding,
    "round_trips": round_trips,
    "threads": threads,
}

if __name__ == "__main__":
    figure, arguments = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(FIGURES[figure](**arguments)))
