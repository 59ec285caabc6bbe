"""The command line for people: the reference, tables, YAML; on terminals, in pipes, without the extra."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
import yaml
from rich.cells import cell_len
from terminal import REQ, GiB, Run, Seen, environment, in_process, piped, shown, without

import storpool_sim
from storpool import spdoc, spreq
from storpool.spapi import CALLS

LONG = "os--volume-3f1c2a9e-8d1b-4c8e-b9a5-0f7e6f2c1d3a"


@pytest.fixture(scope="module")
def sim() -> Iterator[Any]:
    with storpool_sim.running() as running:
        api = running.api()
        api.volumeTemplateCreate({"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
        api.volumeCreate({"name": "db", "size": 10 * GiB, "template": "hybrid", "tags": {"app": "postgres"}})
        api.volumeCreate({"name": LONG, "size": 1536 * GiB, "template": "hybrid"})
        api.volumeCreate({"name": "mail:spool", "size": 5 * GiB + 512, "template": "hybrid"})
        api.snapshotCreate("db", {"name": "db-monday"})
        api.volumesReassignWait({"reassign": [{"volume": "db", "rw": [1]}, {"snapshot": "db-monday", "ro": [2]}]})
        for command in (
            {"setBaseName": {"name": "iqn.2019-08.com.example:db"}},
            {"createPortalGroup": {"name": "pg"}},
            {"portalGroupAddNetwork": {"portalGroup": "pg", "net": "10.1.2.0/24"}},
            {"createTarget": {"volumeName": "db"}},
        ):
            api.iSCSIConfigChange({"commands": [command]})
        yield running


@pytest.fixture
def run(sim: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return in_process(monkeypatch, capsys, sim.env)


class Screen(io.StringIO):
    """Output that claims to be a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(sim: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., List[str]]:
    """Return a function that runs a command line in this process, and returns the lines that a terminal shows."""
    for name, value in {**sim.env, "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def screen(*argv: str, width: int) -> List[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["storpool_req", *argv])
        monkeypatch.setattr(sys, "stdout", Screen())
        spreq.main()
        return Seen(0, sys.stdout.getvalue()).lines  # type: ignore[attr-defined]

    return screen


class TestList:
    def test_every_call_is_listed_under_its_area(self, run: Run) -> None:
        done = run("--list")
        assert (done.status, done.err) == (0, "")
        areas = [line for line in done.out.splitlines() if line[:1].strip()]
        assert areas == [section.name for section in spdoc.reference().sections if section.calls]
        calls = [line.split() for line in done.out.splitlines() if line[:1] == " "]
        listed = sorted((method, query) for method, query, *_ in calls)
        assert listed == sorted((call.method, call.query.partition("/{")[0]) for call in CALLS.values())

    def test_a_line_has_the_arguments_and_the_title(self, run: Run) -> None:
        assert (
            " ".join(run("--list", "VolumeUpdate/").out.split())
            == "Volumes POST VolumeUpdate <volumeName> --json <json> Change a volume"
        )

    def test_words_are_searched_in_names_titles_and_areas(self, run: Run) -> None:
        lines = [line for line in run("--list", "PORTAL", "change").out.splitlines() if line[:1] == " "]
        assert lines == []
        lines = [line for line in run("--list", "disk", "scrub").out.splitlines() if line[:1] == " "]
        assert len(lines) == 3

    def test_a_word_that_is_nowhere_is_an_error(self, run: Run) -> None:
        done = run("--list", "nosuchthing")
        assert (done.status, done.out) == (1, "")
        assert "nosuchthing" in json.loads(done.err)["error"]["descr"]

    def test_it_fits_the_terminal(self, sim: Any, screen: Callable[..., List[str]]) -> None:
        seen = shown(sim, "--list")
        assert seen.status == 0 and "\x1b[1mVolumes\x1b[0m" in seen.raw
        assert seen.lines == screen("--list", width=80)
        for width in (80, 120, 200):
            lines = screen("--list", width=width)
            assert max(map(len, lines)) <= width
            assert "List the volumes of the cluster" in " ".join(" ".join(lines).split())

    def test_no_cluster_is_needed(self, tmp_path: Path) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("SP_")}
        for argv in (["--list"], ["--describe", "Volume"], ["--completion", "zsh"], ["--help"]):
            assert subprocess.run([*REQ, *argv], env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0


class TestDescribe:
    def test_it_has_the_facts_of_the_reference(self, run: Run) -> None:
        done = run("--describe", "VolumeUpdate")
        assert (done.status, done.err) == (0, "")
        text = " ".join(done.out.split())
        (call,) = (
            call for section in spdoc.reference().sections for call in section.calls if call.call == "volumeUpdate"
        )
        assert call.name in text and call.path in text and call.since in text
        assert isinstance(call.json, spdoc.JsonObjectDoc) and isinstance(call.returns, spdoc.JsonObjectDoc)
        for name, attribute in {**call.json.attrs, **call.returns.attrs}.items():
            assert f" {name} " in text
            assert " ".join(attribute.desc.split()) in text
        for error in call.errors:
            assert f"{error.name}: {error.desc}" in text
        assert "size VolumeSize or null; default null; bytes" in text
        assert "VolumeSize: a positive multiple of 512." in text
        assert call.example is not None and call.example.storpool_req in done.out

    def test_it_knows_the_names_of_python_in_any_case(self, run: Run) -> None:
        texts = {run("-P", "--describe", name).out for name in ("VolumeSnapshot", "snapshotCreate", "SNAPSHOTCREATE")}
        assert len(texts) == 1

    def test_it_knows_types(self, run: Run) -> None:
        text = " ".join(run("--describe", "VolumeCreateDesc").out.split())
        doc = spdoc.reference().objects["VolumeCreateDesc"]
        assert text.startswith("VolumeCreateDesc")
        assert all(" ".join(field.desc.split()) in text for field in doc.attrs.values())
        assert "Used by VolumeCreate: body" in text
        text = " ".join(run("--describe", "volumesize").out.split())
        assert "A value is a positive multiple of 512." in text and "VolumeCreateDesc: size" in text
        assert "generationLeft decides" in run("--describe", "DiskSummary").out

    def test_it_knows_fields(self, run: Run) -> None:
        lines = run("--describe", "VolumeCreateDesc.size").out.splitlines()
        assert lines[0] == "VolumeCreateDesc.size"
        assert "VolumeSize or null; default null; bytes" in lines[2]
        assert any(line.startswith("  Example: ") for line in lines)

    def test_it_knows_errors(self, run: Run) -> None:
        text = run("--describe", "objectExists").out
        assert (
            text.startswith("objectExists: an error that the cluster reports")
            and "Reported by\n" in text
            and "VolumeCreate: when" in text
        )

    @pytest.mark.parametrize("name", [*spdoc.reference().objects, *spdoc.reference().types])
    def test_every_type_can_be_described(self, name: str) -> None:
        from storpool.spreq import describe

        text = describe.description(name, False)
        assert text.strip() and not [line for line in text.splitlines() if line != line.rstrip()]

    @pytest.mark.parametrize(
        ("name", "complaint"),
        [
            ("VolumeCreateDesc.siz", "VolumeCreateDesc has no field 'siz'; did you mean size?"),
            ("VolumeSize.x", "VolumeSize has no fields"),
        ],
    )
    def test_an_unknown_field_is_an_error_with_a_suggestion(self, run: Run, name: str, complaint: str) -> None:
        assert run("--describe", name).error["descr"] == complaint

    def test_a_mistyped_type_is_suggested(self, sim: Any) -> None:
        assert "did you mean VolumeCreateDesc?" in shown(sim, "--describe", "VolumeCreateDsc").lines[0]

    @pytest.mark.parametrize("name", CALLS)
    def test_every_call_can_be_described(self, name: str) -> None:
        from storpool.spreq import describe

        text = describe.description(name, False)
        assert CALLS[name].title in text and CALLS[name].path in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]

    def test_a_query_of_both_methods_is_described_twice_unless_the_method_is_given(self, run: Run) -> None:
        both, post = (run(*options, "--describe", "iSCSIConfig").out for options in ([], ["-P"]))
        assert "GET /ctrl/1.0/iSCSIConfig" in both and "POST /ctrl/1.0/iSCSIConfig" in both
        assert post in both and "GET /ctrl" not in post

    def test_it_fits_the_terminal(self, sim: Any) -> None:
        seen = shown(sim, "--describe", "VolumesGetStatus", width=70, env={"NO_COLOR": "1"})
        assert seen.raw == seen.text
        # Everything is wrapped but patterns and command lines.
        assert not [line for line in seen.lines if len(line) > 70 and len(line.split()) > 3]

    def test_an_unknown_query_is_the_same_error_as_when_it_is_called(self, run: Run) -> None:
        described, called = (json.loads(run(*argv).err) for argv in (["--describe", "Nope"], ["Nope"]))
        assert described == called


