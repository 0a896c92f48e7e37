"""The bell rings when a service fails: not at the start, not twice for one failure, not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kmon_tui.domain.fleet import Fleet, Place
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.state import State
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.alarm import Alarm
from tests.ui.insides import FRAUD, FRAUD_WHY
from tests.ui.samples import NOW, isvc, ready_state, services, with_fleet
from tests.ui.test_keys import Run, press

IRIS = Key(Kind.ISVC, "demo", "iris")
LATER = NOW + timedelta(minutes=1)


def fleet(*found: InferenceService, reasons: dict[Key, Diagnosis] | None = None, **place: str) -> State:
    return State(
        place=Place(**{"context": "prod", **place}),  # type: ignore[arg-type]  # of tests
        fleet=Fleet(services=found, synced=True),
        reasons=reasons or {},
    )


def iris(readiness: Readiness, name: str = "iris", **more: object) -> InferenceService:
    return isvc(name, "demo", readiness, **more)


def heard(alarm: Alarm, *moments: tuple[State, datetime]) -> list[str]:
    return [said for state, now in moments if (said := alarm.see(state, now))]


def after(seconds: float) -> datetime:
    return LATER + timedelta(seconds=seconds)


FINE, FAILED = fleet(iris(Readiness.READY)), fleet(iris(Readiness.FAILED, reason="Boom"))
WHY = Diagnosis("oom-killed", "iris needs more memory.")
EXPLAINED = replace(FAILED, reasons={IRIS: WHY})


def test_what_is_failed_at_the_start_is_silent() -> None:
    assert heard(Alarm(), (FAILED, NOW), (FAILED, LATER)) == []


def test_what_fails_while_the_list_still_fills_is_silent() -> None:
    assert heard(Alarm(), (FINE, NOW), (FAILED, NOW + timedelta(seconds=3)), (FAILED, LATER)) == []


def test_a_change_to_failed_rings_with_its_verdict() -> None:
    assert heard(Alarm(), (FINE, NOW), (EXPLAINED, LATER)) == ["demo/iris failed: iris needs more memory."]


def test_it_waits_two_seconds_for_a_verdict_and_then_says_what_the_list_knows() -> None:
    alarm = Alarm()

    assert heard(alarm, (FINE, NOW), (FAILED, LATER), (FAILED, after(1))) == []
    assert heard(alarm, (FAILED, after(2.1))) == ["demo/iris failed: Boom"]


def test_a_verdict_that_comes_in_time_is_said() -> None:
    said = heard(Alarm(), (FINE, NOW), (FAILED, LATER), (EXPLAINED, after(0.5)))

    assert said == ["demo/iris failed: iris needs more memory."]


def test_one_that_crashes_again_and_again_has_failed_once() -> None:
    rolling = fleet(iris(Readiness.ROLLING))
    moments = [(EXPLAINED if n % 2 else rolling, after(10 * n)) for n in range(9)]

    assert len(heard(Alarm(), (FINE, NOW), *moments)) == 1


def test_one_that_was_well_in_between_rings_again() -> None:
    moments = [(EXPLAINED if n % 2 else FINE, after(10 * n)) for n in range(6)]

    assert len(heard(Alarm(), (FINE, NOW), *moments)) == 3


def test_one_that_is_well_again_before_it_was_told_is_not_told() -> None:
    assert heard(Alarm(), (FINE, NOW), (FAILED, LATER), (FINE, after(1)), (FINE, after(9))) == []


def test_one_that_rolls_on_before_it_was_told_rings_only_when_it_stays_failed() -> None:
    rolling, alarm = fleet(iris(Readiness.ROLLING)), Alarm()

    assert heard(alarm, (FINE, NOW), (FAILED, LATER), (rolling, after(1)), (rolling, after(9))) == []
    assert not alarm.waits
    assert heard(alarm, (FAILED, after(10)), (FAILED, after(13))) == ["demo/iris failed: Boom"]


def test_many_that_fail_together_ring_once() -> None:
    many = tuple(iris(Readiness.READY, f"m{n:03}") for n in range(200))
    failed = tuple(one._replace(readiness=Readiness.FAILED, reason="Boom") for one in many)

    said = heard(Alarm(), (fleet(*many), NOW), (fleet(*failed), LATER), (fleet(*failed), after(3)))

    assert said == ["demo/m000, demo/m001, demo/m002 and 197 more failed: Boom"]


def test_it_rings_at_most_once_in_five_seconds_and_forgets_none() -> None:
    a, b = iris(Readiness.READY, "a"), iris(Readiness.READY, "b")
    broken_a, broken_b = a._replace(readiness=Readiness.FAILED), b._replace(readiness=Readiness.FAILED)
    both = {one.key: replace(WHY, verdict=f"{one.key.name} broke.") for one in (a, b)}
    one, two = fleet(broken_a, b, reasons=both), fleet(broken_a, broken_b, reasons=both)

    said = heard(Alarm(), (fleet(a, b), NOW), (one, LATER), (two, after(1)), (two, after(4)), (two, after(6)))

    assert said == ["demo/a failed: a broke.", "demo/b failed: b broke."]


def test_another_context_is_another_start() -> None:
    elsewhere = fleet(iris(Readiness.FAILED), context="staging")

    assert heard(Alarm(), (FINE, NOW), (elsewhere, LATER), (elsewhere, after(30))) == []


def test_a_new_service_that_fails_at_once_rings() -> None:
    newcomer = fleet(iris(Readiness.READY), iris(Readiness.FAILED, "new", reason="InvalidSpec"))

    assert heard(Alarm(), (FINE, NOW), (newcomer, LATER), (newcomer, after(3))) == ["demo/new failed: InvalidSpec"]


@pytest.mark.parametrize("bell", [True, False])
async def test_the_terminal_rings_and_the_toast_has_the_verdict(bell: bool) -> None:
    well = tuple(
        one._replace(readiness=Readiness.READY) if one.key == FRAUD else one for one in ready_state().fleet.services
    )
    run = Run(with_fleet(ready_state(), services=well), ViewSettings(bell=bell))
    run.app._surroundings = replace(run.app._surroundings, now=Clock())
    rings: list[str] = []
    run.app.bell = lambda: rings.append("ring")  # type: ignore[method-assign]  # a test terminal makes no sound
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot)
        run.watcher.put(replace(with_fleet(ready_state(), services=services()), reasons={FRAUD: FRAUD_WHY}))
        await pilot.pause(0.1)

        told = [one.message for one in run.app._notifications]
        assert rings == (["ring"] if bell else [])
        assert told == (["risk/fraud-xgb failed: " + FRAUD_WHY.verdict] if bell else [])


class Clock:
    """Goes on by ten seconds whenever it is looked at."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=10)
        return self.now
