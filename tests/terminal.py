"""Runs programs as people do: in this process, in a pipe, on a pseudo-terminal, in a shell where Tab is pressed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Union

import pexpect
import pytest

from storpool import spreq

REQ = [sys.executable, "-m", "storpool.spreq"]
GiB = 2**30
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])")


class Outcome(NamedTuple):
    """The exit status of a program, and what it wrote to its pipes."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        assert (self.status, self.err) == (0, "")
        return json.loads(self.out)

    @property
    def error(self) -> Dict[str, Any]:
        assert self.out == ""
        reply = json.loads(self.err)
        assert list(reply) == ["error"]
        return dict(reply["error"], status=self.status)


Run = Callable[..., Outcome]


def in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], env: Optional[Mapping[str, str]] = None
) -> Run:
    """Return a function that runs storpool_req in this process, and exits as the interpreter does.

    :param env: more environment variables.
    """
    for name, value in (env or {}).items():
        monkeypatch.setenv(name, value)

    def run(*argv: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["storpool_req", *argv])
        code: Any = None
        try:
            spreq.main()  # everything shows in its output or in SystemExit
        except SystemExit as exc:
            code = exc.code
        out, err = capsys.readouterr()
        if isinstance(code, str):
            return Outcome(1, out, f"{err}{code}\n")
        return Outcome(code or 0, out, err)

    return run


class Seen(NamedTuple):
    """The exit status of a program, and what it showed on a terminal."""

    status: Optional[int]
    raw: str

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw)

    @property
    def lines(self) -> List[str]:
        return self.text.splitlines()


def environment(sim: Any, **more: str) -> Dict[str, str]:
    """Return the environment of a program that uses a cluster, without variables that affect terminals."""
    dropped = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "UTC", **sim.env, **more}


def started(sim: Any, *argv: str, **env: str) -> subprocess.Popen[str]:
    """Start storpool_req with pipes."""
    return subprocess.Popen(
        [*REQ, *argv], env=environment(sim, **env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def piped(sim: Any, *argv: str, **env: str) -> Outcome:
    """Run storpool_req with pipes."""
    child = started(sim, *argv, **env)
    out, err = child.communicate(timeout=60)
    return Outcome(child.returncode, out, err)


def spawned(sim: Any, *argv: str, width: int = 80, env: Optional[Mapping[str, str]] = None) -> pexpect.spawn:
    """Start storpool_req on a terminal of this width."""
    return spawned_command([*REQ[1:], *argv], environment(sim, **(env or {})), width)


def spawned_command(argv: List[str], env: Mapping[str, str], width: int = 80) -> pexpect.spawn:
    """Start Python with these arguments on a terminal of this width."""
    child = pexpect.spawn(
        sys.executable,
        argv,
        env=dict(env),
        dimensions=(50, width),
        encoding="utf-8",
        timeout=60,  # type: ignore[arg-type]
    )
    # Real terminals do not wait, either.
    child.delaybeforesend = None
    child.ptyproc.delayafterclose = child.ptyproc.delayafterterminate = 0
    return child


def ended(child: pexpect.spawn) -> Seen:
    """Wait for a program to end, and return what it showed since the last time that it was looked at."""
    child.expect(pexpect.EOF)
    child.wait()  # close() would end it early
    child.close()
    return Seen(child.exitstatus, child.before.replace("\r\n", "\n"))


def shown(sim: Any, *argv: str, width: int = 80, env: Optional[Mapping[str, str]] = None) -> Seen:
    """Run storpool_req on a terminal of this width, and return what it showed."""
    return ended(spawned(sim, *argv, width=width, env=env))


def without(directory: Path, *libraries: str) -> Dict[str, str]:
    """Return environment variables with which Python cannot import these libraries."""
    for name in libraries:
        (directory / f"{name}.py").write_text("raise ImportError(__name__)\n")
    return {"PYTHONPATH": os.pathsep.join([str(directory), *filter(None, [os.environ.get("PYTHONPATH")])])}


class Shell:
    """An interactive shell, in which Tab can be pressed."""

    _SETUP = {
        "bash": "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; "
        "tell() {{ printf '%s' \"$READLINE_LINE\" > {line}.new; mv {line}.new {line}; READLINE_LINE=; }}; "
        "bind -x '\"\\C-o\": tell'",
        "zsh": "autoload -Uz compinit; compinit -u -d {line}.dump; "
        'tell() {{ print -rn -- "$BUFFER" > {line}.new; mv {line}.new {line}; BUFFER= }}; zle -N tell; bindkey ^O tell',
    }
    _OPTIONS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}

    def __init__(self, shell: str, env: Mapping[str, str], directory: Path) -> None:
        self._line = directory / "line"
        self._child = pexpect.spawn(
            shell, self._OPTIONS[shell], env=dict(env), encoding="utf-8", dimensions=(50, 500), timeout=60
        )
        self.run(self._SETUP[shell].format(line=self._line))

    def run(self, command: str) -> None:
        """Type a command, and wait for it to end."""
        # The quotes make the typed text differ from the printed one, so that the echo is not taken for the output.
        self._child.sendline(f"{command}; echo re''ady")
        self._child.expect("ready\r")

    def tab(self, typed: str) -> str:
        """Type part of a line, press Tab, and return the line."""
        self._line.unlink(missing_ok=True)
        # The shell handles the key after Tab when completion is done.
        self._child.send(f"{typed}\t\x0f")
        deadline = time.monotonic() + 60
        while not self._line.exists():
            assert time.monotonic() < deadline, f"no reaction to {typed!r}"
            time.sleep(0.01)
        return self._line.read_text()

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: Union[object, None]) -> None:
        # close() waits a tenth of a second for the shell to end, which is too short on a busy machine.
        self._child.kill(signal.SIGKILL)
        self._child.wait()
        self._child.close()
