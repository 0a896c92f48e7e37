"""What `get` prints, and with which exit code it ends."""

import csv
import io
import json
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml

from kmon_tui.domain.errors import BackendError, Forbidden, SettingsError, TimedOut, Unauthorized, Unreachable
from kmon_tui.domain.fleet import IN_TURNS, Fleet
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.names import Wanted, wanted
from kmon_tui.domain.service import Kind, Readiness, TrafficShare
from kmon_tui.oneshot.formats import checked
from kmon_tui.oneshot.get import Answer, Wish, get, watch
from kmon_tui.oneshot.items import time_text
from kmon_tui.settings import KubeSettings, Settings
from tests.oneshot.scripted import BROKEN, FLEET, GEMMA, IRIS, KINDS, NOW, backend_of

STARTING = Fleet()


async def answer(wish: Wish, *values: Fleet | BackendError) -> Answer:
    """Ask a backend that says these values."""
    return await get(backend_of(values or (STARTING, FLEET)), Settings(), wish, lambda: NOW)


async def test_json_has_every_field_in_its_place() -> None:
    printed = await answer(Wish(wanted("sklearn-iris"), "json"))

    assert json.loads(printed.text) == {
        "items": [
            {
                "namespace": "default",
                "name": "sklearn-iris",
                "kind": "InferenceService",
                "readiness": "ready",
                "ready": True,
                "reason": "",
                "message": "",
                "since": "2026-11-22T10:00:00Z",
                "mode": "Knative",
                "runtime": "kserve-sklearnserver",
                "format": "sklearn 1",
                "url": "http://sklearn-iris.default.example.com",
                "replicas": {"ready": 2, "desired": 2},
                "traffic": [
                    {"revision": "sklearn-iris-predictor-00001", "percent": 90, "tag": "prev"},
                    {"revision": "sklearn-iris-predictor-00002", "percent": 10, "tag": ""},
                ],
                "age_s": 12 * 86400,
            }
        ]
    }
    assert printed.code == 0


async def test_what_is_not_known_is_null_and_never_zero() -> None:
    item = json.loads((await answer(Wish(wanted("fraud"), "json"))).text)["items"][0]

    assert (item["replicas"], item["age_s"], item["since"], item["ready"]) == (
        {"ready": None, "desired": 2},
        None,
        None,
        False,
    )


async def test_json_keeps_what_the_cluster_wrote_and_escapes_it() -> None:
    text = (await answer(Wish(wanted("fraud"), "json"))).text

    assert "\x1b" not in text
    assert json.loads(text)["items"][0]["message"] == BROKEN.message


async def test_json_is_ascii_where_the_terminal_is_not_utf8() -> None:
    fleet = replace(FLEET, services=(IRIS._replace(reason="Größe"),))

    text = (await answer(Wish(form="json", ascii_only=True), fleet)).text

    assert text.isascii()
    assert json.loads(text)["items"][0]["reason"] == "Größe"


async def test_parts_of_one_revision_are_one_share() -> None:
    """As while a canary fails: Knative leaves its part to the revision before it."""
    both = (TrafficShare("iris-predictor-00001", 10, latest=True), TrafficShare("iris-predictor-00001", 90, "prev"))
    fleet = replace(FLEET, services=(IRIS._replace(traffic=both),))

    lines = (await answer(Wish(form="wide"), fleet)).text.splitlines()

    assert " 100% " in lines[1]


async def test_a_table_stands_in_columns_and_obeys_nothing() -> None:
    lines = (await answer(Wish(form="wide"))).text.splitlines()

    titles = ("NAMESPACE", "NAME", "READINESS", "REPLICAS", "TRAFFIC", "MODE", "AGE", "REASON")
    assert lines[0].split() == [*titles, "RUNTIME", "FORMAT", "URL", "SINCE", "MESSAGE"]
    assert lines[1].split("   ")[0] == "default"
    assert "90% 00001, 10% 00002" in lines[1]
    assert "llminferenceservice/gemma" in lines[2]
    assert "?/2" in lines[3]
    assert len({line.index(word) for line, word in zip(lines[:2], ("READINESS", "ready"), strict=True)}) == 1
    assert all(line.isprintable() for line in lines)


async def test_one_namespace_needs_no_column() -> None:
    fleet = replace(FLEET, services=(IRIS,), namespace="default")

    assert (await answer(Wish(), fleet)).text.startswith("NAME  ")
    assert "NAME" not in (await answer(Wish(headers=False), fleet)).text


async def test_yaml_says_the_same_as_json() -> None:
    as_yaml, as_json = (await answer(Wish(form="yaml"))).text, (await answer(Wish(form="json"))).text

    assert yaml.safe_load(as_yaml) == json.loads(as_json)


async def test_the_order_is_by_namespace_and_name_whatever_the_kind() -> None:
    fleet = replace(FLEET, services=(BROKEN, IRIS, GEMMA))

    items = json.loads((await answer(Wish(form="json"), fleet)).text)["items"]

    assert [item["namespace"] for item in items] == ["default", "llm", "risk"]


async def test_names_can_be_given_to_kubectl() -> None:
    assert (await answer(Wish(form="name"))).text.splitlines() == [
        "inferenceservice.serving.kserve.io/sklearn-iris",
        "llminferenceservice.serving.kserve.io/gemma",
        "inferenceservice.serving.kserve.io/fraud",
    ]


async def test_csv_has_a_header_and_empty_cells_for_the_unknown() -> None:
    rows = list(csv.DictReader(io.StringIO((await answer(Wish(form="csv"))).text)))

    assert [row["name"] for row in rows] == ["sklearn-iris", "gemma", "fraud"]
    assert (rows[0]["ready"], rows[1]["ready"], rows[2]["replicas_ready"]) == ("true", "", "")


