"""Which services are in trouble, found in a fleet that changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.traffic import Family, Prometheus, Traffic, TrafficReport
from kmon_tui.monitor.troubled import MOST, PATIENCE_S, SLICE, Suspects, in_trouble, looked_into

NOW = datetime(2026, 8, 21, 9, tzinfo=UTC)
LATE = NOW - timedelta(seconds=PATIENCE_S + 1)


def isvc(number: int, readiness: Readiness = Readiness.READY, since: datetime = LATE) -> InferenceService:
    return InferenceService(Key(Kind.ISVC, "demo", f"m-{number:04d}"), readiness=readiness, since=since)


def test_of_a_new_fleet_the_suspects_are_those_that_are_not_well() -> None:
    suspects, failed = Suspects(), isvc(1, Readiness.FAILED)
    suspects.of((isvc(0), isvc(1), isvc(2)))

    assert suspects.of((isvc(0), failed, isvc(2))) == [failed]
    assert suspects.of((isvc(0), isvc(1), isvc(2))) == []


def test_suspects_are_found_anew_when_services_come_or_go() -> None:
    suspects, failed = Suspects(), isvc(2, Readiness.FAILED)
    suspects.of((isvc(0), isvc(1), failed))

    assert suspects.of((isvc(1), failed)) == [failed]


def test_of_too_many_in_trouble_those_on_the_screen_are_looked_into() -> None:
    many = tuple(isvc(number, Readiness.FAILED) for number in range(MOST + 50))
    gone, fine = isvc(9999), isvc(1)

    rows, more = in_trouble(Suspects().of((many[0], fine, *many[2:]), [many[-1].key, fine.key, gone.key]), NOW)

    assert len(rows) == MOST and more
    assert rows[:2] == (many[-1], many[0])


def test_a_young_rollout_is_no_trouble_yet() -> None:
    rows, more = in_trouble([isvc(0, Readiness.ROLLING, NOW), isvc(1, Readiness.ROLLING)], NOW)

    assert [row.key.name for row in rows] == ["m-0001"]
    assert more


def test_a_service_that_says_ready_is_looked_into_when_something_below_it_complains() -> None:
    complaining = isvc(1)._replace(complaint="HorizontalPodAutoscaler m-0001: FailedGetScale")

    assert in_trouble(Suspects().of((isvc(0), complaining)), NOW)[0] == (complaining,)


def test_a_service_that_says_ready_is_looked_into_when_its_requests_fail() -> None:
    gone = isvc(0).key
    traffic = {gone: Traffic(Family.SDK, error_ratio=1.0), isvc(1).key: Traffic(Family.SDK, error_ratio=0.06)}
    traffic |= {isvc(2).key: Traffic(Family.SDK, error_ratio=0.04), isvc(3).key: Traffic(Family.SDK)}
    erring = TrafficReport(Prometheus(), traffic).erring

    suspects = Suspects().of((isvc(1), isvc(2), isvc(3)), (), erring)

    assert suspects == [isvc(1)]
    assert in_trouble(suspects, NOW, erring)[0] == (isvc(1),)


async def test_thousands_are_judged_in_slices_between_which_keys_are_answered() -> None:
    suspects = [isvc(number, Readiness.FAILED if number % 10 == 0 else Readiness.READY) for number in range(4 * SLICE)]
    turns = 0

    async def keys() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    typing = asyncio.create_task(keys())
    found = await looked_into(suspects, NOW, ())
    typing.cancel()

    assert found == in_trouble(suspects, NOW)
    assert turns >= 4


async def test_in_slices_no_more_are_found_than_can_be_looked_into() -> None:
    suspects = [isvc(number, Readiness.FAILED) for number in range(MOST + 2 * SLICE)]

    assert await looked_into(suspects, NOW, ()) == in_trouble(suspects, NOW)
