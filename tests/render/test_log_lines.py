"""Lines of logs on the screen: who wrote them, in how many rows, and nothing that a terminal would obey."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from kmon_tui.domain.logs import LogLine
from kmon_tui.render.lines import Line, text_of, width_of
from kmon_tui.render.log_lines import MOST_SHOWN, LogLook, pod_names, rows_of

NAMES = {"iris-predictor-7f9-x9": ("x9", "pod-0"), "iris-predictor-7f9-k2": ("k2", "pod-1")}
LOOK = LogLook(width=40, names=NAMES, containers=True, zone=UTC)
HOSTILE = {
    "escapes": "\x1b[31mred\x1b[0m\x1b]52;c;ZXZpbA==\x07",
    "nul": "a\x00b\x01c\x7f\x9b2J",
    "right_to_left": "\u202eevil\u202c \u2066x\u2069",
    "wide": "模型加载失败 " * 30,
    "combining": "e" + "\u0301" * 500,
    "markup": "[bold red]x[/] [@click=app.quit]y[/]",
    "tabs": "a\tb\tc",
    "emoji": "👩‍👩‍👧‍👦 done",
    "surrogate": "a\udcffb",
}


def line(text: str, **more: object) -> LogLine:
    return LogLine(text, "iris-predictor-7f9-x9", "kserve-container", **more)  # type: ignore[arg-type]  # of tests


def texts(rows: list[Line]) -> list[str]:
    return [text_of(row) for row in rows]


def test_a_line_says_its_pod_and_its_container_in_few_letters() -> None:
    assert texts(rows_of(line("hello"), LOOK)) == ["x9 kserve   hello"]


def test_a_pod_alone_needs_no_name() -> None:
    assert texts(rows_of(line("hello"), LogLook(width=40))) == ["hello"]


def test_the_time_is_that_of_the_viewer() -> None:
    moment = datetime(2026, 11, 22, 12, 40, 51, tzinfo=UTC)
    look = LogLook(width=40, time=True, zone=UTC)

    assert texts(rows_of(line("hello", time=moment), look)) == ["12:40:51 hello"]
    assert texts(rows_of(line("hello"), look)) == ["?        hello"]


def test_a_wrapped_line_goes_on_below_its_own_text() -> None:
    look = LogLook(width=20, wrap=True, names=NAMES)

    assert texts(rows_of(line("0123456789abcdef ghijklmnop"), look)) == ["x9 0123456789abcdef ", "   ghijklmnop"]


def test_a_mark_fills_the_row_and_says_whose_it_is() -> None:
    (row,) = texts(rows_of(line("restarted (5): OOMKilled 137", mark=True), LogLook(width=60, names=NAMES)))

    assert row.startswith("── x9 kserve: restarted (5): OOMKilled 137 ──")
    assert cell_len(row) == 60


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("wrap", [True, False])
def test_hostile_text_is_shown_and_not_obeyed(name: str, wrap: bool) -> None:
    rows = rows_of(line(HOSTILE[name]), LogLook(width=40, wrap=wrap, names=NAMES, containers=True))

    for row in rows:
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\u2066" for char in text_of(row))
        assert not wrap or width_of(row) <= 40


def test_a_megabyte_is_cut_before_anything_else_and_says_its_length() -> None:
    began_s = time.process_time()
    rows = rows_of(line("x\x1b[1m" * 250_000), LogLook(width=80, wrap=True))

    assert time.process_time() - began_s < 0.2
    assert sum(len(text_of(row)) for row in rows) < MOST_SHOWN + 100
    assert "(1,250,000 characters; S saves all)" in "".join(texts(rows))


def test_pods_are_told_apart_by_as_little_of_their_names_as_it_takes() -> None:
    assert [name for name, _ in pod_names(["iris-7f9-x9", "iris-7f9-k2"]).values()] == ["x9", "k2"]
    assert [name for name, _ in pod_names(["iris-7f9-x9", "iris-6c8-x9"]).values()] == ["7f9-x9", "6c8-x9"]
    assert len({look for _, look in pod_names(list("abcdef")).values()}) == 6


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("ERROR it broke", "reason"),
        ("Traceback (most recent call last):", "reason"),
        ("ValueError: no", "reason"),
        ("WARNING: slow", "warn"),
        ("W1122 12:40:51.000000 slow", "warn"),
        ("INFO no errors at all", ""),
    ],
)
def test_trouble_has_a_look_of_its_own(text: str, look: str) -> None:
    (row,) = rows_of(line(text), LogLook(width=80))

    assert row[-1] == (text, look)
