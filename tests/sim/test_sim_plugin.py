"""The pytest plugin, as the test suite of a driver uses it: each test here runs pytest on a file of tests."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "storpool_sim.pytest_plugin"


def _is_installed() -> bool:
    # An argument of entry_points() exists from Python 3.10 on, the mapping until 3.11.
    found = entry_points(group="pytest11") if sys.version_info >= (3, 10) else entry_points()["pytest11"]
    return any(one.value == PLUGIN for one in found)


@pytest.fixture
def suite(pytester, monkeypatch):
    """Runs a file of tests, all of which must end as expected; `anew` in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    for name in [name for name in os.environ if name.startswith("SP_")]:
        monkeypatch.delenv(name)

    def run(code, *arguments, anew=False, **outcomes):
        pytester.makepyfile(code)
        # Where the distribution is installed, its entry point is what loads the plugin.
        plugin = () if _is_installed() else ("-p", PLUGIN)
        runs = pytester.runpytest_subprocess if anew else pytester.runpytest_inprocess
        result = runs("-W", "error", "--strict-markers", "-p", "no:cacheprovider", *plugin, *arguments)
        result.assert_outcomes(**outcomes)
        return result

    return run


def test_a_test_gets_a_fresh_cluster_and_an_api_for_it(suite):
    suite(
        """
        import pytest
        import storpool_sim

        @pytest.mark.parametrize("turn", [1, 2])
        def test_fresh(storpool_cluster, storpool_api, turn):
            assert isinstance(storpool_cluster, storpool_sim.Running)
            assert storpool_api.volumesList() == []
            storpool_api.volumeCreate({"name": "v", "size": 2**30, "replication": 3})
            assert [one.call for one in storpool_cluster.requests] == ["volumesList", "volumeCreate"]
        """,
        passed=2,
    )


def test_code_that_reads_its_configuration_finds_the_cluster(suite):
    suite(
        """
        import os, subprocess, sys
        from storpool.spapi import Api
        from storpool.spconfig import SPConfig

        def test_environment_and_files(storpool_env, storpool_cluster):
            api = Api.fromConfig()
            api.kvsCreate("here")
            api.close()
            api = Api.fromConfig(use_env=False, timeout=15, transientRetries=0)
            assert set(api.kvsBuckets().buckets) == {"here"}
            api.close()
            assert SPConfig(section="any host")["SP_OURID"] == os.environ["SP_OURID"] == storpool_env["SP_OURID"]

        def test_other_processes(storpool_env, storpool_cluster):
            code = "from storpool.spapi import Api; Api.fromConfig().kvsCreate('b')"
            subprocess.run([sys.executable, "-c", code], check=True)
            assert list(storpool_cluster.cluster.buckets) == ["b"]

        def test_all_is_as_it_was():
            assert not [name for name in os.environ if name.startswith("SP_API")]
            assert SPConfig.PATH_CONFIG == "/etc/storpool.conf"
        """,
        passed=3,
    )


def test_the_test_moves_the_clock(suite):
    suite(
        """
        def test_a_deleted_snapshot_goes(storpool_api, storpool_clock):
            storpool_api.volumeCreate({"name": "v", "size": 2**30, "replication": 3})
            storpool_api.snapshotCreate("v", {"name": "s"})
            storpool_api.volumeDelete("v")
            storpool_api.snapshotDelete("s")
            assert [one.name for one in storpool_api.snapshotsList()] == ["*s"]
            storpool_clock.advance(60)
            assert storpool_api.snapshotsList() == []
        """,
        passed=1,
    )


def test_devices_appear_where_the_bindings_look(suite):
    suite(
        """
        from storpool import spapi

        def test_device(storpool_api, storpool_devices):
            storpool_api.volumeCreate({"name": "v", "size": 2**20, "replication": 3})
            storpool_api.volumesReassignWait({"reassign": [{"volume": "v", "rw": [1]}]})
            path = spapi.SP_DEV_PATH + "v"
            assert spapi.pathPollWait(path, True, True, 0.01, 30)
            assert path == str(storpool_devices / "v")
            with open(path, "r+b") as device:
                device.write(b"data")
            storpool_api.volumesReassignWait({"reassign": [{"volume": "v", "detach": "all"}]})
            assert spapi.pathPollWait(path, False, True, 0.01, 30)

        def test_the_path_is_as_it_was():
            assert spapi.SP_DEV_PATH == "/dev/storpool/"
        """,
        passed=2,
    )


def test_a_marker_says_how_the_cluster_is_run(suite):
    suite(
        """
        import http.client
        import pytest
        from storpool.spapi import ApiError

        pytestmark = pytest.mark.storpool(token="module's", old_http=True)

        def version(sim):
            connection = http.client.HTTPConnection(sim.host, sim.port)
            connection.request("GET", "/ctrl/1.0/")
            response = connection.getresponse()
            response.read()
            connection.close()
            return response.version

        def test_all_of_a_module(storpool_cluster):
            assert (storpool_cluster.token, version(storpool_cluster)) == ("module's", 10)

        @pytest.mark.storpool(old_http=False)
        def test_the_nearest_wins(storpool_cluster):
            assert (storpool_cluster.token, version(storpool_cluster)) == ("module's", 11)

        @pytest.mark.storpool(oldHTTP=False)
        def test_the_nearest_wins_by_an_old_name(storpool_cluster):
            assert version(storpool_cluster) == 11

        @pytest.mark.storpool(faults=["transient:1::KV", {"kind": "garbage", "on": "DisksList"}])
        def test_faults(storpool_cluster):
            api = storpool_cluster.api(transientRetries=0)
            for call, name in ((api.kvsBuckets, "transientFault"), (api.disksList, "unusableReply")):
                with pytest.raises(ApiError) as caught:
                    call()
                assert caught.value.name == name
            assert api.volumesList() == []
            api.close()

        @pytest.mark.storpool("old_http")
        def test_no_keyword(storpool_cluster):
            pass
        """,
        passed=4,
        errors=1,
    ).stdout.fnmatch_lines(["*takes keywords only, not ('old_http',)*"])


