"""What is shown of a result: columns, order, filters, other forms, repeated calls; on narrow and dumb terminals too."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List

import pexpect
import pytest
from terminal import REQ, GiB, Run, ended, environment, in_process, piped, shown, spawned, started

import storpool_sim
from storpool import spdoc
from storpool.spreq.errors import Failure
from storpool.spreq.headings import heading
from storpool.spreq.selection import records_in, selection, value_at


@pytest.fixture(scope="module")
def sim() -> Iterator[Any]:
    with storpool_sim.running() as running:
        api = running.api()
        api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
        for number, size in ((2, 30), (10, 5), (1, 20)):
            tags = {"app": "postgres"} if number != 10 else {"app": "web"}
            api.volumeCreate({"name": f"v{number}", "size": size * GiB, "template": "hybrid", "tags": tags})
        yield running


@pytest.fixture
def run(sim: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys, sim.env)


def _names(run: Run, *argv: str) -> List[str]:
    return run("-o", "name", *argv, "VolumesList").out.split()


RECORDS = [
    {"name": "a", "size": 10 * GiB, "tags": {"app": "web"}, "disks": [1, 2], "deleted": False, "created": 1767225600},
    {"name": "b", "size": 20 * GiB, "tags": None, "disks": [], "deleted": True, "created": 1700000000},
    {"name": "c-1", "size": 5 * GiB, "tags": {"app": "db", "k.x": "1"}, "disks": [3], "deleted": False, "iops": "-"},
]


class TestFilter:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("size>10G", "b"),
            ("size >= 10GiB", "a b"),
            ("size<10G or tags.app==web", "a c-1"),
            ("size>5G and tags.app==web", "a"),
            ("size>5G and (tags.app==web or deleted)", "a b"),
            ("not deleted and not (name==a)", "c-1"),
            ("name==c-1", "c-1"),
            ('name=="c-1"', "c-1"),
            ("name=~^[ab]$", "a b"),
            ("deleted==true", "b"),
            ("deleted!=true", "a c-1"),
            ("tags==null", "b"),
            ("tags.app!=null", "a c-1"),
            ("tags.k.x==1", "c-1"),
            ("disks==3", "c-1"),
            ("disks!=3", "a b"),
            ("disks", "a c-1"),
            ("created>2025-12-01", "a"),
            ("iops>5", ""),
            ("SIZE<6G", "c-1"),
            ("a.b.c==1 or name==b", None),
            ("name==a or name==b and size>100G", "a"),
        ],
    )
    def test_chooses_records(self, text: str, names: Any) -> None:
        chosen = selection(None, None, text)
        assert chosen is not None
        if names is None:
            with pytest.raises(Failure, match="There is no field 'a'"):
                chosen.apply(RECORDS)
        else:
            assert [record["name"] for record in chosen.apply(RECORDS)] == names.split()

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("", "at the end: expected a field"),
            ("size>", "at the end: expected a value"),
            ("size>10G and", "at the end: expected a field"),
            ("(size>10G", "at the end: expected ')'"),
            ("size>10G name==a", "at 'name==a': expected 'and' or 'or'"),
            ("size=10", "at '=10': cannot be parsed"),
            ("name=~[", "not a regular expression"),
            ('name=="a', "cannot be parsed"),
        ],
    )
    def test_that_makes_no_sense_is_refused_before_the_call(
        self, sim: Any, run: Run, text: str, complaint: str
    ) -> None:
        requests = len(sim.requests)
        error = run("--filter", text, "VolumesList").error
        assert error["name"] == "cliInvalidFilter" and complaint in error["descr"]
        assert len(sim.requests) == requests

    def test_works_on_a_call(self, run: Run) -> None:
        assert _names(run, "--filter", "size>10G and tags.app==postgres") == ["v1", "v2"]
        assert [volume["name"] for volume in run("--filter", "size<10G", "VolumesList").result] == ["v10"]


class TestSort:
    def test_is_by_value_and_numbers_within_names_count_as_numbers(self, run: Run) -> None:
        assert _names(run, "--sort", "size") == ["v10", "v1", "v2"]
        assert _names(run, "--sort", "-size") == ["v2", "v1", "v10"]
        assert _names(run, "--sort=-size") == ["v2", "v1", "v10"]
        assert _names(run, "--sort", "name") == ["v1", "v2", "v10"]

    def test_puts_what_is_absent_last(self) -> None:
        for sort in ("created", "-created"):
            chosen = selection(None, sort, None)
            assert chosen is not None and chosen.apply(RECORDS)[-1]["name"] == "c-1"


class TestColumns:
    def test_are_shown_in_the_order_given(self, sim: Any) -> None:
        lines = shown(sim, "-o", "table", "--columns", "size,name,tags.app", "--sort", "size", "VolumesList").lines
        assert lines[0].split() == ["size", "name", "tags:", "app"]
        assert lines[2].split() == ["5", "GiB", "v10", "web"]

    def test_go_by_headings_and_in_any_case_too(self, run: Run) -> None:
        done = run("-o", "csv", "--columns", "NAME,created,template", "--sort", "size", "VolumesList")
        assert done.out.splitlines()[0] == "name,creationTimestamp,templateName"
        assert done.out.splitlines()[1].endswith(",hybrid")

    def test_choose_among_the_fields_of_json(self, run: Run) -> None:
        assert run("--columns", "name", "--sort", "size", "VolumesList").result[0] == {"name": "v10"}

    @pytest.mark.parametrize("option", ["--columns", "--sort", "--filter"])
    def test_that_do_not_exist_are_refused_with_a_suggestion(self, run: Run, option: str) -> None:
        error = run(option, "siz", "VolumesList").error
        assert (error["name"], error["descr"]) == (
            "cliUnknownField",
            "There is no field 'siz' in the result; did you mean size?",
        )

    def test_of_disks_and_templates_have_how_full_they_are(self) -> None:
        assert value_at({"sectorsCount": 2000, "objectsOnDiskSize": 256000}, "used") == 25.0
        assert value_at({"stored": {"free": 25, "capacity": 100}}, "used") == 75.0
        assert value_at({"free": 0, "capacity": 0}, "used") is None

    @pytest.mark.parametrize("query", ["DisksList", "VolumeTemplatesStatus"])
    def test_with_percent_are_shown_on_terminals(self, sim: Any, query: str) -> None:
        seen = shown(sim, "-o", "table", query)
        assert "used" in " ".join(seen.lines[:2]) and "%" in " ".join(seen.lines[:2])

    def test_are_named_below_if_they_do_not_fit_with_how_to_see_them(self, sim: Any) -> None:
        hint, omitted = shown(sim, "-o", "table", "VolumesList").lines[-2:]
        assert re.match(r"\d+ more fields: ", omitted)
        match = re.search(r"--columns (\S+) ", hint)
        assert match is not None
        assert shown(sim, "-o", "table", "--columns", match[1], "VolumesList").status == 0


class TestHeadings:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("decreasedRedundancy", "decreased redundancy"),
            ("creationTimestamp", "created"),
            ("templateName", "template"),
            ("onDiskSize", "on disk size"),
            ("storedSize.delta", "stored size: delta"),
            ("ssd", "SSD"),
            ("localMSS", "local MSS"),
            ("name", "name"),
        ],
    )
    def test_are_words(self, name: str, words: str) -> None:
        assert heading(name) == words

    def test_of_the_fields_of_a_class_differ(self) -> None:
        for doc in spdoc.reference().objects.values():
            assert len({heading(name) for name in doc.attrs}) == len(doc.attrs), doc.name

    def test_are_the_apis_names_in_a_pipe(self, run: Run) -> None:
        assert "creationTimestamp" in run("-o", "table", "VolumesList").out.splitlines()[0]


class TestForms:
    def test_csv_has_a_line_of_names_and_a_line_for_each_record(self, run: Run) -> None:
        rows = list(csv.DictReader(io.StringIO(run("-o", "csv", "VolumesList").out)))
        for row, volume in zip(rows, run("VolumesList").result):
            assert (row["name"], row["size"]) == (volume["name"], str(volume["size"]))
            assert json.loads(row["tags"]) == volume["tags"] and row["limitType"] == ""

    def test_csv_has_the_id_of_things_in_mappings(self, run: Run) -> None:
        rows = list(csv.DictReader(io.StringIO(run("-o", "csv", "DisksList").out)))
        assert [row["id"] for row in rows] == list(run("DisksList").result)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            (["VolumesList", "--sort", "name"], ["v1", "v2", "v10"]),
            (["Volume", "v1"], ["v1"]),
            (["PlacementGroupsList"], ["hdd", "ssd"]),
            (["VolumeTemplatesList"], ["hybrid"]),
        ],
    )
    def test_names_are_a_name_a_line(self, run: Run, query: List[str], names: List[str]) -> None:
        assert run("-o", "name", *query).out.splitlines() == names

    def test_records_are_found_in_lists_mappings_and_the_only_field(self) -> None:
        assert records_in([{"a": 1}]) == [{"a": 1}]
        assert records_in({"1": {"x": 1}}) == [{"id": 1, "x": 1}]
        assert records_in({"clusters": [{"name": "c"}]}) == [{"name": "c"}]
        assert records_in({"ok": True}) is None and records_in(5) is None

    @pytest.mark.parametrize("form", ["table", "csv", "name", "yaml", "json"])
    def test_none_lets_text_from_a_cluster_control_the_terminal(self, form: str) -> None:
        hostile = "x\x1b[2J\x9b1m"
        code = (
            "import sys, argparse; from storpool.spreq import output\n"
            f"args = argparse.Namespace(output={form!r}, columns=None, sort=None, filter=None)\n"
            f"output.writer(args)([{{'name': {hostile!r}, 'tags': {{{hostile!r}: {hostile!r}}}}}], None)\n"
            f"output.writer(args)({{'a': {{{hostile!r}: {{'b': {{'c': {hostile!r}}}}}}}}}, None)\n"
        )
        child = pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", dimensions=(50, 100), timeout=60)
        seen = ended(child)
        assert seen.status == 0, seen.text
        assert "\x1b[2J" not in seen.raw and "\x9b" not in seen.raw and "x" in seen.raw


class TestWatch:
    def test_redraws_on_a_terminal_until_it_is_interrupted(self, sim: Any) -> None:
        child = spawned(sim, "-o", "table", "--columns", "name", "--watch", "0.2", "VolumesList")
        for _ in range(2):
            child.expect_exact("\x1b[H")
            child.expect_exact("v10")
        sim.api().volumeCreate({"name": "later", "size": GiB, "template": "hybrid"})
        try:
            child.expect_exact("later")
        finally:
            sim.api().volumeDelete("later")
        child.sendintr()
        seen = ended(child)
        assert seen.status == 130 and "Traceback" not in seen.text

    def test_in_a_pipe_prints_each_result(self, sim: Any) -> None:
        child = started(sim, "-o", "name", "--watch", "0.2", "VolumesList")
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(8)]
        child.terminate()
        child.communicate()
        assert lines[:3] == lines[4:7] and lines[3] == "\n"

    def test_goes_on_after_an_error_of_the_cluster(self, sim: Any) -> None:
        child = spawned(sim, "-o", "name", "--watch", "0.2", "Volume", "soon")
        child.expect_exact("objectDoesNotExist")
        sim.api().volumeCreate({"name": "soon", "size": GiB, "template": "hybrid"})
        try:
            child.expect_exact("soon\x1b[K")
        finally:
            sim.api().volumeDelete("soon")
        child.sendintr()
        assert ended(child).status == 130

    def test_ends_with_an_error_of_the_command_line(self, sim: Any) -> None:
        assert shown(sim, "--watch", "1", "--sort", "nope", "VolumesList").status == 1

    @pytest.mark.parametrize("argv", [["-P", "VolumeCreate"], ["--wait", "TasksList"], ["-N", "VolumesList"]])
    def test_is_for_calls_that_read(self, run: Run, argv: List[str]) -> None:
        assert run("--watch", "1", *argv).error["name"] == "cliParseArgs"


class TestProgress:
    def test_without_anything_to_count_has_no_percentage(self, sim: Any) -> None:
        api = sim.api()
        api.snapshotCreate("v1", {"name": "old"})
        seen = shown(sim, "-P", "--wait", "SnapshotDelete", "old", "--timeout", "2")
        assert "Waiting for snapshot old" in seen.text and "%" not in seen.text

    def test_has_a_time_limit(self) -> None:
        with storpool_sim.running(clock=storpool_sim.ManualClock()) as sim:
            sim.api().volumeCreate({"name": "db", "size": 20 * GiB, "replication": 3})
            disk = next(number for number, disk in sim.api().disksList().items() if not disk.empty)
            begun = time.monotonic()
            done = piped(sim, "-P", "--wait", "--timeout", "1", "DiskSoftEject", str(disk))
            assert time.monotonic() - begun < 20
        assert done.status == 1 and json.loads(done.out)["ok"] is True
        error = json.loads(done.err[done.err.index("{") :])["error"]
        assert error["name"] == "cliWaitTimeout" and f"disk {disk} to be emptied" in error["descr"]

    def test_fits_a_narrow_terminal(self) -> None:
        with storpool_sim.running(clock=storpool_sim.ManualClock()) as sim:
            sim.api().volumeCreate({"name": "db", "size": 20 * GiB, "replication": 3})
            disk = next(number for number, disk in sim.api().disksList().items() if not disk.empty)
            seen = shown(sim, "-P", "--wait", "--timeout", "1", "DiskSoftEject", str(disk), width=40)
        progress = [line for line in re.split(r"[\r\n]+", seen.text) if "Waiting for disk" in line]
        assert progress and all(len(line) <= 40 for line in progress)


class TestNarrowTerminals:
    @pytest.mark.parametrize("query", ["VolumesList", "DisksList", "VolumeTemplatesStatus", "ServicesList"])
    @pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}], ids=["xterm", "dumb"])
    def test_forty_columns_are_enough_for_tables(self, sim: Any, query: str, env: Any) -> None:
        seen = shown(sim, "-o", "table", query, width=40, env=env)
        assert seen.status == 0 and max(map(len, seen.lines)) <= 40
        assert ("\x1b" in seen.raw) == (not env)


@pytest.mark.parametrize("argv", [["--list"], ["--describe", "VolumeCreate"], ["--describe", "DiskSummary"]])
def test_forty_columns_are_enough_for_the_reference(sim: Any, argv: List[str]) -> None:
    seen = shown(sim, *argv, width=40)
    # Patterns, paths, JSON and command lines stay whole.
    assert not [line for line in seen.lines if len(line) > 40 and not re.search(r"[\^{/$]|storpool_req|\S{20}", line)]


def test_a_filter_without_a_form_needs_no_library(sim: Any, tmp_path: Path) -> None:
    code = "import sys; sys.modules.update(rich=None, yaml=None); sys.argv[1:] = ['--sort', 'size', 'VolumesList']\n"
    code += "from storpool.spreq import main; main()"
    done = subprocess.run([REQ[0], "-c", code], env=environment(sim), stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)[0]["name"] == "v10"
