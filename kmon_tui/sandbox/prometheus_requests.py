"""Parameters of Prometheus' HTTP API: times, durations, selectors; refused in Prometheus' words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kmon_tui.sandbox.promql import PromqlError

_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS_MS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1_000, 1)
MOST_POINTS = 11_000


def bad_parameter(name: str, why: str) -> PromqlError:
    """Make the error of a parameter that cannot be read."""
    return PromqlError(f'invalid parameter "{name}": {why}', "bad_data")


def time_ms(parameters: Mapping[str, str], name: str, default_ms: int | None = None) -> int:
    """Read a time: Unix seconds or RFC 3339."""
    text = parameters.get(name, "")
    if not text and default_ms is not None:
        return default_ms
    try:
        number = float(text)
        if math.isfinite(number):
            return round(number * 1000)
    except ValueError:
        pass  # not a number: maybe a date
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(name, f'cannot parse "{text}" to a valid timestamp') from error
    if moment.tzinfo is None:
        raise bad_parameter(name, f'cannot parse "{text}" to a valid timestamp')
    return round(moment.timestamp() * 1000)


def duration_ms(text: str, name: str) -> int:
    """Read a duration: seconds as a number, or ``1h30m``."""
    try:
        number = float(text)
        if math.isfinite(number):
            return round(number * 1000)
    except ValueError:
        pass  # not a number: maybe a duration
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise bad_parameter(name, f'cannot parse "{text}" to a valid duration')
    return sum(int(part) * unit for part, unit in zip(match.groups(), _UNITS_MS, strict=True) if part)


@dataclass(frozen=True, slots=True)
class RangeAsked:
    """The instants of a range query."""

    start_ms: int
    end_ms: int
    step_ms: int


def range_asked(parameters: Mapping[str, str]) -> RangeAsked:
    """Read start, end and step, with the limits that Prometheus sets."""
    start, end = time_ms(parameters, "start"), time_ms(parameters, "end")
    if end < start:
        raise bad_parameter("end", "end timestamp must not be before start time")
    step = duration_ms(parameters.get("step", ""), "step")
    if step <= 0:
        text = "zero or negative query resolution step widths are not accepted. Try a positive integer"
        raise bad_parameter("step", text)
    if (end - start) / step > MOST_POINTS:
        text = (
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
        raise PromqlError(text, "bad_data")
    return RangeAsked(start, end, step)
