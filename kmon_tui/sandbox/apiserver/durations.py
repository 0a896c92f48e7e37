"""Ages as kubectl prints them: 5s, 2m3s, 47h, 3d2h."""

from __future__ import annotations

from datetime import UTC, datetime

_YEAR_DAYS = 365


def age_of(moment: str, now: datetime | None = None) -> str:
    """Say how long ago a metav1.Time was; <unknown> when there is none, <invalid> when it cannot be read."""
    if not moment:
        return "<unknown>"
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return "<invalid>"
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return human_duration(int(((now or datetime.now(UTC)) - then).total_seconds()))


def human_duration(seconds: int) -> str:
    """Write a duration in the steps of Kubernetes' duration.HumanDuration."""
    if seconds < -1:
        return "<invalid>"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    years = days // _YEAR_DAYS
    steps = (
        (seconds < 120, max(seconds, 0), "s", 0, ""),
        (minutes < 10, minutes, "m", seconds % 60, "s"),
        (minutes < 180, minutes, "m", 0, ""),
        (hours < 8, hours, "h", minutes % 60, "m"),
        (hours < 48, hours, "h", 0, ""),
        (days < 8, days, "d", hours % 24, "h"),
        (days < 2 * _YEAR_DAYS, days, "d", 0, ""),
        (years < 8, years, "y", days % _YEAR_DAYS, "d"),
        (True, years, "y", 0, ""),
    )
    _, large, unit, small, small_unit = next(step for step in steps if step[0])
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
