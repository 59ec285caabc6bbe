"""Threads that start together at a first use: what is filled then is whole for each of them.

Nothing here takes a lock, since a child that is forked meanwhile would wait for it for ever. So two threads may both
make a thing, and what one of them sees must be finished, whichever is kept. The threads switch as often as they can.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, List

import pytest

import storpool_sim
from storpool import spapi, sptypes
from storpool.spapi.transport.pool import POOL_MAX, Pool
from storpool.sptype import use_msgspec
from storpool.sptype.lazy import lazy

THREADS = 16


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(do: Callable[[], Any], count: int = THREADS) -> List[Any]:
    """Return what threads get that do a thing at once."""
    barrier = threading.Barrier(count)

    def run() -> Any:
        barrier.wait(60)
        return do()

    with ThreadPoolExecutor(count) as executor:
        return [future.result(60) for future in [executor.submit(run) for _ in range(count)]]


DECLARATIONS = """
from __future__ import annotations
from typing import *
from storpool.sptype import *

Word = Annotated[str, Name("Word", "[a-z0-9]+", 20)]

class Leaf(JsonObjectImpl):
    word: Word
    size: int = 512

class Tree(Leaf):
    leaves: List[Leaf] = []
    by_name: Dict[str, Leaf] = {}
    kept: Optional[Leaf] = None
    inner: Internal[int] = None
"""


def new_class(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a class that nothing has used yet, of which all that is filled at first use is still empty."""
    module = types.ModuleType("declarations")
    monkeypatch.setitem(sys.modules, "declarations", module)
    exec(DECLARATIONS, vars(module))  # noqa: S102 - the text above
    return module.Tree


GIVEN = {
    "word": "root",
    "leaves": [{"word": f"leaf{index}", "size": str(index)} for index in range(20)],
    "by_name": {f"name{index}": {"word": "leaf"} for index in range(20)},
    "kept": {"word": "kept"},
}


