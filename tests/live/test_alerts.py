"""Alerts of Prometheus' rules, by service: part of a question that is asked anyway, since when, and in whose words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.alerts import whose
from tests.live.served import Serve
from tests.live.stories import IRIS, Story, steady
from tests.live.test_metrics_numbers import asked
from tests.live.test_metrics_poll import watched

SLOW = {"alertname": "KServeSlow", "severity": "warning", "namespace": "default", "service_name": "iris"}
DOWN = {"alertname": "KServeNotReady", "severity": "critical", "namespace": "default", "deployment": "iris-predictor"}
SINCE_S = 1_790_000_000.0


async def test_alerts_belong_to_their_service_the_gravest_first() -> None:
    story = steady()
    story.tell("ALERTS", {**SLOW, "alertstate": "firing"}, lambda _: 1.0)
    story.tell("ALERTS_FOR_STATE", SLOW, lambda _: SINCE_S)
    story.tell("ALERTS", {**DOWN, "alertstate": "firing"}, lambda _: 1.0)
    story.tell("ALERTS", {"alertname": "Watchdog", "alertstate": "firing", "severity": "none"}, lambda _: 1.0)

    async with watched(story, IRIS) as seen:
        seen.server.alerts.append({"labels": SLOW, "annotations": {"summary": "p99 is 3 s"}, "state": "firing"})
        report = await seen.poll()

    since = datetime.fromtimestamp(SINCE_S, UTC)
    assert report.alerts == {
        IRIS.key: (
            Alert("KServeNotReady", True, "critical"),
            Alert("KServeSlow", True, "warning", since, "p99 is 3 s"),
        )
    }


async def test_a_pending_alert_is_told_as_one_and_a_resolved_one_is_gone() -> None:
    story = steady()
    story.tell("ALERTS", {**SLOW, "alertstate": "pending"}, lambda n: 1.0 if n > 70 else None)

    async with watched(story, IRIS) as seen:
        first = await seen.poll()
        seen.pass_time(scrapes=24)
        later = await seen.poll()

    assert [alert.firing for alert in first.alerts[IRIS.key]] == [False]
    assert later.alerts == {}


async def test_alerts_cost_no_question_of_their_own_and_their_words_one_when_they_change() -> None:
    story = steady()
    quiet = steady()
    story.tell("ALERTS", {**SLOW, "alertstate": "firing"}, lambda _: 1.0)

    async with watched(quiet, IRIS) as seen:
        await seen.poll()
        seen.pass_time()
        await seen.poll()
        without = len(seen.requests)
    async with watched(story, IRIS) as seen:
        await seen.poll()
        asked = sum("/api/v1/alerts" in path for path in seen.requests)
        seen.pass_time()
        await seen.poll()
        with_alerts = len(seen.requests)

    assert asked == 1
    assert with_alerts == without


async def test_a_server_that_tells_no_annotations_has_alerts_without_words() -> None:
    story = steady()
    story.tell("ALERTS", {**SLOW, "alertstate": "firing"}, lambda _: 1.0)

    async with watched(story, IRIS) as seen:
        seen.server.alerts.append({"labels": "nonsense"})
        report = await seen.poll()

    assert [alert.summary for alert in report.alerts[IRIS.key]] == [""]


async def test_an_alert_of_another_namespace_is_nobodys() -> None:
    story = steady()
    story.tell("ALERTS", {**SLOW, "namespace": "risk", "alertstate": "firing"}, lambda _: 1.0)

    async with watched(story, IRIS, InferenceService(Key(Kind.ISVC, "risk", "rose"))) as seen:
        report = await seen.poll()

    assert report.alerts == {}


async def test_alerts_are_told_also_while_prometheus_has_no_numbers_at_all() -> None:
    story = Story()
    story.tell("ALERTS", {**SLOW, "alertname": "KServeNoData", "alertstate": "firing"}, lambda _: 1.0)

    async with watched(story, IRIS) as seen:
        report = await seen.poll()

    assert report.prometheus.families == ()
    assert [alert.name for alert in report.alerts[IRIS.key]] == ["KServeNoData"]


@pytest.mark.parametrize("tale", [steady, Story], ids=["with numbers", "without any"])
async def test_a_measurement_tells_the_alerts_of_its_service(tale: Callable[[], Story], serve: Serve) -> None:
    story = tale()  # made now: its samples end now
    story.tell("ALERTS", {**SLOW, "alertstate": "firing"}, lambda _: 1.0)

    async with asked(story, serve) as metrics:
        measured = await metrics.measure((IRIS,), IRIS.key, 900)

    assert measured.alerts is not None
    assert [(alert.name, alert.firing) for alert in measured.alerts] == [("KServeSlow", True)]


def test_an_alert_may_name_its_service_as_kube_state_metrics_does() -> None:
    assert whose({"deployment": "a-predictor"})["exported_service_name"] == "a-predictor"
    assert whose({"inferenceservice": "a", "namespace": "n"}) == {
        "serving_kserve_io_inferenceservice": "a",
        "namespace": "n",
    }
    assert whose({"service_name": "a", "deployment": "prometheus"})["service_name"] == "a"
