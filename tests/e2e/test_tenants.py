"""One address for many tenants, real Prometheus servers behind it: who asks names the tenant and gets its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from kmon_tui.domain.errors import Unauthorized
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.oneshot.metrics import document
from kmon_tui.settings import PrometheusSettings, Secret
from tests.e2e import tools
from tests.e2e.history import remembering
from tests.e2e.tenants import Gateway, gateway
from tests.live.interests import Interested
from tests.live.stories import COUNT, IRIS, OK, POD, Story, rising

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
PASSWORD = "Sesam-7391"
SPEEDS = {"east": 30, "west": 45}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    if tools.prometheus() is None:
        pytest.skip(tools.reason_without_prometheus("own"))
    with ExitStack() as stack:
        servers = {}
        for tenant, speed in SPEEDS.items():
            story = Story()
            story.tell(COUNT, {**POD, **OK}, rising(speed))
            url = stack.enter_context(remembering(story, tmp_path_factory.mktemp(tenant)))
            servers[tenant] = url.removeprefix("http://")
        yield stack.enter_context(gateway(servers, "ada", PASSWORD))


def asking(one: Gateway, tenant: str, **settings: Any) -> PrometheusMetrics:
    headers = (("X-Scope-OrgID", Secret(tenant)),) if tenant else ()
    return PrometheusMetrics(PrometheusSettings(url=one.url, headers=headers, **settings))


@pytest.mark.parametrize("tenant", SPEEDS)
async def test_each_tenant_has_its_own_numbers_on_screen_and_in_json(shared: Gateway, tenant: str) -> None:
    metrics = asking(shared, tenant, username="ada", password=Secret(PASSWORD))
    shared.asked_of.clear()
    stream = metrics.poll(Interested((IRIS,), selected=IRIS.key))

    shown = (await anext(stream)).traffic[IRIS.key]
    told = document(await metrics.measure((IRIS,), IRIS.key, 300))
    await stream.aclose()
    await metrics.aclose()

    assert shown.requests_per_s == told["requests_per_s"]["now"] == SPEEDS[tenant] / 15
    assert told["requests_in_window"] == SPEEDS[tenant] * 20
    assert set(shared.asked_of) == {tenant}


async def test_who_names_no_tenant_is_told_how_to(shared: Gateway) -> None:
    metrics = asking(shared, "", username="ada", password=Secret(PASSWORD))

    with pytest.raises(Unauthorized) as raised:
        await anext(metrics.poll(Interested((IRIS,))))
    await metrics.aclose()

    assert "X-Scope-OrgID" in (raised.value.hint or "")
    assert PASSWORD not in f"{raised.value!r} {raised.value} {raised.value.hint}"
