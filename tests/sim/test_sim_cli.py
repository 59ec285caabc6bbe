"""The command line of `serve`: what it takes, and what it says of what it cannot take."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path

import pytest

from storpool import spapi
from storpool_sim.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nope"], "invalid choice: 'nope'"),
        (["serve", "--nope"], "unrecognized arguments: --nope"),
        (["serve", "--port", "x"], "argument --port: 'x' is not a port"),
        (["serve", "--port", "65536"], "argument --port: '65536' is not a port"),
        (["serve", "--dev-delay", "-1"], "'-1' is not a time in seconds"),
        (["serve", "--dev-delay", "nan"], "'nan' is not a time in seconds"),
        (["serve", "--full", "2"], "argument --full: '2' is not a number from 0 to 1"),
        (
            ["serve", "--down", "101"],
            "argument --down: '101' is not like disk:101; there are disk, server, client, node",
        ),
        (["serve", "--fault", "x"], "argument --fault: kind: 'x' is not one of"),
        (["serve", "--fault", "reset:x"], "argument --fault: probability: not a number: 'x'"),
        (["serve", "--fault", "reset:every=2"], "argument --fault: every: no such key"),
        (["serve", "--seed", "x"], "argument --seed: invalid int value: 'x'"),
    ],
)
def test_a_bad_option_is_told_in_one_line(capsys, arguments, text):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.count("\n") == 1 and err.startswith("storpool_sim") and text in err and "--help" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--scenario", "nope.toml"], "nope.toml: No such file or directory"),
        (["--state", "/nope/state"], "/nope/state: no file can be there"),
        (["--down", "disk:5"], "Disk 5 does not exist."),
        (["--host", "192.0.2.1"], "192.0.2.1"),
        (["--env-file", "/nope/env"], "/nope/env"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, arguments, text):
    assert main(["serve", *arguments]) == 1
    out, err = capsys.readouterr()
    err = [line for line in err.splitlines() if " storpool_sim" not in line]
    assert out == "" and len(err) == 1 and err[0].startswith("storpool_sim: ") and text in err[0]


def test_the_help_fits_a_terminal_and_names_each_option(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    for heading in ("where it answers", "what there is", "what goes wrong"):
        assert heading in out
    for option in ("--state FILE", "--scenario FILE", "--fault KIND", "--env-file FILE", "--http10", "--manual-clock"):
        assert option in out


def test_a_line_per_request_tells_who_asked_for_what_and_what_came_of_it(serve):
    served = serve()
    api = served.api(transientRetries=0)
    api.kvsCreate("b")
    with pytest.raises(spapi.ApiError):
        api.volumeList("nope")
    assert served.stop() == 0
    lines = [line.strip() for line in served.log]
    when, client = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+", r"127\.0\.0\.1"
    assert re.fullmatch(rf"{when} {client} POST /ctrl/1\.0/KV/Create/b -> 200 \([\d.]+ ms\)", lines[0])
    assert re.fullmatch(rf"{when} {client} GET  /ctrl/1\.0/Volume/nope -> 404 objectDoesNotExist \(.*\)", lines[1])
    assert len(lines) == 2


def test_what_breaks_can_be_asked_for_at_the_start(serve):
    served = serve(
        "--down", "disk:101", "--down", "server:2", "--full", "1", "--fault", "transient:on=DisksList:times=1"
    )
    api = served.api(transientRetries=0)
    with pytest.raises(spapi.ApiError, match="asked for"):
        api.disksList()
    assert sorted(number for number, disk in api.disksList().items() if not disk.up) == [101, 201, 202, 203, 204]
    with pytest.raises(spapi.ApiError, match="disks with room in 0"):
        api.volumeCreate({"name": "v", "size": 512, "replication": 1})


def test_a_clock_that_stands_is_moved_by_the_control_url(serve):
    served = serve("--manual-clock")
    before = served.control("clock")["now"]
    assert served.control("clock", {"advance": 3600})["now"] == before + 3600


def test_the_state_and_the_scenario_go_together(serve, tmp_path):
    state, scenario = tmp_path / "state", ROOT / "examples" / "scenario.toml"
    served = serve("--state", state, "--scenario", scenario)
    served.api().volumeDelete("golden")
    served.stop(signal.SIGKILL)
    served = serve("--state", state, "--scenario", scenario)
    # What the file holds goes before the scenario's; its faults are there again.
    assert [one.name for one in served.api().volumesList()] == ["vm-1"]
    assert served.control("faults")[0]["kind"] == "latency"
    assert served.stop(signal.SIGINT) == 0
    assert any("1 requests were handled again" in line for line in served.log)


def test_it_stops_while_requests_wait(serve):
    served = serve()
    served.control("clients/1/stuck", {})
    ended = []

    def wait():
        try:
            served.api(transientRetries=0).clientConfigWait(1)
        except OSError as exc:
            ended.append(exc)

    waiting = threading.Thread(target=wait)
    waiting.start()
    served.api().kvsCreate("b")  # others do not wait
    assert served.stop() == 0
    waiting.join(timeout=10)
    assert len(ended) == 1
    assert not any("Traceback" in line for line in served.log)
