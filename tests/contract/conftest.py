"""Each test here has a simulated cluster twice: without sockets, and over HTTP."""

from __future__ import annotations

from typing import Iterator

import pytest
from ways import WAYS, Send, Sim, Way, sender

from storpool import spapi
from storpool_sim import ManualClock


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    """Begins a cluster: `with way(**options) as sim`."""
    return WAYS[request.param]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sim(way: Way, clock: ManualClock) -> Iterator[Sim]:
    with way(clock=clock) as running:
        yield running


@pytest.fixture
def api(sim: Sim) -> spapi.Api:
    return sim.api()


@pytest.fixture
def send(sim: Sim) -> Send:
    return sender(sim)
