"""The command line: `serve` runs a cluster until it is told to stop, `run` for the length of a program, `demo` shows
one, `calls` what it can.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from typing import List, Mapping, Optional, Tuple

from storpool.spapi import VERSION
from storpool.spcli import CommandParser

from .calls.table import table
from .cluster import Cluster
from .cluster.clock import Clock, ManualClock
from .cluster.defaults import TOKEN
from .cluster.errors import SimError
from .runner import running
from .scenario import ScenarioError, load_scenario
from .service import logs
from .service.faults import DISTRIBUTIONS, KINDS, Fault, parse
from .service.statefile import StateError
from .simulation import Simulation, environment

LOG = logging.getLogger("storpool_sim")

DOWN = {
    "disk": Cluster.disk_down,
    "server": Cluster.server_down,
    "client": Cluster.client_down,
    "node": Cluster.node_down,
}


def main(argv: Optional[List[str]] = None) -> int:
    """Do what the arguments say; returns the exit status."""
    args = _parser().parse_args(argv)
    if args.command == "demo":
        from .demo import main as demo

        return demo()
    if args.command == "calls":
        print(table(), end="")
        return 0
    if args.command == "run":
        return _run(args)
    logs.begin(sys.stderr)
    # A cluster's records live long: the collector need not walk all of them during each listing.
    gc.set_threshold(100_000)
    try:
        with contextlib.ExitStack() as stack:
            return asyncio.run(_serve(args, stack))
    except (OSError, ScenarioError, StateError) as exc:
        print(f"storpool_sim: {exc}", file=sys.stderr)
    except SimError as exc:
        print(f"storpool_sim: {exc.descr}", file=sys.stderr)
    return 1


_DESCRIPTION = """\
Simulate a StorPool cluster, for programs that use its API and for their tests.
"storpool_sim COMMAND --help" has the options of a command."""

_EPILOG = """\
examples:
  storpool_sim demo                            see a cluster at work
  storpool_sim serve --env-file sim.env        run a cluster until Ctrl-C
  . sim.env; storpool_req VolumesList          ... and use it in another shell
  storpool_sim run pytest tests                run a program with a cluster
  storpool_sim serve --scenario cluster.toml --state sim.state
  storpool_sim serve --fault latency:seconds=2:probability=0.1

