"""What model servers count of themselves: KServe's Python SDK, and vLLM."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kmon_tui.sandbox.models_load import Flow, Latency, Plan
from kmon_tui.sandbox.models_meter import Constant, Gauge, Meter, Scaled, Shape, Values
from kmon_tui.sandbox.models_page import Family, Page, histogram_lines, one_line, python_number

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
FIRST_TOKEN_S = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
FIRST_TOKEN_HIGH_S = (20.0, 40.0, 80.0, 160.0, 640.0, 2560.0)
NEXT_TOKEN_S = (
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
    20.0,
    40.0,
    80.0,
)
WHOLE_S = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0)
WHOLE_HIGH_S = (120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0)
PROMPT_TOKENS, ANSWER_TOKENS = 280.0, 110.0


class Sdk:
    """The counters of a server on KServe's SDK; they count executions and know no status codes."""

    def __init__(self, flow: Flow, model: str) -> None:
        plan = flow.load.plan

        def shape(share: float, factor: float) -> Shape:
            return lambda slot: (share, Latency(plan.latency_ms / 1000 * flow.load.mood(slot)[0] * factor, plan.spread))

        done = 1.0 - plan.errors - plan.client_errors
        stages = {
            "preprocess": Meter(flow, BOUNDS_S, shape(1.0, 0.002)),
            "postprocess": Meter(flow, BOUNDS_S, shape(done, 0.002)),
            "predict": Meter(flow, BOUNDS_S, shape(1.0 - plan.client_errors, 0.9)),
            "explain": Meter(flow, BOUNDS_S, shape(0.0, 1.0)),
        }
        self._stages = stages
        families = _process(flow)
        bounds = [repr(bound) for bound in BOUNDS_S]
        for stage, meter in stages.items():
            name = f"request_{stage}_seconds"
            lines = [histogram_lines(name, {"model_name": model}, bounds, meter, go=False)]
            families.append(Family(name, "histogram", f"Time of {stage}.", lines))
            created = Family(f"{name}_created", "gauge", f"Time of {stage}.", shy=True)
            born = _Born(meter, flow.started_s)
            created.lines.append(one_line(created.name, {"model_name": model}, born))
            families.append(created)
        self.page = Page(families, python_number)

    def observe(self, took_s: float, *, failed: bool, stage: str = "predict") -> None:
        """Count one real execution."""
        self._stages["preprocess"].observe(took_s * 0.002)
        self._stages[stage].observe(took_s)
        if not failed:
            self._stages["postprocess"].observe(took_s * 0.002)


class Vllm:
    """The counters of vLLM."""

    def __init__(self, flow: Flow, model: str) -> None:
        plan = flow.load.plan
        labels = {"engine": "0", "model_name": model}

        def shape(share: float, factor: float, floor_s: float = 0.0) -> Shape:
            def of(slot: int) -> tuple[float, Latency]:
                median_s = floor_s or plan.latency_ms / 1000 * flow.load.mood(slot)[0] * factor
                return share, Latency(median_s, plan.spread)

            return of

        self._whole = Meter(flow, (*WHOLE_S, *WHOLE_HIGH_S), shape(1.0, 1.0))
        self._first = Meter(flow, (*FIRST_TOKEN_S, *FIRST_TOKEN_HIGH_S), shape(1.0, 0.06))
        self._next = Meter(flow, NEXT_TOKEN_S, shape(ANSWER_TOKENS, 0.94 / ANSWER_TOKENS))
        self._queued = Meter(flow, (*WHOLE_S, *WHOLE_HIGH_S), shape(1.0, 0.0, 0.004))
        self._stopped = Meter(flow, (), shape(0.94, 1.0))
        self._cut = Meter(flow, (), shape(0.05, 1.0))
        self._aborted = Meter(flow, (), shape(0.01, 1.0))
        mean_s = plan.latency_ms / 1000 * 1.2

        def busy(at_s: float) -> float:
            return float(round(max(0.0, flow.rate(at_s)) * mean_s))

        def waiting(at_s: float) -> float:
            return max(0.0, busy(at_s) - 24.0)

        def cache(at_s: float) -> float:
            return round(min(0.99, 0.04 + busy(at_s) / 32), 4)

        families = [
            *_gauges(
                labels, {"num_requests_running": busy, "num_requests_waiting": waiting, "kv_cache_usage_perc": cache}
            ),
            _counter("prefix_cache_queries", labels, Scaled(self._whole, PROMPT_TOKENS)),
            _counter("prefix_cache_hits", labels, Scaled(self._whole, PROMPT_TOKENS * 0.62)),
            _counter("num_preemptions", labels, Scaled(self._whole, 0.0007)),
            _counter("prompt_tokens", labels, Scaled(self._whole, PROMPT_TOKENS)),
            _counter("generation_tokens", labels, Scaled(self._whole, ANSWER_TOKENS)),
        ]
        success = Family("vllm:request_success_total", "counter", "Requests that ended, by reason.")
        for reason, meter in (("stop", self._stopped), ("length", self._cut), ("abort", self._aborted)):
            by_reason = {"engine": "0", "finished_reason": reason, "model_name": model}
            success.lines.append(one_line(success.name, by_reason, Scaled(meter, 1.0)))
        families.append(success)
        families.append(self._answers(flow, plan))
        families += [
            _seconds("time_to_first_token_seconds", labels, (*FIRST_TOKEN_S, *FIRST_TOKEN_HIGH_S), self._first),
            _seconds("inter_token_latency_seconds", labels, NEXT_TOKEN_S, self._next),
            _seconds("e2e_request_latency_seconds", labels, (*WHOLE_S, *WHOLE_HIGH_S), self._whole),
            _seconds("request_queue_time_seconds", labels, (*WHOLE_S, *WHOLE_HIGH_S), self._queued),
        ]
        self.page = Page(families, python_number)

    def _answers(self, flow: Flow, plan: Plan) -> Family:
        """Write what the web layer counts of its answers; those that failed never came to an end in the engine."""
        family = Family("http_requests_total", "counter", "Answers by status.")
        shares = {"2xx": 1.0, "4xx": plan.client_errors, "5xx": plan.errors}
        for status, share in shares.items():
            if share:

                def of(slot: int, share: float = share, status: str = status) -> tuple[float, Latency]:
                    mood = flow.load.mood(slot)[1] if status == "5xx" else 1.0
                    return share * mood, Latency(plan.latency_ms / 1000, plan.spread)

                labels = {"handler": "/v1/chat/completions", "method": "POST", "status": status}
                family.lines.append(one_line(family.name, labels, Scaled(Meter(flow, (), of), 1.0)))
        return family

    def observe(self, took_s: float, tokens: int) -> None:
        """Count one real request."""
        self._whole.observe(took_s)
        self._first.observe(took_s / max(tokens, 1))
        self._next.observe(took_s / max(tokens, 1), max(tokens - 1, 0))
        self._queued.observe(0.0)
        self._stopped.observe(took_s)


