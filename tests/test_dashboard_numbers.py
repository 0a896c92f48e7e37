"""What the dashboard's error panel says of services that count their failures in different ways, or not at all."""

from __future__ import annotations

import pytest

from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.prometheus_config import Configuration
from kmon_tui.sandbox.promql.values import NAME, Vector
from scripts.grafana_dashboard import ERRORS, rate

LABELS = {"namespace": "default", "service_name": "iris"}
AT_S = 1_790_000_000
COUNT = "kserve_request_count"
BEGUN, ENDED = "request_preprocess_seconds_count", "request_postprocess_seconds_count"
WEB, CHAT = "http_requests_total", {"handler": "/openai/v1/completions", "method": "POST"}
FIRST, BEHIND = {"component": "transformer"}, {"component": "predictor"}
Counters = list[tuple[str, dict[str, str], float]]
"""Name, labels, and what is added a scrape."""


def _no_page(address: str, path: str) -> str:
    raise LookupError(address + path)


async def errors_of(counters: Counters) -> list[float]:
    return await told_by(ERRORS, counters)


async def told_by(panel: str, counters: Counters) -> list[float]:
    """Evaluate a panel's expression over five minutes of steady counters."""
    expression = panel.replace("$namespace", "default").replace("$service", "iris").replace("$__rate_interval", "1m")
    async with Prometheus(Configuration("scrape_configs: []", (), 15.0), list, _no_page) as server:
        for name, labels, added in counters:
            series = server.samples.series({NAME: name, **LABELS, **labels})
            for n in range(20):
                series.append((AT_S + 15 * (n - 19)) * 1000, added * n)
        told = server.engine.instant(expression, AT_S * 1000)
    assert isinstance(told, Vector)
    return [value for row in told.rows if (value := row.values[0]) is not None]


@pytest.mark.parametrize(
    ("counters", "ratio"),
    [
        ([(COUNT, {"response_code_class": "2xx"}, 9), (COUNT, {"response_code_class": "5xx"}, 1)], [0.1]),
        ([(COUNT, {"response_code_class": "2xx"}, 9)], [0.0]),
        ([(COUNT, {}, 10), (BEGUN, {}, 10), (ENDED, {}, 8)], [0.2]),
        ([(COUNT, {}, 10)], []),
        ([(COUNT, {"response_code_class": "2xx"}, 9), (BEGUN, {}, 10), (ENDED, {}, 8)], [0.0]),
        ([(COUNT, {}, 6), (WEB, CHAT | {"status": "2xx"}, 6), (WEB, CHAT | {"status": "5xx"}, 2)], [0.25]),
        ([(COUNT, {}, 6), (WEB, CHAT | {"status": "2xx"}, 6)], [0.0]),
        (
            [
                (COUNT, FIRST | {"response_code_class": "2xx"}, 9),
                (COUNT, FIRST | {"response_code_class": "5xx"}, 1),
                (COUNT, BEHIND | {"response_code_class": "2xx"}, 30),
            ],
            [0.1],
        ),
        (
            [
                (COUNT, FIRST | {"response_code_class": "2xx"}, 9),
                (COUNT, BEHIND | {"response_code_class": "5xx"}, 9),
            ],
            [0.0],
        ),
    ],
    ids=[
        "codes",
        "no failure yet",
        "the SDK's stages",
        "nobody counts them",
        "codes before stages",
        "vLLM's web layer",
        "vLLM without a failure",
        "the transformer is what callers meet",
        "a transformer that copes",
    ],
)
async def test_errors_are_told_where_somebody_counts_them_and_else_not_at_all(
    counters: Counters, ratio: list[float]
) -> None:
    assert await errors_of(counters) == pytest.approx(ratio)


async def test_requests_that_a_transformer_hands_on_are_drawn_once() -> None:
    behind, both = [(COUNT, BEHIND, 30.0)], [(COUNT, FIRST, 15.0), (COUNT, BEHIND, 30.0)]

    assert await told_by(rate(COUNT), behind) == pytest.approx([2.0])
    assert await told_by(rate(COUNT), both) == pytest.approx([1.0])


async def test_tokens_of_a_language_model_behind_a_transformer_are_drawn() -> None:
    counters: Counters = [(COUNT, FIRST, 15.0), ("vllm:generation_tokens_total", BEHIND, 45.0)]

    assert await told_by(rate("vllm:generation_tokens_total"), counters) == pytest.approx([3.0])
