"""What a call does when the network or the server misbehaves: real sockets, broken bytes."""

from __future__ import annotations

import inspect
import logging
import re
import socket
import time
from typing import Any, List

import pytest
from raw_http import (
    BROKEN_HTTP,
    ENDS,
    GOOD,
    PERMANENT,
    TIMEOUT,
    TOKEN,
    TRANSIENT,
    Connection,
    RawServer,
    Script,
    answers,
    api_of,
    head,
    once,
    response,
    silent,
)

from storpool import spapi


def ends(script: Script) -> BaseException:
    """How a call ends, which must be as one of the documented errors and in good time."""
    with RawServer(script) as server:
        start = time.monotonic()
        with pytest.raises(ENDS) as info:
            api_of(server).volumesList()
        assert time.monotonic() - start < TIMEOUT + 2
        assert TOKEN not in f"{info.value!s} {info.value!r} {vars(info.value)}"
        return info.value


UNUSABLE = {
    "nothing": b"",
    "not JSON": b"<html>502 Bad Gateway</html>",
    "not UTF-8": b'{"data": "\xff\xfe"}',
    "UTF-16": '{"data": []}'.encode("utf-16")[2:5],
    "cut in the middle": b'{"generation": 1, "data": [{"na',
    "garbage after": b'{"data": []} trailing',
    "absurdly nested list": b"[" * 100_000,
    "absurdly nested data": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "absurdly nested object": b'{"a":' * 100_000,
    "list": b"[]",
    "string": b'"data"',
    "null": b"null",
    "number": b"17",
    "too long a number": b'{"error": ' + b"9" * 10_000 + b"}",
    "without data": b"{}",
    "only a generation": b'{"generation": 5}',
    "error as a string": b'{"error": "broken"}',
    "error as a number": b'{"error": 5}',
    "error as a list": b'{"error": ["name", "descr"]}',
    "error without keys": b'{"error": {}}',
    "error without descr": b'{"error": {"name": "busy"}}',
    "error without name": b'{"error": {"descr": "busy", "transient": false}}',
    "error with other types": b'{"error": {"name": 5, "descr": [], "transient": "no"}}',
    "error beside data": b'{"error": {"name": "a", "descr": "b", "transient": false}, "data": []}',
}


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_reply_is_an_api_error(body: bytes, status: int) -> None:
    exc = ends(once(response(body, status)))
    assert isinstance(exc, spapi.ApiError)
    assert exc.status == status
    assert isinstance(exc.name, str) and isinstance(exc.desc, str) and isinstance(exc.transient, bool)
    assert str(exc) == f"{exc.name}: {exc.desc}"
    assert len(str(exc)) < 2000, "an excerpt of the body, not all of it"


@pytest.mark.parametrize("status", [302, 400, 404, 500, 502, 503, 504])
def test_unusable_reply_is_transient_where_a_gateway_says_so(status: int) -> None:
    exc = ends(once(response(b"<html>upstream is gone</html>", status)))
    assert isinstance(exc, spapi.ApiError)
    assert exc.transient is (status in (502, 503, 504))
    assert "upstream is gone" in exc.desc


@pytest.mark.parametrize("status", [201, 204, 302, 400, 500])
def test_data_with_another_status_than_200_is_an_error(status: int) -> None:
    assert isinstance(ends(once(response({"data": []}, status))), spapi.ApiError)


@pytest.mark.parametrize("length", [*range(0, len(GOOD) - 1, 7), len(GOOD) - 1])
def test_reply_cut_anywhere_ends_as_a_documented_error(length: int) -> None:
    ends(once(GOOD[:length]))


@pytest.mark.parametrize("script", BROKEN_HTTP.values(), ids=BROKEN_HTTP)
def test_broken_http_ends_as_a_documented_error(script: Script) -> None:
    ends(script)


def _silent_in_body(connection: Connection) -> None:
    connection.read()
    connection.send(GOOD[:-3])
    connection.server.stopped.wait(10)


