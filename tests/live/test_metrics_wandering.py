"""A cursor that wanders over many rows costs few questions; where it stays is looked at."""

from __future__ import annotations

import asyncio

from kmon_tui.domain.service import InferenceService, Key, Kind
from kmon_tui.live.metrics import PrometheusMetrics
from kmon_tui.live.rests import APART_S, MOST, SETTLE_S, Rests
from kmon_tui.settings import PrometheusSettings
from tests.live.interests import Interested
from tests.live.served import sandboxed
from tests.live.stories import IRIS, steady
from tests.live.test_metrics_cost import Log

ROWS = tuple(InferenceService(Key(Kind.ISVC, "default", f"rose-{n}")) for n in range(20))


def looked_at(rests: Rests, stays_s: float, rows: int) -> int:
    """Let the cursor stay for so long on each of so many rows; count those that are looked at."""
    found = 0
    for row in range(rows):
        if rests.wait_s(row * stays_s) <= stays_s:
            rests.take(row * stays_s + rests.wait_s(row * stays_s))
            found += 1
    return found


def test_a_hundred_rests_of_half_a_second_are_looked_at_a_few_times() -> None:
    found = looked_at(Rests(), 0.5, 100)

    assert MOST <= found <= MOST + 100 * 0.5 / APART_S + 1


def test_a_few_rows_are_looked_at_one_by_one() -> None:
    assert looked_at(Rests(), 0.5, MOST) == MOST


def test_a_row_on_which_the_cursor_stays_is_looked_at_soon_however_far_it_went_before() -> None:
    rests = Rests()
    looked_at(rests, 0.5, 100)

    assert SETTLE_S <= rests.wait_s(50.0) <= APART_S


async def test_while_the_cursor_runs_nothing_is_asked_and_where_it_stops_one_question() -> None:
    async with sandboxed(steady()) as server:
        log = server.faults = Log()
        metrics = PrometheusMetrics(PrometheusSettings(url=server.url))
        interest = Interested((IRIS, *ROWS), selected=ROWS[0].key)
        stream = metrics.poll(interest)
        await anext(stream)
        log.look()
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        for isvc in (*ROWS[1:], IRIS):
            interest.select(isvc.key)
            await asyncio.sleep(SETTLE_S / 4)
        on_the_way = log.look()
        async with asyncio.timeout(4):
            report = await waiting
        in_the_end = log.look()
        await stream.aclose()
        await metrics.aclose()

    assert on_the_way == (0, 0)
    assert in_the_end == (0, 1)
    assert set(report.buckets) == {IRIS.key}
