"""What the bindings do is counted, not timed: calls and allocations are the same on a busy machine.

A bound is what was counted, and a little more for other versions of Python. Whoever makes something slower finds it
here; whoever makes it faster lowers the bound.
"""

from __future__ import annotations

import gc
import http.client
import json
import sys
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, NamedTuple

import pytest
from raw_http import RawServer, answers, api_of, response

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import payloads

from storpool import spapi, spjson, sptype, sptypes
from storpool.sptype import fast
from storpool.sptype.nodes import Collection

COUNT = 1000
CREATE = {"name": "v", "size": 2**30, "replication": 3, "tags": {"cs": "volume"}, "iops": 1000}


def calls_of(function: Callable[[], Any]) -> int:
    """Count the calls of functions, Python's and C's, that a call makes in this thread."""
    count = 0

    def profile(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def lines_of(function: Callable[[], Any]) -> int:
    """Count the lines of Python that a call executes."""
    count = 0

    def trace(_frame: Any, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def blocks_of(function: Callable[[], Any]) -> int:
    """Count the blocks of memory that the result of a call keeps."""
    gc.collect()
    before = sys.getallocatedblocks()
    result = function()
    gc.collect()
    kept = sys.getallocatedblocks() - before
    del result
    return kept


class Work(NamedTuple):
    """What may be done for one record of a listing, or for one call.

    :ivar first: calls of functions when nothing in it was seen before.
    :ivar again: the same for the next listing.
    :ivar lines: lines of Python.
    :ivar blocks: blocks of memory that the result keeps.
    """

    first: float
    again: float
    lines: float
    blocks: float


def reader(call: str) -> fast.MsgspecReader:
    """Return what reads the result of a call, as it is in a new process."""
    assert sptype.use_msgspec()
    node = spapi.CALLS[call].returns
    assert isinstance(node, Collection)
    return fast.MsgspecReader(node)


def listing(call: str, count: int, seed: int) -> bytes:
    return b'{"generation": 1, "data": %b}' % payloads.reply(call, count, seed=seed)


class TestListings:
    BOUNDS: ClassVar[Dict[str, Work]] = {
        "volumesList": Work(1.6, 1.5, 33, 14),
        "volumesQuickStatus": Work(9.6, 9.4, 74, 19),
        "disksList": Work(7.4, 7.2, 70, 28),
    }

    @pytest.mark.parametrize("call", BOUNDS)
    def test_a_record_takes_no_more_than(self, call: str) -> None:
        read = reader(call)
        read.decode(listing(call, 4, seed=1))
        reply = listing(call, COUNT, seed=3)

        def decode() -> Any:
            return read.decode(reply)

        counts = (calls_of(decode), calls_of(decode), lines_of(decode), blocks_of(decode))
        found = Work(*(count / COUNT for count in counts))
        bound = self.BOUNDS[call]
        assert all(value <= most for value, most in zip(found, bound)), (found, bound)

    @pytest.mark.parametrize("call", BOUNDS)
    def test_work_grows_no_faster_than_the_listing(self, call: str) -> None:
        read = reader(call)
        counts = []
        for count in (COUNT, 4 * COUNT):
            reply = listing(call, count, seed=4)
            read.decode(reply)
            counts.append(calls_of(lambda reply=reply: read.decode(reply)))
        assert counts[1] <= 4.2 * counts[0]

    @pytest.mark.parametrize("call", BOUNDS)
    def test_nothing_is_left_to_the_collector_of_cycles(self, call: str) -> None:
        read = reader(call)
        reply = listing(call, COUNT, seed=5)
        read.decode(reply)
        gc.collect()
        read.decode(reply)
        assert gc.collect() == 0


class TestCalls:
    def test_a_body_takes_no_more_than(self) -> None:
        for write in (spjson.dumps, spjson.body_of):

            def encode(write: Callable[[Any], str] = write) -> str:
                return write(sptypes.VolumeCreateDesc(CREATE))

            encode()
            assert calls_of(encode) <= 50
            assert lines_of(encode) <= 155

    def test_a_round_trip_takes_no_more_than(self) -> None:
        ok = {"generation": 1, "data": {"ok": True, "generation": 1}}
        with RawServer(answers(response(ok))) as server:
            api = api_of(server)

            def call() -> Any:
                return api.volumeCreate(CREATE)

            def bare() -> Any:
                connection.request("POST", "/ctrl/1.0/VolumeCreate", json.dumps(CREATE), {"Authorization": "x"})
                return json.loads(connection.getresponse().read())

            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            for _ in range(2):
                call()
                bare()
            ours, floor = calls_of(call), calls_of(bare)
            connection.close()
        assert ours <= 0.6 * floor, (ours, floor)
