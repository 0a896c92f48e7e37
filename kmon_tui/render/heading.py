"""What stands above each drawing: the answer now with its unit, where it comes from, and how old it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from kmon_tui.domain.late import dataclass
from kmon_tui.domain.traffic import Buckets, Family, Scope, Traffic
from kmon_tui.render.cells import clean
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import Glyphs
from kmon_tui.render.lines import Line, joined, shortened, spread, width_of
from kmon_tui.render.rows import scope_words
from kmon_tui.render.units import age, long_duration, milliseconds, number, percent

NAMES: Mapping[Family, str] = {
    Family.ALIAS: "kserve_request_*",
    Family.KNATIVE_MS: "revision_request_*",
    Family.KNATIVE_S: "http_server_request_duration",
    Family.SDK: "request_predict_seconds",
    Family.VLLM: "vllm:request_*",
    Family.MLSERVER: "model_infer_request_*",
    Family.TRITON: "nv_inference_request_*",
    Family.TORCHSERVE: "ts_inference_*",
    Family.ISTIO: "istio_requests_total",
    Family.ENVOY: "envoy_cluster_upstream_rq_*",
    Family.ACTIVATOR: "activator_request_*",
    Family.ACTIVATOR_S: "activator's http_server_request_duration",
}
"""The metrics that a person would look for in Prometheus."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One answer, in several lengths."""

    answers: tuple[str, ...]
    """The answer with its unit, at length first."""
    sources: tuple[str, ...] = ()
    """Where it comes from, at length first; empty while there is no answer."""
    age: str = ""
    stale: bool = False

    def lines(self, width: int, glyphs: Glyphs, legend: Line = (), *, low: bool = False) -> list[Line]:
        """Write it in one line if that fits, else in two; the second one holds the legend, too.

        ``low``: the legend is not worth a line of its own.
        """
        look = "stale" if self.stale else "bold"
        for answer, source in product(self.answers, self._told()):
            line = self._ruled([(answer, look), *([(source, "dim")] if source else [])], width, glyphs)
            if line:
                return [line, legend] if legend and not low else [line]
        answer = next((text for text in self.answers if len(text) + 4 <= width), self.answers[-1])
        told = next((text for text in self._told() if len(text) + width_of(legend) + 2 <= width), "")
        first = self._ruled([(answer, look)], width, glyphs) or shortened(((answer, look),), width)
        return [first, spread(legend, ((told, "dim"),), width)] if told else [first, ((self._told()[-1], "dim"),)]

    @property
    def words(self) -> str:
        """Everything at length, in one line."""
        return "  ".join(text for text in (self.answers[0], self._told()[0]) if text)

    def _told(self) -> tuple[str, ...]:
        old = f"{self.age} old" if self.age else ""
        ways = [f"{source}, {old}" if old else source for source in self.sources]
        return tuple(dict.fromkeys((*ways, f"{self.sources[-1]} {self.age}".strip()))) if self.sources else ("",)

    def _ruled(self, parts: list[tuple[str, str]], width: int, glyphs: Glyphs) -> Line:
        """Put the parts onto a rule; empty when they do not fit."""
        line: list[tuple[str, str]] = [(glyphs.rule, "rule")]
        for text, look in parts:
            line.extend(((f" {text} ", look), (glyphs.rule, "rule")))
        left = width - width_of(tuple(line))
        return joined([*line, (glyphs.rule * left, "rule")]) if left >= 0 else ()


def requests_heading(traffic: Traffic | None, drawing: Drawing) -> Heading:
    """Answer how many requests there are now, and their errors."""
    if traffic is None:
        return Heading(("requests/s ?",))
    if traffic.new_requests is not None:
        return _of(traffic, drawing, f"requests new: {number(traffic.new_requests)}")
    errors = f"err {percent(traffic.error_ratio)}% ({scope_words(traffic.scope)})"
    rate = number(traffic.requests_per_s)
    both = errors
    if traffic.scope is Scope.USERS and traffic.pods_error_ratio is not None:
        both = f"{errors}, {percent(traffic.pods_error_ratio)}% (pods)"
    answers = (f"requests/s {rate}  {both}", f"requests/s {rate}  {errors}", f"{rate} req/s  {errors}")
    return _of(traffic, drawing, *dict.fromkeys(answers))


def latency_heading(traffic: Traffic | None, drawing: Drawing) -> Heading:
    """Answer how slow it is now: the three quantiles."""
    if traffic is None:
        return Heading(("latency ?",))
    if traffic.mean_ms is not None and traffic.p50_ms is None:
        return _of(traffic, drawing, f"latency mean {milliseconds(traffic.mean_ms)}")
    top = traffic.top_bound_ms
    shown = (("p50", traffic.p50_ms), ("p90", traffic.p90_ms), ("p99", traffic.p99_ms))
    words = [f"{name} {milliseconds(value, top)}" for name, value in shown]
    return _of(traffic, drawing, "latency " + "  ".join(words), "  ".join(words), " ".join(words))


def heat_heading(traffic: Traffic | None, buckets: Buckets | None, drawing: Drawing) -> Heading:
    """Say what the heat map is of, and how many requests its newest column holds."""
    if traffic is None or buckets is None or not buckets.counts:
        return Heading(("latency buckets",))
    known = [row[-1] for row in buckets.counts if row and row[-1] == row[-1]]  # a gap is NaN
    last = f"{number(sum(known) if known else None)} requests in the last {long_duration(buckets.step_s)}"
    return _of(traffic, drawing, f"latency buckets  {last}", f"buckets  {last}", over=False)


def age_words(traffic: Traffic, drawing: Drawing) -> str:
    """Say how old numbers are; of fresh ones how old they are at most, so that it need not be written each second."""
    stale_s = drawing.stale_age_s(traffic)
    if stale_s is not None:
        return age(stale_s)
    return f"<{age(max(10.0, 2 * drawing.prometheus.poll_s))}"


def _of(traffic: Traffic, drawing: Drawing, *answers: str, over: bool = True) -> Heading:
    name = NAMES.get(traffic.family, traffic.family.value)
    window_s = drawing.prometheus.window_s
    window = f" over {long_duration(window_s)}" if window_s and over else ""
    remark = f", {clean(traffic.remark)}" if traffic.remark else ""
    if scraped := clean(drawing.prometheus.scraped):
        ways = (f"{name}{window}, {scraped}", scraped, scraped.partition(", since")[0])
        return Heading(answers, ways, age_words(traffic, drawing), drawing.stale_age_s(traffic) is not None)
    others = len(traffic.families) - 1
    more = f" (+{others}, :family)" if others > 0 else ""
    long = (
        f"{name}{more}{window}{remark}",
        f"{name}{window}{remark}",
        f"{name}{remark}",
        f"{traffic.family.value}{remark}",
    )
    return Heading(answers, long, age_words(traffic, drawing), drawing.stale_age_s(traffic) is not None)
