"""What is told of one service: alerts in full, a reason only once, and why a chart is empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.doctor.finding import Finding, Status
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.domain.traffic import Family, Traffic, TrafficReport
from kmon_tui.domain.tree import Ref
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.glyphs import UNICODE
from kmon_tui.render.inside import Inside, inside_of
from kmon_tui.render.lines import text_of
from kmon_tui.render.panels import waiting
from kmon_tui.render.rows import row_of
from kmon_tui.render.story import alert_lines, no_traffic_words, story_lines
from kmon_tui.render.why import why_page
from tests.ui.insides import FRAUD, FRAUD_WHY
from tests.ui.samples import NOW, ready_state

STATE = ready_state()
ISVC = STATE.fleet.services[0]
KEY: Key = ISVC.key
DRAWING = Drawing(now=NOW, glyphs=UNICODE)
SLOW = Alert("KServeLatencyHigh", True, "warning", NOW - timedelta(minutes=12), "p99 is \x1b[31m3.1 s")


def report() -> TrafficReport:
    """Give the newest report of the sample."""
    assert STATE.traffic is not None
    return STATE.traffic


def raised() -> State:
    """Give the State in which a rule complains about the first service."""
    return replace(STATE, traffic=replace(report(), alerts={KEY: (SLOW,)}))


def test_an_alert_says_how_grave_it_is_since_when_and_why_and_is_no_escape_sequence() -> None:
    (line,) = alert_lines(SLOW, DRAWING, 100)

    assert text_of(line).startswith("alert KServeLatencyHigh firing 12m warning p99 is ")
    assert "\x1b" not in text_of(line)


def test_an_alert_that_is_the_reason_is_told_once() -> None:
    ready = next(isvc for isvc in STATE.fleet.services if isvc.ready)

    told = [text_of(line) for line in story_lines(row_of(ready, None, (SLOW,)), DRAWING, 100)]

    assert sum("KServeLatencyHigh" in line for line in told) == 1


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (80, "Pod risk/fraud-xgb-predictor-00002-deployment-gjg48djb9h-2727m for 10m"),
        (72, "Pod fraud-xgb-predictor-00002-deployment-gjg48djb9h-2727m for 10m"),
        (58, "Pod fraud-xgb-predictor…yment-gjg48djb9h-2727m for 10m"),
    ],
)
def test_the_object_at_fault_is_cut_only_where_there_is_no_room(width: int, told: str) -> None:
    pod = Ref("Pod", "fraud-xgb-predictor-00002-deployment-gjg48djb9h-2727m", "risk")
    diagnosis = replace(FRAUD_WHY, object=pod, since=NOW - timedelta(minutes=10))

    lines = [text_of(line) for line in why_page(Inside(FRAUD, diagnosis=diagnosis), Drawing(now=NOW), width).lines]

    assert " ".join(next(line for line in lines if "Pod " in line).split()) == told


def test_the_why_page_tells_alerts_below_its_verdict() -> None:
    state = replace(raised(), reasons={KEY: Diagnosis("oom-killed", "it runs out of memory")})

    told = [text_of(line) for line in why_page(inside_of(state, KEY), DRAWING, 80).lines]

    assert any("alert KServeLatencyHigh firing" in line for line in told)


def test_an_empty_chart_says_the_first_failing_check() -> None:
    cause = Finding("prometheus.job", "job kserve-metrics", Status.FAIL, "is not loaded")
    mute = replace(STATE, causes={KEY: cause}, traffic=replace(report(), traffic={}))

    asks = replace(mute, causes={KEY: replace(cause, text="no targets: may it list pods?")})

    assert no_traffic_words(mute, row_of(ISVC, None)) == "job kserve-metrics: is not loaded. D says what mends it"
    assert no_traffic_words(asks, row_of(ISVC, None)).endswith("may it list pods? D says what mends it")


def test_a_service_that_nobody_counts_any_more_says_how_old_its_newest_sample_is() -> None:
    ended = Traffic(Family.ALIAS, sampled_at=NOW - timedelta(hours=2), lost=True)
    told = replace(report().prometheus, now=NOW)
    mute = replace(STATE, traffic=replace(report(), traffic={KEY: ended}, prometheus=told))
    cause = Finding("chain.target", "target", Status.FAIL, "is missing")
    known = replace(mute, causes={KEY: cause})

    assert no_traffic_words(mute, row_of(ISVC, ended)).startswith(
        "its newest sample is 2h old: none of its pods is scraped any more"
    )
    assert no_traffic_words(known, row_of(ISVC, ended)).startswith("its newest sample is 2h old. target: is missing")
    assert waiting(ended, None, "why") == "why", "nothing is being asked for"


def test_pods_that_may_not_be_scraped_are_the_reason_where_somebody_wants_it() -> None:
    cause = Finding("prometheus.answer", "Prometheus", Status.FAIL, "none was found")
    why = "pods are not scraped: may not create pods/portforward in namespace default"
    told = replace(report().prometheus, unscraped=why)
    mute = replace(STATE, causes={KEY: cause}, traffic=replace(report(), traffic={}, prometheus=told))

    assert no_traffic_words(mute, row_of(ISVC, None)) == why


def test_two_clusters_are_the_reason_before_anything_that_the_doctor_found() -> None:
    cause = Finding("knative.metrics", "Knative's metrics", Status.FAIL, "are off")
    several = "this Prometheus holds several clusters: choose one with P"
    puzzled = replace(STATE, causes={KEY: cause}, traffic=report())

    assert no_traffic_words(puzzled, row_of(ISVC, Traffic(Family.ALIAS, problem=several))) == several
