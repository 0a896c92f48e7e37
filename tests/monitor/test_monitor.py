"""The monitor against a scripted outside, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kmon_tui.backend import Backend
from kmon_tui.domain.command import Awake, LookAt, Refresh, SwitchContext, SwitchNamespace
from kmon_tui.domain.errors import Unauthorized, Unreachable
from kmon_tui.domain.fleet import Place
from kmon_tui.domain.health import Status
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.state import KUBERNETES, PROMETHEUS, State
from kmon_tui.monitor.monitor import Monitor
from kmon_tui.settings import KubeSettings, PrometheusSettings, Secret, Settings
from tests.monitor.worlds import NOON, Outside, fleet, now, report

pytestmark = pytest.mark.looptime

IRIS = Key(Kind.ISVC, "default", "iris")
DOWN = Unreachable("connection refused", "is the VPN up?")


@asynccontextmanager
async def running(
    outside: Outside, settings: Settings | None = None, place: Place | None = None
) -> AsyncIterator[Monitor]:
    monitor = Monitor(outside.open, settings or Settings(), now, place=place, chance=lambda: 0.0)
    task = asyncio.create_task(monitor.run())
    try:
        yield monitor
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def names(state: State) -> list[str]:
    return [service.key.name for service in state.fleet.services]


def health(state: State, source: str) -> Status | None:
    return state.health[source].status if source in state.health else None


async def until(monitor: Monitor, true: object) -> State:
    assert callable(true)
    return await monitor.store.wait_for(lambda state: state if true(state) else None)


async def test_a_watched_service_stands_in_the_state() -> None:
    async with running(Outside([[fleet("iris")]])) as monitor:
        state = await until(monitor, lambda s: s.fleet.synced)

    assert names(state) == ["iris"]
    assert health(state, KUBERNETES) is Status.LIVE


async def test_old_services_stay_while_the_cluster_is_away() -> None:
    lost = fleet("iris", status=Status.FAILING, error="connection refused")
    async with running(Outside([[fleet("iris"), 5, lost]])) as monitor:
        state = await until(monitor, lambda s: health(s, KUBERNETES) is Status.FAILING)

    assert names(state) == ["iris"]
    assert state.health[KUBERNETES].error == "connection refused"


async def test_the_time_of_a_failure_is_when_it_began_not_when_it_was_last_seen() -> None:
    outside = Outside([[]], poll_scripts=[[DOWN]])
    async with running(outside) as monitor:
        first = await until(monitor, lambda s: health(s, PROMETHEUS) is Status.FAILING)
        await asyncio.sleep(60)

        assert len(outside.polling.openings_s) > 3
        assert monitor.state.health[PROMETHEUS].since == first.health[PROMETHEUS].since == NOON


async def test_an_incomplete_new_list_does_not_blank_the_old_one() -> None:
    again = fleet(status=Status.STARTING, synced=False)
    async with running(Outside([[fleet("iris"), DOWN], [again]])) as monitor:
        await until(monitor, lambda s: health(s, KUBERNETES) is Status.FAILING)
        state = await until(monitor, lambda s: health(s, KUBERNETES) is Status.STARTING)

    assert names(state) == ["iris"]
    assert state.fleet.synced


async def test_old_numbers_stay_while_prometheus_is_down_and_live_ones_come_back() -> None:
    old, new = report("old"), report("new")
    async with running(Outside([[fleet("iris")]], poll_scripts=[[old, 3, DOWN], [DOWN], [new]])) as monitor:
        down = await until(monitor, lambda s: health(s, PROMETHEUS) is Status.FAILING)
        back = await until(monitor, lambda s: s.traffic is new)

    assert down.traffic is old
    assert down.health[PROMETHEUS].hint == "is the VPN up?"
    assert health(back, PROMETHEUS) is Status.LIVE


async def test_a_failing_prometheus_does_not_touch_the_watch() -> None:
    outside = Outside([[fleet("iris")]], poll_scripts=[[DOWN]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: health(s, PROMETHEUS) is Status.FAILING)
        await asyncio.sleep(120)

        assert health(monitor.state, KUBERNETES) is Status.LIVE
        assert len(outside.watching.openings_s) == 1


async def test_no_prometheus_is_no_failure() -> None:
    async with running(Outside([[fleet("iris")]])) as monitor:
        state = await until(monitor, lambda s: s.fleet.synced)

    assert PROMETHEUS not in state.health


async def test_failures_are_tried_again_ever_more_slowly_but_for_ever() -> None:
    outside = Outside([[]], poll_scripts=[[DOWN]])
    async with running(outside):
        await asyncio.sleep(80)

    gaps_s = [b - a for a, b in zip(outside.polling.openings_s, outside.polling.openings_s[1:], strict=False)]
    assert gaps_s == pytest.approx([0.5, 1, 2, 4, 8, 15, 15, 15, 15])


async def test_a_server_that_asks_for_a_longer_wait_gets_it() -> None:
    outside = Outside([[]], poll_scripts=[[Unreachable("429", retry_after_s=30)], []])
    async with running(outside):
        await asyncio.sleep(100)

    assert outside.polling.openings_s == pytest.approx([0, 30])


async def test_refresh_cuts_the_wait_short() -> None:
    outside = Outside([[]], poll_scripts=[[Unreachable("429", retry_after_s=300)], []])
    async with running(outside) as monitor:
        await asyncio.sleep(5)
        monitor.send(Refresh())
        await asyncio.sleep(1)

    assert outside.polling.openings_s == pytest.approx([0, 5])


async def test_refresh_lists_anew_at_once_and_keeps_the_old_services_meanwhile() -> None:
    outside = Outside([[fleet("iris")], [fleet(status=Status.STARTING, synced=False), 5, fleet("bert")]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: names(s) == ["iris"])
        await asyncio.sleep(3)
        monitor.send(Refresh())
        await asyncio.sleep(1)
        meanwhile = names(monitor.state)
        await until(monitor, lambda s: names(s) == ["bert"])

    assert outside.watching.openings_s == pytest.approx([0, 3])
    assert meanwhile == ["iris"]


async def test_a_context_that_cannot_be_opened_is_said_and_tried_again() -> None:
    outside = Outside([[fleet("iris")]], refusals=[Unauthorized("aws: token expired", "aws sso login"), DOWN])
    async with running(outside) as monitor:
        refused = await until(monitor, lambda s: health(s, KUBERNETES) is Status.FAILING)
        state = await until(monitor, lambda s: s.fleet.synced)

    assert refused.health[KUBERNETES].hint == "aws sso login"
    assert names(state) == ["iris"]


async def test_switching_the_context_closes_the_old_one_first_and_forgets_its_services() -> None:
    outside = Outside([[fleet("iris")], [5, fleet("bert")]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: names(s) == ["iris"])
        monitor.send(SwitchContext("second"))
        between = monitor.state
        state = await until(monitor, lambda s: s.fleet.synced)

        assert outside.open_now == 1
        assert outside.watching.closed == 1
    assert names(between) == []
    assert between.place.context == "second"
    assert names(state) == ["bert"]
    assert state.activity[-1].done is True


async def test_the_context_can_be_switched_while_the_present_one_does_not_answer() -> None:
    outside = Outside([[fleet("bert")]], refusals=[DOWN])
    async with running(outside) as monitor:
        await until(monitor, lambda s: health(s, KUBERNETES) is Status.FAILING)
        monitor.send(SwitchContext("second"))
        state = await until(monitor, lambda s: s.fleet.synced)

    assert state.place.context == "second"


async def test_the_server_of_a_context_that_was_left_does_not_stand_beside_the_name_of_the_next() -> None:
    outside = Outside([[fleet("iris")]], refusals=[DOWN])
    async with running(outside, place=Place(context="first", user="jane", server="https://first.example")) as monitor:
        monitor.send(SwitchContext("second"))
        place = monitor.state.place

    assert (place.context, place.user, place.server) == ("second", "", "")


async def test_what_the_context_that_was_left_still_tells_does_not_stand_under_the_name_of_the_next() -> None:
    busy = [fleet("iris"), *(step for number in range(200) for step in (0, fleet(f"late-{number}")))]
    outside = Outside([busy, [fleet("bert")]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: names(s) != [])
        outside.refusals = [DOWN]
        monitor.send(SwitchContext("second"))
        state = await until(monitor, lambda s: health(s, KUBERNETES) is Status.FAILING)

        assert (state.place.context, names(state)) == ("second", [])
        assert names(await until(monitor, lambda s: s.fleet.synced)) == ["bert"]


class Deaf(Outside):
    """A backend whose closing loses the first wish to end, as when something fails at that very moment."""

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Backend]:
        async with super().open(settings) as backend:
            try:
                yield backend
            except asyncio.CancelledError:
                if len(self.opened) > 1:
                    raise
                await asyncio.Event().wait()


async def test_a_context_that_does_not_end_at_once_is_ended_again() -> None:
    outside = Deaf([[fleet("iris")], [fleet("bert")]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: names(s) == ["iris"])
        monitor.send(SwitchContext("second"))

        state = await until(monitor, lambda s: names(s) == ["bert"])

    assert state.place.context == "second"


async def test_token_and_prometheus_of_one_cluster_are_never_sent_to_another() -> None:
    kube = KubeSettings(context="first", token=Secret("t0p"), server="https://one", as_user="me")
    settings = Settings(kube=kube, prometheus=PrometheusSettings(url="http://one"))
    outside = Outside([[fleet("iris")]])
    async with running(outside, settings) as monitor:
        await until(monitor, lambda s: s.fleet.synced)
        monitor.send(SwitchContext("second"))
        await until(monitor, lambda s: s.fleet.synced)

    assert outside.opened[1].kube == KubeSettings(context="second", as_user="me")
    assert outside.opened[1].prometheus == PrometheusSettings()


async def test_another_namespace_is_watched_in_the_same_context() -> None:
    outside = Outside([[fleet("iris")], [fleet("bert")]])
    async with running(outside, Settings(kube=KubeSettings(context="first"))) as monitor:
        await until(monitor, lambda s: names(s) == ["iris"])
        monitor.send(SwitchNamespace("risk"))
        await until(monitor, lambda s: names(s) == ["bert"])
        monitor.send(SwitchNamespace(None))
        await until(monitor, lambda s: names(s) == ["bert"] and len(outside.opened) == 3)

    assert [(s.kube.namespace, s.kube.all_namespaces) for s in outside.opened[1:]] == [("risk", False), (None, True)]


async def test_metrics_learn_what_is_looked_at_and_wake_when_it_is_something_else() -> None:
    outside = Outside([[fleet("iris")]], poll_scripts=[[]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: s.fleet.synced)
        assert outside.interest is not None
        woken = asyncio.create_task(outside.interest.changed())
        await asyncio.sleep(0)

        monitor.send(LookAt(None, near=(IRIS,)))
        await asyncio.sleep(1)
        beside = woken.done()
        monitor.send(LookAt(IRIS, visible=(IRIS,)))
        await asyncio.wait_for(woken, 1)

        assert not beside
        assert outside.interest.selected == IRIS
        assert [s.key for s in outside.interest.services] == [IRIS]


async def test_half_an_hour_without_a_key_is_idle_until_the_next_key() -> None:
    outside = Outside([[fleet("iris")]], poll_scripts=[[]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: s.fleet.synced)
        assert outside.interest is not None
        before = outside.interest.idle
        await asyncio.sleep(31 * 60)
        monitor.send(LookAt(IRIS))
        asleep = outside.interest.idle
        monitor.send(Awake())

        assert (before, asleep, outside.interest.idle) == (False, True, False)


async def test_rows_that_move_by_themselves_wake_nobody() -> None:
    outside = Outside([[fleet("iris")]], poll_scripts=[[]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: s.fleet.synced)
        assert outside.interest is not None
        await asyncio.sleep(31 * 60)
        monitor.send(LookAt(IRIS, visible=(IRIS,)))

        assert outside.interest.idle


async def test_a_bug_in_a_source_is_let_through() -> None:
    outside = Outside([[ZeroDivisionError("bug")]])
    monitor = Monitor(outside.open, Settings(), now)

    with pytest.raises(ExceptionGroup) as raised:
        await monitor.run()

    assert raised.group_contains(ZeroDivisionError)
    assert outside.open_now == 0


async def test_cancelling_closes_every_stream() -> None:
    outside = Outside([[fleet("iris")]], poll_scripts=[[report()]])
    async with running(outside) as monitor:
        await until(monitor, lambda s: s.traffic is not None)

    assert outside.open_now == 0
    assert (outside.watching.closed, outside.polling.closed) == (1, 1)
