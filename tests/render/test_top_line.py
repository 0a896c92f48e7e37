"""The top bar: which Prometheus, how it was found, how often it is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.summary import top_line
from tests.ui.samples import NOW, ready_state

INSIDE = "http://prometheus-server.monitoring.svc:9090"
FOUND = "found in the cluster: the prometheus chart"


def bar(width: int, **told: object) -> str:
    ready = ready_state()
    assert ready.traffic is not None
    prometheus: Prometheus = replace(ready.traffic.prometheus, **told)  # type: ignore[arg-type]  # fields of it
    state: State = replace(ready, traffic=replace(ready.traffic, prometheus=prometheus))
    line = top_line(state, Counter(ready=9), Drawing(now=NOW, report=state.traffic), width, read_only=False)
    assert width_of(line) == width
    return text_of(line)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (140, "prom live  monitoring/prometheus-server (found in the cluster: the prometheus chart) "),
        (120, "prom live  monitoring/prometheus-server (found in the cluster) "),
        (80, "prom live  monitoring/prometheus-server "),
        (60, "prom live "),
    ],
)
def test_it_names_the_prometheus_and_how_it_was_found_as_there_is_room(width: int, words: str) -> None:
    assert bar(width, url=INSIDE, found_by=FOUND).endswith(words)


def test_a_typed_one_is_named_with_its_path() -> None:
    assert bar(120, url="http://metrics:9090/tenant", found_by="--prometheus").endswith(
        "metrics:9090/tenant (--prometheus) "
    )


def test_a_prometheus_that_is_spared_says_how_often_it_is_asked() -> None:
    assert "prom slow, every 30s" in bar(120, tick_s=30.0, scrape_interval_s=15.0)
    assert "prom live" in bar(120, tick_s=5.0, scrape_interval_s=1.0)
