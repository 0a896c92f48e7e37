"""What differs between two fleets."""

from __future__ import annotations

from kmon_tui.domain.replaced import replaced
from kmon_tui.domain.service import InferenceService, Key, Kind

A, B, C = (InferenceService(Key(Kind.ISVC, "demo", name)) for name in "abc")


def test_the_same_fleet_has_no_differences() -> None:
    services = (A, B)

    assert replaced(services, services) == []
    assert replaced(services, (A, B)) == []


def test_another_object_at_the_same_place_is_a_pair() -> None:
    newer = B._replace(generation=2)

    assert replaced((A, B, C), (A, newer, C)) == [(B, newer)]


def test_services_that_came_or_went_are_no_pairs() -> None:
    assert replaced((A, B), (A, B, C)) is None
    assert replaced((A, B), (A, C)) is None
