"""The pods of each row."""

from __future__ import annotations

import pytest

from kmon_tui.domain.service import Key, Kind, Pod
from kmon_tui.live.flocks import FEW, Flocks

IRIS, OTHER = Key(Kind.ISVC, "default", "iris"), Key(Kind.ISVC, "default", "other")
MANY = FEW + 5


def pod(number: int, **rest: object) -> Pod:
    return Pod("default", f"iris-{number:03}", f"uid-{number}", "iris", **rest)  # type: ignore[arg-type]  # a shorthand


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1, MANY])
def test_all_pods_of_a_row_are_kept_in_the_order_of_their_coming(count: int) -> None:
    flocks = Flocks()
    pods = tuple(pod(number) for number in range(count))
    assert all(flocks.put(IRIS, one) for one in pods)
    assert flocks.of(IRIS) == pods
    assert flocks.of(OTHER) == ()


@pytest.mark.parametrize("count", [1, 2, FEW, MANY])
def test_a_pod_that_is_known_as_it_is_changes_nothing(count: int) -> None:
    flocks = Flocks()
    for number in range(count):
        flocks.put(IRIS, pod(number))
    before = flocks.of(IRIS)
    assert not any(flocks.put(IRIS, pod(number)) for number in range(count))
    assert flocks.of(IRIS) == before


@pytest.mark.parametrize("count", [1, 2, FEW, MANY])
def test_a_changed_pod_takes_the_place_of_the_old_one(count: int) -> None:
    flocks = Flocks()
    for number in range(count):
        flocks.put(IRIS, pod(number))
    assert flocks.put(IRIS, pod(count - 1, ready=True))
    assert [one.ready for one in flocks.of(IRIS)] == [False] * (count - 1) + [True]


@pytest.mark.parametrize("count", [1, 2, FEW, MANY])
def test_dropped_pods_are_gone_one_by_one(count: int) -> None:
    flocks = Flocks()
    for number in range(count):
        flocks.put(IRIS, pod(number))
    for number in range(count):
        assert flocks.drop(IRIS, f"iris-{number:03}")
        assert not flocks.drop(IRIS, f"iris-{number:03}")
        assert len(flocks.of(IRIS)) == count - number - 1
    assert flocks.put(IRIS, pod(0))
    assert flocks.of(IRIS) == (pod(0),)
