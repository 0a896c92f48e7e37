"""What differs between two values of a fleet, found at C speed: those who look ten times a second share this."""

from __future__ import annotations

from kmon_tui.domain.service import InferenceService

Services = tuple[InferenceService, ...]


PIECE = 64
"""So many services are compared in one go: equal ones are mostly the same object, which C sees at once."""


def places(old: Services, new: Services) -> list[int] | None:
    """Say where the services are different; None when services came or went.

    Both are sorted by key, and a service that did not change is the same object.
    """
    if new is old:
        return []
    if len(new) != len(old):
        return None
    found: list[int] = []
    for start in range(0, len(old), PIECE):
        before, after = old[start : start + PIECE], new[start : start + PIECE]
        if before != after:
            found += [place for place, one in enumerate(after, start) if one is not old[place]]
    return found if all(old[place].key == new[place].key for place in found) else None


def replaced(old: Services, new: Services) -> list[tuple[InferenceService, InferenceService]] | None:
    """Give the pairs of different services at the same place, old first; None when services came or went."""
    found = places(old, new)
    return None if found is None else [(old[place], new[place]) for place in found]
