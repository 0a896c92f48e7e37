"""A real Prometheus stands in the cluster: it is found, and its numbers come through the tunnel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.history import remembering
from tests.live.prometheus_pods import of_chart
from tests.live.stories import IRIS, Story
from tests.live.test_in_cluster import backend_of, cluster, first_report

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_the_numbers_of_a_real_prometheus_come_through_the_tunnel(tmp_path: Path) -> None:
    @asynccontextmanager
    async def serve(story: Story) -> AsyncIterator[str]:
        with remembering(story, tmp_path) as url:
            yield url

    async with cluster(of_chart(), serve=serve) as sandbox, backend_of(sandbox.kubeconfig) as backend:
        report = await first_report(backend.metrics)
        assert backend.measures is not None
        measured = await backend.measures.measure((IRIS,), IRIS.key, 600)

    assert report.prometheus.found_by == "found in the cluster: the prometheus chart (release prometheus)"
    assert report.traffic[IRIS.key].requests_per_s == pytest.approx(2.0, rel=0.2)
    assert measured.traffic is not None
    assert measured.traffic.p90_ms == pytest.approx(1000, rel=0.2)
