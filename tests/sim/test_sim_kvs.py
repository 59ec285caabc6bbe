"""The key-value store on the simulated cluster, through the bindings."""

from __future__ import annotations

import threading

import pytest

from storpool import spapi


def test_pairs_are_set_changed_and_deleted(api, refused):
    api.kvsCreate("b")
    api.kvsUpdate("b", {"set": {"one": "1", "a/b c": "2"}})
    assert api.kvsList("b").pairs == {"one": "1", "a/b c": "2"}
    assert api.kvsGet("b", "a/b c").pairs == {"a/b c": "2"}
    api.kvsUpdate("b", {"set": {"one": "", "two": "2", "never there": ""}})
    assert api.kvsList("b").pairs == {"a/b c": "2", "two": "2"}
    refused("objectDoesNotExist", api.kvsGet, "b", "one")


def test_buckets_come_and_go(api, refused):
    assert api.kvsBuckets().buckets == {}
    api.kvsCreate("b")
    refused("objectExists", api.kvsCreate, "b")
    assert set(api.kvsBuckets().buckets) == {"b"}
    api.kvsDelete("b")
    assert api.kvsBuckets().buckets == {}
    for call, args in ((api.kvsDelete, ()), (api.kvsList, ()), (api.kvsGet, ("k",)), (api.kvsUpdate, ({"set": {}},))):
        refused("objectDoesNotExist", call, "b", *args)


def test_the_version_grows_with_each_change_and_guards_writes(api, refused):
    api.kvsCreate("b")
    version = api.kvsBuckets().buckets["b"]
    api.kvsUpdate("b", {"set": {"k": "1"}})
    assert api.kvsGet("b", "k").version == version + 1
    refused("runIfVersionIsMismatch", api.kvsUpdate, "b", {"runIfVersionIs": version, "set": {"k": "2"}})
    assert not api.kvsTryUpdate("b", {"runIfVersionIs": version, "set": {"k": "2"}})
    assert api.kvsGet("b", "k").pairs == {"k": "1"}
    assert api.kvsTryUpdate("b", {"runIfVersionIs": version + 1, "set": {"k": "2"}})


def test_a_counter_loses_no_increment(sim):
    sim.api().kvsCreate("b")

    def count() -> None:
        api = sim.api()
        for _ in range(10):
            while True:
                bucket = api.kvsList("b")
                pairs = {"n": str(int(bucket.pairs.get("n", "0")) + 1)}
                if api.kvsTryUpdate("b", {"runIfVersionIs": bucket.version, "set": pairs}):
                    break

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sim.api().kvsGet("b", "n").pairs == {"n": "40"}


@pytest.mark.parametrize("name", ["a b", "", "x" * 1023])
def test_names_are_checked(api, name):
    with pytest.raises(spapi.InvalidArgumentError):
        api.kvsCreate(name)
