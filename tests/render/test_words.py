"""The sentences of bars, notices and pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kmon_tui.domain.fleet import GONE
from kmon_tui.domain.health import Health, Status
from kmon_tui.domain.state import PROMETHEUS, State
from kmon_tui.domain.verdict import Diagnosis, Try
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.fleet_rows import FleetRows
from kmon_tui.render.glyphs import ASCII
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.pages import notes_lines, prometheus_lines
from kmon_tui.render.rows import row_of
from kmon_tui.render.situation import notice
from kmon_tui.render.story import context_line, story_lines
from kmon_tui.render.summary import counts_line, top_line
from tests.ui.samples import NOW, ready_state, services
from tests.ui.states import STATES


def drawing(state: State) -> Drawing:
    return Drawing(now=NOW, report=state.traffic)


def counts(state: State) -> FleetRows:
    rows = FleetRows()
    rows.update(state.fleet.services, {})
    return rows


def test_failed_comes_first_in_words() -> None:
    assert text_of(counts_line({"ready": 9, "failed": 2, "rolling": 1, "cold": 0})) == " 2 FAILED   1 rolling  9 ready"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", STATES)
def test_bars_fit_their_width(name: str, width: int) -> None:
    state = STATES[name]
    rows = counts(state)

    assert width_of(top_line(state, rows.counts, drawing(state), width, read_only=True)) <= width
    for row in [*rows.rows.values(), None]:
        assert width_of(context_line(state, row, drawing(state), width)) <= width


def test_the_top_bar_at_80_names_failures_context_and_both_sources() -> None:
    state = ready_state()
    line = text_of(top_line(state, counts(state).counts, drawing(state), 80, read_only=True))

    for words in ("2 FAILED", "prod-eu", "ns:all", "READ-ONLY", "api live", "prom prometheus flag <30s"):
        assert words in line


def test_a_long_context_keeps_both_ends() -> None:
    state = STATES["long_context"]
    line = text_of(top_line(state, counts(state).counts, drawing(state), 80, read_only=False))

    assert "arn:aws:" in line and "ster-name" in line


@pytest.mark.parametrize(
    ("name", "title", "key"),
    [
        ("starting", "starting", "q"),
        ("connecting", "connecting to prod-eu", ":ctx"),
        ("unreachable", "no answer from https://10.0.0.1:6443 (timed out)", "ctrl+r"),
        ("unauthorized", "the server does not know you (401): the token has expired", ":ctx"),
        ("forbidden", "ops may not list inferenceservices in namespace demo (403)", ":ctx"),
        ("no_kserve", "KServe is not installed in prod-eu", ":ctx"),
        ("no_isvc_kind", "InferenceServices are not installed in prod-eu", "ctrl+r"),
        ("no_services", "no services in namespace demo", "0"),
    ],
)
def test_an_empty_list_says_why_and_what_to_press(name: str, title: str, key: str) -> None:
    said = notice(STATES[name], shown=0, filter_text="")

    assert said is not None
    assert said.title == title
    assert key in dict(said.keys)


def test_a_filter_that_hides_all_says_how_to_clear_it() -> None:
    said = notice(ready_state(), shown=0, filter_text="zzz")

    assert said is not None and said.title == "nothing matches zzz"
    assert dict(said.keys)["esc"] == "clear the filter"


def test_a_full_list_needs_no_words() -> None:
    assert notice(ready_state(), shown=1, filter_text="") is None


def test_rows_that_went_with_their_kind_are_told_before_the_trouble_of_one_row() -> None:
    state = ready_state()
    fraud = next(service for service in state.fleet.services if service.key.name == "fraud-xgb")
    state = replace(state, fleet=replace(state.fleet, notes=(f"inferencegraphs {GONE}, which is looked for again",)))

    line = text_of(context_line(state, row_of(fraud, None), drawing(state), 80))

    assert line.startswith(" inferencegraphs are gone: the API does not know their kind any more")


def test_old_numbers_say_their_age() -> None:
    state = STATES["prometheus_down_old"]
    line = text_of(top_line(state, counts(state).counts, drawing(state), 120, read_only=False))

    assert "prom DOWN prometheus flag data 2m old" in line


def test_the_story_of_a_failed_service_begins_with_its_reason() -> None:
    state = ready_state()
    fraud = next(service for service in state.fleet.services if service.key.name == "fraud-xgb")
    told = [text_of(line) for line in story_lines(row_of(fraud, None), drawing(state), 70)]

    assert told[0].startswith("✖ failed 3m  risk/fraud-xgb")
    assert told[1] == "ModelLoadFailed: storage-initializer: 403 AccessDenied on"
    assert any(line.startswith("False   PredictorReady") for line in told)


def test_the_story_of_a_known_cause_says_what_to_try_and_what_still_serves() -> None:
    isvc = next(one for one in services() if one.key.name == "fraud-xgb")
    tries = (
        Try("raise the memory limit (now 2Gi)", "kubectl -n risk patch isvc fraud-xgb"),
        *[Try(f"{n}") for n in range(5)],
    )
    known = Diagnosis("oom-killed", "its container is killed for memory", serving="00002 takes 90 %", tries=tries)
    lines = [text_of(line) for line in story_lines(row_of(isvc, None, (), known), Drawing(now=NOW), 60, known)]

    assert lines[1:5] == [
        "its container is killed for memory",
        "still serving: 00002 takes 90 %",
        "try raise the memory limit (now 2Gi)",
        "    kubectl -n risk patch isvc fraud-xgb",
    ]
    assert sum(line.startswith("try ") for line in lines) == 3


@pytest.mark.parametrize(
    "serving",
    ["1 pod of the previous version still serves", "its pods are ready, but no requests from outside reach them"],
)
def test_what_serves_is_told_once_and_not_contradicted(serving: str) -> None:
    isvc = next(one for one in services() if one.key.name == "fraud-xgb")
    known = Diagnosis("oom-killed", "its container is killed for memory", serving=serving)

    lines = [text_of(line) for line in story_lines(row_of(isvc, None, (), known), Drawing(now=NOW), 70, known)]

    assert lines[2] == serving


def test_hostile_text_never_reaches_a_line_raw() -> None:
    state = STATES["hostile"]
    rows = counts(state)
    lines = [
        top_line(state, rows.counts, drawing(state), 200, read_only=False),
        *notes_lines(state),
        *(line for row in rows.rows.values() for line in story_lines(row, drawing(state), 90)),
    ]

    assert not any(char in text_of(line) for line in lines for char in "\x1b\x00\u202e\u200b\n")


def test_the_page_of_prometheus_says_how_it_was_found_and_what_it_costs() -> None:
    state = ready_state()
    page = "\n".join(text_of(line) for line in prometheus_lines(state, drawing(state)))

    for words in ("--prometheus", "3.5.0", "15d", "31 ms a tick", "knative-ms"):
        assert words in page


def test_without_prometheus_the_page_says_how_to_give_one() -> None:
    state = STATES["no_prometheus"]

    assert "--prometheus URL" in "\n".join(text_of(line) for line in prometheus_lines(state, drawing(state)))


def test_ascii_bars_are_ascii() -> None:
    state = replace(STATES["connecting"])
    line = top_line(state, {}, replace(drawing(state), glyphs=ASCII), 80, read_only=False)

    assert text_of(line).isascii()


def test_the_name_of_a_service_is_whole_in_a_narrow_pane() -> None:
    state = ready_state()
    iris = next(service for service in state.fleet.services if service.key.name == "sklearn-iris")

    assert "demo/sklearn-iris" in text_of(story_lines(row_of(iris, None), drawing(state), 44)[0])


def test_only_notes_of_what_is_missing_have_room_below_the_list() -> None:
    state = ready_state()
    row = row_of(state.fleet.services[0], None)
    told = "may not list pods in all namespaces: replicas are not known"
    both = "llminferenceservices and inferencegraphs"
    quiet = f"replicas of {both} are watched in turns, up to 20 s late: 5 watches at most"

    def below(*notes: str) -> str:
        noted = replace(state, fleet=replace(state.fleet, notes=notes))
        return text_of(context_line(noted, row, drawing(noted), 80))

    assert "1 note (:notes)" in below(told, quiet)
    assert "note" not in below(quiet)


def test_a_missing_right_or_prometheus_is_not_called_an_outage() -> None:
    refused = replace(STATES["forbidden"], health={})
    health = replace(refused.fleet.health, kind="Forbidden")
    refused = replace(refused, fleet=replace(refused.fleet, health=health))
    missing = Health(status=Status.FAILING, error="no Prometheus was found in the cluster", kind="NotFound")
    alone = replace(ready_state(), health={PROMETHEUS: missing}, traffic=None)

    line = text_of(top_line(refused, {}, drawing(refused), 80, read_only=False))
    assert "api: no right" in line and "DOWN" not in line and "connecting" not in line
    line = text_of(top_line(alone, {}, drawing(alone), 80, read_only=False))
    assert "no prom" in line and "DOWN" not in line


def test_a_failure_without_room_for_its_hint_says_where_it_is_told() -> None:
    hint = "Give its address with --prometheus or PROMETHEUS_URL, or install one."
    missing = Health(status=Status.FAILING, error="no Prometheus was found in the cluster", hint=hint)
    state = replace(ready_state(), health={PROMETHEUS: missing})
    row = row_of(next(s for s in state.fleet.services if s.key.name == "gemma-2b"), None)

    assert ":prom says more" in text_of(context_line(state, row, drawing(state), 80))
    assert hint in text_of(context_line(state, row, drawing(state), 160))
