"""Reading the configuration: which file, section and variable wins, and what a bad file gives."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import platform
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Callable
from unittest import mock

import pytest

from storpool import spconfig
from storpool.spconfig import DEFAULTS, SPConfig, SPConfigException

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Put the configuration into a directory of the test, and write files there: ``"storpool.conf"``, ``"a.conf"``."""
    monkeypatch.setattr(SPConfig, "PATH_CONFIG", str(tmp_path / "storpool.conf"))
    monkeypatch.setattr(SPConfig, "PATH_CONFIG_DIR", str(tmp_path / "storpool.conf.d"))
    for name in spconfig.ENV_OVERRIDE:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "storpool.conf.d").mkdir()

    def write(name: str, text: str) -> Path:
        path = tmp_path / name if name == "storpool.conf" else tmp_path / "storpool.conf.d" / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


class TestWhatWins:
    def test_files_are_over_defaults(self, write: Write) -> None:
        write("storpool.conf", "SP_API_HTTP_PORT=8000\n")
        config = SPConfig()
        assert config["SP_API_HTTP_PORT"] == "8000"
        assert config["SP_API_HTTP_HOST"] == "127.0.0.1"
        assert dict(config) == {**DEFAULTS, "SP_API_HTTP_PORT": "8000"}

    def test_the_section_is_the_host_name_when_none_is_named(self, write: Write) -> None:
        write("storpool.conf", f"A=plain\nB=plain\n[{platform.node()}]\nA=host\n[other]\nA=other\nC=other\n")
        assert (SPConfig()["A"], SPConfig()["B"]) == ("host", "plain")
        assert SPConfig("other")["A"] == "other"
        assert SPConfig("absent")["A"] == "plain"
        assert "C" not in SPConfig()

    def test_the_empty_section_is_the_plain_part(self, write: Write) -> None:
        write("storpool.conf", f"A=plain\n[{platform.node()}]\nA=host\n")
        assert SPConfig("")["A"] == "plain"

    def test_the_plain_part_of_a_later_file_wins_over_the_section_of_an_earlier_one(self, write: Write) -> None:
        write("storpool.conf", "A=main\n[h]\nA=main-h\nB=main-h\n")
        write("b.conf", "A=b\n")
        write("a.conf", "A=a\n[h]\nA=a-h\nB=a-h\n")
        config = SPConfig("h")
        assert (config["A"], config["B"]) == ("b", "a-h")

    def test_only_visible_conf_files_count(self, write: Write) -> None:
        write("storpool.conf", "A=main\n")
        for name in (".hidden.conf", "a.txt", "a.conf.bak"):
            write(name, "A=wrong\n")
        assert SPConfig()["A"] == "main"

    def test_no_directory_is_no_error(self, write: Write) -> None:
        directory = write("storpool.conf", "A=main\n").with_name("storpool.conf.d")
        directory.rmdir()
        assert SPConfig()["A"] == "main"
        directory.touch()
        assert SPConfig()["A"] == "main"

    def test_the_environment_is_over_files_unless_it_must_not(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("storpool.conf", "SP_AUTH_TOKEN=1\nSP_API_HTTP_HOST=host\nSP_OURID=1\n")
        monkeypatch.setenv("SP_AUTH_TOKEN", "2")
        monkeypatch.setenv("SP_API_HTTP_HOST", "")
        monkeypatch.setenv("SP_OURID", "2")
        assert spconfig.get_env_overrides() == {"SP_AUTH_TOKEN": "2", "SP_API_HTTP_HOST": ""}
        config = SPConfig()
        assert (config["SP_AUTH_TOKEN"], config["SP_API_HTTP_HOST"], config["SP_OURID"]) == ("2", "", "1")
        config = SPConfig(use_env=False)
        assert (config["SP_AUTH_TOKEN"], config["SP_API_HTTP_HOST"]) == ("1", "host")

    def test_only_the_override_counts_when_one_is_given(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write("storpool.conf", "not a configuration\n")
        monkeypatch.setenv("SP_AUTH_TOKEN", "2")
        given = {"A": "1"}
        config = SPConfig(override_config=given)
        given["A"] = "2"
        assert dict(config) == {"A": "1"}

    def test_values_keep_confgets_dialect(self, write: Write) -> None:
        write("storpool.conf", 'A=one \\\ntwo\n# comment\n; comment\nB="quoted" # not a comment\n  C = spaced  \n')
        config = SPConfig()
        assert (config["A"], config["B"], config["C"]) == ("one two", '"quoted" # not a comment', "spaced")


class TestMapping:
    def test_is_a_read_only_mapping(self) -> None:
        config = SPConfig(override_config={"A": "1", "B": "2"})
        assert isinstance(config, Mapping)
        assert list(config) == list(config.keys()) == list(config.iterkeys()) == ["A", "B"]
        assert list(config.items()) == list(config.iteritems()) == [("A", "1"), ("B", "2")]
        assert next(config.iteritems()) == ("A", "1")
        assert "A" in config
        assert "C" not in config
        assert len(config) == 2
        assert (config.get("A"), config.get("C"), config.get("C", "3")) == ("1", None, "3")
        with pytest.raises(TypeError):
            config["A"] = "3"  # type: ignore[index]

    def test_a_missing_variable_is_named_with_the_places_looked_in(self, write: Write) -> None:
        main, extra = write("storpool.conf", "A=1\n"), write("a.conf", "A=1\n")
        with pytest.raises(KeyError) as caught:
            SPConfig("h")["SP_OURID"]
        assert caught.value.args == ("SP_OURID",)
        for part in ("SP_OURID", str(main), str(extra), "environment", "'h'"):
            assert part in str(caught.value)
        with pytest.raises(KeyError, match=r"SP_OURID is not set .* what was given"):
            SPConfig(override_config={})["SP_OURID"]

    def test_is_true_even_when_empty(self) -> None:
        config = SPConfig(override_config={})
        assert len(config) == 0
        assert bool(config) is True

    def test_is_copied_and_pickled(self) -> None:
        config = SPConfig("h", override_config={"A": "1"})
        for duplicate in (copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
            assert dict(duplicate) == {"A": "1"}

    def test_the_error_for_a_missing_variable_keeps_its_text_when_pickled(self) -> None:
        with pytest.raises(KeyError) as caught:
            SPConfig("h", override_config={})["A"]
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)

    def test_equals_only_itself(self) -> None:
        config = SPConfig(override_config={"A": "1"})
        assert config == config
        assert config != SPConfig(override_config={"A": "1"})
        assert len({config, config}) == 1


class TestFilesAndSections:
    def test_files_are_listed_in_the_order_they_are_read(self, write: Write) -> None:
        b, main, a = write("b.conf", ""), write("storpool.conf", ""), write("a.conf", "")
        assert SPConfig.get_config_files() == [str(main), str(a), str(b)]

    def test_missing_files_are_listed_unless_they_may_be_missing(self, write: Write) -> None:
        a = write("a.conf", "")
        assert SPConfig.get_config_files() == [SPConfig.PATH_CONFIG, str(a)]
        assert SPConfig.get_config_files(missing_ok=True) == [str(a)]

    def test_sections_of_all_files_are_sorted(self, write: Write) -> None:
        write("storpool.conf", "A=1\n[z]\nA=1\n[b]\nA=1\n")
        write("a.conf", "[a]\nA=1\n[z]\nA=1\n")
        assert SPConfig.get_all_sections() == ["a", "b", "z"]


class TestFilesFromOtherEditors:
    CONTENT = b"# comment\r\n; comment\nA=a\nB=50% = half\nC==\n[h]\nD=d"

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
    @pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
    @pytest.mark.parametrize("first", [b"", b"A=a\n"])
    def test_byte_order_marks_and_line_ends_change_nothing(
        self, write: Write, mark: bytes, end: bytes, line_end: bytes, first: bytes
    ) -> None:
        path = write("storpool.conf", "")
        path.write_bytes(mark + (first + self.CONTENT).replace(b"\r\n", b"\n").replace(b"\n", line_end) + end)
        config = SPConfig("h")
        assert {name: config[name] for name in "ABCD"} == {"A": "a", "B": "50% = half", "C": "=", "D": "d"}
        assert len(config) == len(DEFAULTS) + 4
        assert SPConfig.get_all_sections() == ["h"]

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n", b"\xef\xbb\xbf\r\n"])
    def test_a_file_with_nothing_in_it_sets_nothing(self, write: Write, content: bytes) -> None:
        write("storpool.conf", "").write_bytes(content)
        assert dict(SPConfig()) == DEFAULTS

    def test_a_mark_inside_a_file_made_by_joining_others_loses_no_variable(self, write: Write) -> None:
        write("storpool.conf", "").write_bytes(b"A=1\n\xef\xbb\xbfB=2\n\xef\xbb\xbf[h]\nC=\xef\xbb\xbf3\n")
        config = SPConfig("h")
        assert (config["A"], config["B"], config["C"]) == ("1", "2", "\ufeff3")

    def test_leave_no_descriptor_open(self, write: Write) -> None:
        write("storpool.conf", "A=1")
        SPConfig()
        before = os.listdir("/proc/self/fd")
        SPConfig()
        assert os.listdir("/proc/self/fd") == before

    def test_without_memfd_too(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write("storpool.conf", "\ufeffA=1")
        monkeypatch.delattr(os, "memfd_create")
        assert SPConfig()["A"] == "1"


class TestReplacedParts:
    """What the test suites of programs put in the place of parts of SPConfig."""

    def test_a_function_of_the_instance_lists_the_files(self, write: Write) -> None:
        path = write("other.txt", "A=listed\n")
        seen = []

        class Listed(SPConfig):
            def __init__(self) -> None:
                self.get_config_files = lambda **kwargs: (seen.append(kwargs), [str(path)])[1]  # type: ignore[method-assign]
                super().__init__(missing_ok=True)

        assert Listed()["A"] == "listed"
        assert seen == [{"missing_ok": True}]

    def test_its_own_method_reads_them(self) -> None:
        seen = []

        class Read(SPConfig):
            def run_confget(self, missing_ok: bool = False, use_env: bool = True) -> None:
                seen.append((missing_ok, use_env))

        assert dict(Read(use_env=False)) == {}
        assert dict(Read(override_config={"A": "1"})) == {"A": "1"}
        assert seen == [(False, False)]

    def test_files_are_looked_for_by_functions_of_os(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ["b.conf", ".hidden.conf", "a.conf", "c.txt"]
        monkeypatch.setattr(os.path, "isdir", lambda path: path == SPConfig.PATH_CONFIG_DIR)
        monkeypatch.setattr(os, "listdir", lambda path: names if path == SPConfig.PATH_CONFIG_DIR else [])
        monkeypatch.setattr(os.path, "isfile", lambda path: not path.endswith("b.conf"))
        directory = SPConfig.PATH_CONFIG_DIR
        assert SPConfig.get_config_files() == [SPConfig.PATH_CONFIG, f"{directory}/a.conf", f"{directory}/b.conf"]
        assert SPConfig.get_config_files(missing_ok=True) == [SPConfig.PATH_CONFIG, f"{directory}/a.conf"]
        monkeypatch.setattr(os.path, "isdir", lambda path: False)
        assert SPConfig.get_config_files() == [SPConfig.PATH_CONFIG]

    def test_files_that_exist_only_for_the_parser_are_parsed(self, write: Write) -> None:
        with mock.patch.object(spconfig, "confget") as confget, mock.patch("os.path.isfile", return_value=True):
            confget.BACKENDS = {"ini": mock.Mock()}
            confget.BACKENDS["ini"].return_value.read_file.return_value = {"": {"A": "parsed"}}
            assert SPConfig()["A"] == "parsed"


class TestBadFiles:
    def test_a_missing_file_is_named(self, write: Write) -> None:
        write("a.conf", "A=1\n")
        for read in (SPConfig, SPConfig.get_all_sections):
            with pytest.raises(
                SPConfigException, match=r"storpool\.conf StorPool .*: \[Errno 2\] No such file"
            ) as caught:
                read()
            assert caught.value.errno == errno.ENOENT
        assert SPConfig(missing_ok=True)["A"] == "1"

    def test_a_link_to_nowhere_is_a_missing_file(self, write: Write) -> None:
        link = write("storpool.conf", "A=1\n").parent / "storpool.conf.d" / "a.conf"
        link.symlink_to("nowhere")
        with pytest.raises(SPConfigException, match="No such file"):
            SPConfig()
        assert SPConfig(missing_ok=True)["A"] == "1"

    def test_a_file_that_goes_away_after_it_was_listed_is_a_missing_file(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("storpool.conf", "A=1\n")
        gone = write("gone.conf", "A=2\n")
        listed = SPConfig.get_config_files()
        gone.unlink()
        monkeypatch.setattr(SPConfig, "get_config_files", lambda self, missing_ok: listed)
        assert SPConfig(missing_ok=True)["A"] == "1"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"A=1\nno assignment\n", "line 2"),
            (b"[section\n", "line 1"),
            (b"\xef\xbb\xbfA=1\nno assignment", "line 2"),
            (b"A=1\nB=2\\", "line 3"),
            (b"A=\xff\n", "not valid utf-8 at byte 2"),
        ],
    )
    def test_the_exception_names_the_file_and_the_reason(self, write: Write, content: bytes, reason: str) -> None:
        path = write("storpool.conf", "")
        path.write_bytes(content)
        for missing_ok in (False, True):
            with pytest.raises(SPConfigException) as caught:
                SPConfig(missing_ok=missing_ok)
            assert str(path) in str(caught.value)
            assert reason in str(caught.value)

    def test_a_directory_is_no_file(self, write: Write) -> None:
        path = write("storpool.conf", "")
        path.unlink()
        path.mkdir()
        with pytest.raises(SPConfigException, match=r"\[Errno 21\] Is a directory") as caught:
            SPConfig()
        assert caught.value.errno == errno.EISDIR

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
    def test_an_unreadable_file_or_directory_is_named(self, write: Write) -> None:
        path = write("storpool.conf", "")
        path.chmod(0)
        with pytest.raises(SPConfigException, match=r"storpool\.conf StorPool .*: \[Errno 13\] Permission denied"):
            SPConfig()
        path.chmod(0o600)
        Path(SPConfig.PATH_CONFIG_DIR).chmod(0)
        with pytest.raises(SPConfigException, match=r"storpool\.conf\.d StorPool .*: \[Errno 13\] Permission denied"):
            SPConfig()
        Path(SPConfig.PATH_CONFIG_DIR).chmod(0o700)


class TestTheTokenStaysSecret:
    TOKEN = "4315061871"

    def test_no_repr_shows_a_value(self) -> None:
        config = SPConfig("sect", override_config={"SP_AUTH_TOKEN": self.TOKEN, "A": "1"})
        for shown in (repr(config), str(config), repr(config.items()), repr(config.values())):
            assert self.TOKEN not in shown
            assert "sect" in shown
            assert "2 variables" in shown

    @pytest.mark.parametrize(
        "line", [f"SP_AUTH_TOKEN {TOKEN}", f"{TOKEN}", f"[{TOKEN}", f"SP_AUTH_TOKEN={TOKEN}\udcff"]
    )
    def test_no_exception_quotes_a_line(self, write: Write, line: str) -> None:
        write("storpool.conf", "").write_bytes(line.encode("utf-8", "surrogateescape") + b"\n")
        with pytest.raises(SPConfigException) as caught:
            SPConfig()
        assert self.TOKEN not in repr(caught.value)
        assert self.TOKEN not in "".join(traceback.format_exception(None, caught.value, None))
        assert caught.value.__context__ is None

    def test_a_parser_that_quotes_the_line_in_its_error_is_not_repeated(self, write: Write) -> None:
        write("storpool.conf", "A=1\n")
        backend = mock.Mock()
        backend.return_value.read_file.side_effect = ValueError(f"Unexpected line: {self.TOKEN}")
        with mock.patch("confget.BACKENDS", {"ini": backend}), pytest.raises(SPConfigException) as caught:
            SPConfig()
        assert "not in INI format (ValueError)" in str(caught.value)
        assert self.TOKEN not in str(caught.value)


class TestConfget:
    def test_a_backend_put_into_confget_is_used(self, write: Write) -> None:
        path = write("storpool.conf", "A=file\n")
        backend = mock.Mock()
        backend.return_value.read_file.return_value = {"": {"A": "plain"}, "s": {"A": "section"}}
        with mock.patch("confget.BACKENDS", {"ini": backend}):
            assert SPConfig("s")["A"] == "section"
        assert backend.call_args[0][0].filename == str(path)
        assert SPConfig("s")["A"] == "file"

    def test_a_confget_put_into_the_module_is_used(self, write: Write) -> None:
        path = write("storpool.conf", "A=file\n")
        with mock.patch.object(spconfig, "confget") as confget:
            confget.BACKENDS = {"ini": mock.Mock()}
            confget.BACKENDS["ini"].return_value.read_file.return_value = {"": {"A": "fake"}}
            assert SPConfig()["A"] == "fake"
        confget.Config.assert_called_once_with([], filename=str(path))
        assert SPConfig()["A"] == "file"

    def test_is_not_imported_until_a_file_is_read(self) -> None:
        code = (
            "import sys; from storpool import spconfig; spconfig.SPConfig(override_config={}); "
            "print('confget' in sys.modules); print(spconfig.confget.__name__)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["False", "confget"]

    def test_the_module_has_no_other_name_by_surprise(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            spconfig.nothing


class TestForAnApi:
    ALL = {"SP_API_HTTP_HOST": "h", "SP_API_HTTP_PORT": "8", "SP_AUTH_TOKEN": "t"}

    def test_the_environment_alone_is_enough(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.ALL.items():
            monkeypatch.setenv(name, value)
        config = spconfig.api_config()
        assert {name: config[name] for name in self.ALL} == self.ALL

    def test_a_part_of_the_environment_is_not(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SP_AUTH_TOKEN", "t")
        with pytest.raises(SPConfigException, match=r"storpool\.conf"):
            spconfig.api_config()

    def test_is_made_by_the_class_that_is_given(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.ALL.items():
            monkeypatch.setenv(name, value)

        class Mine(SPConfig):
            pass

        assert type(spconfig.api_config(Mine)) is Mine

    def test_nor_is_one_that_is_not_to_be_used(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.ALL.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SPConfigException, match=r"storpool\.conf"):
            spconfig.api_config(use_env=False)

    def test_a_bad_file_is_an_error_all_the_same(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.ALL.items():
            monkeypatch.setenv(name, value)
        write("storpool.conf", "[unclosed\n")
        with pytest.raises(SPConfigException, match=r"storpool\.conf"):
            spconfig.api_config()
