"""A fork at any moment leaves an Api that works on both sides, and no trace of the other side's connections."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import List

import pytest
from raw_http import GOOD, PERMANENT, TRANSIENT, Connection, RawServer, answers, response

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

PREAMBLE = """
    import os, signal, sys, threading, time
    from storpool import spapi

    port = int(sys.argv[1])
    api = spapi.Api("127.0.0.1", port, "42", timeout=5, transientRetries=1, transientSleep=lambda n: 0)

    def ask(name):
        assert api.volumeInfo(name, returnRawAPIData=True) == name

    def child_is_well(pid):
        assert os.waitpid(pid, 0)[1] == 0
"""


def run(program: str, server: RawServer) -> List[str]:
    """What a program prints; it must not warn of anything unclosed, nor take long."""
    # Newer Pythons warn of each fork of a process with threads.
    options = ["-X", "dev", "-W", "error::ResourceWarning", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *options, "-c", textwrap.dedent(PREAMBLE) + textwrap.dedent(program), str(server.port)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def echo(connection: Connection) -> None:
    """Answers each request with the last word of its path."""
    while True:
        request = connection.read()
        if request is None:
            return
        connection.send(response({"data": request.path.rsplit("/", 1)[1]}))


def test_a_child_uses_no_connection_of_its_parent() -> None:
    program = """
        ask("before")
        child = os.fork()
        if not child:
            ask("child")
            ask("child-again")
            sys.exit()
        child_is_well(child)
        ask("after")
    """
    with RawServer(echo) as server:
        run(program, server)
        used = {request.path.rsplit("/", 1)[1]: request.connection for request in server.requests}
    assert used["child"] == used["child-again"] != used["before"] == used["after"]


@pytest.mark.parametrize(
    "what", ["pass", "ask('child')", "api.close()", "api = None", "del api._transport"], ids=lambda what: what
)
def test_a_child_closes_what_it_got_without_a_warning(what: str) -> None:
    program = f"""
        ask("before")
        child = os.fork()
        if not child:
            {what}
            sys.exit()
        child_is_well(child)
        ask("after")
    """
    with RawServer(echo) as server:
        run(program, server)
        assert [request.connection for request in server.requests if b"child" not in request.head] == [0, 0]


@pytest.mark.parametrize("first", [True, False], ids=["first call", "later call"])
def test_a_child_forked_at_any_moment_of_a_call_can_call(first: bool) -> None:
    # Forks at lines of the bindings themselves, as a signal handler may, in the middle of an exchange.
    program = f"""
        lines = 0

        def trace(frame, event, arg):
            global lines
            if "spapi" not in frame.f_code.co_filename:
                return None
            lines += event == "line"
            if event == "line" and lines % 9 == 0:
                sys.settrace(None)
                child = os.fork()
                if not child:
                    signal.alarm(10)
                    ask("child")
                    sys.exit()  # unwinds the call of the parent
                child_is_well(child)
                sys.settrace(trace)
            return trace

        if not {first}:
            ask("before")
        sys.settrace(trace)
        ask("parent")
        sys.settrace(None)
        ask("after")
        print(lines)
    """
    with RawServer(echo) as server:
        (lines,) = run(program, server)
        asked = [request.path.rsplit("/", 1)[1] for request in server.requests]
    assert int(lines) > 50 and asked.count("child") == int(lines) // 9
    assert asked.count("parent") == asked.count("after") == 1


def test_a_child_forked_while_another_thread_makes_the_first_call_can_call() -> None:
    program = """
        for number in range(12):
            # A process of its own each time, where nothing was called yet.
            process = os.fork()
            if not process:
                thread = threading.Thread(target=ask, args=("thread",))
                thread.start()
                time.sleep(number * 0.0002)
                child = os.fork()
                if not child:
                    signal.alarm(10)
                    ask("child")
                    sys.exit()
                thread.join()
                child_is_well(child)
                sys.exit()
            child_is_well(process)
    """
    with RawServer(echo) as server:
        run(program, server)
        asked = [request.path.rsplit("/", 1)[1] for request in server.requests]
    assert asked.count("child") == asked.count("thread") == 12


def test_a_call_imports_nothing() -> None:
    # An import holds a lock, which a child that is forked meanwhile never gets; and who makes calls may have no files.
    program = """
        import logging
        logging.disable()
        imported = []

        class Watch:
            def find_spec(self, name, path=None, target=None):
                imported.append(name)

        sys.meta_path.insert(0, Watch())
        for call in ("GET", "POST"):
            for name in range(5):
                try:
                    api(call, False, "VolumesList", {"a": 1})
                except (spapi.ApiError, OSError):
                    pass
        api.using(timeout=0.1, transientRetries=0, clusterName="other")
        try:
            spapi.HTTPTransport("::1", port, 1, None).send("GET", "/", None, {})
        except OSError:
            pass
        print(*imported)
    """
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n" + b'{"data": []}' + b"\r\n0\r\n\r\n"
    replies = [
        GOOD,
        chunked,
        PERMANENT,
        TRANSIENT,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        response(b"<", 502),
    ]
    with RawServer(answers(*replies * 3)) as server:
        assert run(program, server) == []
        assert len(server.requests) > 6