@pytest.mark.parametrize("round_", range(10))
class TestClasses:
    """Fields, nodes, plans, readers and unchecked classes of a class that is new to the process."""

    def test_objects_are_made(self, round_: int, monkeypatch: pytest.MonkeyPatch) -> None:
        cls = new_class(monkeypatch)
        made = together(lambda: cls(GIVEN))
        assert {type(tree) for tree in made} == {cls}
        leaves = [leaf for tree in made for leaf in (*tree.leaves, *tree.by_name.values(), tree.kept)]
        assert len({type(leaf) for leaf in leaves}) == 1
        assert [[leaf.size for leaf in tree.leaves] for tree in made] == [list(range(20))] * THREADS
        assert {str(tree.to_json()) for tree in made} == {str(made[0].to_json())}

    def test_objects_are_read_assigned_and_described(self, round_: int, monkeypatch: pytest.MonkeyPatch) -> None:
        cls = new_class(monkeypatch)

        def use() -> Any:
            tree = cls(word="a")
            tree.size = "7"
            return list(tree.to_json()), tree.size, list(cls.__spfields__), cls.__spnode__.name, repr(tree)

        assert together(use) == [use()] * THREADS

    def test_a_bad_part_is_an_error_for_each(self, round_: int, monkeypatch: pytest.MonkeyPatch) -> None:
        cls = new_class(monkeypatch)

        def use() -> str:
            with pytest.raises(spapi.InvalidArgumentError) as caught:
                cls({**GIVEN, "leaves": [{"word": "a", "size": "x"}] * 20})
            return str(caught.value)

        assert together(use) == ["Tree.leaves[0].size: 'x' is not an integer"] * THREADS

    def test_replies_are_read_and_what_is_irregular_is_learnt(
        self, round_: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not use_msgspec():
            pytest.skip("without msgspec nothing is learnt")
        cls = new_class(monkeypatch)
        reply = b'{"data": {"word": "a", "leaves": [' + b'{"word": "b", "size": "3"},' * 30 + b'{"word": "c"}]}}'

        def use() -> Any:
            node = cls.__spnode__
            return [node.reader.decode(reply).to_json()["leaves"][index].size for index in (0, 29, 30)]

        assert together(use) == [[3, 3, 512]] * THREADS


def test_a_lazy_attribute_is_whole_for_each() -> None:
    class Thing:
        @lazy
        def parts(self) -> List[int]:
            made: List[int] = []
            for part in range(200):
                made.append(part)
            return made

    for _ in range(20):
        thing = Thing()
        assert together(lambda thing=thing: list(thing.parts)) == [list(range(200))] * THREADS  # type: ignore[misc]


class Connection:
    """Stands in the pool; knows who uses it."""

    sock = None

    def __init__(self) -> None:
        self.used = threading.Lock()
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_connection_of_the_pool_is_with_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storpool.spapi.transport.pool._is_quiet", lambda _sock: True)
    pool = Pool()
    made: List[Connection] = []

    def use() -> None:
        for _ in range(300):
            connection = pool.take()
            if connection is None:
                connection = Connection()
                made.append(connection)
            assert connection.used.acquire(blocking=False), "two threads have it"
            assert not connection.closed
            connection.used.release()
            pool.put(connection)

    together(use)
    assert len(pool) == len(made) <= THREADS
    pool.close()
    assert [connection.closed for connection in made] == [1] * len(made)


def test_what_the_pool_has_no_room_for_is_closed() -> None:
    pool = Pool()
    connections = [Connection() for _ in range(POOL_MAX * 4)]
    remaining = iter(connections)
    lock = threading.Lock()

    def put() -> None:
        for _ in range(len(connections) // THREADS):
            with lock:
                connection = next(remaining)
            pool.put(connection)

    together(put)
    # Two threads may both see the last place free.
    assert POOL_MAX <= len(pool) < POOL_MAX + THREADS
    assert sum(connection.closed for connection in connections) == len(connections) - len(pool)


FIRST_CALLS = """
import sys, threading
sys.setswitchinterval(1e-6)
if sys.argv[5] == "without msgspec":
    sys.modules["msgspec"] = None
from storpool import spapi, sptypes
shared = spapi.Api(host=sys.argv[1], port=sys.argv[2], auth=sys.argv[3]) if sys.argv[4] == "one Api" else None
barrier = threading.Barrier(16)
results, errors = [], []
def run():
    try:
        barrier.wait(60)
        api = shared or spapi.Api(host=sys.argv[1], port=sys.argv[2], auth=sys.argv[3])
        desc = sptypes.VolumeUpdateDesc({"size": "1073741824", "tags": {"a": "b"}})
        api.volumeUpdate("v", desc)
        volumes, disks, services = api.volumesList(), api.disksList(), api.servicesList()
        results.append((
            [(type(volume).__name__, volume.name, volume.size) for volume in volumes],
            {number: type(disk).__name__ for number, disk in disks.items()},
            sorted(services.servers),
            [(type(record).__name__, record.volume) for record in api.attachmentsList()],
            sorted(api.volumesQuickStatus()),
        ))
    except BaseException as exc:
        errors.append(repr(exc))
threads = [threading.Thread(target=run) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not errors, errors
assert len(results) == 16 and all(result == results[0] for result in results), results
assert results[0][0] == [("VolumeSummary", "v", 2**30)], results[0]
assert set(results[0][1].values()) == {"UpDiskSummary"}, results[0]
"""


@pytest.mark.parametrize("apis", ["one Api", "an Api each"])
@pytest.mark.parametrize("msgspec", ["with msgspec", "without msgspec"])
def test_the_first_calls_of_a_process(apis: str, msgspec: str, storpool_cluster: storpool_sim.Running) -> None:
    spapi.Api(storpool_cluster.host, storpool_cluster.port, storpool_cluster.token).volumeCreate(
        sptypes.VolumeCreateDesc(name="v", size=2**29, replication=1)
    )
    done = subprocess.run(
        [
            *(sys.executable, "-c", FIRST_CALLS, storpool_cluster.host, str(storpool_cluster.port)),
            *(storpool_cluster.token, apis, msgspec),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
