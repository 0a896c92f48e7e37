"""Which columns stand at which width, and what their cells say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kmon_tui.domain.alerts import Alert
from kmon_tui.domain.service import Key, Kind, Readiness, Replicas
from kmon_tui.domain.traffic import Family, Scope, Traffic
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.render.columns import ALL, Column, columns_for, fold_line, reason_line, row_line
from kmon_tui.render.drawing import Drawing
from kmon_tui.render.lines import text_of, width_of
from kmon_tui.render.rows import row_of
from tests.ui.samples import NOW, isvc, ready_state, services, traffic_of

REPORT = ready_state().traffic
P90 = next(column for column, _ in ALL if column.title == "P90")


def widths(columns: tuple[Column, ...]) -> dict[str, int]:
    return {column.title: column.width for column in columns}


@pytest.mark.parametrize(("remark", "text"), [("", " 2.88"), ("1 of 2 pods counted: NaN from 1", ">2.88")])
def test_a_rate_in_which_pods_are_missing_says_that_there_were_more(remark: str, text: str) -> None:
    row = row_of(isvc("iris", "demo", Readiness.READY), traffic_of(2.88, remark=remark))
    line = row_line(row, columns_for(80, one_namespace=False), Drawing(now=NOW))

    assert f"{text} " in text_of(line)


@pytest.mark.parametrize("width", [72, 79, 80, 100, 112, 120, 160, 200])
@pytest.mark.parametrize("longest", [8, 18, 40, 253])
def test_the_sparkline_stays_at_every_usual_width(width: int, longest: int) -> None:
    shown = widths(columns_for(width, one_namespace=False, longest_name=longest, longest_namespace=8))

    assert shown["TREND"] >= 11


@pytest.mark.parametrize("width", [79, 80])
@pytest.mark.parametrize("longest", [8, 18, 253])
def test_at_80_cells_all_usual_columns_stand_whatever_the_longest_name(width: int, longest: int) -> None:
    shown = columns_for(width, one_namespace=False, longest_name=longest, longest_namespace=longest)

    assert [column.title for column in shown] == [
        *("STATE", "NAME", "NS", "PODS", "RPS", "ERR%", "P90", "TREND", "SINCE", "CHG"),
    ]


def test_below_80_cells_the_age_of_the_change_goes_first_unless_that_is_the_order() -> None:
    usual, by_change = (widths(columns_for(72, one_namespace=False, by_change=flag)) for flag in (False, True))

    assert ("SINCE" in usual, "CHG" in usual) == (True, False)
    assert ("SINCE" in by_change, "CHG" in by_change) == (False, True)


def test_in_one_namespace_long_names_have_room_beside_all_usual_columns() -> None:
    shown = widths(columns_for(79, one_namespace=True, longest_name=40))

    assert {"SINCE", "CHG", "TREND"} <= set(shown) and shown["NAME"] >= 16


@pytest.mark.parametrize(("kind", "word"), [(Kind.ISVC, "isvc"), (Kind.LLM, "llm"), (Kind.GRAPH, "graph")])
def test_rows_of_several_kinds_with_one_name_say_their_kind(kind: Kind, word: str) -> None:
    row = row_of(isvc("chat", "demo", Readiness.READY)._replace(key=Key(kind, "demo", "chat")), None)
    narrow, wide = (columns_for(width, one_namespace=False, longest_name=40) for width in (80, 140))

    assert f" {word} " not in text_of(row_line(row, narrow, Drawing(now=NOW)))
    assert f" {word} " in text_of(row_line(row, narrow, Drawing(now=NOW), twin=True))
    assert width_of(row_line(row, narrow, Drawing(now=NOW), twin=True)) == 80
    assert text_of(row_line(row, wide, Drawing(now=NOW), twin=True)).count(word) == 1


@pytest.mark.parametrize("width", [100, 120, 200])
def test_names_of_seventeen_letters_are_whole_before_less_important_columns(width: int) -> None:
    shown = widths(columns_for(width, one_namespace=False, longest_name=30, longest_namespace=8))

    assert shown["NAME"] >= 17


def test_mode_and_split_come_at_120() -> None:
    shown = widths(columns_for(120, one_namespace=False, longest_name=18, longest_namespace=8))

    assert {"MODE", "TRAFFIC", "SINCE", "CHG"} <= set(shown)


@pytest.mark.parametrize(("scope", "text"), [(Scope.PODS, "3.1p"), (Scope.USERS, "3.1u")])
def test_an_error_ratio_says_whose_experience_it_is(scope: Scope, text: str) -> None:
    row = row_of(isvc("iris", "demo", Readiness.READY), traffic_of(41.0, 0.031, scope=scope))
    line = row_line(row, columns_for(80, one_namespace=False), Drawing(now=NOW))

    assert f" {text} " in text_of(line)


@pytest.mark.parametrize("longest", [3, 20, 60])
@pytest.mark.parametrize("width", range(20, 210, 7))
def test_columns_fill_exactly_their_width(width: int, longest: int) -> None:
    columns = columns_for(width, one_namespace=False, longest_name=longest, longest_namespace=longest)

    assert sum(column.width + 1 for column in columns) == width


def test_a_forbidden_bucket_is_read_at_80_columns() -> None:
    broken = isvc(
        "defect-detector",
        "vision",
        Readiness.FAILED,
        reason="ModelLoadFailed",
        message="Storage initialization failed: Failed to fetch model. GET gs://acme-models-private/defects/v9: "
        "403 Forbidden. storage-initializer does not have storage.objects.list access to the bucket.",
    )

    assert "403 Forbidden" in text_of(reason_line(row_of(broken, None), 79, Drawing(now=NOW), show_split=True))


@pytest.mark.parametrize(
    ("alerts", "end"),
    [
        ((Alert("KServeNoData", True, "warning"),), "   alert KServeNoData"),
        ((Alert("Down", True, "critical"), Alert("Slow", True)), "   alert Down (and 1 more)"),
        ((Alert("Slow", False), Alert("Note", True, "info")), "access to the bucket."),
    ],
    ids=["one", "two", "none that matters"],
)
def test_an_alert_stands_behind_the_reason_that_a_row_has_already(alerts: tuple[Alert, ...], end: str) -> None:
    broken = isvc("iris", "demo", Readiness.FAILED, reason="ModelLoadFailed", message="no access to the bucket.")

    text = text_of(reason_line(row_of(broken, None, alerts), 79, Drawing(now=NOW), show_split=True)).rstrip()

    assert text.startswith("   └ ModelLoadFailed")
    assert text.endswith(end)


def test_an_alert_that_is_the_reason_stands_there_once() -> None:
    row = row_of(isvc("iris", "demo", Readiness.READY), None, (Alert("KServeSlow", True, "warning", None, "p99 3 s"),))

    assert text_of(reason_line(row, 79, Drawing(now=NOW), show_split=True)).count("KServeSlow") == 1


def test_ready_with_none_serving_has_the_sign_and_colour_of_a_failure() -> None:
    row = row_of(isvc("liar", "demo", Readiness.READY, replicas=Replicas(0, 2)), None)
    line = row_line(row, columns_for(80, one_namespace=False), Drawing(now=NOW))

    assert text_of(line).startswith(" ✖ ready")
    assert ("✖ ready", "failed") in [(text.strip(), look) for text, look in line]


def test_old_numbers_of_a_service_scaled_to_zero_are_nothing_and_no_alarm() -> None:
    cold = next(service for service in services() if service.readiness is Readiness.COLD)
    old = traffic_of(1.5)._replace(sampled_at=NOW - timedelta(minutes=3))
    drawing = Drawing(now=NOW, report=REPORT)
    line = text_of(row_line(row_of(cold, old), columns_for(80, one_namespace=False), drawing))

    assert "1.5" not in line and "m old" not in line and " - " in line


def test_a_service_that_nobody_counts_any_more_shows_how_old_its_newest_sample_is() -> None:
    ready = next(service for service in services() if service.readiness is Readiness.READY)
    ended = Traffic(Family.ALIAS, sampled_at=NOW - timedelta(hours=2), lost=True)
    drawing = Drawing(now=NOW, report=REPORT)
    line = text_of(row_line(row_of(ready, ended), columns_for(120, one_namespace=False), drawing))

    assert " 2h old " in line
    assert line.count("?") == 3


def test_a_ready_row_of_which_something_is_broken_is_marked() -> None:
    ailing = isvc("b", "ns", Readiness.READY)._replace(complaint="HorizontalPodAutoscaler")
    row = row_of(ailing, None, (), Diagnosis("autoscaler-metrics", "its autoscaler cannot read its metric"))

    assert text_of(row_line(row, columns_for(80, one_namespace=False), Drawing(now=NOW))).startswith(" ● ready !")


def test_the_line_of_many_rows_names_what_they_share_even_where_room_is_scarce() -> None:
    verdict = Diagnosis(
        "image-pull", "b-7f9 cannot start: " + "the image is not pulled " * 9, shared="registry ghcr.io"
    )
    row = row_of(isvc("b", "ns", Readiness.FAILED), None, (), verdict)

    line = text_of(fold_line([row] * 6, 80, Drawing(now=NOW), unfolded=False))

    assert line.startswith(" ✖ failed  6 services  registry ghcr.io: ")
    assert line.endswith(" enter unfolds")


def test_quantiles_that_are_still_to_come_are_no_number() -> None:
    traffic = traffic_of(2.88)._replace(p90_ms=85.0, latency_due=True)
    line = row_line(row_of(isvc("iris", "demo", Readiness.READY), traffic), (P90,), Drawing(now=NOW))

    assert text_of(line).strip() == Drawing(now=NOW).glyphs.ellipsis
