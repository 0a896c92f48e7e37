"""What other model servers count of themselves: MLServer, and Triton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kmon_tui.sandbox.models_load import Flow, Latency
from kmon_tui.sandbox.models_meter import Gauge, Meter, Source, Values
from kmon_tui.sandbox.models_page import Family, Page, go_number, histogram_lines, one_line, python_number
from kmon_tui.sandbox.models_sdk import BOUNDS_S

MLSERVER_PORT, TRITON_PORT = 8082, 8002


class _Tally:
    """How many a meter has counted, and how many seconds they took; its past is worked out once for all who ask."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._known: tuple[tuple[float, ...], list[tuple[float, float]]] = ((), [])

    def now(self, now_s: float) -> tuple[float, float]:
        """Give (requests, seconds) now."""
        return _sums(self._meter.read(now_s))

    def past(self, times_s: Sequence[float]) -> list[tuple[float, float]]:
        """Give the same of past moments."""
        if self._known[0] != tuple(times_s):
            self._known = (tuple(times_s), [_sums(values) for values in self._meter.past(times_s)])
        return self._known[1]


def _sums(values: Values | None) -> tuple[float, float]:
    return (values[-2], values[-1]) if values is not None else (0.0, 0.0)


class Totals:
    """Sums of several meters: how many, or how long in a unit."""

    def __init__(self, tallies: Sequence[_Tally], unit: float = 0.0) -> None:
        self._tallies = tallies
        self._unit = unit
        """How many of its units are a second; 0: requests are counted."""

    def read(self, now_s: float) -> Values | None:
        """Give it now; 0 before the first request."""
        return [self._of(tally.now(now_s) for tally in self._tallies)]

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give it at past moments."""
        return [[self._of(rows)] for rows in zip(*(tally.past(times_s) for tally in self._tallies), strict=True)]

    def _of(self, rows: Iterable[tuple[float, float]]) -> float:
        if self._unit:
            return float(int(sum(seconds for _, seconds in rows) * self._unit))
        return sum(requests for requests, _ in rows)


class _Server:
    """Meters of good and failed executions."""

    def __init__(self, flow: Flow) -> None:
        plan = flow.load.plan

        def meter(*, good: bool) -> Meter:
            def of(slot: int) -> tuple[float, Latency]:
                slower, errors = flow.load.mood(slot)
                failed = min(0.9, plan.errors * errors)
                share, factor = (1.0 - failed, 1.0) if good else (failed, 0.7)
                return share, Latency(plan.latency_ms / 1000 * slower * factor, plan.spread)

            return Meter(flow, BOUNDS_S, of)

        self.good, self.bad = meter(good=True), meter(good=False)
        self.succeeded, self.failed = _Tally(self.good), _Tally(self.bad)

    def observe(self, took_s: float, *, failed: bool) -> None:
        """Count one real execution."""
        (self.bad if failed else self.good).observe(took_s)


class Mlserver(_Server):
    """The counters of MLServer and their page at port 8082."""

    def __init__(self, flow: Flow, model: str) -> None:
        super().__init__(flow)
        own = {"model": model, "version": "None"}
        families = [
            _counter("model_infer_request_success_total", own, Totals([self.succeeded])),
            _counter("model_infer_request_failure_total", own, Totals([self.failed])),
        ]
        requests = Family("rest_server_requests_total", "counter", "Requests by path and status.")
        duration = Family("rest_server_request_duration_seconds", "histogram", "Their time.")
        for meter, tally, code in ((self.good, self.succeeded, 200), (self.bad, self.failed, 500)):
            labels = {
                "app_name": "mlserver",
                "method": "POST",
                "path": "/v2/models/{model_name}/infer",
                "status_code": str(code),
            }
            requests.lines.append(one_line(requests.name, labels, Totals([tally])))
            bounds = [repr(bound) for bound in BOUNDS_S]
            duration.lines.append(histogram_lines(duration.name, labels, bounds, meter, go=False))
        self.page = Page([*families, requests, duration], python_number)


class Triton(_Server):
    """The counters of Triton and their page at port 8002: no histogram."""

    def __init__(self, flow: Flow, model: str) -> None:
        super().__init__(flow)
        own = {"model": model, "version": "1"}
        both = [self.succeeded, self.failed]

        def busy(at_s: float) -> float:
            return round(min(0.98, flow.rate(at_s) * flow.load.plan.latency_ms / 1000), 3)

        gpu = {"gpu_uuid": "GPU-1b2c3d4e"}
        self.page = Page(
            [
                _counter("nv_inference_request_success", own, Totals([self.succeeded])),
                _counter("nv_inference_request_failure", own, Totals([self.failed])),
                _counter("nv_inference_count", own, Totals([self.succeeded])),
                _counter("nv_inference_exec_count", own, Totals([self.succeeded])),
                _counter("nv_inference_request_duration_us", own, Totals(both, 1e6)),
                _counter("nv_inference_compute_infer_duration_us", own, Totals(both, 0.9e6)),
                Family("nv_gpu_utilization", "gauge", "Share.", [one_line("nv_gpu_utilization", gpu, Gauge(busy))]),
            ],
            go_number,
        )


def _counter(name: str, labels: dict[str, str], source: Source) -> Family:
    return Family(name, "counter", "Since the start.", [one_line(name, labels, source)])