def test_code_under_test_tries_again_without_sleeping(suite):
    suite(
        """
        import time
        import pytest
        from storpool.spapi import Api, ApiError

        @pytest.fixture(autouse=True)
        def quick(storpool_retry_sleep, monkeypatch):
            slept, sleep = [], time.sleep
            monkeypatch.setattr(time, "sleep", lambda seconds: (slept.append(seconds), sleep(seconds)))
            yield
            assert slept and max(slept) < 0.1

        @pytest.mark.storpool(faults=[{"kind": "transient", "times": 4}])
        def test_pauses_are_told(storpool_env, storpool_retry_sleep, storpool_clock):
            before = storpool_clock.now()
            assert Api.fromConfig().volumesList() == []
            # They are spread at random.
            assert storpool_retry_sleep == [pytest.approx(pause, rel=0.5) for pause in (1, 2, 4, 8)]
            assert storpool_clock.now() == pytest.approx(before + sum(storpool_retry_sleep))

        @pytest.mark.storpool(faults=[{"kind": kind, "seconds": 6, "times": 1} for kind in ("failover", "refused")])
        def test_faults_that_last_are_over_by_then(storpool_env):
            api = Api.fromConfig()
            assert api.volumesList() == api.volumesList() == []
            api.close()

        @pytest.mark.storpool(faults=[{"error": "busy", "calls": ["volumesList"], "transient": True}])
        def test_an_end_of_trying(storpool_api, storpool_retry_sleep):
            with pytest.raises(ApiError) as caught:
                storpool_api.volumesList()
            assert caught.value.name == "busy"
            assert storpool_retry_sleep == [pytest.approx(pause, rel=0.5) for pause in (1, 2, 4, 8, 16)]

        def test_pauses_of_ones_own(storpool_cluster, storpool_retry_sleep):
            storpool_cluster.faults.add("reset", times=1)
            api = storpool_cluster.api(transientSleep=lambda attempt: 100)
            assert api.volumesList() == []
            assert storpool_retry_sleep == [100]
            api.close()
        """,
        passed=4,
    )


def test_a_suite_has_options_of_its_own(suite):
    suite(
        """
        import pytest

        @pytest.fixture
        def storpool_options():
            return {"token": "suite's", "seed": 7}

        def test_the_suite(storpool_cluster):
            assert storpool_cluster.token == "suite's"

        @pytest.mark.storpool(token="marker's")
        def test_the_marker(storpool_cluster):
            assert storpool_cluster.token == "marker's"
        """,
        passed=2,
    )


def test_clusters_of_a_test_may_know_of_each_other(suite):
    suite(
        """
        def test_two_that_do_not(make_storpool_cluster):
            one, other = make_storpool_cluster(), make_storpool_cluster(token="x")
            one.api().kvsCreate("b")
            assert set(one.api().kvsBuckets().buckets) == {"b"}
            assert other.api().kvsBuckets().buckets == {}
            assert other.token == "x"

        def test_two_that_do(make_storpool_cluster, storpool_clock):
            west, far = make_storpool_cluster.connected({"west": "wwww.a", "far": "ffff.a"})
            west.api().volumeCreate({"name": "v", "size": 2**30, "replication": 3})
            west.api().volumesGroupBackup({"location": "ffff", "volumes": ["v"]})
            (backup,) = far.api().snapshotsList()
            assert backup.recoveringFromRemote
            storpool_clock.advance(60)
            assert not far.api().snapshotsList()[0].recoveringFromRemote
            assert [one.name for one in west.api().snapshotsList(clusterName="far")] == [backup.name]
        """,
        passed=2,
    )


def test_who_does_not_ask_pays_nothing(suite):
    suite(
        """
        import sys

        def test_nothing_of_ours_is_loaded(request):
            assert request.config.pluginmanager.hasplugin("storpool_sim") or request.config.pluginmanager.hasplugin(
                "storpool_sim.pytest_plugin"
            )
            loaded = {name for name in sys.modules if name.split(".")[0] in ("storpool", "storpool_sim", "aiohttp")}
            # The namespace may be there: a file in site-packages declares such for older tools.
            assert loaded - {"storpool"} == {"storpool_sim", "storpool_sim.pytest_plugin"}
        """,
        passed=1,
        anew=True,
    )


def test_the_fixtures_are_listed_with_what_they_are(suite):
    result = suite("def test_nothing(): pass", "--fixtures", "-q")
    for name in ("options", "clock", "devices", "cluster", "api", "env", "retry_sleep"):
        result.stdout.fnmatch_lines([f"storpool_{name} -- *"])


def test_the_tests_of_the_guide_pass(suite, pytester):
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    number = len(re.findall(r"^def test_", code, re.MULTILINE))
    assert number >= 6
    (pytester.path / "tests").mkdir()
    (pytester.path / "tests" / "cluster.toml").write_text('[[clusters]]\nname = "suite"\n')
    suite(f"import pytest\n{code}", passed=number)
