"""What differs between two fleets."""

from __future__ import annotations

from kmon_tui.domain.replaced import places, replaced
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


def test_differences_are_found_in_every_piece_of_a_large_fleet() -> None:
    many = tuple(InferenceService(Key(Kind.ISVC, "demo", f"m-{number:05d}")) for number in range(1000))
    changed = {0, 63, 64, 500, 999}
    newer = tuple(one._replace(generation=2) if place in changed else one for place, one in enumerate(many))

    assert places(many, newer) == sorted(changed)
