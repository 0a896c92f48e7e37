"""The page of Prometheus and that of what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import text_of
from kmon_tui.render.pages import notes_lines, prometheus_lines
from tests.ui.samples import NOW, ready_state

LONG = "this Prometheus holds several clusters: choose one with P, or as --prometheus-matcher 'cluster=\"a\"' (a, b)"


def test_notes_and_failures_of_both_pages_are_broken_into_lines_and_not_cut() -> None:
    state = ready_state()
    assert state.traffic is not None
    prometheus = replace(state.traffic.prometheus, notes=(LONG,))
    told = replace(
        state,
        fleet=replace(state.fleet, notes=(LONG,)),
        traffic=replace(state.traffic, prometheus=prometheus),
        health={PROMETHEUS: Health(Status.FAILING, LONG, hint=LONG)},
    )

    for lines, times in ((prometheus_lines(told, Drawing(now=NOW, report=told.traffic)), 3), (notes_lines(told), 1)):
        texts = [text_of(line) for line in lines]
        assert " ".join(texts).count(LONG) == times
        assert max(len(text) for text in texts if "cluster" in text) <= 74


@pytest.mark.parametrize(
    ("place", "namespace"),
    [
        (Place(context="prod", namespace="risk"), "risk"),
        (Place(context="prod"), "all"),
        (Place(context="prod", namespace_known=False), "?"),
    ],
)
@pytest.mark.parametrize("health", [Health(), Health(Status.FAILING, "no answer")])
def test_before_anything_was_read_the_notes_promise_nothing(place: Place, namespace: str, health: Health) -> None:
    lines = [text_of(line) for line in notes_lines(State(place=place, fleet=Fleet(health=health)))]

    assert f"namespace       {namespace}" in lines
    assert "nothing is missing" not in lines


def test_what_prometheus_warns_of_stands_on_its_page_as_plain_text() -> None:
    state = ready_state()
    assert state.traffic is not None
    prometheus = replace(state.traffic.prometheus, warnings=("store \x1b[31m10.0.0.1 is down",))
    report = replace(state.traffic, prometheus=prometheus)

    page = "\n".join(map(text_of, prometheus_lines(replace(state, traffic=report), Drawing(now=NOW, report=report))))

    assert "Prometheus warns, numbers may be too low: store" in page
    assert "\x1b" not in page


def test_before_it_was_asked_its_metrics_are_not_known() -> None:
    state = replace(ready_state(), traffic=None, health={PROMETHEUS: Health(Status.FAILING, "no right")})

    page = [text_of(line) for line in prometheus_lines(state, Drawing(now=NOW))]

    assert "metrics         ?" in page


def test_one_that_never_answered_is_named_with_how_it_was_found() -> None:
    health = Health(Status.FAILING, "no answer", asked=("http://prom.example:9090", "PROMETHEUS_URL"))
    state = replace(ready_state(), traffic=None, health={PROMETHEUS: health})

    lines = [text_of(line) for line in prometheus_lines(state, Drawing(now=NOW))]

    assert lines[1:3] == ["url             http://prom.example:9090", "found by        PROMETHEUS_URL"]
