"""What other model servers count of themselves: MLServer, and Triton."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kmon_tui.sandbox.models_load import Flow, Latency
from kmon_tui.sandbox.models_meter import Gauge, Meter, Source, Values
from kmon_tui.sandbox.models_page import Family, Page, go_number, histogram_lines, one_line, python_number
from kmon_tui.sandbox.models_sdk import BOUNDS_S

MLSERVER_PORT, TRITON_PORT = 8082, 8002


class Totals:
    """Sums of several meters: how many, or how long in a unit."""

    def __init__(self, meters: Sequence[Meter], unit: float = 0.0) -> None:
        self._meters = meters
        self._unit = unit
        """How many of its units are a second; 0: requests are counted."""

    def read(self, now_s: float) -> Values | None:
        """Give it now; 0 before the first request."""
        return [self._of(meter.read(now_s) for meter in self._meters)]

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give it at past moments."""
        return [[self._of(rows)] for rows in zip(*(meter.past(times_s) for meter in self._meters), strict=True)]

    def _of(self, rows: Iterable[Values | None]) -> float:
        column = -1 if self._unit else -2
        total = sum(values[column] for values in rows if values is not None)
        return float(int(total * self._unit)) if self._unit else total


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

    def observe(self, took_s: float, *, failed: bool) -> None:
        """Count one real execution."""
        (self.bad if failed else self.good).observe(took_s)


class Mlserver(_Server):
    """The counters of MLServer and their page at port 8082."""

    def __init__(self, flow: Flow, model: str) -> None:
        super().__init__(flow)
        own = {"model": model, "version": "None"}
        families = [
            _counter("model_infer_request_success_total", own, Totals([self.good])),
            _counter("model_infer_request_failure_total", own, Totals([self.bad])),
        ]
        requests = Family("rest_server_requests_total", "counter", "Requests by path and status.")
        duration = Family("rest_server_request_duration_seconds", "histogram", "Their time.")
        for meter, code in ((self.good, 200), (self.bad, 500)):
            labels = {
                "app_name": "mlserver",
                "method": "POST",
                "path": "/v2/models/{model_name}/infer",
                "status_code": str(code),
            }
            requests.lines.append(one_line(requests.name, labels, Totals([meter])))
            bounds = [repr(bound) for bound in BOUNDS_S]
            duration.lines.append(histogram_lines(duration.name, labels, bounds, meter, go=False))
        self.page = Page([*families, requests, duration], python_number)


class Triton(_Server):
    """The counters of Triton and their page at port 8002: no histogram."""

    def __init__(self, flow: Flow, model: str) -> None:
        super().__init__(flow)
        own = {"model": model, "version": "1"}
        both = [self.good, self.bad]

        def busy(at_s: float) -> float:
            return round(min(0.98, flow.rate(at_s) * flow.load.plan.latency_ms / 1000), 3)

        gpu = {"gpu_uuid": "GPU-1b2c3d4e"}
        self.page = Page(
            [
                _counter("nv_inference_request_success", own, Totals([self.good])),
                _counter("nv_inference_request_failure", own, Totals([self.bad])),
                _counter("nv_inference_count", own, Totals([self.good])),
                _counter("nv_inference_exec_count", own, Totals([self.good])),
                _counter("nv_inference_request_duration_us", own, Totals(both, 1e6)),
                _counter("nv_inference_compute_infer_duration_us", own, Totals(both, 0.9e6)),
                Family("nv_gpu_utilization", "gauge", "Share.", [one_line("nv_gpu_utilization", gpu, Gauge(busy))]),
            ],
            go_number,
        )


def _counter(name: str, labels: dict[str, str], source: Source) -> Family:
    return Family(name, "counter", "Since the start.", [one_line(name, labels, source)])
