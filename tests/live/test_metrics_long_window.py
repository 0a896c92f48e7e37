"""Windows of hours, in which pods come and go: nothing of theirs is lost for the sake of fewer steps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from kmon_tui.oneshot.metrics import document
from tests.live.served import Serve
from tests.live.stories import BUCKET, COUNT, IRIS, OK, POD, SCRAPE_S, Story
from tests.live.test_metrics_numbers import asked

HOURS = 6
SCRAPES = HOURS * 3600 // SCRAPE_S + 40
LIFE = 80
"""Scrapes that each pod lives: twenty minutes."""


def relay(*, per_scrape: int = 30) -> Story:
    """One pod after the other, each of which is gone from the cluster when the next one has come."""
    story = Story()
    story.times = [story.now - SCRAPE_S * back for back in reversed(range(SCRAPES))]
    for n, begin in enumerate(range(0, SCRAPES, LIFE)):
        pod = {**POD, "instance": f"10.0.1.{n}:9091", "pod": f"iris-predictor-00001-deployment-6d4b-aaa{n:02}"}

        def alive(at: int, begin: int = begin) -> int | None:
            return per_scrape * (at - begin) if begin <= at < begin + LIFE else None

        story.tell(COUNT, {**pod, **OK}, alive)
        for le in ("100", "+Inf"):
            story.tell(BUCKET, {**pod, **OK, "le": le}, alive)
    return story


def gained(story: Story, name: str, start_s: float, end_s: float, le: str = "") -> float:
    """Add up what each series gained from sample to sample, from the last one before the start on."""
    total = 0.0
    for labels, samples in story.series[name]:
        inside = [s for s in samples if s[0] <= end_s]
        before = [value for at, value in inside if at <= start_s]
        after = [value for at, value in inside if at > start_s]
        if labels.get("le", "") == le and after:
            total += after[-1] - (before[-1] if before else after[0])
    return total


async def measured(story: Story, serve: Serve, window_s: int) -> dict[str, Any]:
    async with asked(story, serve) as metrics:
        return document(await metrics.measure((IRIS,), IRIS.key, window_s))


def times(told: dict[str, Any]) -> tuple[float, float]:
    end_s = told["requests_per_s"]["series"][-1][0]
    return end_s - told["window_s"], end_s


@pytest.mark.parametrize("hours", [1, 6])
async def test_pods_that_came_and_went_in_a_long_window_are_all_in_it(serve: Serve, hours: int) -> None:
    story = relay()

    told = await measured(story, serve, hours * 3600)

    requests = gained(story, COUNT, *times(told))
    assert told["requests_in_window"] == pytest.approx(requests, rel=0.002)
    assert sum(bucket["count"] for bucket in told["buckets"]) == pytest.approx(requests, rel=0.002)


async def test_a_long_window_has_no_more_steps_than_can_be_read(serve: Serve) -> None:
    told = await measured(relay(), serve, 6 * 3600)

    series, bucket = told["requests_per_s"]["series"], told["buckets"][0]["series"]
    assert (told["window_s"], told["step_s"]) == (6 * 3600, 90)
    assert len(series) == len(bucket) == 240
    assert {b[0] - a[0] for a, b in pairwise(series)} == {90}
    assert series[100][1] == pytest.approx(2, abs=0.5)
    assert sum(value or 0 for _, value in bucket) == pytest.approx(told["buckets"][0]["count"], rel=0.01)


@pytest.mark.parametrize(("hours", "said"), [(6, 0), (48, 1)])
async def test_a_window_too_long_to_look_at_each_scrape_says_what_is_missing(
    serve: Serve, hours: int, said: int
) -> None:
    async with asked(relay(), serve) as metrics:
        measurement = await metrics.measure((IRIS,), IRIS.key, hours * 3600)

    notes = [note for note in measurement.prometheus.notes if "is missing" in note]
    assert len(notes) == said
    assert all("every 75 s only, not at each scrape (15 s)" in note for note in notes)
