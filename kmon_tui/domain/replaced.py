"""What differs between two values of a fleet, found at C speed: those who look ten times a second share this."""

from __future__ import annotations

from itertools import compress
from operator import is_not

from kmon_tui.domain.service import InferenceService

Services = tuple[InferenceService, ...]


def replaced(old: Services, new: Services) -> list[tuple[InferenceService, InferenceService]] | None:
    """Give the pairs that are other objects at the same place, old first; None when services came or went.

    Both are sorted by key, and a service that did not change is the same object.
    """
    if new is old:
        return []
    if len(new) != len(old):
        return None
    pairs = list(compress(zip(old, new, strict=True), map(is_not, old, new)))
    return pairs if all(before.key == after.key for before, after in pairs) else None
