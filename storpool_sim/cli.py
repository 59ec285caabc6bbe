"""The command line: `serve` runs a cluster until it is told to stop, `demo` shows one, `calls` what it can."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shlex
import signal
import sys
import tempfile
from typing import List, Mapping, Optional

from .calls import table
from .cluster import Cluster
from .defaults import TOKEN
from .devices import Devices
from .dispatch import Dispatcher
from .faults import KINDS, Fault, Faults, parse
from .runner import environment
from .server import Server


def main(argv: Optional[List[str]] = None) -> int:
    """Do what the arguments say; returns the exit status."""
    args = _parser().parse_args(argv)
    if args.command == "demo":
        from .demo import main as demo

        return demo()
    if args.command == "calls":
        print(table(), end="")
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        return asyncio.run(_serve(args))
    except OSError as exc:
        print(f"storpool_sim: {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m storpool_sim", description="A simulated StorPool cluster.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run a cluster until SIGTERM or SIGINT")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=0, help="the port to listen on; 0 takes a free one (%(default)s)")
    serve.add_argument("--token", default=TOKEN, help="the token that requests must carry (%(default)s)")
    serve.add_argument("--env-file", metavar="FILE", help="write the variables by which programs find the cluster here")
    serve.add_argument("--errors-200", action="store_true", help="answer errors with status 200, as some clusters do")
    serve.add_argument("--dev-dir", metavar="DIR", help="show the devices of volumes attached to client 1 here")
    serve.add_argument(
        "--dev-delay", metavar="SECONDS", type=float, default=0.0, help="how late a device appears (%(default)s)"
    )
    serve.add_argument("--http10", action="store_true", help="speak HTTP/1.0, one request a connection")
    serve.add_argument(
        "--fault",
        metavar="KIND[:PROBABILITY[:SECONDS[:QUERY]]]",
        type=_fault,
        action="append",
        default=[],
        help="let requests meet a fault: " + ", ".join(KINDS),
    )
    serve.add_argument("--seed", type=int, default=0, help="the seed of the faults' chances (%(default)s)")
    commands.add_parser("calls", help="list the calls, and which of them are simulated")
    commands.add_parser("demo", help="show a cluster at work")
    return parser


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port")
    return port


async def _serve(args: argparse.Namespace) -> int:
    cluster = Cluster()
    if args.dev_dir:
        Devices(cluster, args.dev_dir, args.dev_delay)
    faults = Faults(args.seed)
    for one in args.fault:
        faults.add(one.kind, one.probability, one.seconds, one.on)
    dispatcher = Dispatcher(cluster, args.token, errorStatuses=not args.errors_200)
    server = Server(dispatcher, faults=faults, oldHTTP=args.http10)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Before anyone can know of the server: whoever finds the file may stop us at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await server.start(args.host, args.port)
        if args.env_file:
            write_env_file(args.env_file, environment(server.host, server.port, args.token))
        where = f" (source {args.env_file})" if args.env_file else ""
        print(f"Cluster '{cluster.name}' answers on http://{server.host}:{server.port}{where}", flush=True)
        await stop.wait()
    finally:
        await server.stop()
        cluster.data.close()
    return 0


def write_env_file(path: str, variables: Mapping[str, str]) -> None:
    """Write a file for shells to source; it appears whole, or not at all."""
    directory = os.path.dirname(os.path.abspath(path))
    # Readable by its owner only: there is a token in it.
    handle, temporary = tempfile.mkstemp(prefix=".storpool_sim.", dir=directory)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for name, value in variables.items():
                file.write(f"export {name}={shlex.quote(value)}\n")
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
