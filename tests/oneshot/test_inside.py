"""why, check, events and logs, asked of the demo's cluster through the real backend; and check's levels from values."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from kmon_tui.domain.errors import Absent, SettingsError, Unreachable
from kmon_tui.domain.fleet import Fleet
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.names import wanted
from kmon_tui.domain.service import InferenceService, Key, Kind, Readiness
from kmon_tui.domain.verdict import HEALTHY, Diagnosis
from kmon_tui.live import open_backend
from kmon_tui.oneshot import check, events, logs, why
from kmon_tui.oneshot.get import Answer
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings, Settings
from tests.oneshot.scripted import backend_of

DEMO = SandboxOptions(world="demo", tls=False, history_s=0)


def now() -> datetime:
    return datetime.now(UTC)


@cache
def told() -> dict[str, Answer]:
    """Ask everything once."""
    return asyncio.run(ask())


async def ask() -> dict[str, Answer]:
    async with Sandbox(DEMO) as sandbox:
        settings = Settings(kube=KubeSettings(kubeconfig=str(sandbox.kubeconfig), all_namespaces=True))

        async def explain(name: str, form: str) -> Answer:
            wish = why.Wish(wanted(name) if name else None, form)
            return await why.why(open_backend, settings, wish, now)

        async def watched(*names: str) -> Answer:
            wish = check.Wish(tuple(wanted(name) for name in names))
            return await check.check(open_backend, settings, wish, now)

        answers = {
            "why": await explain("amount-forecast", "table"),
            "why json": await explain("amount-forecast", "json"),
            "why healthy": await explain("ranker", "json"),
            "why all": await explain("", "table"),
            "why all yaml": await explain("", "yaml"),
            "check": await watched(),
            "check healthy": await watched("ranker", "isvc/sklearn-iris"),
            "check broken": await watched("amount-forecast"),
            "check missing": await watched("nope"),
            "events": await events.events(open_backend, settings, events.Wish(wanted("amount-forecast"), "json"), now),
            "logs": await read(settings, logs.Wish(wanted("fraud-features"), tail=2, timestamps=True)),
            "logs of one": await read(settings, logs.Wish(wanted("fraud-features"), containers=("queue-proxy",))),
            "logs before": await read(settings, logs.Wish(wanted("amount-forecast"), previous=True)),
        }
        answers["silent"] = await silent(settings, logs.Wish(wanted("ocr")))
        answers["nameless"] = await silent(settings, logs.Wish(wanted("fraud-features"), containers=("nope",)))
        return answers


async def read(settings: Settings, wish: logs.Wish) -> Answer:
    text, words = "", list[str]()
    async for answer in logs.logs(open_backend, settings, wish):
        text += answer.text
        words += answer.words
    return Answer(text, tuple(words))


async def silent(settings: Settings, wish: logs.Wish) -> Answer:
    """Logs of a service that is scaled to zero, or of a container that none has."""
    try:
        await read(settings, wish)
    except Absent as error:
        return Answer(words=(error.message,), code=1)
    return Answer()


def test_why_names_cause_object_and_what_to_try() -> None:
    text = told()["why"].text

    assert told()["why"].code == 1
    assert text.startswith("fraud/amount-forecast: kserve-container of amount-forecast-predictor-")
    assert "\n  cause oom-killed, Pod fraud/amount-forecast-predictor-" in text
    assert "\nevidence:\n" in text
    assert "\ntry:\n" in text


def test_why_as_json_has_the_promised_fields() -> None:
    document = json.loads(told()["why json"].text)

    assert {"verdict", "cause", "object", "since", "evidence", "serving", "try", "missing"} <= document.keys()
    assert document["cause"] == "oom-killed"
    assert document["object"]["kind"] == "Pod"
    assert document["healthy"] is False
    assert {step["depth"] for step in document["evidence"]} >= {0, 1, 2}
    assert document["try"][0].keys() == {"text", "command", "key"}


def test_a_healthy_service_is_code_0() -> None:
    document = json.loads(told()["why healthy"].text)

    assert told()["why healthy"].code == 0
    assert document["cause"] == HEALTHY
    assert document["try"] == []


def test_without_a_name_all_that_are_not_healthy_are_told_by_cause() -> None:
    answer = told()["why all"]
    causes = {line.split()[0] for line in answer.text.splitlines()[1:]}

    assert answer.code == 1
    assert answer.text.startswith("CAUSE")
    assert causes == {"no-gpu", "oom-killed", "readiness-probe", "storage-denied"}


def test_the_same_as_yaml() -> None:
    items = yaml.safe_load(told()["why all yaml"].text)["items"]

    assert {item["cause"] for item in items} == {"no-gpu", "oom-killed", "readiness-probe", "storage-denied"}
    assert all(item["services"][0].keys() == {"kind", "namespace", "name"} for item in items)


def test_check_is_one_line_with_perfdata() -> None:
    answer = told()["check"]
    line, _, perfdata = answer.text.rstrip("\n").partition(" | ")

    assert answer.code == check.CRITICAL
    assert answer.text.count("\n") == 1
    total = int(perfdata.split()[0].removeprefix("services="))
    assert line.startswith(f"KSERVE CRITICAL - 4 of {total} not healthy; ")
    assert f"healthy={total - 4};;;0;{total}" in perfdata


def test_check_of_healthy_services_is_ok() -> None:
    assert told()["check healthy"].text.startswith("KSERVE OK - all 2 services are healthy | services=2 ")
    assert told()["check healthy"].code == check.OK


def test_check_of_one_tells_its_verdict() -> None:
    assert told()["check broken"].text.startswith("KSERVE CRITICAL - fraud/amount-forecast: kserve-container of ")


def test_check_is_not_ok_where_the_kind_of_the_services_does_not_exist() -> None:
    answer = check.status((), {}, Fleet(synced=True))

    assert answer.code == check.UNKNOWN
    assert answer.text.startswith("KSERVE UNKNOWN - KServe is not installed: no services in any namespace")


def test_check_of_what_is_not_there_is_unknown() -> None:
    assert told()["check missing"].code == check.UNKNOWN
    assert told()["check missing"].text.startswith("KSERVE UNKNOWN - there is no service nope")


def test_events_are_of_the_service_and_its_pods_oldest_first() -> None:
    items = json.loads(told()["events"].text)["items"]

    assert {item["reason"] for item in items} >= {"Scheduled", "BackOff", "InferenceServiceNotReady"}
    assert {item["object"]["kind"] for item in items} >= {"Pod", "InferenceService"}
    assert [item["time"] for item in items] == sorted(item["time"] for item in items)
    assert next(item for item in items if item["reason"] == "BackOff")["count"] == 41


def test_logs_carry_pod_and_container_and_come_in_order() -> None:
    lines = told()["logs"].text.splitlines()
    places = {line.split()[0].rpartition("/")[2] for line in lines}
    times = [line.split()[1] for line in lines]

    assert places == {"kserve-container", "queue-proxy", "storage-initializer"}
    assert times == sorted(times)
    assert len({line.split("/")[0] for line in lines}) == 3


def test_logs_of_one_container_are_its_own() -> None:
    lines = told()["logs of one"].text.splitlines()

    assert lines
    assert all("/queue-proxy " in line for line in lines)


def test_logs_before_the_last_restart_are_of_the_container_that_restarted() -> None:
    assert "/kserve-container " in told()["logs before"].text


def test_a_service_without_pods_has_no_logs() -> None:
    assert told()["silent"].words == ("vision/ocr has no pods",)


def test_a_container_that_no_pod_has_is_said_to_be_none() -> None:
    assert told()["nameless"].words == ("no container of fraud/fraud-features is called nope",)


async def test_check_of_a_cluster_that_is_away_is_unknown() -> None:
    answer = await check.check(backend_of([Unreachable("nobody listens")]), Settings(), check.Wish(), now)

    assert (answer.code, answer.text) == (check.UNKNOWN, "KSERVE UNKNOWN - nobody listens\n")


def test_what_keeps_check_from_looking_is_unknown_too() -> None:
    answer = check.unknown(SettingsError("there is no context x.", "Choose y."))

    assert answer.text == "KSERVE UNKNOWN - there is no context x. Choose y.\n"


def rows(*readiness: Readiness) -> tuple[InferenceService, ...]:
    return tuple(InferenceService(Key(Kind.ISVC, "ns", f"m{n}"), readiness=word) for n, word in enumerate(readiness))


@pytest.mark.parametrize(
    ("readiness", "serving", "level"),
    [
        (Readiness.FAILED, "nothing serves", check.CRITICAL),
        (Readiness.FAILED, "", check.CRITICAL),
        (Readiness.FAILED, "00001 takes 90 %", check.WARNING),
        (Readiness.READY, "", check.WARNING),
        (Readiness.READY, "nothing serves: the transformer is down", check.CRITICAL),
    ],
)
def test_a_service_that_still_serves_is_a_warning(readiness: Readiness, serving: str, level: int) -> None:
    services = rows(readiness)
    found = {services[0].key: Diagnosis("oom-killed", "it is dead | really", serving=serving)}

    answer = check.status(services, found, Fleet(services, True))

    assert answer.code == level
    assert answer.text.count("|") == 1


@pytest.mark.parametrize(
    ("serving", "level"), [("nothing serves", check.CRITICAL), ("00001 takes 90 %", check.UNKNOWN)]
)
def test_a_name_that_is_not_there_hides_nothing_of_those_that_are(serving: str, level: int) -> None:
    services = rows(Readiness.FAILED)
    found = {services[0].key: Diagnosis("oom-killed", "it is dead", serving=serving)}

    answer = check.status(services, found, Fleet(services, True), ["there is no service nope"])

    assert answer.code == level
    assert "there is no service nope; ns/m0: it is dead | services=1 " in answer.text


def test_docs_name_every_key_of_the_json() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "causes.md").read_text(encoding="utf-8")
    one, item = json.loads(told()["why json"].text), yaml.safe_load(told()["why all yaml"].text)["items"][0]
    inner = {key for part in ("evidence", "try") for step in one[part] for key in step}

    assert [key for key in {*one, *item, *inner} if f"`{key}`" not in docs] == []


def test_an_empty_namespace_is_ok() -> None:
    answer = check.status((), {}, Fleet((), True, Health(Status.LIVE), namespace="models", kinds=(Kind.ISVC,)))

    assert answer.code == check.OK
    assert answer.text.startswith("KSERVE OK - no services in namespace models | services=0")


def test_a_long_line_is_cut_and_hostile_text_harmless() -> None:
    services = rows(*[Readiness.FAILED] * 9)
    found: dict[Key, Any] = {
        row.key: Diagnosis("crash-loop", "\x1b[31m" + "x" * 800, serving="nothing serves") for row in services
    }

    text = check.status(services, found, Fleet(services, True)).text

    assert len(text) < 1024
    assert "\x1b" not in text
    assert " | services=9 " in text
