"""Numbers for people: three significant digits, a unit, `?` for unknown, `-` for nothing, `0` for zero."""

from __future__ import annotations

import math
from datetime import datetime

UNKNOWN = "?"
NOTHING = "-"
COMING = "…"
"""Not known yet: it was asked for, or will be."""

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


def number(value: float | None) -> str:
    """Write a number in at most five characters: ``0``, ``0.05``, ``3.2``, ``41.3``, ``212``, ``1.2k``, ``3M``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value < 0:
        return "-" + number(-value)
    if value == 0:
        return "0"
    if value < 0.001:
        return "<.001"
    if value < 0.01:
        return f"{value:.3f}"
    for suffix in ("", "k", "M", "G", "T"):
        short = _three_digits(value, suffix)
        if short:
            return short
        value /= 1000
    return ">999T"


def percent(ratio: float | None) -> str:
    """Write a share of 1 as a percentage without its sign: ``0``, ``0.04``, ``3.1``, ``100``."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    if 0 < ratio < 0.0001:
        return "<.01"
    return _strip(f"{ratio * 100:.1f}") if ratio >= 0.01 else _strip(f"{ratio * 100:.2f}")


def milliseconds(value: float | None, top_bound_ms: float | None = None) -> str:
    """Write a latency in at most five characters: ``<1ms``, ``2.5ms``, ``38ms``, ``1.2s``, ``>10s`` at the top."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if top_bound_ms is not None and math.isfinite(top_bound_ms) and value >= top_bound_ms:
        return ">" + milliseconds(top_bound_ms)
    if value < 1:
        return "<1ms"
    if value < 9.95:
        return _strip(f"{value:.1f}") + "ms"
    if value < 999.5:
        return f"{value:.0f}ms"
    seconds = value / 1000
    if seconds < 99.95:
        return _strip(f"{seconds:.1f}") + "s"
    if seconds < 999.5:
        return f"{seconds:.0f}s"
    return duration(seconds)


def bound(le_ms: float) -> str:
    """Write a bucket's upper bound with three digits, to tell it from its neighbours: ``2.5ms``, ``10s``, ``+Inf``."""
    if math.isinf(le_ms):
        return "+Inf"
    if le_ms < 1000:
        return f"{le_ms:.3g}ms"
    if le_ms < 60_000:
        return f"{le_ms / 1000:.3g}s"
    return f"{le_ms / 60_000:.3g}m"


def duration(seconds: float) -> str:
    """Write a length of time by its largest unit: ``12s``, ``3m``, ``2h``, ``41d``, ``3y``."""
    seconds = max(0.0, seconds)
    for size_s, unit in ((365 * DAY_S, "y"), (DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "m")):
        if seconds >= size_s:
            return f"{int(seconds // size_s)}{unit}"
    return f"{int(seconds)}s"


def long_duration(seconds: float) -> str:
    """Write a length of time by its two largest units: ``12s``, ``3m12s``, ``2h5m``, ``41d3h``."""
    seconds = max(0.0, seconds)
    for size_s, unit, lower_s in ((DAY_S, "d", HOUR_S), (HOUR_S, "h", MINUTE_S), (MINUTE_S, "m", 1)):
        if seconds >= size_s:
            rest_s = seconds % size_s
            return f"{int(seconds // size_s)}{unit}" + (duration(rest_s) if rest_s >= lower_s else "")
    return f"{int(seconds)}s"


def age(seconds: float) -> str:
    """Write how old something is in steps of 10 s, 1 m, 1 h and 1 d, so that it seldom changes on the screen."""
    if seconds < 10:
        return "<10s"
    if seconds < MINUTE_S:
        return f"{int(seconds // 10) * 10}s"
    return duration(seconds)


def coarse_age(since: datetime | None, now: datetime) -> str:
    """Write an age in whole minutes, hours or days for a column; ``?`` when its start is not known.

    The first year is how Go writes a time that was never set.
    """
    if since is None or since.year == 1:
        return UNKNOWN
    seconds = (now - since).total_seconds()
    return "<1m" if seconds < MINUTE_S else duration(seconds)


def _three_digits(value: float, suffix: str) -> str:
    """Write a value below 1000 with three significant digits (two before a suffix); empty when it is larger."""
    if value < 0.995:
        return _strip(f"{value:.2f}") + suffix
    if value < 9.995:
        return _strip(f"{value:.2f}" if not suffix else f"{value:.1f}") + suffix
    if value < 99.95:
        return _strip(f"{value:.1f}") + suffix
    if value < 999.5:
        return f"{value:.0f}{suffix}"
    return ""


def _strip(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
