"""What the drawing of rows and panels depends on besides the values themselves."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.traffic import Prometheus, Traffic, TrafficReport
from kmon_tui.render.glyphs import UNICODE, Glyphs


@dataclass(frozen=True, slots=True)
class Drawing:
    """The viewer's clock and terminal, and how far the traffic may be believed."""

    now: datetime = datetime.min.replace(tzinfo=UTC)
    glyphs: Glyphs = UNICODE
    zone: tzinfo | None = None
    """The viewer's zone; None: this machine's."""
    shaded: bool = False
    """Draw heat maps with signs instead of colours."""
    api_failing: bool = False
    """The services are old: everything about them is dimmed."""
    prometheus_failing: bool = False
    report: TrafficReport | None = None
    report_age_s: float = 0.0
    """How long ago the report came, in steps of 10 s; 0 while Prometheus answers and it is younger than two polls."""

    @property
    def prometheus(self) -> Prometheus:
        """Of the report, or an empty one."""
        return self.report.prometheus if self.report is not None else Prometheus()

    def data_age_s(self, sampled_at: datetime | None) -> float | None:
        """Seconds since a sample was taken, by Prometheus' clock; None when that is not known."""
        age_s = self.prometheus.age_s(sampled_at)
        return None if age_s is None else age_s + self.report_age_s

    def stale_age_s(self, traffic: Traffic) -> float | None:
        """The age of numbers that are older than two polls, or whose series have ended; None while they are fresh."""
        age_s = self.data_age_s(traffic.sampled_at)
        if age_s is None:
            return self.report_age_s if self.prometheus_failing or self.report_age_s else None
        return age_s if self.prometheus_failing or self.prometheus.is_stale(traffic, self.report_age_s) else None
