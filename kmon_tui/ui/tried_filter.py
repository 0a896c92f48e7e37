"""A filter that was tried on what is there: one that would hold the keys is refused while it is typed."""

from __future__ import annotations

from collections.abc import Iterable

from kmon_tui.domain.service import InferenceService
from kmon_tui.render.filter import Filter, FilterError, parse_filter
from kmon_tui.ui.cpu_limit import TOO_SLOW, TooSlow, cpu_limit

TRY_S = 0.5
"""CPU time; ten thousand names take a simple expression 10 ms."""


def tried_filter(text: str, services: Iterable[InferenceService]) -> Filter:
    """Read the filter. Raises FilterError when it cannot be read, or takes too long on these services."""
    found = parse_filter(text)
    if "/" in text:
        try:
            with cpu_limit(TRY_S):
                for isvc in services:
                    found(isvc)
        except TooSlow:
            raise FilterError(TOO_SLOW, hint="the filter before it is kept") from None
    return found
