"""Names that may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

MOST_SAID = 3


def like(name: str, names: Iterable[str]) -> list[str]:
    """Give those that may have been meant: spelled alike first, then those that hold the name or are held by it."""
    name, there = name.lower(), sorted(set(names))  # as all names of Kubernetes are
    close = difflib.get_close_matches(name, there, n=MOST_SAID)
    return [*close, *(one for one in there if one not in close and (name in one or one in name))]


def some(words: Sequence[str]) -> str:
    """Write the first few of them, and how many more there are."""
    more = len(words) - MOST_SAID
    return ", ".join(words[:MOST_SAID]) + (f" and {more} more" if more > 0 else "")
