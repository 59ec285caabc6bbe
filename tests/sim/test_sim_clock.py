"""The clock of a simulated cluster can be held, for requests that are handled again later."""

from __future__ import annotations

import time

import pytest

from storpool_sim import Clock, ManualClock


class Twice(Clock):
    """A clock of somebody else's making."""

    def now(self) -> float:
        return 2 * time.time()


@pytest.mark.parametrize("make", [Clock, ManualClock, Twice])
def test_a_clock_stands_still_while_it_is_held(make):
    clock = make()
    before = clock.now()
    with clock.held(5.0):
        assert clock.now() == 5.0
        with clock.held(7.0):
            assert clock.now() == 7.0
        assert clock.now() == 5.0
    assert clock.now() >= before


def test_a_clock_is_let_go_when_the_block_fails():
    clock = ManualClock(1.0)
    with pytest.raises(RuntimeError), clock.held(5.0):
        raise RuntimeError
    assert clock.now() == 1.0


def test_a_held_clock_can_be_moved():
    clock = ManualClock(1.0)
    with clock.held(5.0):
        clock.advance(1)
        assert clock.now() == 5.0
    assert clock.now() == 2.0