class TestHints:
    @pytest.mark.parametrize(
        ("argv", "hint"),
        [
            (["VolumeLst"], "storpool_req: VolumeLst: no such query; did you mean VolumesList"),
            (["VolumeDelete", "v"], "VolumeDelete is a POST query: add -P"),
            (["-P", "VolumesList"], "VolumesList is a GET query: omit -P"),
            (["Qwertyuiop"], "storpool_req --list"),
            (["Volume"], "storpool_req --describe Volume"),
            (["--bogus"], "storpool_req --help"),
            (["--bogus"], "storpool_req: unrecognized arguments: --bogus\nusage: storpool_req "),
            (["-P", "VolumeCreate", "--json", '{"name": "a b"}'], "storpool_req: VolumeCreateDesc.name: 'a b' "),
        ],
    )
    def test_people_get_a_line_and_a_hint_where_programs_get_json(
        self, sim: Any, run: Run, argv: List[str], hint: str
    ) -> None:
        seen, done = shown(sim, *argv), run(*argv)
        assert seen.status == done.status == 1
        assert seen.text.startswith("storpool_req: ") and hint in seen.text and hint not in done.err
        assert json.loads(done.err)["error"]
        as_json = shown(sim, *argv, "-o", "json")
        assert json.loads(as_json.text) == json.loads(done.err)


