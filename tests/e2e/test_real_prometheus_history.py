"""The cases of tests/live/test_metrics_numbers.py on real Prometheus servers, whose raw samples the test wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e import tools
from tests.e2e.history import remembering
from tests.live.served import Serve
from tests.live.stories import COUNT, IRIS, OK, POD, Story, rising
from tests.live.test_metrics_beside import GATEWAY
from tests.live.test_metrics_numbers import *  # noqa: F403  # the same cases, run once more
from tests.live.test_metrics_numbers import report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(params=["own", "2.53", "3.5"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """Give a real Prometheus: the machine's release, and what newer releases have."""
    version = None if request.param == "own" else request.param
    if tools.prometheus(version) is None:
        pytest.skip(tools.reason_without_prometheus(str(version)))

    @asynccontextmanager
    async def by_real_one(story: Story) -> AsyncIterator[str]:
        with remembering(story, tmp_path, version) as url:
            yield url

    return by_real_one


async def test_fifty_thousand_foreign_series_change_nothing(serve: Serve) -> None:
    """With names that ours have, in our namespace: programs with OpenTelemetry, and a mesh of other services."""
    story = Story()
    story.tell(COUNT, {**POD, **OK}, rising(30))
    story.tell("istio_requests_total", {**GATEWAY, "response_code": "200"}, rising(45))
    story.times = story.times[-3:]
    for n in range(35_000):
        foreign = {"job": "shop", "instance": f"10.1.{n // 250}.{n % 250}:80", "namespace": "default"}
        story.tell("http_server_request_duration_seconds_count", foreign, rising(1))
    for n in range(15_000):
        hop = {**GATEWAY, "source_workload": f"shop-{n // 300}", "destination_service_name": f"shop-{n % 300}"}
        story.tell("istio_requests_total", {**hop, "response_code": "200"}, rising(1))

    report = await report_of(story, serve)

    traffic = report.traffic[IRIS.key]
    assert traffic.users is not None
    assert (traffic.users.requests_per_s, traffic.requests_per_s, len(traffic.requests.values)) == (3, 2, 60)
    assert report.prometheus.notes == ()
    assert report.prometheus.query_s is not None and report.prometheus.query_s < 2
