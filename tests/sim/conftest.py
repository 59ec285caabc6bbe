"""A simulated cluster whose time the tests move."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

import storpool_sim
from storpool import spapi
from storpool_sim import Running
from storpool_sim.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sim(clock: ManualClock) -> Iterator[Running]:
    with storpool_sim.running(clock=clock) as running:
        yield running


@pytest.fixture
def api(sim: Running) -> spapi.Api:
    return sim.api()


@pytest.fixture
def refused() -> Callable[..., str]:
    """Calls a function that must end with an error of the given name; gives the error's text."""

    def check(name: str, function: Callable[..., object], *args: object, **kwargs: object) -> str:
        with pytest.raises(spapi.ApiError) as caught:
            function(*args, **kwargs)
        assert caught.value.name == name, caught.value
        return str(caught.value.desc)

    return check
