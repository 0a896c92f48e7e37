"""The doctor by itself: called for a service that is looked at and has no numbers, and not at every tick."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from kmon_tui.backend import Backend, Metrics
from kmon_tui.domain.command import Examine, LookAt
from kmon_tui.domain.doctor.facts import Case
from kmon_tui.domain.doctor.finding import Finding, Report, Status
from kmon_tui.domain.errors import Unreachable
from kmon_tui.domain.health import Health
from kmon_tui.domain.health import Status as Source
from kmon_tui.domain.service import Key, Kind, Readiness
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.domain.traffic import Family, Prometheus, Traffic, TrafficReport
from kmon_tui.monitor.doctoring import Causes, case_of, examining, report_words
from kmon_tui.monitor.interest import Looked
from kmon_tui.monitor.store import Store
from tests.monitor.worlds import NOON, fleet

A, B = (Key(Kind.ISVC, "default", name) for name in ("a", "b"))
CAUSE = Finding("chain.target", "target", Status.FAIL, "no target")


@dataclass
class Scripted:
    """A doctor that finds one cause, or cannot look."""

    error: Unreachable | None = None
    cases: list[Case] = field(default_factory=list)
    found: tuple[Finding, ...] = (CAUSE,)

    async def examine(self, case: Case, metrics: Metrics | None, tell: Callable[[Report], None]) -> Report:
        self.cases.append(case)
        if self.error is not None:
            raise self.error
        tell(Report("here", case.key, NOON, (), ("rights",)))
        return Report("here", case.key, NOON, self.found)


def mute(*, known: tuple[Key, ...] = ()) -> State:
    """Give the State in which Prometheus answers and only some services have numbers."""
    traffic = {key: Traffic(Family.ALIAS, requests_per_s=1.0) for key in known}
    return State(
        fleet=fleet("a", "b"),
        traffic=TrafficReport(Prometheus(url="http://p"), traffic),
        health={PROMETHEUS: Health(Source.LIVE)},
    )


@asynccontextmanager
async def looking(store: Store, doctor: Scripted) -> AsyncIterator[None]:
    """Look at service a meanwhile."""
    looked = Looked(store, asyncio.get_running_loop().time)
    looked.look_at(LookAt(selected=A))
    place = store.state.place
    backend = Backend(place, None, None, doctor=doctor)  # type: ignore[arg-type]  # no cluster is asked here
    task = asyncio.create_task(Causes(store, looked, backend, lambda: None).run())
    yield
    task.cancel()


def tick(store: Store) -> None:
    """Tell the same numbers once more."""
    assert store.state.traffic is not None
    store.put(replace(store.state, traffic=replace(store.state.traffic)))


async def causes_after(seconds: float, state: State, doctor: Scripted, *, ticks: int = 0) -> State:
    """Look at service a for so long, with ticks of Prometheus in between."""
    store = Store(state)
    async with looking(store, doctor):
        for _ in range(max(1, ticks)):
            await asyncio.sleep(seconds / max(1, ticks))
            tick(store)
    return store.state


@pytest.mark.looptime
async def test_a_service_without_numbers_is_looked_at_once_and_its_cause_is_told() -> None:
    doctor = Scripted()

    state = await causes_after(290.0, mute(), doctor, ticks=60)

    assert [(case.key, case.brief) for case in doctor.cases] == [(A, True)]
    assert state.causes == {A: CAUSE}


@pytest.mark.looptime
async def test_another_state_of_the_service_is_looked_at_and_its_old_cause_goes() -> None:
    doctor = Scripted()
    state = mute()
    failed = state.fleet.services[0]._replace(readiness=Readiness.FAILED, reason="OOMKilled")
    store = Store(replace(state, fleet=replace(state.fleet, services=(failed, state.fleet.services[1]))))

    async with looking(store, doctor):
        before = await store.wait_for(lambda state: state.causes.get(A))
        store.put(replace(store.state, fleet=state.fleet))
        after = await store.wait_for(lambda state: state.causes.get(A) if state.causes.get(A) != before else None)

    assert before.text.startswith("default/a is failed: OOMKilled")
    assert after == CAUSE


@pytest.mark.looptime
async def test_a_cause_that_is_found_no_more_is_told_no_more() -> None:
    doctor = Scripted()
    store = Store(mute())

    async with looking(store, doctor):
        await store.wait_for(lambda state: state.causes.get(A))
        doctor.found = ()
        for _ in range(50):
            await asyncio.sleep(10.0)
            tick(store)

    assert len(doctor.cases) == 2
    assert store.state.causes == {}


@pytest.mark.looptime
async def test_a_service_with_numbers_is_left_alone() -> None:
    doctor = Scripted()

    await causes_after(600.0, mute(known=(A,)), doctor, ticks=60)

    assert doctor.cases == []


@pytest.mark.looptime
async def test_while_prometheus_fails_nobody_is_examined() -> None:
    doctor = Scripted()
    failing = replace(mute(), health={PROMETHEUS: Health(Source.FAILING, "no answer")})

    await causes_after(600.0, failing, doctor)

    assert doctor.cases == []


@pytest.mark.looptime
async def test_a_doctor_that_cannot_look_is_not_asked_again_at_every_tick() -> None:
    doctor = Scripted(Unreachable("nobody listens"))

    state = await causes_after(290.0, mute(), doctor, ticks=60)

    assert len(doctor.cases) == 1
    assert state.causes == {}


@pytest.mark.looptime
async def test_what_the_service_itself_says_costs_no_question() -> None:
    doctor = Scripted()
    state = mute()
    cold = state.fleet.services[0]._replace(readiness=Readiness.COLD)
    state = replace(state, fleet=replace(state.fleet, services=(cold, state.fleet.services[1])))

    told = await causes_after(60.0, state, doctor)

    assert doctor.cases == []
    assert told.causes[A].text.startswith("scaled to zero")


async def test_an_examination_tells_how_far_it_is() -> None:
    told: list[str] = []
    state = mute()
    backend = Backend(state.place, None, None, doctor=Scripted())  # type: ignore[arg-type]  # no cluster is asked here

    text, value = await examining(Examine(A), backend, None, state)(lambda words, _: told.append(words))

    assert told == ["looking at rights"]
    assert text == "1 check, 1 finding"
    assert isinstance(value, Report)
    assert report_words(value) == text


def test_a_service_that_is_gone_is_not_followed() -> None:
    assert case_of(mute(), Key(Kind.ISVC, "default", "gone")).key is None
    assert case_of(mute(), B).key == B
