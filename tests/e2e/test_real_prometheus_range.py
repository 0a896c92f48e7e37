"""A longer past of one service on real Prometheus servers: index, range query, and the PromQL that is told."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from kmon_tui.domain.command import Span
from kmon_tui.domain.traffic import Buckets
from kmon_tui.live.asked import RAW
from kmon_tui.live.poller import Look, Poller
from kmon_tui.live.prometheus import Api, PrometheusClient
from kmon_tui.live.prometheus_address import Matchers
from kmon_tui.settings import PrometheusSettings
from tests.e2e import tools
from tests.e2e.history import remembering, victorious
from tests.live.stories import IRIS
from tests.live.test_metrics_range import HOUR, NEIGHBOUR, long_story, with_an_outage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.mark.parametrize("release", ["own", "2.53", "3.5"])
async def test_an_hour_of_a_real_prometheus(release: str, tmp_path: Path) -> None:
    version = None if release == "own" else release
    if tools.prometheus(version) is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))

    with remembering(long_story(), tmp_path, version) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        poller = Poller(Matchers(), url, "")
        look = Look((IRIS, NEIGHBOUR), IRIS.key, (IRIS.key,), span=HOUR)

        def answered(api: Api, buckets: Buckets) -> dict[str, int]:
            return {name: len(api.query(text)) for name, text in buckets.queries.items() if name != RAW}

        try:
            buckets = (await client.run(partial(poller.poll, look=look))).buckets[IRIS.key]
            rows = await client.run(partial(answered, buckets=buckets))
        finally:
            await client.aclose()

    rates, pods = buckets.by_code["2xx"].values, buckets.gauges["scraped"].values
    assert (buckets.range_s, buckets.step_s) == (3600, 60)
    assert rates[5] == pytest.approx(6.0, rel=0.05), "2/s of the pod that stayed, 4/s of the one that is gone"
    assert rates[-1] == pytest.approx(2.0, rel=0.05)
    assert (pods[5], pods[-1]) == (2, 1)
    assert rows["requests"] >= 1 and rows["latency"] == 1 and rows["heat"] == 2, "what is told can be asked"


@pytest.mark.parametrize("release", ["own", "3.5", "victoria"])
@pytest.mark.parametrize("span", [HOUR, None], ids=["an hour", "books"])
async def test_an_outage_is_a_gap_and_no_burst_after_it(release: str, span: Span | None, tmp_path: Path) -> None:
    version = None if release == "own" else release
    if release != "victoria" and tools.prometheus(version) is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))

    story = with_an_outage(12, 8)
    with victorious(story, tmp_path) if release == "victoria" else remembering(story, tmp_path, version) as url:
        client = PrometheusClient(PrometheusSettings(url=url))
        look = Look((IRIS, NEIGHBOUR), IRIS.key, (IRIS.key,), span=span)
        try:
            report = await client.run(partial(Poller(Matchers(), url, "").poll, look=look))
        finally:
            await client.aclose()

    points = report.buckets[IRIS.key].by_code["2xx"].points()
    inside = [rate for at_s, rate in points if 9 * 60 < story.now - at_s < 11 * 60]
    known = [rate for _, rate in points if rate is not None]
    assert set(inside) == {None}
    assert known and max(known) == pytest.approx(2.0, rel=0.35)
