"""The options of an Api: checked when it is made, other ones for a call, and what errors say of host and port."""

from __future__ import annotations

import http.client
import logging
import math
import pickle
import socket
import time
from decimal import Decimal
from typing import Any, Dict, List

import pytest
from raw_http import GOOD, HOST, OK, TRANSIENT, Connection, RawServer, answers, api_of, once, response, silent

from storpool import spapi, spconfig
from storpool.spapi import retry

# What could never work is refused at once

NEVER: Dict[str, List[Any]] = {
    "timeout": [-1, 0, -0.5, math.nan, -math.inf, 1e12, "5", b"5", True, [], object()],
    "connectTimeout": [-1, 0, math.nan, 1e12, "5", True],
    "retryTimeout": [-1, 0, math.nan, 1e12, "5", True],
    "transientRetries": ["3", -1, 1.5, math.nan, None, True, b"3", []],
    "transientSleep": [None, 1, "2"],
    "port": [0, -1, 65536, 81.5, True, None, "", "http", "81.5", "81 # the API", b"81", bytearray(b"81"), math.nan, []],
    "host": [
        None,
        b"10.0.0.1",
        "",
        " ",
        "10.0.0.1 ",
        " 10.0.0.1",
        "10.0.0.1\r",
        "10.0.0.1\n",
        "a b",
        "10.0.0.1 # the API",
        "10.0.0.1#the-API",
        "a..b",
        ".a",
        "a" * 64,
        "a." * 200,
        "http://10.0.0.1",
        "10.0.0.1:81",
        "10.0.0.1/ctrl",
        "user@10.0.0.1",
        "[10.0.0.1]",
        "[::1",
        "::1]",
        "[::g]",
        "::1%",
        "a\0b",
        "\ud800",
        17,
    ],
    "source": [b"10.0.0.1", "10.0.0.1 ", "a..b", 17],
    "auth": [b"123", "1\r\nX: 2", "\u20ac"],
    "multiCluster": ["false", "no", b""],
    "replyLimit": [0, -1, "5", 1.5, None, True],
}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in NEVER for value in NEVER[option]])
def test_an_option_that_could_never_work_is_refused_when_the_api_is_made(option: str, value: Any) -> None:
    with pytest.raises(spapi.InvalidArgumentError, match=rf"^Api\.{option}: ") as info:
        spapi.Api(**{option: value})
    assert option == "auth" or len(str(info.value)) < 400
    if option == "auth":
        assert "123" not in str(info.value)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("timeout", [None, math.inf, 0.001, 5, 5.0, Decimal("2.5"), 2_000_000]),
        ("transientRetries", [0, 5, 3.0, math.inf]),
        ("port", [1, 65535, "81", " 81 ", 81.0]),
        ("host", ["10.0.0.1", "::1", "[::1]", "fe80::1%eth0", "a", "a-b.c_d.example.", "b\xfccher.example", "A" * 63]),
        ("source", [None, "", "127.0.0.1", "::1", "node-1"]),
        ("auth", ["", "123", 123, "\xe9"]),
        ("multiCluster", [True, False, None, 0, 1]),
        ("replyLimit", [1, 1 << 40]),
    ],
)
def test_an_option_that_can_work_is_taken(option: str, values: List[Any]) -> None:
    for value in values:
        spapi.Api(**{option: value}).close()


def test_infinity_is_no_timeout_and_brackets_are_not_part_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[Any] = []

    class Double:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            made.append((args, kwargs))
            raise OSError("no network")

    monkeypatch.setattr(http.client, "HTTPConnection", Double)
    for api in (
        spapi.Api("[::1]", "81", timeout=math.inf),
        spapi.Api("::1", 81, timeout=300, source="10.0.0.1"),
        spapi.Api("10.0.0.1", 81, timeout=math.inf, connectTimeout=3),
    ):
        with pytest.raises(OSError, match="no network"):
            api.volumesList()
    assert made == [
        (("::1", 81), {"timeout": None}),
        (("::1", 81), {"timeout": 300, "source_address": ("10.0.0.1", 0)}),
        (("10.0.0.1", 81), {"timeout": 3}),
    ]


def test_an_address_of_ipv6_is_asked() -> None:
    try:
        sock = socket.socket(socket.AF_INET6)
        sock.bind(("::1", 0))
    except OSError:
        pytest.skip("this system has no IPv6")
    with sock:
        port = sock.getsockname()[1]
        with pytest.raises(ConnectionRefusedError, match=rf"\[::1\]:{port}: "):
            spapi.Api("[::1]", port, transientRetries=0).volumesList()


