"""A server of raw bytes on a real socket: what HTTP libraries would never send, tests can."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Type

import pytest

from storpool import spapi

HOST = "127.0.0.1"


@dataclass
class Request:
    """One request as it came."""

    head: bytes
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        return self.head.split(b" ")[0].decode()

    @property
    def path(self) -> str:
        return self.head.split(b" ")[1].decode()


class Connection:
    """The server's end of one connection, for a script to use as badly as it likes."""

    def __init__(self, server: RawServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self._ahead = b""

    def read(self) -> Optional[Request]:
        """The next request, None when the client has closed."""
        while b"\r\n\r\n" not in self._ahead:
            more = self.sock.recv(65536)
            if not more:
                return None
            self._ahead += more
        head, _, rest = self._ahead.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(rest) < length:
            more = self.sock.recv(65536)
            if not more:
                return None
            rest += more
        self._ahead = rest[length:]
        request = Request(head, rest[:length], self.number)
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close so that the client sees a reset, not an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Connection], Any]


class RawServer:
    """Runs a script for each connection, each in a thread; the connection is closed when its script ends.

    The socket is bound when the server is made, and refuses until `start()`: nothing else can take its port.
    """

    def __init__(self, script: Script, start: bool = True) -> None:
        self.script = script
        self.requests: List[Request] = []
        self.connections = 0
        # Closed with the server: an Api that an exception's traceback keeps alive would be left to the collector, which
        # may come upon its socket before it comes upon the Api that closes it.
        self.clients: List[spapi.Api] = []
        # For scripts that wait: set when the server stops, so that no thread outlives its test.
        self.stopped = threading.Event()
        self._threads: List[threading.Thread] = []
        self._sock = socket.socket()
        self._sock.bind((HOST, 0))
        self.port: int = self._sock.getsockname()[1]
        if start:
            self.start()

    def start(self) -> None:
        self._sock.listen(64)
        thread = threading.Thread(target=self._accept, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            if self.stopped.is_set():
                sock.close()
                return
            connection = Connection(self, sock, self.connections)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            self.script(connection)
        except OSError:
            # The client left, which is what many of the tests make it do.
            pass
        finally:
            connection.sock.close()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_exc: Any) -> None:
        self.stopped.set()
        for api in self.clients:
            api.close()
        if self._threads:
            # Wakes accept(), which closing the socket does not do everywhere.
            socket.create_connection((HOST, self.port)).close()
            self._threads[0].join(5)
        self._sock.close()


def response(reply: Any, status: int = 200, headers: str = "", version: str = "1.1") -> bytes:
    """A proper response with the reply as JSON, or with the bytes as they are."""
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    head = f"HTTP/{version} {status} Some Reason\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{headers}\r\n".encode() + body


def answers(*replies: bytes) -> Script:
    """A script that answers the requests of the server one after another, whatever connection they come over.

    The last reply is given again to any further request.
    """
    lock = threading.Lock()
    left = list(replies)

    def script(connection: Connection) -> None:
        while connection.read() is not None:
            with lock:
                reply = left.pop(0) if len(left) > 1 else left[0]
            connection.send(reply)

    return script


# For tests of calls against such servers

TOKEN = "0123456789-a-token-nobody-may-see"
TIMEOUT = 0.4
GOOD = response({"generation": 1, "data": []})
OK = {"ok": True, "generation": 1}
TRANSIENT = response({"error": {"name": "busy", "descr": "later", "transient": True}}, 409)
PERMANENT = response({"error": {"name": "invalidParam", "descr": "never", "transient": False}}, 400)
ENDS = (spapi.ApiError, http.client.HTTPException, OSError)


def api_of(server: RawServer, **kwargs: Any) -> spapi.Api:
    """An Api that asks this server, once, and does not wait for long."""
    options = {"transientRetries": 0, "timeout": TIMEOUT, **kwargs}
    api = spapi.Api(HOST, server.port, TOKEN, **options)
    server.clients.append(api)
    return api


def once(data: bytes) -> Script:
    """A script that answers the first request of a connection with these bytes and closes."""

    def script(connection: Connection) -> None:
        if connection.read() is not None:
            connection.send(data)

    return script


def head(*headers: str) -> bytes:
    """The head of a response with these headers and no others."""
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *headers)).encode() + b"\r\n"


def silent(connection: Connection) -> None:
    """A script that takes the request and never answers."""
    connection.read()
    connection.server.stopped.wait(10)


BROKEN_HTTP: Dict[str, Script] = {
    "closed at once": lambda connection: None,
    "reset at once": lambda connection: connection.reset(),
    "reset after the request": lambda connection: (connection.read(), connection.reset()),
    "reset in the body": lambda connection: (connection.read(), connection.send(GOOD[:-5]), connection.reset()),
    "not HTTP": once(b"SSH-2.0-OpenSSH_9.6\r\n" + b"x" * 100),
    "binary": once(bytes(range(256)) * 10),
    "bad version": once(b"HTTP/9.9 200 OK\r\n\r\n{}"),
    "bad status": once(b"HTTP/1.1 two OK\r\n\r\n{}"),
    "status out of range": once(b"HTTP/1.1 7 OK\r\n\r\n{}"),
    "endless status line": once(b"HTTP/1.1 200 " + b"O" * 100_000),
    "huge header": once(head("X-Huge: " + "x" * 100_000)),
    "too many headers": once(head(*(f"X-{n}: y" for n in range(1000)))),
    "bad header": once(head("no colon here", "Content-Length: 4") + b"{}"),
    "body shorter than it says": once(head("Content-Length: 500") + b'{"data": []}'),
    "body longer than it says": once(head("Content-Length: 5") + b'{"data": []}'),
    "negative length": once(head("Content-Length: -1") + b'{"data"'),
    "length that is no number": once(head("Content-Length: many") + b'{"data"'),
    "huge length": once(head("Content-Length: " + "9" * 30) + b"{}"),
    "chunk of garbage": once(head("Transfer-Encoding: chunked") + b"zzzz\r\n{}\r\n0\r\n\r\n"),
    "chunk cut": once(head("Transfer-Encoding: chunked") + b'fff\r\n{"data": ['),
    "chunks without an end": once(head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n"),
    "chunk of negative size": once(head("Transfer-Encoding: chunked") + b"-5\r\n{}\r\n"),
    "chunk with a huge size line": once(head("Transfer-Encoding: chunked") + b"1" * 100_000),
    "continues and goes": once(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
}


def connect_by(kind: Type[socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new connections have sockets of this class."""
    connect = socket.create_connection

    def create(*args: Any, **kwargs: Any) -> socket.socket:
        sock = connect(*args, **kwargs)
        timeout = sock.gettimeout()
        made = kind(fileno=sock.detach())
        made.settimeout(timeout)
        return made

    monkeypatch.setattr(socket, "create_connection", create)
