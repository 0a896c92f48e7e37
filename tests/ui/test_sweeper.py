"""The collector walks over everything only in a moment without keys, and over what is young all the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from kmon_tui.ui.sweeper import APART_S, REST_S, Sweeper, leave_old_alone


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Knot:
    """Garbage that only the collector finds."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


@pytest.fixture
def old_knot() -> Iterator[None]:
    """Have a knot grow old before it is garbage."""
    thresholds = gc.get_threshold()
    leave_old_alone()
    knot = Knot()
    gc.collect()
    del knot
    yield
    gc.set_threshold(*thresholds)
    gc.collect()


@pytest.mark.usefixtures("old_knot")
def test_old_garbage_goes_in_a_moment_without_keys() -> None:
    clock = Clock()
    sweeper = Sweeper(clock)
    clock.now_s += APART_S

    assert Knot.alive == 1
    assert sweeper.look()
    assert Knot.alive == 0


@pytest.mark.usefixtures("old_knot")
def test_nothing_old_is_walked_over_while_somebody_types() -> None:
    clock = Clock()
    sweeper = Sweeper(clock)
    clock.now_s += APART_S
    sweeper.see_key()
    clock.now_s += REST_S - 1

    assert not sweeper.look()
    assert Knot.alive == 1


def test_young_garbage_goes_at_once_also_while_somebody_types() -> None:
    sweeper = Sweeper(Clock())
    gc.collect()
    Knot()

    assert Knot.alive == 1
    assert not sweeper.look()
    assert Knot.alive == 0
