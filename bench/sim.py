"""Measure the simulated cluster against its floor: a handler that does nothing, and a bare `json.dumps`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from storpool.spapi import Api

ROUNDS = 15
BURSTS = 60
#: How many connections have a request under way, so that the server is what is measured, not the client.
WIDTH = 8
MiB = 1 << 20


class Connection:
    """One kept connection, without an HTTP library in the way."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._sock = socket.create_connection((host, port))
        self._file = self._sock.makefile("rb")
        self._token = token

    def bytes_of(self, method: str, path: str, body: str = "") -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:{self._token}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def send(self, request: bytes) -> None:
        self._sock.sendall(request)

    def reply(self) -> bytes:
        status, length = self._file.readline(), 0
        if b" 200 " not in status:
            raise ValueError(f"refused: {status!r}")
        for line in iter(self._file.readline, b"\r\n"):
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        return self._file.read(length)

    def ask(self, request: bytes) -> Tuple[float, bytes]:
        """How long one request takes, and its reply."""
        started = time.perf_counter()
        self.send(request)
        reply = self.reply()
        return time.perf_counter() - started, reply

    def close(self) -> None:
        self._file.close()
        self._sock.close()


class Server:
    """A server, with several connections to it."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.connections = [Connection(host, port, token) for _ in range(WIDTH)]
        self.bytes_of = self.connections[0].bytes_of

    def seconds(self, request: bytes, count: int) -> float:
        """How long so many requests take."""
        started = time.perf_counter()
        for _ in range(count // WIDTH):
            for connection in self.connections:
                connection.send(request)
            for connection in self.connections:
                connection.reply()
        return time.perf_counter() - started

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


async def do_nothing() -> None:
    """Serve the floor: what the simulator's server is made of, with a handler that answers the same to everything."""
    from aiohttp import web

    async def handle(_request: web.BaseRequest) -> web.Response:
        headers = {"Cache-Control": "private"}
        return web.Response(body=b'{"generation":1,"data":[]}', content_type="application/json", headers=headers)

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, as it is in earnest."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as started:
        try:
            yield started
        finally:
            started.terminate()


def served(directory: str) -> Dict[str, str]:
    """The variables of the cluster that is being started."""
    file = Path(directory) / "env"
    while not file.exists():
        time.sleep(0.01)
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line[len("export ") :].split("=", 1) for line in lines)


def rates(floor: Server, sim: Server, count: int) -> Dict[str, float]:
    """The rate of simple requests over that of the handler that does nothing, with the two taking turns."""
    requests = {
        "read one volume": sim.bytes_of("GET", "/ctrl/1.0/Volume/v"),
        "read a key": sim.bytes_of("GET", "/ctrl/1.0/KV/Get/b/k"),
        "set a key": sim.bytes_of("POST", "/ctrl/1.0/KV/Set/b", '{"set":{"k":"1"}}'),
        "change a volume": sim.bytes_of("POST", "/ctrl/1.0/VolumeUpdate/v", '{"tags":{"k":"1"}}'),
        "list attachments": sim.bytes_of("GET", "/ctrl/1.0/AttachmentsList"),
    }
    # What else the machine does makes a burst slower and never faster: short ones, many, and the best of each side.
    best = {name: [float("inf"), float("inf")] for name in requests}
    for _ in range(BURSTS):
        for name, request in requests.items():
            times = floor.seconds(request, count), sim.seconds(request, count)
            best[name] = [min(pair) for pair in zip(best[name], times)]
    return {name: nothing / ours for name, (nothing, ours) in best.items()}


def listing(sim: Connection) -> float:
    """The time of a listing, to its last byte, over that of a bare `json.dumps` of the reply."""
    request = sim.bytes_of("GET", "/ctrl/1.0/VolumesList")
    best, floor = float("inf"), float("inf")
    for _ in range(ROUNDS):
        seconds, reply = sim.ask(request)
        best = min(best, seconds)
        data = json.loads(reply)
        started = time.perf_counter()
        json.dumps(data)
        floor = min(floor, time.perf_counter() - started)
    return best / floor


def fill(api: Api, count: int) -> None:
    """Make volumes of which each is a little different."""
    for number in range(count):
        tags = {"vm": str(number)} if number % 2 else {}
        api.volumeCreate(
            {"name": f"volume-{number:06}", "size": (number % 64 + 1) * MiB, "replication": 3, "tags": tags}
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many volumes (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=200, help="how many requests a burst (default: %(default)s)")
    parser.add_argument("--do-nothing", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.do_nothing:
        asyncio.run(do_nothing())
        return
    with tempfile.TemporaryDirectory() as directory:
        env_file = os.path.join(directory, "env")
        serve = (sys.executable, "-m", "storpool_sim", "serve", "--env-file", env_file)
        with process(sys.executable, __file__, "--do-nothing") as nothing, process(*serve):
            env = served(directory)
            host, port, token = (env[name] for name in ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN"))
            floor = Server("127.0.0.1", int(next(iter(nothing.stdout or ()))), token)
            sim = Server(host, int(port), token)
            api = Api(host, port, token)
            api.volumeCreate({"name": "v", "size": MiB, "replication": 3})
            api.kvsCreate("b")
            api.kvsUpdate("b", {"set": {"k": "1"}})
            measured: Dict[str, Any] = rates(floor, sim, args.requests)
            for name, ratio in measured.items():
                print(f"{name}: {ratio:.2f} of the rate of a handler that does nothing")
            fill(api, args.count - 1)
            print(f"list {args.count} volumes / json.dumps: {listing(sim.connections[0]):.2f}")
            for connection in (floor, sim, api):
                connection.close()


if __name__ == "__main__":
    main()