class TestTable:
    QUERIES = (
        ["VolumesList"],
        ["DisksList"],
        ["AttachmentsList"],
        ["VolumesGetStatusQuick"],
        ["ServicesList"],
        ["iSCSIConfig"],
        ["Volume", "db"],
        ["VolumeGetInfo", "db"],
        ["VolumeRelocatorDisksList"],
        ["NetworkPeersList"],
    )

    @pytest.mark.parametrize("query", QUERIES, ids=" ".join)
    def test_it_fits_the_terminal(self, query: List[str], screen: Callable[..., List[str]]) -> None:
        for width in (50, 80, 120):
            assert max(map(cell_len, screen("-o", "table", *query, width=width))) <= width

    def test_a_real_terminal_shows_the_same(self, sim: Any, screen: Callable[..., List[str]]) -> None:
        for width in (80, 120):
            argv = ("-o", "table", "VolumesList")
            assert shown(sim, *argv, width=width).lines == screen(*argv, width=width)

    def test_records_are_lines_and_sizes_have_binary_units(self, sim: Any) -> None:
        seen = shown(sim, "-o", "table", "VolumesList", width=120)
        rows = {line.split()[0]: line.split()[1:3] for line in seen.lines[3:6]}
        assert rows == {"db": ["10", "GiB"], LONG: ["1.50", "TiB"], "mail:spool": ["5.00", "GiB"]}
        # Numbers are aligned to the right, as is their heading.
        heading = next(line for line in seen.lines if line.startswith("name"))
        end = heading.index("size") + len("size")
        assert {line[end - 1 : end + 1] for line in seen.lines[3:6]} == {"B "}

    def test_sectors_are_sizes_and_timestamps_are_dates(self, sim: Any, run: Run) -> None:
        assert "1.75 TiB" in shown(sim, "-o", "table", "DisksList").text
        text = run("-o", "table", "Volume", "db").out
        created = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(sim.api().volumeList("db")[0].creationTimestamp))
        assert f"creationTimestamp  {created}" in text.splitlines()

    def test_fields_that_do_not_fit_are_named_below(self, sim: Any) -> None:
        seen = shown(sim, "-o", "table", "VolumesList")
        assert seen.lines[-1].startswith("9 more fields: parentName, ")
        assert "--columns name,parentName" in seen.lines[-2]
        assert "more fields" not in shown(sim, "-o", "table", "VolumesList", width=400).text

    def test_a_name_too_long_for_the_terminal_is_wrapped(self, sim: Any) -> None:
        seen = shown(sim, "-o", "table", "VolumesList", width=50)
        first, second = (index for index, line in enumerate(seen.lines) if line.split()[0] in LONG and len(line) > 10)
        assert second == first + 1
        assert seen.lines[first].split()[0] + seen.lines[second].split()[0] == LONG

    def test_a_single_thing_is_shown_field_by_field(self, sim: Any) -> None:
        lines = shown(sim, "-o", "table", "Volume", "db").lines
        assert lines[0].split() == ["name", "db"] and lines[1].split() == ["size", "10", "GiB"]
        assert ["tags", "app=postgres"] in [line.split() for line in lines]

    def test_nested_things_have_tables_of_their_own(self, sim: Any) -> None:
        lines = shown(sim, "-o", "table", "iSCSIConfig").lines
        assert {"iscsi", "iscsi.portalGroups", "iscsi.targets"} <= set(lines)
        assert "address=10.1.2.0 prefix=24" in "\n".join(lines)

    def test_an_empty_result_is_shown_as_such(self, sim: Any, run: Run) -> None:
        assert shown(sim, "-o", "table", "TasksList").lines == ["(none)"]
        assert run("-o", "table", "TasksList").out == ""

    def test_there_are_colours_on_a_terminal_only_and_no_escapes_with_no_color(self, sim: Any, run: Run) -> None:
        assert "\x1b[32mup" in shown(sim, "-o", "table", "VolumesGetStatusQuick").raw
        assert "\x1b" not in shown(sim, "-o", "table", "VolumesGetStatusQuick", env={"NO_COLOR": "1"}).raw
        assert "\x1b" not in shown(sim, "-o", "table", "VolumesGetStatusQuick", env={"TERM": "dumb"}).raw
        assert "\x1b" not in run("-o", "table", "VolumesGetStatusQuick").out

    def test_a_pipe_gets_all_fields_and_nothing_is_cut(self, sim: Any) -> None:
        head, *rows = piped(sim, "-o", "table", "VolumesList", COLUMNS="40").out.splitlines()
        assert {"name", "size", "tags", "globalId", "creationTimestamp"} <= set(head.split())
        assert len(rows) == 3 and LONG in rows[2] and "app=postgres" in rows[0]

    def test_an_encoding_may_lack_characters(self, sim: Any) -> None:
        seen = shown(sim, "-o", "table", "VolumesList", env={"PYTHONIOENCODING": "ascii"})
        assert seen.status == 0
        assert seen.text.isascii() and "-----" in seen.text and seen.text.rstrip().endswith("...")

    def test_thousands_of_records_are_laid_out_in_time(self) -> None:
        # It takes a second on a slow machine; a quadratic layout would take hours.
        code = (
            "import sys; from storpool.spreq import table; from storpool.spapi import CALLS\n"
            "table.print_table([{'name': f'v{n}', 'size': n * 512, 'tags': {'a': 'b'}} for n in range(20000)],"
            " CALLS['volumesList'])"
        )
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
        assert done.stdout.splitlines()[-1].split() == ["v19999", "9.77", "MiB", "a=b"]

    def test_fields_of_trouble_are_shown_if_there_is_some(self) -> None:
        argv = ("-o", "table", "VolumesGetStatusQuick")
        with storpool_sim.running() as sim:
            sim.api().volumeCreate({"name": "v", "size": GiB, "replication": 3})
            assert "decreased" not in shown(sim, *argv).lines[0]
            sim.api().diskEject(next(number for number, disk in sim.api().disksList().items() if not disk.empty))
            assert "decreased" in shown(sim, *argv).lines[0]

    def test_the_first_columns_are_fields_that_exist(self) -> None:
        from storpool.spreq.table import _FIRST

        fields = {name for doc in spdoc.reference().objects.values() for name in doc.attrs}
        assert not set(_FIRST.split()) - fields

    def test_text_from_a_cluster_does_not_move_the_cursor(self, sim: Any) -> None:
        from storpool.spreq.table import cell

        assert cell("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
        assert cell("[red]h\u00e9") == "[red]h\u00e9"


class TestYaml:
    @pytest.mark.parametrize("query", ["VolumesList", "DisksList", "iSCSIConfig", "PlacementGroupsList", "TasksList"])
    def test_it_has_the_data_of_the_json(self, run: Run, query: str) -> None:
        done = run("-o", "yaml", query)
        assert (done.status, done.err) == (0, "")
        assert yaml.safe_load(done.out) == json.loads(run(query).out)

    def test_an_encoding_may_lack_characters(self, sim: Any) -> None:
        sim.api().diskSetDesc(101, {"description": "left"})
        done = piped(sim, "-o", "yaml", "DisksList", PYTHONIOENCODING="ascii")
        assert done.status == 0 and yaml.safe_load(done.out)["101"]["description"] == "left"


class TestOutput:
    def test_json_is_the_default(self, sim: Any, run: Run) -> None:
        plain = run("VolumesList").out
        assert run("-o", "json", "VolumesList").out == plain
        assert plain == json.dumps(json.loads(plain), indent=2) + "\n"
        assert shown(sim, "VolumesList").raw == plain

    @pytest.mark.parametrize("form", ["table", "yaml"])
    def test_errors_are_json_whatever_the_form(self, run: Run, form: str) -> None:
        done = run("-o", form, "Volume", "nope")
        assert (done.status, done.out) == (3, "")
        assert json.loads(done.err)["error"]["name"] == "objectDoesNotExist"

    @pytest.mark.parametrize(("form", "library"), [("table", "rich"), ("yaml", "yaml")])
    def test_a_missing_library_is_reported_in_a_line_before_anything_is_sent(
        self, sim: Any, tmp_path: Path, form: str, library: str
    ) -> None:
        requests = len(sim.requests)
        done = piped(sim, "-P", "-o", form, "VolumeCreate", "--json", '{"size": 512}', **without(tmp_path, library))
        assert (done.status, done.out) == (1, "")
        (line,) = done.err.splitlines()
        assert "pip install 'storpool[cli]'" in line
        assert len(sim.requests) == requests

    def test_nothing_else_needs_the_libraries(self, sim: Any, tmp_path: Path) -> None:
        env = without(tmp_path, "rich", "yaml")
        for argv in (["VolumesList"], ["--list"], ["--describe", "Volume"], ["--completion", "bash"], ["--help"]):
            assert piped(sim, *argv, **env).status == 0

    def test_a_script_imports_nothing_that_is_for_people(self, sim: Any) -> None:
        code = (
            "import sys; from storpool.spreq import main; sys.argv[1:] = ['VolumesList']; main()\n"
            "assert not {'rich', 'yaml', 'storpool.spdoc', 'storpool.spreq.describe'} & set(sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment(sim), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("argv", [["--list"], ["-o", "table", "VolumesList"], ["-o", "yaml", "VolumesList"]])
    def test_a_closed_pipe_is_no_error(self, sim: Any, argv: List[str]) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([*REQ, *argv], env=environment(sim), stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, b"")

    @pytest.mark.parametrize(
        "argv",
        [
            ["--list", "-o", "table"],
            ["--describe"],
            ["--describe", "Volume", "db"],
            ["--list", "--describe", "x"],
            ["--completion", "bash", "x"],
            ["--completion", "fish"],
            ["-o", "xml", "VolumesList"],
            ["--describe", "Volume", "--json", "{}"],
        ],
    )
    def test_contradictory_options_are_refused(self, run: Run, argv: List[str]) -> None:
        done = run(*argv)
        assert (done.status, done.out) == (1, "")
        assert json.loads(done.err)["error"]["name"] == "cliParseArgs"

    def test_options_may_stand_anywhere(self, run: Run) -> None:
        orders = (["-o", "yaml", "Volume", "db"], ["Volume", "-o", "yaml", "db"], ["Volume", "db", "-o", "yaml"])
        assert len({run(*argv).out for argv in orders}) == 1
