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
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
from typing import List, Mapping, Optional, Tuple

from storpool.spapi import VERSION
from storpool.spcli import CommandParser

from . import demo, shells
from .calls.table import table
from .cluster import Cluster
from .cluster.clock import Clock, ManualClock
from .cluster.defaults import TOKEN
from .cluster.errors import SimError
from .runner import running
from .scenario import ScenarioError, load_scenario
from .service import logs
from .service.faults import DISTRIBUTIONS, KINDS, Fault, Faults, parse
from .service.statefile import StateError
from .simulation import Simulation, environment

LOG = logging.getLogger("storpool_sim")

#: How many connections a server has at the most, and how many other files it needs.
MAX_CONNECTIONS = 10_000
OTHER_FILES = 32

DOWN = {
    "disk": Cluster.disk_down,
    "server": Cluster.server_down,
    "client": Cluster.client_down,
    "node": Cluster.node_down,
}


def main(argv: Optional[List[str]] = None) -> int:
    """Do what the arguments say; return the exit status."""
    args = _parser().parse_args(argv)
    try:
        return int(args.function(args))
    except ImportError as exc:
        if exc.name != "aiohttp":
            raise
        print(f"storpool_sim: {exc}", file=sys.stderr)
    except (OSError, ScenarioError, StateError) as exc:
        print(f"storpool_sim: {exc}", file=sys.stderr)
    except SimError as exc:
        print(f"storpool_sim: {exc.descr}", file=sys.stderr)
    return 1


def _calls(args: argparse.Namespace) -> int:
    print(table(), end="")
    return 0


def _demo(args: argparse.Namespace) -> int:
    return demo.main()


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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run a cluster until SIGTERM or SIGINT",
        description="Run a simulated cluster until SIGTERM or SIGINT. The address it answers on is printed first;"
        " a line per request goes to the standard error. `/` there is a status page for browsers.",
    )
    serve.set_defaults(function=_serve)
    _add_address(serve.add_argument_group("where it answers"))
    run = commands.add_parser(
        "run",
        help="run a program with a cluster of its own, which ends with it",
        description="Run a program with a simulated cluster of its own, which ends with it. The program finds the"
        " cluster by its environment, and `python` and `storpool_req` in the directory of this interpreter.",
        usage="%(prog)s [OPTION]... [--] PROGRAM [ARGUMENT]...",
    )
    run.set_defaults(function=_run)
    for command in (serve, run):
        _add_contents(command.add_argument_group("what there is"))
        _add_troubles(command.add_argument_group("what goes wrong"))
    run.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM", help="`bash` or `sh`, for a shell")
    calls = commands.add_parser("calls", help="list the calls, and which of them are simulated")
    calls.set_defaults(function=_calls)
    commands.add_parser("demo", help="show a cluster at work").set_defaults(function=_demo)
    return parser


def _add_address(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    group.add_argument("--port", type=_port, default=0, help="the port to listen on; 0 takes a free one (%(default)s)")
    group.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name, besides --host and the loopback ones, under which browsers may see the status page; may be given"
        " several times",
    )
    group.add_argument("--token", default=TOKEN, help="the token that requests must carry (%(default)s)")
    group.add_argument("--env-file", metavar="FILE", help="write the variables by which programs find the cluster here")
    group.add_argument("--http10", action="store_true", help="speak HTTP/1.0, one request a connection")
    group.add_argument("--errors-200", action="store_true", help="answer errors with status 200, as some clusters do")


def _add_contents(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--scenario", metavar="FILE", help="what exists at the start, and what goes wrong: TOML or YAML")
    group.add_argument(
        "--state", metavar="FILE", help="keep the state here; what the file holds is used instead of the scenario's"
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
        help="let requests meet a fault, as in reset:probability=0.1:on=VolumeCreate, or"
        " error=busy:calls=volumeDelete:times=1; may be given several times."
        f" Kinds: {', '.join(KINDS)}. Keys: {', '.join(name for name in Fault.__spfields__ if name != 'kind')}."
        f" Distributions: {', '.join(DISTRIBUTIONS)}",
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


def _let_go_wrong(args: argparse.Namespace, cluster: Cluster, faults: Faults) -> None:
    """Apply the options about what goes wrong."""
    for fault in args.fault:
        faults.take(fault)
    for what, number in args.down:
        DOWN[what](cluster, number)
    if args.full is not None:
        cluster.fill(args.full)


def _run(args: argparse.Namespace) -> int:
    program = args.program[1:] if args.program[:1] == ["--"] else args.program
    if not program:
        print("storpool_sim: run what? `run bash` gives a shell", file=sys.stderr)
        return 2
    clock = ManualClock() if args.manual_clock else Clock()
    with contextlib.ExitStack() as stack:
        sim = stack.enter_context(
            running(
                scenario=load_scenario(args.scenario, clock) if args.scenario else None,
                clock=clock,
                state=args.state,
                dev_dir=args.dev_dir,
                dev_delay=args.dev_delay,
                seed=args.seed,
            )
        )
        _let_go_wrong(args, sim.cluster, sim.faults)
        env = {**os.environ, **sim.env}
        if sys.executable:
            env["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), env.get("PATH", os.defpath)])
        command = shells.with_prompt(program, env, stack)
        try:
            done = subprocess.run(command, env=env, check=False)  # noqa: S603 - asked for
        except OSError as exc:
            print(f"storpool_sim: {program[0]}: {exc.strerror}", file=sys.stderr)
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


def _serve(args: argparse.Namespace) -> int:
    logs.begin(sys.stderr)
    # A cluster's records live long: the collector need not walk all of them during each listing.
    gc.set_threshold(100_000)
    with contextlib.ExitStack() as stack:
        return asyncio.run(_serve_until_stopped(args, stack))


async def _serve_until_stopped(args: argparse.Namespace, stack: contextlib.ExitStack) -> int:
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
    _let_go_wrong(args, cluster, simulation.faults)
    simulation.save()
    server = simulation.server(
        old_http=args.http10, allow_hosts=args.allow_host, max_connections=_room_for_connections()
    )
    try:
        await server.start(args.host, args.port)
        if args.env_file:
            write_env_file(args.env_file, environment(server.host, server.port, args.token))
        where = f" (source {args.env_file})" if args.env_file else ""
        _announce(f"Cluster '{cluster.name}' answers on http://{server.host}:{server.port}{where}")
        if simulation.restored is not None:
            LOG.info("the state comes from %s; %d requests were handled again", args.state, simulation.restored)
        await stop.wait()
    finally:
        await server.stop()
    return 0


def _room_for_connections() -> int:
    """Return how many connections there can be, having raised the limit of open files as far as that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # A limit of the system itself may be lower than what this one says.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    most = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(soft - OTHER_FILES, MAX_CONNECTIONS)
    return max(most, 1)


def _announce(text: str) -> None:
    """Print a line; go on where nobody can read it."""
    try:
        print(text, flush=True)
    except OSError as exc:
        LOG.warning("standard output: %s", exc.strerror)
        # Or it would fail once more when the process ends.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


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
