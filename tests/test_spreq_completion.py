"""Completion of command lines, with Tab in real shells."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from terminal import GiB, Run, Shell, environment, in_process, piped

import storpool_sim
from storpool.spapi import CALLS
from storpool.spreq.arguments import parser

SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"no {shell} here"))
    for shell in ("bash", "zsh")
]


@pytest.fixture(scope="module")
def sim() -> Iterator[Any]:
    with storpool_sim.running() as running:
        api = running.api()
        api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
        for name in ("db", "mail:spool", "mail:queue"):
            api.volumeCreate({"name": name, "size": GiB, "template": "hybrid"})
        api.snapshotCreate("db", {"name": "monday"})
        api.snapshotCreate("mail:spool", {})
        api.kvsCreate("bucket")
        yield running


@pytest.fixture
def run(sim: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys, sim.env)


@pytest.fixture(scope="module")
def env(sim: Any, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """An environment in which the command is on the path."""
    directory = tmp_path_factory.mktemp("bin")
    script = directory / "storpool_req"
    script.write_text(f"#!{sys.executable}\nfrom storpool.spreq import main\nmain()\n")
    script.chmod(stat.S_IRWXU)
    variables = environment(sim)
    return {**variables, "PATH": f"{directory}:{variables['PATH']}", "TERM": "dumb"}


@pytest.fixture(scope="module", params=SHELLS)
def shell(
    request: pytest.FixtureRequest, env: Dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    with Shell(request.param, env, tmp_path_factory.mktemp("shell")) as opened:
        opened.run(f"source <(storpool_req --completion {request.param})")
        yield opened


class TestTab:
    @pytest.mark.parametrize(
        ("typed", "line"),
        [
            ("VolumesL", "VolumesList "),
            ("VolumesG", "VolumesGetStatus"),
            ("-P VolumesG", "-P VolumesGroup"),
            ("--post VolumeC", "--post VolumeCreate "),
            ("-o table VolumeGetI", "-o table VolumeGetInfo "),
            ("-C far --json '{\"a b\": 1}' -MP VolumeC", "-C far --json '{\"a b\": 1}' -MP VolumeCreate "),
            ("KV/L", "KV/List "),
            ("Nope", "Nope"),
        ],
    )
    def test_completes_queries_of_the_method(self, shell: Shell, typed: str, line: str) -> None:
        assert shell.tab(f"storpool_req {typed}") == f"storpool_req {line}"

    @pytest.mark.parametrize("typed", ["VolumeDel", "--describe VolumeDel", "--list VolumeDel"])
    def test_offers_post_queries_without_their_option_if_there_are_no_others(self, shell: Shell, typed: str) -> None:
        assert shell.tab(f"storpool_req {typed}") == f"storpool_req {typed}ete "

    @pytest.mark.parametrize(
        ("typed", "line"),
        [("--desc", "--describe "), ("VolumesList --mu", "VolumesList --multicluster "), ("-o y", "-o yaml "),
         ("--output t", "--output table "), ("--completion z", "--completion zsh "), ("--json V", "--json V")],
    )  # fmt: skip
    def test_completes_options_and_their_values(self, shell: Shell, typed: str, line: str) -> None:
        assert shell.tab(f"storpool_req {typed}") == f"storpool_req {line}"

    @pytest.mark.parametrize(
        ("typed", "line"),
        [
            ("Volume d", "Volume db "),
            ("-P VolumeUpdate --json '{\"size\": 5}' d", "-P VolumeUpdate --json '{\"size\": 5}' db "),
            ("Volume ma", "Volume mail:"),
            ("Volume mail:s", "Volume mail:spool "),
            ("Snapshot mo", "Snapshot monday "),
            ("Snapshot mail:spool@", "Snapshot mail:spool@1 "),
            ("VolumeTemplateDescribe h", "VolumeTemplateDescribe hybrid "),
            ("DiskDescribe 30", "DiskDescribe 30"),
            ("ServerDiskDescribe 1 ", "ServerDiskDescribe 1 "),
            ("KV/List b", "KV/List bucket "),
            ("-P VolumeCreate siz", "-P VolumeCreate size="),
            ("-P VolumeCreate size=5G templ", "-P VolumeCreate size=5G template="),
            ("-P VolumeCreate template=h", "-P VolumeCreate template=hybrid "),
            ("-P VolumeUpdate db limitT", "-P VolumeUpdate db limitType="),
            ("-P VolumeUpdate db limitType=pe", "-P VolumeUpdate db limitType=perGiB "),
            ("-P VolumeRevert db revertSize=t", "-P VolumeRevert db revertSize=true "),
            ("-P VolumeRevert db toSnapshot=mo", "-P VolumeRevert db toSnapshot=monday "),
            ("-P VolumeCreate parent=mail:spool@", "-P VolumeCreate parent=mail:spool@1 "),
            ("-P VolumeCreate --sort x", "-P VolumeCreate --sort x"),
            ("VolumesList d", "VolumesList d"),
        ],
    )
    def test_completes_arguments_and_bodies_from_the_cluster(self, shell: Shell, typed: str, line: str) -> None:
        assert shell.tab(f"storpool_req {typed}") == f"storpool_req {line}"

    def test_a_program_is_started_for_names_only(self, shell: Shell, tmp_path: Path) -> None:
        started = tmp_path / "started"
        shell.run(f"storpool_req() {{ : > {started}; }}")
        try:
            assert shell.tab("storpool_req VolumesL") == "storpool_req VolumesList "
            assert not started.exists()
            assert shell.tab("storpool_req Volume d") == "storpool_req Volume d"
            assert started.exists()
        finally:
            shell.run("unset -f storpool_req")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
def test_zsh_loads_it_from_its_function_path(env: Dict[str, str], tmp_path: Path) -> None:
    script = subprocess.run(["storpool_req", "--completion", "zsh"], env=env, stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "_storpool_req").write_bytes(script)
    with Shell("zsh", {**env, "FPATH": f"{tmp_path}:{_fpath()}"}, tmp_path) as shell:
        assert shell.tab("storpool_req VolumesL") == "storpool_req VolumesList "
        assert shell.tab("storpool_req Volume d") == "storpool_req Volume db "


def _fpath() -> str:
    return subprocess.run(
        ["zsh", "-fc", "print -r -- $FPATH"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


class TestCandidates:
    def test_names_that_a_shell_would_split_are_not_offered(self, sim: Any, run: Run) -> None:
        sim.api().kvsUpdate("bucket", {"set": {"plain": "1", "$(touch x)": "2", "a b": "3"}})
        assert run("--complete", "KV/Get", "bucket", "").out == "plain\n"

    def test_keys_of_a_body_that_were_given_are_not_offered_again(self, run: Run) -> None:
        offered = run("--complete", "-P", "VolumeCreate", "name=v", "").out.split()
        assert "size=" in offered and "name=" not in offered

    def test_queries_go_by_their_python_names_too(self, run: Run) -> None:
        assert "db" in run("--complete", "volumeList", "").out.split()

    @pytest.mark.parametrize("words", [[], ["Nope", ""], ["VolumesList", ""], ["Volume", "a", ""]])
    def test_nothing_is_printed_if_there_is_nothing_to_offer(self, run: Run, words: Any) -> None:
        done = run("--complete", *words)
        assert (done.status, done.out) == (0, "")

    def test_nothing_is_printed_without_a_cluster(self, sim: Any) -> None:
        done = piped(sim, "--complete", "Volume", "", SP_AUTH_TOKEN="wrong")
        assert (done.status, done.out, done.err) == (0, "", "")
        done = piped(sim, "--complete", "Volume", "", SP_API_HTTP_PORT="nonsense")
        assert (done.status, done.out, done.err) == (0, "", "")

    def test_a_cluster_that_does_not_answer_is_not_waited_for(self, sim: Any) -> None:
        sim.faults.add("latency", seconds=300, on="VolumesList")
        try:
            done = piped(sim, "--complete", "Volume", "")
        finally:
            sim.faults.clear()
        assert (done.status, done.out) == (0, "")

    def test_arguments_of_all_calls_are_known(self) -> None:
        from storpool.spreq.completion import _NAMES, _NAMES_OF_TYPES

        assert set(_NAMES_OF_TYPES.values()) <= set(_NAMES)
        # Allocation groups cannot be listed.
        assert {argument._name for call in CALLS.values() for argument in call.args} - set(_NAMES) == {"vagName"}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_has_all_queries_and_options(run: Run, shell: str) -> None:
    done = run("--completion", shell)
    assert (done.status, done.err) == (0, "")
    for call in CALLS.values():
        assert call.query.partition("/{")[0] in done.out
    for action in parser()._actions:
        assert all(option in done.out for option in action.option_strings)
