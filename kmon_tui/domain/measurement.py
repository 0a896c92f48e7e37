"""The traffic of one service over one window, measured once: what ``kmon-tui metrics`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import Key
from kmon_tui.domain.traffic import Buckets, Prometheus, Traffic


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """Numbers of one window, all taken at one moment of Prometheus' clock."""

    key: Key
    prometheus: Prometheus
    window_s: int
    step_s: int
    traffic: Traffic | None = None
    """``requests_per_s`` is of now (the rate window of ``prometheus``); error ratio and quantiles are of the whole
    window. None: no series of this service was found."""
    buckets: Buckets | None = None
    requests_in_window: float | None = None
    requests_by_class: Mapping[str, float] = field(default_factory=dict)
    """Requests of the whole window by class of their answers, where they have one."""
    bucket_totals: tuple[float, ...] = ()
    """Requests of the whole window by own bucket, parallel to ``buckets.le_ms``; what a gap hid is in it."""
    alerts: tuple[Alert, ...] | None = None
    """What fires or is pending about the service, the gravest first; None: no Prometheus told."""
    problem: str = ""
    """Why numbers are missing, for people."""

    @property
    def age_s(self) -> float | None:
        """How old the newest raw sample is by Prometheus' own clock."""
        return self.prometheus.age_s(self.traffic.sampled_at) if self.traffic else None