# Errors


def test_errors_have_one_base() -> None:
    bases = (spapi.ApiError, spapi.InvalidArgumentError, spapi.UnusableReplyError, spconfig.SPConfigException)
    for error in (*bases, spapi.ReplyTooLargeError):
        assert issubclass(error, spapi.StorPoolError)
    again = pickle.loads(pickle.dumps(spapi.ReplyTooLargeError(5)))
    assert isinstance(again, http.client.HTTPException) and again.limit == 5 and "5 bytes" in str(again)


def test_a_refused_connection_names_host_and_port(caplog: pytest.LogCaptureFixture) -> None:
    with RawServer(answers(GOOD), start=False) as server:
        api = api_of(server, transientRetries=1, transientSleep=lambda n: 0)
        with pytest.raises(ConnectionRefusedError) as info:
            api.volumesList()
    peer = f"{HOST}:{server.port}"
    assert str(info.value) == f"[Errno 111] {peer}: Connection refused" and info.value.errno == 111
    assert info.value.args == (111, f"{peer}: Connection refused")
    again = pickle.loads(pickle.dumps(info.value))
    assert type(again) is ConnectionRefusedError and str(again) == str(info.value)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.startswith(f"{peer}: GET /ctrl/1.0/VolumesList: ConnectionRefusedError: ")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (silent, socket.timeout),
        (lambda connection: connection.read(), http.client.RemoteDisconnected),
        (lambda connection: (connection.read(), connection.reset()), ConnectionResetError),
    ],
    ids=["silent", "closes", "resets"],
)
def test_a_connection_that_breaks_names_host_and_port(script: Any, kind: Any) -> None:
    with RawServer(script) as server, pytest.raises(kind) as info:
        api_of(server).volumesList()
    assert type(info.value) is kind and str(info.value).count(f"{HOST}:{server.port}: ") == 1


def test_a_name_that_does_not_resolve_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_args: Any, **_kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(socket.gaierror) as info:
        spapi.Api("no-such-host", 81, transientSleep=lambda n: pytest.fail("retried")).volumesList()
    assert str(info.value) == f"[Errno {socket.EAI_NONAME}] no-such-host:81: Name or service not known"


def test_a_warning_of_a_retry_names_host_and_port_whatever_the_error(caplog: pytest.LogCaptureFixture) -> None:
    replies = (TRANSIENT, b"HTTP/1.1 two OK\r\n\r\n")
    with RawServer(lambda connection: once((*replies, GOOD)[min(connection.number, 2)])(connection)) as server:
        api_of(server, transientRetries=2, transientSleep=lambda n: 0).volumesList()
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2 and all(warning.startswith(f"{HOST}:{server.port}: ") for warning in warnings)


