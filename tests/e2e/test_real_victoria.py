"""The cases of tests/live/test_metrics_numbers.py on VictoriaMetrics, which must be asked otherwise than Prometheus."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.settings import PrometheusSettings
from tests.e2e.history import victorious
from tests.live.interests import Interested
from tests.live.served import Serve
from tests.live.stories import IRIS, Story, steady
from tests.live.test_last_seen import (
    test_so_it_is_where_a_revision_is_told_by_target_info_alone,  # noqa: F401  # the same case, run once more
    test_the_age_of_a_target_that_died_hours_ago_is_known,  # noqa: F401  # the same case, run once more
)
from tests.live.test_metrics_numbers import *  # noqa: F403  # the same cases, run once more

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Give Debian's VictoriaMetrics."""

    @asynccontextmanager
    async def by_real_one(story: Story) -> AsyncIterator[str]:
        with victorious(story, tmp_path) as url:
            yield url

    return by_real_one


async def test_the_newest_step_of_the_heat_map_is_there_after_each_tick(serve: Serve) -> None:
    async with serve(steady()) as url:
        metrics = PrometheusMetrics(PrometheusSettings(url=url))
        stream = metrics.poll(Interested((IRIS,)))
        reports = [await anext(stream), await anext(stream)]
        await stream.aclose()
        await metrics.aclose()

    newest = [report.buckets[IRIS.key].counts[0][-1] for report in reports]
    assert [math.isnan(count) for count in newest] == [False, False]
    assert reports[0].prometheus.version == "VictoriaMetrics"
    assert {report.prometheus.notes for report in reports} == {()}, "its clock is ours"
