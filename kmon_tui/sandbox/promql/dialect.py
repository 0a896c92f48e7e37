"""What differs between Prometheus versions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between Prometheus versions and configurations; the default is Prometheus 2.42."""

    left_open: bool = False
    """Prometheus 3: a window leaves out the sample at its very start; Prometheus 2 takes it in."""
    threshold_first: bool = False
    """rate() first looks whether the first sample is near, then where the counter was 0 (so 2.53, not 2.42)."""
    any_label_name: bool = False
    """Prometheus 3: label names may be any text."""
    lookback_ms: int = 300_000
    subquery_step_ms: int = 60_000
    """global.evaluation_interval: the step of a subquery that names none."""


def dialect_of(version: str) -> Dialect:
    """Give the dialect of a version as ``2.53.4``."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return Dialect(left_open=major >= 3, threshold_first=(major, minor) >= (2, 53), any_label_name=major >= 3)
