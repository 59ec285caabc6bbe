"""Retries, connections that are kept, and sharing an Api: with real sockets, between threads and across a fork."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from typing import Any, List, Tuple

import pytest
from raw_http import (
    BROKEN_HTTP,
    ENDS,
    GOOD,
    OK,
    PERMANENT,
    TRANSIENT,
    Connection,
    RawServer,
    Script,
    answers,
    api_of,
    once,
    response,
    silent,
)

from storpool import spapi

# Retries


def retried(script: Script, retries: int = 3) -> Tuple[Any, List[int], RawServer]:
    slept: List[int] = []
    with RawServer(script) as server:
        api = api_of(server, transientRetries=retries, transientSleep=lambda n: slept.append(n) or 0)
        try:
            result: Any = api.volumesList()
        except ENDS as exc:
            result = exc
    return result, slept, server


def test_transient_error_is_tried_again() -> None:
    result, slept, server = retried(answers(TRANSIENT, TRANSIENT, GOOD))
    assert result == [] and len(slept) == 2 and len(server.requests) == 3
    assert slept == sorted(set(slept)), "each sleep is told which it is"


def test_other_errors_are_not_tried_again() -> None:
    result, slept, server = retried(answers(PERMANENT, GOOD))
    assert isinstance(result, spapi.ApiError) and result.name == "invalidParam"
    assert slept == [] and len(server.requests) == 1


def test_the_last_error_is_raised_when_retries_run_out() -> None:
    last = response({"error": {"name": "last", "descr": "d", "transient": True}}, 409)
    result, slept, server = retried(answers(TRANSIENT, TRANSIENT, TRANSIENT, last), retries=3)
    assert isinstance(result, spapi.ApiError) and result.name == "last"
    assert len(slept) == 3 and len(server.requests) == 4


@pytest.mark.parametrize(
    "fault",
    [
        BROKEN_HTTP["reset at once"],
        BROKEN_HTTP["reset after the request"],
        BROKEN_HTTP["closed at once"],
        BROKEN_HTTP["bad status"],
        BROKEN_HTTP["body shorter than it says"],
        once(response(b"<html>", 503)),
    ],
    ids=["reset", "late reset", "closed", "bad status", "short body", "gateway"],
)
def test_a_connection_that_breaks_or_a_broken_reply_is_tried_again(fault: Script) -> None:
    def script(connection: Connection) -> None:
        (fault if connection.number < 2 else once(GOOD))(connection)

    result, slept, _server = retried(script)
    assert result == [] and len(slept) == 2


def test_refused_connection_is_tried_again() -> None:
    with RawServer(answers(GOOD), start=False) as server:
        slept: List[int] = []

        def sleep(n: int) -> float:
            slept.append(n)
            if len(slept) == 2:
                server.start()
            return 0

        assert api_of(server, transientRetries=3, transientSleep=sleep).volumesList() == []
        assert len(slept) == 2
        server.stopped.set()


def test_refused_connection_is_raised_in_the_end() -> None:
    with RawServer(answers(GOOD), start=False) as server, pytest.raises(ConnectionRefusedError):
        api_of(server, transientRetries=2, transientSleep=lambda n: 0).volumesList()


@pytest.mark.parametrize("fault", [TRANSIENT, response(b"", 503), b"HTTP/1.1 broken\r\n\r\n"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_same_bytes_go_out_on_each_try(method: str, fault: bytes) -> None:
    good = response({"data": OK if method == "POST" else {}})

    def script(connection: Connection) -> None:
        once(fault if connection.number < 2 else good)(connection)

    with RawServer(script) as server:
        api = api_of(server, transientRetries=3, transientSleep=lambda n: 0)
        if method == "GET":
            api.iSCSISessionsInfo({"controllerIds": [7, 9]}, returnRawAPIData=True)
        else:
            api.volumeCreate({"name": "v", "size": 512})
        sent = [(request.head, request.body) for request in server.requests]
    assert len(sent) == 3 and len(set(sent)) == 1
    assert (b"controllerIds" in sent[0][0]) if method == "GET" else (json.loads(sent[0][1])["size"] == 512)


# Connections that are kept


def test_connection_is_kept_while_the_server_keeps_it() -> None:
    with RawServer(answers(GOOD)) as server:
        api = api_of(server)
        for _ in range(3):
            assert api.volumesList() == []
        assert server.connections == 1


@pytest.mark.parametrize("post", [False, True])
def test_server_that_closes_between_calls_is_no_error(post: bool) -> None:
    closed = threading.Semaphore(0)

    def script(connection: Connection) -> None:
        once(response({"data": OK if post else []}))(connection)
        connection.sock.close()
        closed.release()

    with RawServer(script) as server:
        api = api_of(server)
        for _ in range(3):
            assert api.volumeCreate({"size": 512}).ok if post else api.volumesList() == []
            assert closed.acquire(timeout=5)
        assert server.connections == 3 and len(server.requests) == 3


@pytest.mark.parametrize(
    "reply",
    [
        response({"data": []}, headers="Connection: close\r\n"),
        response({"data": []}, headers="connection: Close\r\n"),
        response({"data": []}, version="1.0"),
        b"HTTP/1.0 200 OK\r\n\r\n" + b'{"data": []}',
        b"HTTP/1.1 200 OK\r\n\r\n" + b'{"data": []}',
    ],
    ids=["close", "close in other letters", "1.0", "1.0 without length", "1.1 without length"],
)
def test_server_that_says_it_closes_is_connected_to_anew(reply: bytes) -> None:
    with RawServer(once(reply)) as server:
        api = api_of(server)
        for _ in range(3):
            assert api.volumesList() == []
        assert server.connections == 3


def test_connection_is_not_kept_after_a_fault() -> None:
    with RawServer(answers(b"HTTP/1.1 200 OK\r\nContent-Length: zz\r\n\r\n{", GOOD)) as server:
        api = api_of(server)
        with pytest.raises(ENDS):
            api.volumesList()
        assert api.volumesList() == []
        assert server.connections == 2


def test_connection_is_not_kept_after_a_timeout() -> None:
    def script(connection: Connection) -> None:
        if connection.number == 0:
            silent(connection)
            # Too late: this answer must not be taken for that of the next call.
            connection.send(response({"data": [{"stale": 1}]}))
        else:
            answers(GOOD)(connection)

    with RawServer(script) as server:
        api = api_of(server)
        with pytest.raises(socket.timeout):
            api.volumesList()
        assert api.volumesList() == []
        assert server.connections == 2


def test_error_reply_leaves_the_connection_usable() -> None:
    with RawServer(answers(PERMANENT, GOOD)) as server:
        api = api_of(server)
        with pytest.raises(spapi.ApiError):
            api.volumesList()
        assert api.volumesList() == []
        assert [request.connection for request in server.requests] == [0, 0]


def test_reply_cut_short_on_a_kept_connection_is_not_asked_for_again_in_silence() -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.send(GOOD)
        connection.read()
        connection.send(GOOD[:-5])
        connection.reset()

    with RawServer(script) as server:
        api = api_of(server)
        api.volumesList()
        with pytest.raises(ENDS):
            api.volumesList()
        assert len(server.requests) == 2


@pytest.mark.parametrize(("retries", "made"), [(0, 1), (1, 2)])
def test_a_change_is_made_twice_only_for_callers_who_want_retries(retries: int, made: int) -> None:
    def script(connection: Connection) -> None:
        connection.read()
        connection.send(GOOD)
        # Whatever comes next, over this connection or a new one, is carried out, and its reply lost.
        connection.read()
        connection.reset()

    def lose(connection: Connection) -> None:
        (script if connection.number == 0 else answers(response({"generation": 1, "data": OK})))(connection)

    with RawServer(lose) as server:
        api = api_of(server, transientRetries=retries)
        api.volumesList()
        assert api.volumeUpdate("v", {"sizeAdd": 512}).ok
        assert [request.method for request in server.requests].count("POST") == made


def test_connection_idle_for_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answers(GOOD, GOOD)) as server:
        api = api_of(server)
        api.volumesList()
        monkeypatch.setattr("storpool.spapi.transport.pool.IDLE_MAX", 0.0)
        api.volumesList()
        assert server.connections == 2


def test_unasked_bytes_on_a_kept_connection_are_not_an_answer() -> None:
    sent = threading.Event()

    def script(connection: Connection) -> None:
        if connection.number == 0:
            connection.read()
            connection.send(GOOD)
            connection.send(response({"data": [{"stale": 1}]}))
            sent.set()
            connection.server.stopped.wait(10)
        else:
            answers(GOOD)(connection)

    with RawServer(script) as server:
        api = api_of(server)
        assert api.volumesList() == []
        assert sent.wait(5)
        assert api.volumesList(returnRawAPIData=True) == []


# Sharing


def echo(connection: Connection) -> None:
    """Answers each request with its own path."""
    while True:
        request = connection.read()
        if request is None:
            return
        connection.send(response({"data": request.path.rsplit("/", 1)[1]}))


def test_threads_share_an_api_and_each_gets_its_own_answer() -> None:
    wrong: List[Any] = []
    with RawServer(echo) as server:
        api = api_of(server, timeout=10)
        start = threading.Barrier(8)

        def work(thread: int) -> None:
            start.wait()
            for number in range(50):
                name = f"volume-{thread}-{number}"
                try:
                    got: Any = api.volumeInfo(name, returnRawAPIData=True)
                except Exception as exc:
                    got = exc
                if got != name:
                    wrong.append((name, got))

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == [] and len(server.requests) == 400
        assert server.connections <= 8, "connections are kept"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child_does_not_use_the_connection_of_its_parent() -> None:
    # In a process of its own: this one has threads, with which one does not fork.
    program = """
        import os, sys
        from storpool import spapi
        api = spapi.Api("127.0.0.1", int(sys.argv[1]), "42", timeout=5, transientRetries=0)
        def ask(name):
            assert api.volumeInfo(name, returnRawAPIData=True) == name
        ask("before")
        child = os.fork()
        if not child:
            ask("child")
            ask("child-again")
            sys.exit()
        assert os.waitpid(child, 0)[1] == 0
        ask("after")
    """
    with RawServer(echo) as server:
        command = [sys.executable, "-c", textwrap.dedent(program), str(server.port)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        subprocess.run(command, check=True, timeout=30, env=env)
        used = {request.path.rsplit("/", 1)[1]: request.connection for request in server.requests}
    assert used["child"] != used["before"] == used["after"]