exit status:
  0    the command succeeded; "run" has the status of its program
  1    the cluster cannot be what the options ask for
  2    the options are wrong"""


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="storpool_sim", description=_DESCRIPTION, epilog=_EPILOG, version=f"storpool_sim {VERSION}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run a cluster until SIGTERM or SIGINT",
        description="Run a simulated cluster until SIGTERM or SIGINT. The address it answers on is printed first;"
        " a line per request goes to the standard error. `/` there is a status page for browsers.",
    )
    _add_address(serve.add_argument_group("where it answers"))
    _add_contents(serve.add_argument_group("what there is"))
    _add_troubles(serve.add_argument_group("what goes wrong"))
    run = commands.add_parser("run", help="run a program with a cluster of its own, which ends with it")
    run.add_argument("--dev-dir", metavar="DIR", help="show the devices of volumes attached to client 1 here")
    run.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM [ARGUMENT...]", help="`sh`, for a shell")
    commands.add_parser("calls", help="list the calls, and which of them are simulated")
    commands.add_parser("demo", help="show a cluster at work")
    return parser


def _add_address(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    group.add_argument("--port", type=_port, default=0, help="the port to listen on; 0 takes a free one (%(default)s)")
    group.add_argument("--token", default=TOKEN, help="the token that requests must carry (%(default)s)")
    group.add_argument("--env-file", metavar="FILE", help="write the variables by which programs find the cluster here")
    group.add_argument("--http10", action="store_true", help="speak HTTP/1.0, one request a connection")
    group.add_argument("--errors-200", action="store_true", help="answer errors with status 200, as some clusters do")


def _add_contents(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--scenario", metavar="FILE", help="what exists at the start, and what goes wrong: TOML or YAML")
    group.add_argument(
        "--state", metavar="FILE", help="keep the state here; what the file holds already goes before the scenario's"
    )
    group.add_argument("--dev-dir", metavar="DIR", help="show the devices of volumes attached to client 1 here")
    group.add_argument(
        "--dev-delay", metavar="SECONDS", type=_seconds, default=0.0, help="how late a device appears (%(default)s)"
    )
    group.add_argument("--manual-clock", action="store_true", help="let the time stand, until the control URL moves it")


def _add_troubles(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--fault",
        metavar="KIND[:KEY=VALUE]...",
        type=_fault,
        action="append",
        default=[],
        help="let requests meet a fault, as in reset:probability=0.1:on=VolumeCreate; may be given several times."
        f" Kinds: {', '.join(KINDS)}. Keys: probability, seconds, on, times, distribution"
        f" ({', '.join(DISTRIBUTIONS)}), field, resets",
    )
    group.add_argument("--seed", type=int, help="the seed of the faults' chances (the scenario's, or 0)")
    group.add_argument(
        "--down",
        metavar="WHAT:ID",
        type=_down,
        action="append",
        default=[],
        help=f"let something be down: {', '.join(DOWN)} and its id, as in disk:101; may be given several times",
    )
    group.add_argument(
        "--full", metavar="FRACTION", type=_fraction, help="let all disks be full up to a fraction, as 0.95"
    )


def _run(args: argparse.Namespace) -> int:
    if not args.program:
        print("storpool_sim: run what? `run sh` gives a shell", file=sys.stderr)
        return 2
    with running(dev_dir=args.dev_dir) as sim:
        try:
            done = subprocess.run(args.program, env={**os.environ, **sim.env}, check=False)  # noqa: S603 - asked for
        except OSError as exc:
            print(f"storpool_sim: {args.program[0]}: {exc.strerror}", file=sys.stderr)
            return 127
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port")
    return int(text)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a time in seconds")


def _fraction(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= float(text) <= 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")


def _down(text: str) -> Tuple[str, int]:
    what, _, number = text.partition(":")
    if what not in DOWN or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not like disk:101; there are {', '.join(DOWN)}")
    return what, int(number)


async def _serve(args: argparse.Namespace, stack: contextlib.ExitStack) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Before anyone can know of the server: whoever finds the file may stop us at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = ManualClock() if args.manual_clock else Clock()
    simulation = Simulation(
        stack,
        token=args.token,
        scenario=load_scenario(args.scenario, clock) if args.scenario else None,
        clock=clock,
        error_statuses=not args.errors_200,
        dev_dir=args.dev_dir,
        dev_delay=args.dev_delay,
        seed=args.seed,
        state=args.state,
    )
    cluster = simulation.control.clusters[0]
    for fault in args.fault:
        simulation.faults.take(fault)
    for what, number in args.down:
        DOWN[what](cluster, number)
    if args.full is not None:
        cluster.fill(args.full)
    simulation.save()
    server = simulation.server(old_http=args.http10)
    try:
        await server.start(args.host, args.port)
        if args.env_file:
            write_env_file(args.env_file, environment(server.host, server.port, args.token))
        where = f" (source {args.env_file})" if args.env_file else ""
        print(f"Cluster '{cluster.name}' answers on http://{server.host}:{server.port}{where}", flush=True)
        if simulation.restored is not None:
            LOG.info("the state comes from %s; %d requests were handled again", args.state, simulation.restored)
        await stop.wait()
    finally:
        await server.stop()
    return 0


def write_env_file(path: str, variables: Mapping[str, str]) -> None:
    """Write a file for shells to source; it appears whole, or not at all."""
    directory = os.path.dirname(os.path.abspath(path))
    # Readable by its owner only: there is a token in it.
    try:
        handle, temporary = tempfile.mkstemp(prefix=".storpool_sim.", dir=directory)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, path) from exc
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for name, value in variables.items():
                file.write(f"export {name}={shlex.quote(value)}\n")
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
