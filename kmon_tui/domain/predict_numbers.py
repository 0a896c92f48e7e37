"""Quantiles of measured latencies."""

from __future__ import annotations

import math
from collections.abc import Sequence


def share_below(ascending: Sequence[float], q: float) -> float | None:
    """Give the smallest value that a share ``q`` of all values does not exceed (nearest rank); None of nothing."""
    if not ascending:
        return None
    return ascending[max(0, math.ceil(q * len(ascending)) - 1)]