def _slower_than_the_timeout(connection: Connection) -> None:
    connection.read()
    for byte in GOOD:
        connection.send(bytes([byte]))
        if connection.server.stopped.wait(TIMEOUT * 3):
            return


def _dripping_for_ever(connection: Connection) -> None:
    connection.read()
    connection.send(head("Content-Length: 1000000"))
    while not connection.server.stopped.wait(TIMEOUT / 10):
        connection.send(b" ")


@pytest.mark.parametrize("script", [silent, _silent_in_body, _slower_than_the_timeout, _dripping_for_ever])
def test_silence_is_a_timeout_and_is_not_retried(script: Script) -> None:
    slept: List[int] = []
    with RawServer(script) as server:
        api = api_of(server, transientRetries=3, transientSleep=lambda n: slept.append(n) or 0)
        start = time.monotonic()
        with pytest.raises(socket.timeout):
            api.volumesList()
        assert TIMEOUT / 2 < time.monotonic() - start < TIMEOUT + 2
        assert slept == [] and server.connections == 1


def test_slow_but_steady_reply_is_read_whole() -> None:
    def drip(connection: Connection) -> None:
        connection.read()
        for start in range(0, len(GOOD), 30):
            connection.send(GOOD[start : start + 30])
            connection.server.stopped.wait(0.02)

    with RawServer(drip) as server:
        assert api_of(server).volumesList() == []


# What is said of it


FAULTS = {
    "refusal": answers(PERMANENT),
    "unusable": answers(response(b"<html>", 502)),
    "reset": BROKEN_HTTP["reset after the request"],
    "bad status": BROKEN_HTTP["bad status"],
    "silence": silent,
}


@pytest.mark.parametrize("script", FAULTS.values(), ids=FAULTS)
def test_the_token_is_shown_nowhere(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(script) as server:
        api = api_of(server, transientRetries=1, transientSleep=lambda n: 0)
        with pytest.raises(ENDS) as info:
            api.volumeCreate({"name": "v", "size": 512})
        assert TOKEN.encode() in server.requests[0].head, "it was sent"
    shown = [str(api), repr(api)]
    chain: Any = info.value
    while chain is not None:
        shown += [str(chain), repr(chain), repr(chain.args), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    assert TOKEN not in "\n".join([*shown, caplog.text])


def test_each_request_is_a_line_in_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="storpool.spapi")
    with RawServer(answers(TRANSIENT, PERMANENT)) as server:
        api = api_of(server, transientRetries=3, transientSleep=lambda n: 0)
        with pytest.raises(spapi.ApiError):
            api.volumeInfo("some-volume")
    records = [record for record in caplog.records if record.name.startswith("storpool.spapi")]
    lines = [record.getMessage() for record in records if record.levelno == logging.DEBUG]
    assert len(lines) == 2
    for line, status in zip(lines, ("409", "400")):
        assert re.search(rf"\bGET\b.*/ctrl/1\.0/Volume\S*/some-volume\b.*\b{status}\b", line), line
        assert re.search(r"\d+(\.\d+)? ?m?s\b", line), f"no duration in {line!r}"
    warnings = [record.getMessage() for record in records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and "busy" in warnings[0]


def test_request_without_an_answer_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="storpool.spapi")
    with RawServer(BROKEN_HTTP["reset after the request"]) as server, pytest.raises(ConnectionError):
        api_of(server, transientRetries=2, transientSleep=lambda n: 0).volumesList()
    levels = [record.levelno for record in caplog.records if record.name.startswith("storpool.spapi")]
    assert levels.count(logging.WARNING) == 2 and levels.count(logging.DEBUG) == 3


def test_pauses_double_in_the_mean_and_are_spread_unless_told_otherwise() -> None:
    pause = inspect.signature(spapi.Api).parameters["transientSleep"].default
    for n in range(5):
        pauses = [pause(n) for _ in range(4000)]
        assert 0.96 < sum(pauses) / len(pauses) / 2**n < 1.04
        assert 2**n / 2 <= min(pauses) < 0.55 * 2**n and 1.45 * 2**n < max(pauses) <= 1.5 * 2**n
