"""The top bar: which Prometheus, how it was found, how often it is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.fleet import Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.state import KUBERNETES, State
from kmon_tui.domain.traffic import Prometheus
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.summary import top_line
from tests.ui.samples import NOW, ready_state

INSIDE = "http://prometheus-server.monitoring.svc:9090"
FOUND = "found in the cluster: the prometheus chart"


def bar(width: int, counts: Counter[str] | None = None, /, **told: object) -> str:
    ready = ready_state()
    assert ready.traffic is not None
    prometheus: Prometheus = replace(ready.traffic.prometheus, **told)  # type: ignore[arg-type]  # fields of it
    state: State = replace(ready, traffic=replace(ready.traffic, prometheus=prometheus))
    line = top_line(state, counts or Counter(ready=9), Drawing(now=NOW, report=state.traffic), width, read_only=False)
    assert width_of(line) == width
    return text_of(line)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (140, "prom monitoring/prometheus-server (found in the cluster: the prometheus chart) <30s "),
        (110, "prom monitoring/prometheus-server (found in the cluster) <30s "),
        (90, "prom monitoring/prometheus-server found <30s "),
        (80, "prom prometheus-server found <30s "),
        (64, "prom promet…erver found <30s "),
        (60, "prom <30s "),
    ],
)
def test_it_names_the_prometheus_and_how_it_was_found_as_there_is_room(width: int, words: str) -> None:
    assert bar(width, url=INSIDE, found_by=FOUND).endswith(words)


@pytest.mark.parametrize(
    ("found_by", "word"),
    [
        ("--prometheus", "flag"),
        ("PROMETHEUS_URL", "env"),
        ("config", "config"),
        (":prom", "chosen"),
        (":prom, through a tunnel: service monitoring/prometheus-server", "chosen"),
    ],
)
def test_at_80_cells_one_word_says_how_it_was_found_beside_a_full_bar(found_by: str, word: str) -> None:
    counts = Counter(failed=2, rolling=1, unknown=1, ready=6, cold=1, stopped=1)
    line = bar(80, counts, url=INSIDE, found_by=found_by)

    assert line.startswith(" 2 FAILED   1 rolling ")
    assert "prod-eu ns:all" in line
    assert line.endswith(f"api live  prom promet…erver {word} <30s ")


def test_old_data_says_its_age_beside_its_name_at_80_cells() -> None:
    line = bar(80, url=INSIDE, found_by=FOUND, now=NOW + timedelta(minutes=3))

    assert line.endswith("found data 3m old ")


def test_a_typed_one_is_named_with_its_path() -> None:
    assert bar(120, url="http://metrics:9090/tenant", found_by="--prometheus").endswith(
        "metrics:9090/tenant (--prometheus) <30s "
    )


def test_a_prometheus_that_is_spared_says_how_often_it_is_asked() -> None:
    assert "prom slow/30s" in bar(120, tick_s=30.0, scrape_interval_s=15.0)
    assert "slow" not in bar(120, tick_s=5.0, scrape_interval_s=1.0)


def test_answers_that_may_be_partial_are_said_before_anything_is_believed() -> None:
    warned = ("store 10.0.0.1 is down",)

    assert "prom WARNS metrics:9090" in bar(120, url="http://metrics:9090", found_by="--prometheus", warnings=warned)
    assert "prom WARNS" in bar(80, tick_s=30.0, scrape_interval_s=15.0, warnings=warned)


def test_pods_that_are_scraped_stand_where_prometheus_would() -> None:
    scraped = {"scraped": "scraped, 2 pods, since 12:41", "notes": ("Prometheus: no answer from http://h",)}

    assert "no prom (scraped, 2 pods, since 12:41)" in bar(120, url="", found_by="", **scraped)
    assert "no prom (scraped, 2 pods)" in bar(72, url="", found_by="", **scraped)


@pytest.mark.parametrize(
    ("health", "words"),
    [
        (Health(), " connecting  prod-us ns:… "),
        (Health(Status.FAILING, "no cluster 'us'"), " no services known  prod-us ns:? "),
    ],
)
def test_the_namespace_of_a_context_that_is_not_read_yet_is_not_called_all(health: Health, words: str) -> None:
    state = State(place=Place(context="prod-us", namespace_known=False), health={KUBERNETES: health})

    assert text_of(top_line(state, Counter(), Drawing(now=NOW), 80, read_only=False)).startswith(words)