class _Born:
    """When a meter counted first: about when its pod started; nothing before."""

    def __init__(self, meter: Meter, started_s: float) -> None:
        self._meter = meter
        self._started_s = started_s

    def read(self, now_s: float) -> Values | None:
        """Give the moment once there was a request."""
        return None if self._meter.read(now_s) is None else [self._started_s + 1.5]

    def past(self, times_s: Sequence[float]) -> list[Values | None]:
        """Give the same of the past."""
        return [None if values is None else [self._started_s + 1.5] for values in self._meter.past(times_s)]


def _process(flow: Flow) -> list[Family]:
    """Write what the Python client tells of its process."""

    def gauge(name: str, value: Callable[[float], float], kind: str = "gauge") -> Family:
        return Family(name, kind, "Of this process.", [one_line(name, {}, Gauge(value))])

    families = []
    for what, first in (("objects_collected", 828.0), ("objects_uncollectable", 0.0), ("collections", 313.0)):
        name = f"python_gc_{what}_total"
        lines = [
            one_line(name, {"generation": str(generation)}, Constant(value))
            for generation, value in enumerate((first, first // 3, 0.0))
        ]
        families.append(Family(name, "counter", "Of the garbage collector.", lines))
    about = {"implementation": "CPython", "major": "3", "minor": "11", "patchlevel": "13", "version": "3.11.13"}
    info = Family("python_info", "gauge", "Of Python.", [one_line("python_info", about, Constant(1.0))])
    return [
        *families,
        info,
        gauge("process_virtual_memory_bytes", lambda at_s: 807448576.0),
        gauge("process_resident_memory_bytes", lambda at_s: 137359360.0),
        gauge("process_start_time_seconds", lambda at_s: round(flow.started_s, 2)),
        gauge("process_cpu_seconds_total", lambda at_s: round(1.2 + (at_s - flow.started_s) * 0.03, 2), "counter"),
        gauge("process_open_fds", lambda at_s: 18.0),
        gauge("process_max_fds", lambda at_s: 20000.0),
    ]


def _gauges(labels: dict[str, str], functions: dict[str, Callable[[float], float]]) -> list[Family]:
    families = []
    for short, function in functions.items():
        name = f"vllm:{short}"
        families.append(Family(name, "gauge", "Now.", [one_line(name, labels, Gauge(function))]))
    return families


def _counter(short: str, labels: dict[str, str], source: Scaled) -> Family:
    name = f"vllm:{short}_total"
    return Family(name, "counter", "Since the start.", [one_line(name, labels, source)])


def _seconds(short: str, labels: dict[str, str], bounds_s: tuple[float, ...], meter: Meter) -> Family:
    name = f"vllm:{short}"
    lines = histogram_lines(name, labels, [repr(bound) for bound in bounds_s], meter, go=False)
    return Family(name, "histogram", "In seconds.", [lines])
