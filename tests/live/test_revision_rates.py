"""What each revision gets is divided out of what its pods counted, and costs no question more."""

from __future__ import annotations

import math

import pytest

from kmon_tui.domain.service import TrafficShare
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.inside import Inside
from kmon_tui.render.lines import text_of
from kmon_tui.render.revisions import revision_page
from tests.live.stories import BAD, BUCKET, COUNT, IRIS, OK, POD, Story, rising
from tests.live.test_metrics_poll import watched
from tests.ui.insides import IRIS as SHOWN
from tests.ui.insides import IRIS_TREE
from tests.ui.samples import NOW

OLD, NEW = "iris-predictor-00001", "iris-predictor-00002"
CANARY = {**POD, "instance": "10.0.0.2:9091", "pod": f"{NEW}-deployment-77c9-k2xyz"}
SPLIT = IRIS._replace(traffic=(TrafficShare(OLD, 90), TrafficShare(NEW, 10)))


def split_story() -> Story:
    """Ninety requests a scrape for the old revision; ten for the new one, of which four fail."""
    story = Story()
    story.tell(COUNT, {**POD, **OK}, rising(90))
    story.tell(COUNT, {**CANARY, **OK}, rising(6))
    story.tell(COUNT, {**CANARY, **BAD}, rising(4))
    for labels, speed, slow in (({**POD, **OK}, 90, 0.0), ({**CANARY, **OK}, 6, 1.0)):
        for le, share in (("100", 1.0 - slow), ("1000", 1.0), ("+Inf", 1.0)):
            story.tell(BUCKET, {**labels, "le": le}, lambda n, each=speed * share: math.floor(each * n))  # type: ignore[misc]  # a default binds it
    return story


async def test_each_revision_has_its_own_requests_errors_and_latency() -> None:
    async with watched(split_story(), SPLIT) as seen:
        found = (await seen.poll(IRIS.key)).buckets[IRIS.key].revisions

    assert set(found) == {OLD, NEW}
    assert found[OLD].requests_per_s == pytest.approx(6.0, rel=0.05)
    assert found[NEW].requests_per_s == pytest.approx(10 / 15, rel=0.05)
    assert found[OLD].error_ratio == 0.0
    assert found[NEW].error_ratio == pytest.approx(0.4, rel=0.05)
    assert (found[OLD].p90_ms or 0) < 100 < (found[NEW].p90_ms or 0)


async def test_they_cost_no_question_more() -> None:
    async with watched(split_story(), SPLIT) as seen:
        await seen.poll(IRIS.key)
        with_split = len(seen.requests)
    async with watched(split_story(), IRIS) as seen:
        await seen.poll(IRIS.key)
        without = len(seen.requests)

    assert with_split == without


async def test_the_tab_shows_them_below_the_revision_and_nothing_where_nobody_counts() -> None:
    async with watched(split_story(), SPLIT) as seen:
        found = (await seen.poll(IRIS.key)).buckets[IRIS.key].revisions
    pages = [revision_page(Inside(SHOWN, tree=IRIS_TREE), Drawing(NOW), 80)]
    names = {text_of(line).split()[0] for line in pages[0].lines if "True" in text_of(line)}
    renamed = {f"sklearn-iris-predictor-{name[-5:]}": one for name, one in found.items()}
    pages.append(revision_page(Inside(SHOWN, tree=IRIS_TREE, revisions=renamed), Drawing(NOW), 80))

    assert names
    assert not any("requests/s" in text_of(line) for line in pages[0].lines)
    told = [text_of(line).strip() for line in pages[1].lines if "requests/s" in text_of(line)]
    assert told
    assert all("errors" in line and "p90" in line for line in told)
