"""What somebody found at fault by looking keeps its reason on the row until a whole reading refutes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kmon_tui.domain.command import OpenService, Predict
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.predict import Prediction, PredictRequest, Repetition, Speech
from kmon_tui.domain.service import InferenceService, Key, Readiness
from kmon_tui.domain.state import Activity
from kmon_tui.domain.tree import Answer, ObjectTree
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from kmon_tui.domain.via import Via
from kmon_tui.monitor.noted import MOST, Noted
from kmon_tui.monitor.troubled import Suspects, looked_into
from tests.monitor.test_inside import FRAUD, IRIS, Outside, Step, monitored, tree, until
from tests.monitor.worlds import NOON

BAD = Diagnosis("ready-not-serving", "it says Ready, but the model answers HTTP 503", None)
WELL = Diagnosis(HEALTHY, "ready", None)
READY = Fleet(
    (InferenceService(IRIS, readiness=Readiness.READY, since=NOON - timedelta(hours=1)),),
    synced=True,
    health=Health(Status.LIVE),
)


def serving(*answers: Answer, shallow: bool = False) -> ObjectTree:
    found = tree()
    return ObjectTree(found.root, answers=answers, synced=True, shallow=shallow, health=found.health)


NO, YES = (
    Answer("/v2/models/iris/ready", 503, "not ready", "iris-1"),
    Answer("/v2/models/iris/ready", 200, "", "iris-1"),
)


@pytest.mark.looptime
async def test_the_row_of_an_opened_service_that_does_not_serve_keeps_that() -> None:
    outside = Outside({IRIS: [serving(), serving(NO)]}, fleet=READY)
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        await until(monitor, lambda state: IRIS in state.reasons)
        monitor.send(OpenService(None))
        state = await until(monitor, lambda state: state.opened is None)

    assert state.reasons[IRIS].cause == "ready-not-serving"


@pytest.mark.looptime
async def test_it_is_read_in_rounds_from_then_on_and_one_that_sees_it_serve_ends_that() -> None:
    script: list[Step] = [60.0, {IRIS: serving(shallow=True)}, 60.0, {IRIS: serving(YES)}]
    outside = Outside({IRIS: [serving(NO)]}, reasons=script, fleet=READY)
    async with monitored(outside) as monitor:
        monitor.send(OpenService(IRIS))
        await until(monitor, lambda state: IRIS in state.reasons)
        monitor.send(OpenService(None))
        await asyncio.sleep(90)
        assert IRIS in monitor.state.reasons
        await until(monitor, lambda state: not state.reasons)


async def test_services_that_were_noted_are_looked_into() -> None:
    noted = Noted()
    noted.judge(IRIS, BAD, whole=True)

    rows, _ = await looked_into(Suspects().of(READY.services, (), noted.keys), NOON, noted.keys)

    assert rows == READY.services


def test_a_reading_that_did_not_ask_for_everything_refutes_nothing() -> None:
    noted = Noted()
    noted.judge(IRIS, BAD, whole=True)

    noted.judge(IRIS, WELL, whole=False)
    assert noted.reasons == {IRIS: BAD}

    noted.judge(IRIS, WELL, whole=True)
    assert noted.reasons == {} and IRIS not in noted.keys


def test_a_failed_request_makes_its_service_a_suspect_without_a_verdict_once() -> None:
    noted = Noted()
    failed = activity(7, 503)

    noted.asked((failed, activity(8, 200, FRAUD)))
    assert noted.keys == {IRIS} and noted.reasons == {}

    noted.judge(IRIS, WELL, whole=True)
    noted.asked((failed,))
    assert noted.keys == frozenset()


def test_a_slow_request_that_fails_after_later_ones_ended_is_noted_too() -> None:
    noted = Noted()

    noted.asked((replace(activity(7, 503), done=None), activity(8, 200, FRAUD)))
    noted.asked((activity(7, 503), activity(8, 200, FRAUD)))

    assert noted.keys == {IRIS}


def test_a_request_that_the_model_refuses_is_no_fault_of_the_service() -> None:
    noted = Noted()

    noted.asked((activity(1, 422), activity(2, 400)))

    assert noted.keys == frozenset()


@pytest.mark.parametrize(("ok", "noted"), [(0, {IRIS}), (3, set())])
def test_of_many_requests_all_must_have_failed(ok: int, noted: set[Key]) -> None:
    found = Noted()

    found.asked(
        (replace(activity(1, 503), value=Repetition(Speech.V2, "http://iris", Via.FORWARD, 5, 1, done=ok + 2, ok=ok)),)
    )

    assert found.keys == noted


def test_only_the_last_ones_are_kept() -> None:
    noted = Noted()
    for number in range(MOST + 3):
        noted.judge(IRIS._replace(name=f"m-{number}"), BAD, whole=True)

    assert len(noted.keys) == MOST
    assert IRIS._replace(name=f"m-{MOST + 2}") in noted.keys


def activity(number: int, status: int, key: Key = IRIS) -> Activity:
    request = PredictRequest(key, Speech.V2, "/v2/models/iris/infer", "{}")
    value = Prediction(Speech.V2, "http://iris", Via.FORWARD, status, complete=True)
    return Activity(number, Predict(request), NOON, done=True, value=value)