# What is sent again


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectionRefusedError(), True),
        (ConnectionResetError(), True),
        (http.client.RemoteDisconnected(), True),
        (http.client.BadStatusLine("x"), True),
        (http.client.IncompleteRead(b""), True),
        (http.client.LineTooLong("x"), True),
        (http.client.HTTPException(), True),
        (spapi.ApiError(409, {"error": {"transient": True}}), True),
        (spapi.ApiError.unusable(503, b"", "no JSON"), True),
        (spapi.ApiError(409, {"error": {"transient": False}}), False),
        (spapi.UnusableReplyError([], "x"), False),
        (spapi.ReplyTooLargeError(1), False),
        (http.client.InvalidURL(), False),
        (http.client.CannotSendRequest(), False),
        (http.client.ResponseNotReady(), False),
        (http.client.NotConnected(), False),
        (socket.timeout(), False),
        (socket.gaierror(), False),
        (BrokenPipeError(), False),
        (OSError(113, "No route to host"), False),
        (ValueError(), False),
        (KeyError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_may_succeed_later(error: Exception, again: bool) -> None:
    assert retry.may_succeed_later(error) is again


def test_retries_and_pauses_end_by_the_timeout_of_retries() -> None:
    with RawServer(answers(TRANSIENT)) as server:
        pauses: List[float] = []
        api = api_of(
            server, retryTimeout=0.5, transientRetries=math.inf, transientSleep=lambda n: pauses.append(n) or 0.1
        )
        started = time.monotonic()
        with pytest.raises(spapi.ApiError, match="busy"):
            api.volumesList()
        assert 0.3 < time.monotonic() - started < 0.5
        assert 4 <= len(pauses) <= 6, "no pause is begun that would go beyond it"


def test_the_last_try_has_the_time_that_is_left() -> None:
    def script(connection: Connection) -> None:
        connection.read()
        if connection.number == 0:
            connection.server.stopped.wait(0.3)
            connection.send(TRANSIENT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        else:
            connection.server.stopped.wait(10)

    with RawServer(script) as server:
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            api_of(
                server, timeout=Decimal(5), retryTimeout=0.6, transientRetries=3, transientSleep=lambda n: 0
            ).volumesList()
        assert 0.5 < time.monotonic() - started < 1.2
        assert server.connections == 2


# Other options for a call


def test_a_view_has_other_options_and_shares_the_connections() -> None:
    with RawServer(answers(response({"data": OK}))) as server:
        api = api_of(server, timeout=5, multiCluster=True)
        view = api.using(multiCluster=False, clusterName="east")
        assert type(view) is spapi.Api and view is not api
        for caller in (api, view, api, view.using(clusterName=None), view):
            caller.volumeRevert("v", {"toSnapshot": "s"}, returnRawAPIData=True)
        view.volumeRevert("v", {"toSnapshot": "s"}, clusterName="far", returnRawAPIData=True)
        del view
        api.volumeRevert("v", {"toSnapshot": "s"}, clusterName="far", returnRawAPIData=True)
        paths = [request.path.partition("/ctrl/1.0/")[2] for request in server.requests]
        assert paths == [
            "MultiCluster/VolumeRevert/v",
            "RemoteCommand/east/VolumeRevert/v",
            "MultiCluster/VolumeRevert/v",
            "VolumeRevert/v",
            "RemoteCommand/east/VolumeRevert/v",
            "RemoteCommand/far/VolumeRevert/v",
            "RemoteCommand/far/MultiCluster/VolumeRevert/v",
        ]
        # A new one for each change, as without retries nothing may be sent twice.
        assert server.connections == 7


def test_a_view_takes_the_kept_connection_and_leaves_it() -> None:
    with RawServer(answers(GOOD)) as server:
        api = api_of(server)
        api.volumesList()
        for _ in range(2):
            api.using(timeout=3).volumesList()
        api.volumesList()
        assert server.connections == 1


def test_timeouts_and_retries_of_a_view_are_its_own() -> None:
    with RawServer(silent) as server:
        api = api_of(server, timeout=20)
        started = time.monotonic()
        with pytest.raises(socket.timeout):
            api.using(timeout=0.1).volumesList()
        assert time.monotonic() - started < 2
    with RawServer(answers(TRANSIENT, TRANSIENT, GOOD)) as server:
        api = api_of(server)
        with pytest.raises(spapi.ApiError):
            api.volumesList()
        assert api.using(transientRetries=1, transientSleep=lambda n: 0).volumesList() == []
        with pytest.raises(spapi.InvalidArgumentError, match=r"^Api\.timeout: "):
            api.using(timeout=-1)
        with pytest.raises(spapi.InvalidArgumentError, match=r"^\.?clusterName: "):
            api.using(clusterName="a b")


def test_a_view_may_wait_for_ever_where_the_api_does_not() -> None:
    def slowly(connection: Connection) -> None:
        while connection.read() is not None:
            connection.server.stopped.wait(0.3)
            connection.send(GOOD)

    with RawServer(slowly) as server:
        api = api_of(server, timeout=0.1)
        assert api.using(timeout=None).volumesList() == []
        with pytest.raises(socket.timeout):
            api.volumesList()


def test_a_view_is_of_the_class_of_its_api() -> None:
    class Mine(spapi.Api):
        def __init__(self) -> None:
            super().__init__(HOST, 1, "42")
            self.asked: List[Any] = []

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            self.asked.append((args, kwargs))
            return []

    api = Mine()
    view = api.using(timeout=5)
    assert isinstance(view, Mine) and view.volumesList() == [] and len(api.asked) == 1


def test_an_api_closes_its_connections_at_the_end_of_a_with_block() -> None:
    closed: List[bool] = []

    def script(connection: Connection) -> None:
        answers(GOOD)(connection)
        closed.append(True)

    with RawServer(script) as server:
        with spapi.Api(HOST, server.port) as api:
            assert isinstance(api, spapi.Api) and api.volumesList() == []
        deadline = time.monotonic() + 5
        while not closed and time.monotonic() < deadline:
            time.sleep(0.01)
        assert closed
        assert api.volumesList() == [], "it may be used again"
        api.close()