async def test_a_name_that_is_absent_is_a_finding_with_a_suggestion() -> None:
    printed = await answer(Wish(wanted("sklearn-iri"), "json"))

    assert printed.code == 1
    assert json.loads(printed.text) == {"items": []}
    assert printed.words == ("there is no service sklearn-iri in any namespace; there is sklearn-iris",)


@pytest.mark.parametrize(("text", "found"), [("llm/gemma", 1), ("isvc/gemma", 0), ("gemma", 1)])
async def test_a_kind_before_the_name_counts(text: str, found: int) -> None:
    assert len(json.loads((await answer(Wish(wanted(text), "json"))).text)["items"]) == found


async def test_an_empty_namespace_is_an_answer() -> None:
    printed = await answer(Wish(), Fleet((), synced=True, namespace="quiet", kinds=KINDS))

    assert printed == Answer("", ("no services in namespace quiet",), 0)


async def test_a_cluster_without_kserve_is_said() -> None:
    printed = await answer(Wish(), Fleet((), synced=True))

    assert printed.code == 0
    assert "KServe is not installed in prod" in printed.words[0]


async def test_what_of_kserve_is_not_installed_is_said_where_nothing_is_found() -> None:
    printed = await answer(Wish(), Fleet((), synced=True, kinds=(Kind.LLM,)))

    assert printed.words[0] == (
        "InferenceServices are not installed in prod: the API has no InferenceService (serving.kserve.io)"
    )
    assert printed.words[1] == "no services in any namespace"


async def test_a_note_for_who_goes_on_watching_is_not_said_to_who_asks_once() -> None:
    printed = await answer(Wish(), replace(FLEET, notes=(f"replicas of inferencegraphs {IN_TURNS}",)))

    assert printed.words == ()


async def test_notes_of_the_fleet_are_words() -> None:
    printed = await answer(Wish(), replace(FLEET, notes=("may not list pods: replicas are not known",)))

    assert printed.words == ("may not list pods: replicas are not known",)


@pytest.mark.parametrize("kind", [Forbidden, Unauthorized, Unreachable])
async def test_a_source_that_fails_ends_it_with_its_own_error(kind: type[BackendError]) -> None:
    failing = Fleet(health=Health(Status.FAILING, "no way", "do this", kind=kind.__name__))

    with pytest.raises(kind, match="no way") as caught:
        await answer(Wish(), STARTING, failing, FLEET)

    assert caught.value.hint == "do this"


async def test_an_error_of_the_watch_is_let_through() -> None:
    with pytest.raises(Forbidden):
        await answer(Wish(), Forbidden("no"))


async def test_silence_is_a_timeout() -> None:
    settings = Settings(kube=KubeSettings(request_timeout_s=0.05))

    with pytest.raises(TimedOut, match=r"0\.05 s"):
        await get(backend_of([STARTING]), settings, Wish(), lambda: NOW)


async def test_watching_prints_the_list_and_then_only_what_changed() -> None:
    rolling = IRIS._replace(readiness=Readiness.ROLLING)
    values = [STARTING, FLEET, FLEET, replace(FLEET, services=(rolling, GEMMA, BROKEN))]

    async with aclosing(watch(backend_of(values), Settings(), Wish(), lambda: NOW)) as answers:
        first = await anext(answers)
        second = await anext(answers)

    assert len(first.text.splitlines()) == 4
    assert second.text.split()[:3] == ["default", "sklearn-iris", "rolling"]
    assert second.text.index("rolling") == first.text.index("READINESS")


@pytest.mark.parametrize("headers", [True, False])
async def test_the_first_row_of_a_watch_that_began_with_none_has_the_titles_above_it(headers: bool) -> None:
    rolling = IRIS._replace(readiness=Readiness.ROLLING)
    values = [replace(FLEET, services=()), FLEET, replace(FLEET, services=(rolling, GEMMA, BROKEN))]

    async with aclosing(watch(backend_of(values), Settings(), Wish(headers=headers), lambda: NOW)) as answers:
        empty, first, second = [(await anext(answers)).text for _ in range(3)]

    assert empty == ""
    assert first.startswith("NAMESPACE ") is headers
    assert len(first.splitlines()) == len(FLEET.services) + headers
    assert len(second.splitlines()) == 1


async def test_watching_says_when_it_is_cut_off_and_when_it_sees_again() -> None:
    lost = replace(FLEET, health=Health(Status.FAILING, "no answer from prod"))

    async with aclosing(watch(backend_of([FLEET, lost, lost, FLEET]), Settings(), Wish(), lambda: NOW)) as answers:
        said = [(await anext(answers)).words for _ in range(3)]

    assert said == [(), ("no answer from prod",), ("the API server answers again",)]


def test_kinds_have_the_names_that_kubectl_knows() -> None:
    assert wanted("InferenceGraph.serving.kserve.io/route") == Wanted("route", Kind.GRAPH)
    assert wanted("llmisvc/a") == Wanted("a", Kind.LLM)
    for text in ("pod/a", "isvc/", "a/b/c"):
        with pytest.raises(SettingsError):
            wanted(text)


def test_a_format_that_does_not_exist_is_usage() -> None:
    with pytest.raises(SettingsError, match="no output format 'xml'"):
        checked("xml")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 8, 21, 11, 0, 0, 999999, timezone(timedelta(hours=2))), "2026-08-21T09:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "0001-01-01T00:00:00Z"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-9))), "9999-12-31T23:00:00Z"),
    ],
)
def test_any_time_can_be_written(moment: datetime, text: str) -> None:
    assert time_text(moment) == text
