"""pytest's fixtures of simulated clusters; pytest finds them by the entry point of the distribution.

| fixture | what a test gets |
|---|---|
| `storpool_cluster` | a fresh cluster that answers on a port of its own: `storpool_sim.Running` |
| `storpool_api` | an Api for it |
| `storpool_env` | variables and configuration files by which the code under test finds it |
| `storpool_clock` | the clock that it goes by, which stands still until the test moves it |
| `storpool_devices` | the directory where its devices appear; `spapi.SP_DEV_PATH` is that |
| `make_storpool_cluster` | more clusters, connected ones too |

`@pytest.mark.storpool(...)` and the fixture `storpool_options` choose how the cluster is run: the arguments of
`storpool_sim.running`, and `faults`, a list of what `serve --fault` takes.

What a test does not ask for costs nothing: this module imports pytest only.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping

import pytest

if TYPE_CHECKING:
    from storpool.spapi import Api

    from . import ManualClock, Running

#: How long the devices of `storpool_devices` take to appear, in seconds: a driver that does not wait should be seen.
DEVICE_DELAY = 0.05


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "storpool(**options): how the simulated cluster is run: arguments of storpool_sim.running, and faults",
    )


class ClusterFactory:
    """Runs clusters until the end of a test."""

    def __init__(self, stack: ExitStack, options: Mapping[str, Any]) -> None:
        self._stack = stack
        self._options = options

    def __call__(self, **options: Any) -> Running:
        """Run a fresh cluster, or the one that is given as `cluster`.

        :param options: arguments of `storpool_sim.running`, and `faults`; they win over those of the test.
        """
        from .keywords import renamed
        from .runner import running

        merged = {**self._options, **renamed(options)}
        faults = merged.pop("faults", ())
        sim = self._stack.enter_context(running(**merged))
        for fault in faults:
            _add_fault(sim, fault)
        return sim

    def connected(self, ids: Mapping[str, str], **options: Any) -> List[Running]:
        """Run clusters that know of each other.

        :param ids: the id of each by its name; those of one location, the part before the dot, are a multicluster.
        """
        from . import Cluster, connect

        clock = {**self._options, **options}.get("clock")
        clusters = [Cluster(clock, name, clusterId) for name, clusterId in ids.items()]
        connect(*clusters)
        return [self(cluster=cluster, **options) for cluster in clusters]


def _add_fault(sim: Running, fault: Any) -> None:
    from .service.faults import from_mapping, parse

    sim.faults.take(parse(fault) if isinstance(fault, str) else from_mapping(fault))


@pytest.fixture
def storpool_options() -> Dict[str, Any]:
    """How clusters are run, where a marker does not say otherwise. For test suites to override."""
    return {}


@pytest.fixture
def storpool_clock() -> ManualClock:
    """The clock of the test's clusters, which stands still until `storpool_clock.advance(seconds)`."""
    from . import ManualClock

    return ManualClock()


@pytest.fixture
def make_storpool_cluster(
    request: pytest.FixtureRequest, storpool_options: Mapping[str, Any]
) -> Iterator[ClusterFactory]:
    """Run clusters: `make_storpool_cluster(**options)`; `make_storpool_cluster.connected({name: id, ...})`."""
    from .keywords import renamed

    options = {"dev_delay": DEVICE_DELAY, **renamed(storpool_options)}
    for marker in reversed(list(request.node.iter_markers("storpool"))):  # the closest one last
        if marker.args:
            raise pytest.UsageError(f"pytest.mark.storpool takes keywords only, not {marker.args!r}")
        options.update(renamed(marker.kwargs))
    if "storpool_clock" in request.fixturenames:
        options["clock"] = request.getfixturevalue("storpool_clock")
    with ExitStack() as stack:
        yield ClusterFactory(stack, options)


@pytest.fixture
def storpool_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory where volumes that are attached to client 1 of `storpool_cluster` appear, a little later."""
    from storpool import spapi

    directory = tmp_path / "storpool"
    monkeypatch.setattr(spapi, "SP_DEV_PATH", f"{directory}/")
    return directory


@pytest.fixture
def storpool_cluster(request: pytest.FixtureRequest, make_storpool_cluster: ClusterFactory) -> Running:
    """A fresh cluster that answers on a port of its own, until the test ends."""
    if "storpool_devices" not in request.fixturenames:
        return make_storpool_cluster()
    directory = request.getfixturevalue("storpool_devices")
    return make_storpool_cluster(dev_dir=str(directory))


@pytest.fixture
def storpool_api(storpool_cluster: Running) -> Iterator[Api]:
    """An Api for the cluster."""
    api = storpool_cluster.api()
    yield api
    api.close()


@pytest.fixture
def storpool_env(storpool_cluster: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dict[str, str]:
    """The variables by which programs find the cluster; they are set, and the configuration files say the same.

    In this process `SPConfig` reads no other files, so that what the machine is configured for stays out of the test.
    """
    from storpool.spconfig import SPConfig

    for name, value in storpool_cluster.env.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "storpool.conf"
    file.write_text("".join(f"{name}={value}\n" for name, value in storpool_cluster.env.items()), encoding="utf-8")
    monkeypatch.setattr(SPConfig, "PATH_CONFIG", str(file))
    monkeypatch.setattr(SPConfig, "PATH_CONFIG_DIR", str(tmp_path / "storpool.conf.d"))
    return storpool_cluster.env
